// SPDX-License-Identifier: Apache-2.0

/// The `weight_map` of a `BASE.safetensors.index.json`: which file of the directory holds which tensor.
struct ShardIndex {
    /// The index's path, for messages.
    let path: String
    /// File names, sorted, each once.
    let shards: [String]
    /// For each tensor, its file's position in `shards`.
    let positions: [String: Int]

    /// Reads an index; what else it holds (`metadata.total_size`) is skipped.
    init(_ file: MappedFile) throws(CheckpointError) {
        guard file.byteCount <= SafetensorsHeader.maximumByteCount else {
            throw CheckpointError(.malformed, path: file.path, reason: "an index of \(file.byteCount) bytes is not one")
        }
        var map: [String: String]?
        var scanner = JSONScanner(file, range: 0..<file.byteCount)
        try scanner.object { (key, scanner) throws(CheckpointError) in
            guard key == "weight_map" else { return try scanner.skipValue() }
            if map != nil { throw scanner.malformed("'weight_map' is there twice") }
            map = try Self.weightMap(&scanner)
        }
        try scanner.finish()
        guard let map, !map.isEmpty else {
            throw CheckpointError(.malformed, path: file.path, reason: "it has no 'weight_map', or an empty one")
        }
        path = file.path
        let shards = Set(map.values).sorted()
        let order = Dictionary(uniqueKeysWithValues: shards.enumerated().map { ($1, $0) })
        self.shards = shards
        positions = map.compactMapValues { order[$0] }
    }

    private static func weightMap(_ scanner: inout JSONScanner) throws(CheckpointError) -> [String: String] {
        var map: [String: String] = [:]
        try scanner.object { (name, scanner) throws(CheckpointError) in
            let shard = try scanner.string()
            guard isFileName(shard) else {
                throw scanner.malformed(
                    "shard \(CheckpointError.quoted(shard)) is not the name of a file in the directory"
                )
            }
            guard map.updateValue(shard, forKey: name) == nil else {
                throw scanner.malformed("'weight_map' has \(CheckpointError.quoted(name)) twice")
            }
            if map.count > SafetensorsHeader.maximumTensorCount {
                throw scanner.malformed("there are more than \(SafetensorsHeader.maximumTensorCount) tensors")
            }
        }
        return map
    }

    /// Whether a shard's name stays in the directory.
    private static func isFileName(_ shard: String) -> Bool {
        !shard.isEmpty && shard != "." && shard != ".." && !shard.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "/") }
    }
}
