// SPDX-License-Identifier: Apache-2.0

import Foundation
public import NIOCore

extension DirectoryStore {
    private struct StoredOptions: Codable {
        var key: String
        var metadata: [String: String]
        var contentType: String?
        var checksum: ChecksumAlgorithm?
    }

    /// Starts an upload in parts.
    public func createMultipart(_ key: ObjectKey, _ options: PutOptions) async throws -> MultipartUpload {
        try await run("start upload of", key) { () throws(ObjectStoreError) in
            _ = try history(key)
            let id = String(UInt64.random(in: 0 ... .max), radix: 36) + String(UInt64.random(in: 0 ... .max), radix: 36)
            try LocalDirectory.create(layout.upload(id))
            let stored = StoredOptions(
                key: key.text,
                metadata: options.metadata,
                contentType: options.contentType,
                checksum: options.checksum
            )
            try write(stored, layout.upload(id) + "/options.json")
            return MultipartUpload(key: key, id: id, checksum: options.checksum)
        }
    }

    /// Sends one part.
    public func uploadPart(_ upload: MultipartUpload, number: Int, _ body: ByteBuffer) async throws -> UploadedPart {
        let part = try UploadedPart(number: number, body: body, upload: upload)
        return try await run("upload part of", nil) { () throws(ObjectStoreError) in
            _ = try options(of: upload)
            let file = try writeTemporary { file throws(ObjectStoreError) in try file.write(body, at: 0) }
            // The bytes' name carries their tag, so that a part sent again never mixes with the one before.
            try LocalDirectory.rename(file.path, to: partPath(upload, part))
            try write(part, layout.upload(upload.id) + "/\(number).json")
            return part
        }
    }

    /// The parts that the store has.
    public func listParts(_ upload: MultipartUpload) async throws -> [UploadedPart] {
        try await run("list parts of", nil) { () throws(ObjectStoreError) in
            _ = try options(of: upload)
            return try storedParts(upload)
        }
    }

    /// Makes the parts the object.
    public func completeMultipart(
        _ upload: MultipartUpload,
        parts: [UploadedPart],
        _ options: CompleteOptions
    ) async throws -> WrittenObject {
        try await run("complete upload of", nil) { () throws(ObjectStoreError) in
            let stored = try self.options(of: upload)
            let key = try ObjectKey(stored.key)
            let own = Dictionary(try storedParts(upload).map { ($0.number, $0) }) { _, last in last }
            try MultipartRules.check(parts, against: own, key: stored.key)
            let put = PutOptions(metadata: stored.metadata, contentType: stored.contentType, checksum: stored.checksum)
            let temporary = try writeTemporary { file throws(ObjectStoreError) in
                var size = 0
                for part in parts {
                    let source = try LocalFile(partPath(upload, part), .read)
                    size = try Self.append(source, size: part.size, to: file, at: size)
                }
            }
            let written: WrittenObject
            do throws(ObjectStoreError) {
                let info = try MultipartRules.info(key, parts: parts, options: put, completing: options) {
                    algorithm throws(ObjectStoreError) in try Self.checksum(algorithm, of: temporary)
                }
                written = try publish(temporary, info, options.condition, try currentVersioning(creating: true))
            } catch {
                try LocalDirectory.remove(temporary.path)
                throw error
            }
            try LocalDirectory.removeTree(layout.upload(upload.id))
            return written
        }
    }

    /// Gives an upload up.
    public func abortMultipart(_ upload: MultipartUpload) async throws {
        try await run("abort upload of", nil) { () throws(ObjectStoreError) in
            guard (try? layout.check(upload)) != nil else { return }
            try LocalDirectory.removeTree(layout.upload(upload.id))
        }
    }

    private func partPath(_ upload: MultipartUpload, _ part: UploadedPart) -> String {
        layout.upload(upload.id) + "/\(part.number)-" + Hexadecimal.encode(ETag(part.etag).unquoted.utf8) + ".part"
    }

    private func options(of upload: MultipartUpload) throws(ObjectStoreError) -> StoredOptions {
        try layout.check(upload)
        let found: StoredOptions? = try read(layout.upload(upload.id) + "/options.json")
        guard let found, found.key.utf8.elementsEqual(upload.key.utf8) else {
            throw ObjectStoreError(.noSuchUpload, key: upload.key, message: "there is no upload \(upload.id) of it")
        }
        return found
    }

    private func storedParts(_ upload: MultipartUpload) throws(ObjectStoreError) -> [UploadedPart] {
        var parts: [UploadedPart] = []
        for name in try LocalDirectory.names(layout.upload(upload.id))
        where name.hasSuffix(".json") && name != "options.json" {
            if let part: UploadedPart = try read(layout.upload(upload.id) + "/" + name) { parts.append(part) }
        }
        return parts.sorted { $0.number < $1.number }
    }

    private func read<Value: Decodable>(_ path: String) throws(ObjectStoreError) -> Value? {
        do throws(ObjectStoreError) {
            let bytes = try LocalFile(path, .read).read(at: 0, count: 1 << 20)
            // A damaged file is as good as none: the upload has to be started again.
            return try? JSONDecoder().decode(Value.self, from: Data(bytes.readableBytesView))
        } catch  where error.kind == .notFound {
            return nil
        }
    }

    private func write(_ value: some Encodable, _ path: String) throws(ObjectStoreError) {
        guard let bytes = try? JSONEncoder().encode(value) else {
            throw ObjectStoreError(.invalidRequest, key: path, message: "its properties cannot be written as JSON")
        }
        let file = try writeTemporary { file throws(ObjectStoreError) in try file.write(ByteBuffer(bytes: bytes), at: 0)
        }
        try LocalDirectory.rename(file.path, to: path)
    }

    private static func checksum(
        _ algorithm: ChecksumAlgorithm,
        of file: LocalFile
    ) throws(ObjectStoreError) -> Checksum {
        var hasher = ChecksumHasher(algorithm)
        let size = try file.status().size
        var offset = 0
        while offset < size {
            let bytes = try file.read(at: offset, count: 1 << 20)
            hasher.update(bytes)
            offset += max(1, bytes.readableBytes)
        }
        return hasher.finalized()
    }
}
