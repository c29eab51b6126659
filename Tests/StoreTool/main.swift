// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore

#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

// Transfers in a process of their own, which tests kill and `Scripts/bench-store` measures:
//
//     store-tool ENDPOINT BUCKET get KEY FILE | put FILE KEY | get-tree PREFIX DIRECTORY | put-tree DIRECTORY PREFIX
//
// Keys come from the environment. It prints `begun` when the first bytes are there, and a line of JSON at the end.

do {
    try await StoreTool(CommandLine.arguments).run()
} catch {
    FileHandle.standardError.write(Data("store-tool: \(error)\n".utf8))
    exit(1)
}

/// One transfer and its cost.
struct StoreTool {
    private struct Cost: Encodable {
        var seconds: Double
        var cpuSeconds: Double
        var peakBytes: Int
        var bytes: Int
    }

    private let words: [String]

    init(_ arguments: [String]) { words = Array(arguments.dropFirst()) }

    func run() async throws {
        guard words.count == 5 else {
            throw ObjectStoreError(.invalidRequest, message: "usage: store-tool ENDPOINT BUCKET OPERATION FROM TO")
        }
        let environment = ProcessInfo.processInfo.environment
        let configuration = S3Store.Configuration(
            bucket: words[1],
            region: "us-east-1",
            endpoint: try Endpoint(words[0]),
            certificateAuthority: environment["AWS_CA_BUNDLE"]
        )
        let store = try S3Store(configuration, credentials: CredentialChain(environment: environment, home: "/"))
        let start = ContinuousClock.now
        let bytes = try await transfer(store)
        let (cpu, peak) = Self.usage()
        let cost = Cost(seconds: (ContinuousClock.now - start).seconds, cpuSeconds: cpu, peakBytes: peak, bytes: bytes)
        Self.say(String(decoding: try JSONEncoder().encode(cost), as: UTF8.self))
    }

    /// Prints a line at once, also into a pipe.
    private static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

    private func transfer(_ store: S3Store) async throws -> Int {
        let (engine, from, to) = (TransferEngine(), words[3], words[4])
        let begun: @Sendable (TransferProgress) -> Void = { _ in Self.say("begun") }
        switch words[2] {
        case "get":
            return try await engine.download(StoredObject(store, try ObjectKey(from)), to: to, progress: begun).size
        case "put":
            return try await engine.upload(from, to: store, try ObjectKey(to), wantsDigest: false, progress: begun).size
        case "get-tree":
            let options = TreeOptions(comparison: .nothing)
            return try await engine.downloadTree(store, prefix: from, to: to, options).transferredBytes
        case "put-tree":
            let options = TreeOptions(comparison: .nothing)
            return try await engine.uploadTree(from, to: store, prefix: to, options).transferredBytes
        default: throw ObjectStoreError(.invalidRequest, message: "there is no operation '\(words[2])'")
        }
    }

    /// Processor seconds and the most memory of this process.
    private static func usage() -> (Double, Int) {
        var usage = rusage()
        #if canImport(Darwin)
        unsafe getrusage(RUSAGE_SELF, &usage)
        #else
        unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #endif
        let seconds = [usage.ru_utime, usage.ru_stime].reduce(0.0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
        return (seconds, usage.ru_maxrss << 10)
    }
}
