// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where a directory store keeps what.
///
/// The current objects are plain files under the root, so that `cp`, `rsync` and `aws s3 sync` can be used on it. Beside
/// them, in `.lumina-store`: `versions/KEY/.lumina-store/` with the records and bytes of each key's versions,
/// `uploads/ID/` with parts, `locks/` with one file per 1/256 of the keys, and `temporary/`.
struct DirectoryLayout: Sendable {
    /// The one name that no key may have as a component.
    static let reserved = ".lumina-store"

    let root: String

    var side: String { root + "/" + Self.reserved }
    var temporary: String { side + "/temporary" }
    var settings: String { side + "/settings.json" }

    func visible(_ key: ObjectKey) -> String { root + "/" + key.text }
    func records(_ key: ObjectKey) -> String { side + "/versions/" + key.text + "/" + Self.reserved }
    func upload(_ id: String) -> String { side + "/uploads/" + id }
    func lock(_ key: ObjectKey) -> String {
        let sum = key.text.utf8.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        return side + "/locks/" + String(sum & 0xFF, radix: 16)
    }

    func newTemporary() -> String { temporary + "/" + String(UInt64.random(in: 0 ... .max), radix: 36) }

    /// Checks that a key can be a file here.
    func check(_ key: ObjectKey) throws(ObjectStoreError) {
        for component in key.components {
            if component.isEmpty {
                throw refusal(key, "a directory cannot hold a key with '//' or with '/' at its end")
            }
            if component == Self.reserved {
                throw refusal(key, "'\(Self.reserved)' is where the store keeps old versions")
            }
            if component.utf8.count > 255 { throw refusal(key, "a file name has at most 255 bytes") }
        }
    }

    /// Checks an upload's name, which comes from outside and becomes a path.
    func check(_ upload: MultipartUpload) throws(ObjectStoreError) {
        if upload.id.isEmpty || !upload.id.utf8.allSatisfy({ (48...57).contains($0) || (97...122).contains($0) }) {
            throw ObjectStoreError(.noSuchUpload, key: upload.key, message: "'\(upload.id)' is no upload of this store")
        }
    }

    private func refusal(_ key: ObjectKey, _ message: String) -> ObjectStoreError {
        ObjectStoreError(.invalidKey, location: "file://" + root, key: key.text, message: message)
    }
}
