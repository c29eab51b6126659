// SPDX-License-Identifier: Apache-2.0

/// A repository of a model hub: `hf://OWNER/REPO` or `hf://OWNER/REPO@REVISION`.
public struct HubReference: Sendable, Hashable, CustomStringConvertible {
    /// Who publishes it.
    public let owner: String
    /// The repository's name.
    public let name: String
    /// A branch, a tag or a commit.
    public let revision: String

    /// Reads a reference.
    ///
    /// - Throws: `.invalidRequest` for anything else.
    public init(_ text: String) throws(ObjectStoreError) {
        let rest = text.hasPrefix("hf://") ? text.dropFirst("hf://".count) : Substring(text)
        let halves = rest.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let names = (halves.first ?? "").split(separator: "/", omittingEmptySubsequences: false)
        let revision = halves.count == 2 ? String(halves[1]) : "main"
        guard names.count == 2, names.allSatisfy(Self.isName), Self.isRevision(revision) else {
            throw ObjectStoreError(
                .invalidRequest,
                message: "'\(text.prefix(200))' is no repository; write hf://OWNER/REPO or hf://OWNER/REPO@REVISION"
            )
        }
        owner = String(names[0])
        name = String(names[1])
        self.revision = revision
    }

    /// The reference with its revision.
    public var description: String { "hf://\(owner)/\(name)@\(revision)" }

    private static func isName(_ text: Substring) -> Bool {
        1...96 ~= text.utf8.count && text != "." && text != ".."
            && text.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                    || [45, 46, 95].contains($0)
            }
    }

    private static func isRevision(_ text: String) -> Bool {
        1...256 ~= text.utf8.count && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !text.contains("..")
    }
}
