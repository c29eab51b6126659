// SPDX-License-Identifier: Apache-2.0

/// An object whose first bytes are on their way, and the place of the request that brings them.
struct OpenedObject: Sendable {
    let body: ObjectBody
    let place: RequestPlace

    var info: ObjectInfo { body.info }
}
