// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import ObjectStore
import ObjectStoreTestSupport
import Testing

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

@Suite("Bodies of requests")
struct OutgoingBodyTests {
    @Test(
        "A body is handed over whole, in pieces, and may be read again",
        arguments: [0, 1, 262_144, 262_145, 1_000_003]
    )
    func pieces(count: Int) async throws {
        let bytes = patternBytes(count)
        try await withTemporaryDirectory { path in
            try Data([9, 9, 9] + bytes + [9]).write(to: URL(fileURLWithPath: path + "/f"))
            let slice = FileSlice(try LocalFile(path + "/f", .read), 3..<3 + count)
            for body in [RequestBody.bytes(ByteBuffer(bytes: bytes)), .file(slice), .file(slice)] {
                let outgoing = OutgoingBody(body)
                var (found, largest) = ([UInt8](), 0)
                for try await piece in outgoing {
                    largest = max(largest, piece.readableBytes)
                    found += Array(buffer: piece)
                }
                #expect(found == bytes && body.count == count && largest <= OutgoingBody.pieceSize)
                try await outgoing.watch(.zero)
            }
        }
    }

    @Test("A file that is cut while it is sent is reported")
    func cut() async throws {
        try await withTemporaryDirectory { path in
            try Data(patternBytes(1000)).write(to: URL(fileURLWithPath: path + "/f"))
            let slice = FileSlice(try LocalFile(path + "/f", .read), 0..<2000)
            await expectFailure(.changedDuringTransfer) { for try await _ in OutgoingBody(.file(slice)) {} }
            await expectFailure(.changedDuringTransfer) { _ = try await slice.bytes() }
        }
    }

    @Test(
        "A thin line is waited for longer than a silent one, and a server that takes nothing is given up",
        .enabled(if: SlowSuite.isOn, "set LUMINA_SLOW=1"),
        arguments: [true, false]
    )
    func thinLine(isTaking: Bool) async throws {
        let server = try ThinServer(isTaking: isTaking)
        var configuration = S3Store.Configuration(
            bucket: "bucket",
            region: "us-east-1",
            endpoint: Endpoint(isSecure: false, host: "127.0.0.1", port: server.port)
        )
        configuration.idleTimeout = .seconds(2)
        configuration.retry = RetryPolicy(maximumAttempts: 1)
        let keys = StaticCredentials(Credentials(accessKeyID: "a", secretAccessKey: "b"))
        let store = try S3Store(configuration, credentials: keys)
        let body = ByteBuffer(repeating: 7, count: ThinServer.bodySize)
        if isTaking {
            #expect(try await store.put(try ObjectKey("k"), body, PutOptions()).etag.text == "\"e\"")
        } else {
            await expectFailure(.timedOut) { _ = try await store.put(try ObjectKey("k"), body, PutOptions()) }
        }
    }
}

/// Takes one request at a few megabytes a second, so that it lasts far longer than the silence that is allowed; or stops.
private final class ThinServer: Sendable {
    static let bodySize = 24 << 20
    private static let step = 512 << 10
    let port: Int

    init(isTaking: Bool) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        // Small buffers: what lies in the kernel is not taken.
        var room: Int32 = 256 << 10
        unsafe setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &room, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                _ = unsafe bind(listener, pointer, length)
                _ = unsafe getsockname(listener, pointer, &length)
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        listen(listener, 1)
        Thread.detachNewThread {
            let connection = accept(listener, nil, nil)
            var (taken, buffer) = (0, [UInt8](repeating: 0, count: Self.step))
            while taken < (isTaking ? Self.bodySize : 1 << 20) {
                let count = unsafe recv(connection, &buffer, buffer.count, 0)
                if count <= 0 { break }
                taken += count
                // A line of 5 MB/s, as the sender sees it.
                usleep(UInt32(count / 5))
            }
            if isTaking {
                let answer = Array("HTTP/1.1 200 OK\r\netag: \"e\"\r\ncontent-length: 0\r\n\r\n".utf8)
                _ = unsafe send(connection, answer, answer.count, 0)
            }
            // Until the client goes.
            while unsafe recv(connection, &buffer, isTaking ? buffer.count : 0, 0) > 0 {}
            // Longer than the sender's patience, so that it is the sender who gives up.
            if !isTaking { sleep(6) }
            close(connection)
            close(listener)
        }
    }
}
