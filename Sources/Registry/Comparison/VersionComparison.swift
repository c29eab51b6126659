// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints
import ObjectStore

/// How two versions differ: in what they were trained with, how they did, and, if asked, in their weights.
public struct VersionComparison: Sendable, Hashable, Encodable {
    /// A value that is not the same on both sides; nil where a side has none.
    public struct Change: Sendable, Hashable, Encodable {
        /// What: `adapter_config.json: r`.
        public let key: String
        /// On the first side.
        public let first: String?
        /// On the second side.
        public let second: String?
    }

    /// How far a tensor of one side is from that of the other.
    public struct TensorChange: Sendable, Hashable, Encodable {
        /// The tensor.
        public let name: String
        /// Its shape on both sides, if they are not the same or it is only on one.
        public let note: String?
        /// ‖second − first‖ / ‖first‖; nil where they cannot be compared.
        public let relativeDistance: Double?
        /// The cosine of the angle between them.
        public let cosine: Double?
    }

    /// Files that are the same, byte for byte.
    public let equalFiles: [String]
    /// Files that differ or are on one side only.
    public let changedFiles: [Change]
    /// Values of the JSON files, one by one.
    public let values: [Change]
    /// Tensors, when asked for; those that are equal are left out.
    public let tensors: [TensorChange]
    /// The number of tensors that are equal.
    public let equalTensorCount: Int

    /// Compares two directories with the files of a version each.
    ///
    /// - Parameters:
    ///   - first: The one side.
    ///   - second: The other side.
    ///   - isDeep: Compare the weights, tensor by tensor.
    /// - Throws: `RegistryError`, and what the readers of the formats throw.
    public init(_ first: String, _ second: String, isDeep: Bool) async throws {
        self = try await FileThreads.run { try VersionComparison(blocking: first, second, isDeep) }
    }

    private init(blocking first: String, _ second: String, _ isDeep: Bool) throws {
        let left = try Self.files(first)
        let right = try Self.files(second)
        var equal: [String] = []
        var changed: [Change] = []
        var values: [Change] = []
        var tensors = TensorComparison()
        for path in Set(left.keys).union(right.keys).sorted() {
            if left[path] == right[path] {
                equal.append(path)
                if path.hasSuffix(".safetensors"), isDeep {
                    tensors.equalCount += try SafetensorsFile(path: first + "/" + path).names.count
                }
                continue
            }
            changed.append(Change(key: path, first: left[path]?.text, second: right[path]?.text))
            if path.hasSuffix(".json") {
                values += try JSONComparison.changes(
                    path,
                    left[path] == nil ? nil : first,
                    right[path] == nil ? nil : second
                )
            }
            if isDeep, path.hasSuffix(".safetensors"), left[path] != nil, right[path] != nil {
                try tensors.compare(
                    SafetensorsFile(path: first + "/" + path),
                    SafetensorsFile(path: second + "/" + path)
                )
            }
        }
        equalFiles = equal
        changedFiles = changed
        self.values = values
        self.tensors = tensors.changes
        equalTensorCount = tensors.equalCount
    }

    /// How two lineages differ; a side without one is nil.
    public static func changes(_ first: Lineage?, _ second: Lineage?) throws -> [Change] {
        func values(_ lineage: Lineage?) throws -> [String: String] {
            guard let lineage else { return [:] }
            return try JSONComparison.values(CanonicalJSON.encode(lineage), source: "lineage")
        }
        let (left, right) = (try values(first), try values(second))
        return Set(left.keys).union(right.keys).sorted().compactMap { key in
            left[key] == right[key] ? nil : Change(key: "lineage: \(key)", first: left[key], second: right[key])
        }
    }

    private struct Fingerprint: Equatable {
        let size: Int
        let hash: String

        var text: String { "\(size) bytes, \(hash.prefix(12))" }
    }

    private static func files(_ directory: String) throws -> [String: Fingerprint] {
        guard try LocalDirectory.status(directory)?.kind == .directory else {
            return ["(file)": Fingerprint(size: 0, hash: try FileHash.sha256(directory))]
        }
        var found: [String: Fingerprint] = [:]
        for path in try Checkout.paths(directory) where path != KeyLayout.flatManifestName && !path.hasPrefix(".") {
            let local = directory + "/" + path
            let size = try LocalFile(local, .read).status().size
            found[path] = Fingerprint(size: size, hash: try FileHash.sha256(local))
        }
        return found
    }
}
