// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore

/// What a symbolic link of the user's own directory leads to: caches of model hubs consist of links.
enum FollowedLink {
    /// The status of the link's target; nil for a link that leads nowhere.
    static func status(_ path: String) throws -> FileStatus? {
        let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard let status = try LocalDirectory.status(target), status.kind != .symbolicLink else { return nil }
        return status
    }
}
