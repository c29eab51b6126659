// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import ObjectStoreTestSupport
import Testing

/// The stores that pass the contract's suites.
enum StoreUnderTest: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case memory
    case memoryWithoutVersions
    case directory
    case directoryWithoutVersions
    case seaweedfs
    case seaweedfsSecure
    case seaweedfsWithoutVersions
    case swift
    case swiftWithoutVersions

    var testDescription: String { rawValue }

    /// Those that this run can reach.
    static var all: [StoreUnderTest] { allCases.filter { SlowSuite.isOn || !$0.isRemote } }
    /// Those that keep versions.
    static var versioned: [StoreUnderTest] { all.filter(\.keepsVersions) }
    /// Those that do not.
    static var unversioned: [StoreUnderTest] { all.filter { !$0.keepsVersions } }

    var keepsVersions: Bool {
        switch self {
        case .memory, .directory, .seaweedfs, .seaweedfsSecure, .swift: true
        case .memoryWithoutVersions, .directoryWithoutVersions, .seaweedfsWithoutVersions, .swiftWithoutVersions: false
        }
    }

    /// SeaweedFS lists folder by folder and loses keys between pages where `a-b` and `a/` are beside each other.
    var listsByFolder: Bool { server == .seaweedfs }

    /// Those whose conditional writes hold when many write at once, and that compare tags.
    ///
    /// Swift's s3api looks and writes in two steps, refuses `If-Match` of a write and takes no right tag for a copy's
    /// destination or the deletion of a version.
    static var fenced: [StoreUnderTest] { all.filter { $0.server != .swift } }

    /// Those that verify the checksum of an upload's whole: Swift's s3api knows those of single requests alone.
    static var verifying: [StoreUnderTest] { fenced }

    /// The server behind it; nil for a store of our own.
    var server: LocalServer? {
        switch self {
        case .memory, .memoryWithoutVersions, .directory, .directoryWithoutVersions: nil
        case .seaweedfs, .seaweedfsSecure, .seaweedfsWithoutVersions: .seaweedfs
        case .swift, .swiftWithoutVersions: .swift
        }
    }

    private var isRemote: Bool { server != nil }

    /// Lends a store and a fresh place in it.
    func use(_ body: (Place) async throws -> Void) async throws {
        switch self {
        case .memory: try await body(Place(store: MemoryStore()))
        case .memoryWithoutVersions: try await body(Place(store: MemoryStore(versioning: .off)))
        case .directory, .directoryWithoutVersions:
            try await withTemporaryDirectory { path in
                let versioning: Versioning = keepsVersions ? .enabled : .off
                try await body(Place(store: try DirectoryStore(path: path + "/store", versioning: versioning)))
            }
        case .seaweedfs, .seaweedfsSecure, .seaweedfsWithoutVersions, .swift, .swiftWithoutVersions:
            let store = try await Buckets.shared.store(
                server == .swift ? .swift : .seaweedfs,
                versioned: keepsVersions,
                secure: self == .seaweedfsSecure
            )
            try await body(Place(store: store))
        }
    }
}

/// A store and a prefix that no other test uses.
struct Place: Sendable {
    let store: any ObjectStore
    let prefix = "t-" + String(UInt64.random(in: 0 ... .max), radix: 36)

    func key(_ name: String) throws -> ObjectKey { try ObjectKey(prefix + "/" + name) }
}

/// Expects a failure of one kind.
func expectFailure(
    _ kind: ObjectStoreError.Kind,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async {
    do {
        try await body()
        Issue.record("expected \(kind), nothing was thrown", sourceLocation: sourceLocation)
    } catch let error as ObjectStoreError {
        #expect(error.kind == kind, "\(error)", sourceLocation: sourceLocation)
    } catch {
        Issue.record("expected \(kind), got \(error)", sourceLocation: sourceLocation)
    }
}
