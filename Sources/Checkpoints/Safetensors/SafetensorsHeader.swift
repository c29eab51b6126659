// SPDX-License-Identifier: Apache-2.0

/// The parsed and checked header of a safetensors file.
///
/// Format: https://github.com/huggingface/safetensors#format. An 8-byte little-endian length, that many bytes of JSON
/// (`{"__metadata__": {…}, NAME: {"dtype", "shape", "data_offsets"}, …}`, padded with spaces), then the elements. The
/// rules are the safetensors library's: the tensors' ranges follow each other without hole or overlap and end where
/// the file ends. Unlike the library, duplicate keys and empty names are refused, and the number of tensors, metadata
/// entries and dimensions is bounded, so that memory stays in proportion to the header.
struct SafetensorsHeader {
    /// Every tensor by name.
    var tensors: [String: TensorDescription] = [:]
    /// The `__metadata__` object.
    var metadata: [String: String] = [:]
    private var dataStart = 0

    /// The longest header that the safetensors library reads.
    static let maximumByteCount = 100_000_000
    /// More tensors than any published checkpoint has in one file.
    static let maximumTensorCount = 250_000
    /// More entries than any tool writes into `__metadata__`.
    static let maximumMetadataCount = 100_000
    /// The key of the metadata object.
    static let metadataKey = "__metadata__"

    /// Parses and checks the header of `file`.
    init(_ file: MappedFile) throws(CheckpointError) {
        let range = try Self.jsonRange(file)
        dataStart = range.upperBound
        guard file.byte(at: range.lowerBound) == UInt8(ascii: "{") else {
            throw Self.malformed(file, "the header does not begin with '{'; this is not a safetensors file")
        }
        var scanner = JSONScanner(file, range: range)
        var parsed = self
        var hasMetadata = false
        try scanner.object { (name, scanner) throws(CheckpointError) in
            if name == Self.metadataKey {
                if hasMetadata { throw Self.malformed(file, "the header has '__metadata__' twice") }
                hasMetadata = true
                parsed.metadata = try Self.metadata(&scanner)
            } else {
                try parsed.addTensor(name, &scanner)
            }
        }
        try scanner.finish()
        self = parsed
        try checkCoverage(file)
    }

    private static func malformed(_ file: MappedFile, _ reason: String, tensor: String? = nil) -> CheckpointError {
        CheckpointError(.malformed, path: file.path, tensor: tensor, reason: reason)
    }

    /// Where the JSON lies.
    private static func jsonRange(_ file: MappedFile) throws(CheckpointError) -> Range<Int> {
        guard file.byteCount >= 8 else {
            throw malformed(
                file,
                "it has \(file.byteCount) bytes; a safetensors file starts with 8 bytes of header length"
            )
        }
        let length = file.integer(at: 0, as: UInt64.self)
        guard length <= maximumByteCount else {
            throw malformed(
                file,
                "its header claims \(length) bytes, more than the format's 100 MB; this is not a safetensors file"
            )
        }
        guard length <= file.byteCount - 8 else {
            throw malformed(
                file,
                "its header claims \(length) bytes, the file has \(file.byteCount - 8) after the length; it is truncated"
            )
        }
        guard length >= 2 else { throw malformed(file, "its header has \(length) bytes, too few for a JSON object") }
        return 8..<8 + Int(length)
    }

    private static func metadata(_ scanner: inout JSONScanner) throws(CheckpointError) -> [String: String] {
        var metadata: [String: String] = [:]
        try scanner.object { (key, scanner) throws(CheckpointError) in
            guard scanner.nextSignificantByte() == UInt8(ascii: "\"") else {
                throw scanner.malformed("the value of metadata \(CheckpointError.quoted(key)) is not a string")
            }
            let value = try scanner.string()
            guard metadata.updateValue(value, forKey: key) == nil else {
                throw scanner.malformed("metadata has \(CheckpointError.quoted(key)) twice")
            }
            if metadata.count > maximumMetadataCount {
                throw scanner.malformed("there are more than \(maximumMetadataCount) metadata entries")
            }
        }
        return metadata
    }

    private mutating func addTensor(_ name: String, _ scanner: inout JSONScanner) throws(CheckpointError) {
        if name.isEmpty { throw scanner.malformed("a tensor's name is empty") }
        let entry: SafetensorsEntry
        do { entry = try SafetensorsEntry(&scanner) } catch { throw error.about(tensor: name) }
        let file = scanner.file
        let shape = entry.shape
        let (begin, end) = entry.offsets
        let dataByteCount = file.byteCount - dataStart
        guard begin <= end else {
            throw Self.malformed(file, "its data begins at \(begin) and ends before that, at \(end)", tensor: name)
        }
        guard end <= dataByteCount else {
            let reason =
                "its data ends at \(end), the file holds \(dataByteCount) bytes of data; it is truncated or corrupt"
            throw Self.malformed(file, reason, tensor: name)
        }
        guard let byteCount = entry.dtype.byteCount(ofShape: shape) else {
            throw Self.malformed(file, "its shape \(shape) is larger than any memory", tensor: name)
        }
        guard byteCount == end - begin else {
            let reason =
                "shape \(shape) of \(entry.dtype.rawValue) takes \(byteCount) bytes, its data has \(end - begin)"
            throw Self.malformed(file, reason, tensor: name)
        }
        let description = TensorDescription(
            name: name,
            dtype: entry.dtype,
            shape: shape,
            byteRange: dataStart + begin..<dataStart + end
        )
        guard tensors.updateValue(description, forKey: name) == nil else {
            throw Self.malformed(file, "the header has this name twice", tensor: name)
        }
        if tensors.count > Self.maximumTensorCount {
            throw Self.malformed(file, "there are more than \(Self.maximumTensorCount) tensors")
        }
    }

    /// Checks that the tensors cover the data exactly.
    private func checkCoverage(_ file: MappedFile) throws(CheckpointError) {
        let ordered = tensors.values.sorted {
            ($0.byteRange.lowerBound, $0.byteRange.upperBound) < ($1.byteRange.lowerBound, $1.byteRange.upperBound)
        }
        var covered = dataStart
        for tensor in ordered {
            let begin = tensor.byteRange.lowerBound
            if begin < covered {
                throw Self.malformed(file, "its data overlaps another tensor's", tensor: tensor.name)
            }
            if begin > covered {
                throw Self.malformed(
                    file,
                    "\(begin - covered) bytes before it belong to no tensor",
                    tensor: tensor.name
                )
            }
            covered = tensor.byteRange.upperBound
        }
        if covered != file.byteCount {
            throw Self.malformed(file, "its last \(file.byteCount - covered) bytes belong to no tensor")
        }
    }
}
