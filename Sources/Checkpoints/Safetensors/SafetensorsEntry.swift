// SPDX-License-Identifier: Apache-2.0

/// One tensor's object in a safetensors header, before its numbers are checked against the file.
struct SafetensorsEntry {
    /// The element type.
    let dtype: StoredDType
    /// The dimensions.
    let shape: [Int]
    /// Begin and end of the data, counted from the end of the header.
    let offsets: (begin: Int, end: Int)

    /// Reads `{"dtype": …, "shape": […], "data_offsets": [begin, end]}` in any order; other members are skipped.
    init(_ scanner: inout JSONScanner) throws(CheckpointError) {
        var dtype: StoredDType?
        var shape: [Int]?
        var offsets: [Int]?
        try scanner.object { (key, scanner) throws(CheckpointError) in
            switch key {
            case "dtype": try Self.set(&dtype, key, Self.dtype(&scanner), scanner)
            case "shape":
                try Self.set(
                    &shape,
                    key,
                    Self.counts(&scanner, atMost: TensorDescription.maximumRank, of: key),
                    scanner
                )
            case "data_offsets": try Self.set(&offsets, key, Self.counts(&scanner, atMost: 2, of: key), scanner)
            default: try scanner.skipValue()
            }
        }
        guard let dtype else { throw scanner.malformed("'dtype' is missing") }
        guard let shape else { throw scanner.malformed("'shape' is missing") }
        guard let offsets else { throw scanner.malformed("'data_offsets' is missing") }
        guard offsets.count == 2 else { throw scanner.malformed("'data_offsets' has \(offsets.count) numbers, not 2") }
        self.dtype = dtype
        self.shape = shape
        self.offsets = (offsets[0], offsets[1])
    }

    private static func set<Value>(
        _ field: inout Value?,
        _ key: String,
        _ value: Value,
        _ scanner: JSONScanner
    ) throws(CheckpointError) {
        if field != nil { throw scanner.malformed("'\(key)' is there twice") }
        field = value
    }

    private static func dtype(_ scanner: inout JSONScanner) throws(CheckpointError) -> StoredDType {
        let name = try scanner.string()
        guard let dtype = StoredDType(rawValue: name) else {
            let known = StoredDType.allCases.map(\.rawValue).joined(separator: ", ")
            throw CheckpointError(
                .unsupported,
                path: scanner.file.path,
                reason: "dtype \(CheckpointError.quoted(name)) is not supported; these are: \(known)"
            )
        }
        return dtype
    }

    private static func counts(
        _ scanner: inout JSONScanner,
        atMost limit: Int,
        of key: String
    ) throws(CheckpointError) -> [Int] {
        var counts: [Int] = []
        try scanner.array { (scanner) throws(CheckpointError) in
            if counts.count == limit { throw scanner.malformed("'\(key)' has more than \(limit) numbers") }
            counts.append(try scanner.count())
        }
        return counts
    }
}
