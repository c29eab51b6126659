// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStore
import ObjectStoreTestSupport
import Testing

@Suite("Contract: uploads in parts")
struct MultipartContractTests {
    private static let first = patternBytes(MultipartUpload.minimumPartSize, seed: 1)
    private static let second = patternBytes(MultipartUpload.minimumPartSize + 7, seed: 2)
    private static let last = patternBytes(1234, seed: 3)

    private func send(_ place: Place, _ upload: MultipartUpload) async throws -> [UploadedPart] {
        // Out of order on purpose.
        let third = try await place.store.uploadPart(upload, number: 7, ByteBuffer(bytes: Self.last))
        let first = try await place.store.uploadPart(upload, number: 1, ByteBuffer(bytes: Self.first))
        let second = try await place.store.uploadPart(upload, number: 2, ByteBuffer(bytes: Self.second))
        return [first, second, third]
    }

    @Test("Parts become the object only when completed", arguments: StoreUnderTest.all)
    func complete(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("parts")
            let upload = try await place.store.createMultipart(
                key,
                PutOptions(metadata: ["a": "b"], contentType: "x/y", checksum: .crc64nvme)
            )
            let parts = try await send(place, upload)
            #expect(try await !place.store.exists(key))
            let stored = try await place.store.listParts(upload)
            #expect(stored.map(\.number) == [1, 2, 7])
            #expect(stored.map(\.etag) == parts.map(\.etag))
            #expect(stored.map(\.size) == [Self.first.count, Self.second.count, Self.last.count])
            let written = try await place.store.completeMultipart(
                upload,
                parts: parts,
                CompleteOptions(condition: .ifAbsent)
            )
            let (bytes, info) = try await place.store.read(key)
            #expect(bytes == Self.first + Self.second + Self.last)
            #expect(info.metadata == ["a": "b"])
            #expect(info.contentType == "x/y")
            #expect(info.etag == written.etag)
            // Swift's s3api names no version of what came in parts.
            if kind.server != .swift { #expect((written.version != nil) == kind.keepsVersions) }
        }
    }

    @Test("A part sent again replaces the one before", arguments: StoreUnderTest.all)
    func resend(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("resent")
            let upload = try await place.store.createMultipart(key, PutOptions())
            _ = try await place.store.uploadPart(upload, number: 1, ByteBuffer(bytes: [1, 2, 3]))
            let part = try await place.store.uploadPart(upload, number: 1, ByteBuffer(bytes: [4, 5]))
            _ = try await place.store.completeMultipart(upload, parts: [part], CompleteOptions())
            #expect(try await place.store.read(key).bytes == [4, 5])
        }
    }

    @Test("The condition of the completion fences it", arguments: StoreUnderTest.all)
    func condition(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("fenced")
            try await place.store.put(key, bytes: [0])
            let upload = try await place.store.createMultipart(key, PutOptions())
            let part = try await place.store.uploadPart(upload, number: 1, ByteBuffer(bytes: [1]))
            await expectFailure(.preconditionFailed) {
                _ = try await place.store.completeMultipart(
                    upload,
                    parts: [part],
                    CompleteOptions(condition: .ifAbsent)
                )
            }
            #expect(try await place.store.read(key).bytes == [0])
            try await place.store.abortMultipart(upload)
        }
    }

    @Test("Small, wrong, unsorted and missing parts are refused", arguments: StoreUnderTest.all)
    func badParts(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("bad")
            let upload = try await place.store.createMultipart(key, PutOptions())
            let first = try await place.store.uploadPart(upload, number: 1, ByteBuffer(bytes: [1]))
            let second = try await place.store.uploadPart(upload, number: 2, ByteBuffer(bytes: [2]))
            var wrong = second
            wrong.etag = "\"00000000000000000000000000000000\""
            var missing = second
            missing.number = 3
            for parts in [[first, second], [wrong], [second, first], [missing], []] {
                await expectFailure(.invalidRequest) {
                    _ = try await place.store.completeMultipart(upload, parts: parts, CompleteOptions())
                }
            }
            await expectFailure(.invalidRequest) {
                _ = try await place.store.uploadPart(upload, number: 10_001, ByteBuffer(bytes: [1]))
            }
            #expect(try await !place.store.exists(key))
            try await place.store.abortMultipart(upload)
        }
    }

    @Test("An aborted upload is gone; aborting twice is no error", arguments: StoreUnderTest.all)
    func abort(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let upload = try await place.store.createMultipart(try place.key("aborted"), PutOptions())
            let part = try await place.store.uploadPart(upload, number: 1, ByteBuffer(bytes: [1]))
            try await place.store.abortMultipart(upload)
            try await place.store.abortMultipart(upload)
            await expectFailure(.noSuchUpload) {
                _ = try await place.store.uploadPart(upload, number: 1, ByteBuffer(bytes: [1]))
            }
            await expectFailure(.noSuchUpload) { _ = try await place.store.listParts(upload) }
            await expectFailure(.noSuchUpload) {
                _ = try await place.store.completeMultipart(upload, parts: [part], CompleteOptions())
            }
        }
    }

    @Test("A wrong checksum of the whole is refused", arguments: StoreUnderTest.verifying)
    func wrongChecksum(kind: StoreUnderTest) async throws {
        try await kind.use { place in
            let key = try place.key("checksum")
            let upload = try await place.store.createMultipart(key, PutOptions(checksum: .crc64nvme))
            let part = try await place.store.uploadPart(upload, number: 1, ByteBuffer(bytes: [1, 2, 3]))
            let wrong = Checksum(.crc64nvme, base64: "AAAAAAAAAAA=")
            await expectFailure(.corrupted) {
                _ = try await place.store.completeMultipart(upload, parts: [part], CompleteOptions(checksum: wrong))
            }
            let own = try #require(part.checksum)
            let right = try #require(Checksum.combined(.crc64nvme, parts: [(base64: own, size: 3)]))
            _ = try await place.store.completeMultipart(upload, parts: [part], CompleteOptions(checksum: right))
            #expect(try await place.store.read(key).bytes == [1, 2, 3])
        }
    }
}
