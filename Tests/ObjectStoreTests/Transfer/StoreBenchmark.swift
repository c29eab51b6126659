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

private let benchmarkEndpoint = ProcessInfo.processInfo.environment["LUMINA_BENCH_ENDPOINT"]

/// Our side of `Scripts/bench-store`, which says what to do by variables and reads the one line of JSON.
@Suite("Store benchmark", .serialized, .enabled(if: benchmarkEndpoint != nil, "run Scripts/bench-store"))
struct StoreBenchmark {
    private struct Result: Encodable {
        var tool = "lumina"
        var operation: String
        var seconds: Double
        var cpuSeconds: Double
        var bytes: Int
    }

    @Test("Uploads and downloads")
    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let bucket = try #require(environment["LUMINA_BENCH_BUCKET"])
        let directory = try #require(environment["LUMINA_BENCH_DIRECTORY"])
        let operation = try #require(environment["LUMINA_BENCH_OPERATION"])
        var configuration = try LocalServer.seaweedfs.configuration(bucket: bucket)
        configuration.endpoint = try Endpoint(try #require(benchmarkEndpoint))
        let store = try S3Store(configuration, credentials: LocalServer.seaweedfs.credentials)
        let engine = TransferEngine()
        let (start, cpu) = (ContinuousClock.now, Self.cpuSeconds())
        let bytes: Int
        switch operation {
        case "upload": bytes = try await upload(engine, store, directory)
        case "download": bytes = try await download(engine, store, directory)
        default:
            throw SlowSuite.Failure(description: "LUMINA_BENCH_OPERATION is upload or download, not '\(operation)'")
        }
        let result = Result(
            operation: operation,
            seconds: (ContinuousClock.now - start).seconds,
            cpuSeconds: Self.cpuSeconds() - cpu,
            bytes: bytes
        )
        print("LUMINA_BENCH " + String(decoding: try JSONEncoder().encode(result), as: UTF8.self))
    }

    private func upload(_ engine: TransferEngine, _ store: S3Store, _ directory: String) async throws -> Int {
        let names = try FileManager.default.subpathsOfDirectory(atPath: directory).filter { !$0.hasPrefix(".") }
        return try await inParallel(names) { name in
            let path = directory + "/" + name
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            guard attributes[.type] as? FileAttributeType == .typeRegular else { return 0 }
            return try await engine.upload(path, to: store, try ObjectKey("lumina/" + name)).size
        }
    }

    private func download(_ engine: TransferEngine, _ store: S3Store, _ directory: String) async throws -> Int {
        var keys: [String] = []
        for try await object in store.objects(prefix: "lumina/") { keys.append(object.key) }
        return try await inParallel(keys) { key in
            let source = StoredObject(store, try ObjectKey(key))
            return try await engine.download(source, to: directory + "-back/" + key).size
        }
    }

    private func inParallel(
        _ names: [String],
        _ body: @escaping @Sendable (String) async throws -> Int
    ) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            var (total, active) = (0, 0)
            for name in names {
                if active == 16 {
                    total += try await group.next() ?? 0
                    active -= 1
                }
                group.addTask { try await body(name) }
                active += 1
            }
            for try await size in group { total += size }
            return total
        }
    }

    private static func cpuSeconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
