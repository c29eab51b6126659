// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import ObjectStoreTestSupport
import Testing

/// Transfers of a process that is killed, as the out-of-memory killer or a power switch does it.
@Suite("Transfers of killed processes", .serialized, .enabled(if: SlowSuite.isOn, "set LUMINA_SLOW=1"))
struct KilledTransferTests {
    private static let size = 96 << 20

    /// Runs `store-tool` until it reports so many times, then kills it.
    ///
    /// - Returns: Whether it was killed; else it had finished before.
    private func killed(_ arguments: [String], after reportCount: Int) async throws -> Bool {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try StoreTool.run(arguments, killedAfter: reportCount) })
            }
        }
    }

    @Test("A killed download goes on from its parts, and the file is never there in part", arguments: [1, 2, 3, 5, 8])
    func download(reportCount: Int) async throws {
        let bucket = try await Buckets.shared.bucket(.seaweedfs, versioned: false)
        let store = try await Buckets.shared.store(.seaweedfs, versioned: false)
        try await withTemporaryDirectory { path in
            let bytes = patternBytes(Self.size, seed: 3)
            try Data(bytes).write(to: URL(fileURLWithPath: path + "/source"))
            let key = try ObjectKey("killed/\(UInt64.random(in: 0 ... .max))")
            try await TransferEngine().upload(path + "/source", to: store, key)
            // A line of 100 MB/s a connection leaves time to die in the middle.
            let shape = FaultProxy.Shape(bytesPerSecond: 100_000_000)
            let transfer: @Sendable (FaultProxy) async throws -> Bool = { proxy in
                let arguments = [proxy.endpoint.description, bucket, "get", key.text, path + "/f"]
                return try await killed(arguments, after: reportCount)
            }
            let server = try LocalServer.seaweedfs.endpoint()
            let wasKilled = try await FaultProxy.run(server, shape: shape, plan: { _ in nil }, transfer)
            if wasKilled {
                #expect(!FileManager.default.fileExists(atPath: path + "/f"), "a file is there whole or not at all")
            }
            let reads = ReadCounter(store)
            let done = try await TransferEngine().download(StoredObject(reads, key), to: path + "/f")
            #expect(done.size == Self.size)
            #expect(FileManager.default.contents(atPath: path + "/f") == Data(bytes))
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == ["f", "source"])
            if reportCount >= 5 && wasKilled {
                #expect(reads.bytes < Self.size, "what the killed process had fetched was fetched again")
            }
        }
    }

    @Test(
        "Of a tree whose download is killed, each file is there whole or not at all",
        arguments: [1, 7, 60, 150, 250]
    )
    func tree(fileCount: Int) async throws {
        let bucket = try await Buckets.shared.bucket(.seaweedfs, versioned: false)
        let store = try await Buckets.shared.store(.seaweedfs, versioned: false)
        try await withTemporaryDirectory { path in
            let prefix = "killed/\(UInt64.random(in: 0 ... .max))"
            for number in 0..<300 {
                let file = URL(fileURLWithPath: path + "/source/a\(number / 3)/f\(number)")
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try Data(patternBytes(number % 3 == 0 ? 300_000 : 1000, seed: UInt64(number))).write(to: file)
            }
            try await TransferEngine().uploadTree(path + "/source", to: store, prefix: prefix)
            let arguments = [try LocalServer.seaweedfs.endpoint().description, bucket, "get-tree", prefix, path + "/d"]
            let wasKilled = try await withCheckedThrowingContinuation { continuation in
                Thread.detachNewThread {
                    let enough = { (try? Self.files(path + "/d").count >= fileCount) ?? false }
                    continuation.resume(with: Result { try StoreTool.run(arguments, killedWhen: enough) })
                }
            }
            let found = try Self.files(path + "/d")
            for name in found {
                let isWhole = FileManager.default.contentsEqual(
                    atPath: path + "/d/" + name,
                    andPath: path + "/source/" + name
                )
                #expect(isWhole, "\(name) is there in part")
            }
            if wasKilled { #expect(found.count >= fileCount) }
            try await TransferEngine().downloadTree(store, prefix: prefix, to: path + "/d")
            #expect(try Self.files(path + "/d") == Self.files(path + "/source"))
        }
    }

    /// The files below a directory that have their names.
    private static func files(_ directory: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: directory)
            .filter { $0.contains("/f") && !$0.contains("/.") }.sorted()
    }

    @Test("A killed upload publishes nothing, and the next one is whole", arguments: [1, 2, 4])
    func upload(reportCount: Int) async throws {
        let bucket = try await Buckets.shared.bucket(.seaweedfs, versioned: true)
        let store = try await Buckets.shared.store(.seaweedfs, versioned: true)
        try await withTemporaryDirectory { path in
            let bytes = patternBytes(Self.size, seed: 5)
            try Data(bytes).write(to: URL(fileURLWithPath: path + "/f"))
            let key = try ObjectKey("killed/\(UInt64.random(in: 0 ... .max))")
            let endpoint = try LocalServer.seaweedfs.endpoint().description
            if try await killed([endpoint, bucket, "put", path + "/f", key.text], after: reportCount) {
                #expect(try await !store.exists(key))
            }
            try await TransferEngine().upload(path + "/f", to: store, key)
            #expect(try await store.read(key, limit: 1 << 30).bytes == bytes)
        }
    }
}

/// The program of `Tests/StoreTool`.
private enum StoreTool {
    /// Kills the program when a condition holds, which is looked at all the time.
    ///
    /// - Returns: Whether it was killed; else it had finished before.
    static func run(_ arguments: [String], killedWhen isEnough: () -> Bool) throws -> Bool {
        let (process, _) = try start(arguments)
        while process.isRunning && !isEnough() { usleep(200) }
        return end(process)
    }

    static func run(_ arguments: [String], killedAfter reportCount: Int) throws -> Bool {
        let (process, pipe) = try start(arguments)
        var text = Data()
        while text.split(separator: UInt8(ascii: "\n")).count(where: { $0.elementsEqual("begun".utf8) }) < reportCount {
            let more = pipe.fileHandleForReading.availableData
            if more.isEmpty { break }
            text.append(more)
        }
        return end(process)
    }

    private static func start(_ arguments: [String]) throws -> (Process, Pipe) {
        let process = Process()
        process.executableURL = Bundle.main.bundleURL.appendingPathComponent("store-tool")
        if !FileManager.default.isExecutableFile(atPath: process.executableURL?.path ?? "") {
            process.executableURL = URL(fileURLWithPath: SlowSuite.root + "/.build/release/store-tool")
        }
        process.arguments = arguments
        let keys = ["AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testsecret", "AWS_REGION": "us-east-1"]
        process.environment = ProcessInfo.processInfo.environment.merging(keys) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        return (process, pipe)
    }

    private static func end(_ process: Process) -> Bool {
        let wasRunning = process.isRunning
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        return wasRunning && process.terminationReason == .uncaughtSignal
    }
}
