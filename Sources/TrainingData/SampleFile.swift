// SPDX-License-Identifier: Apache-2.0

public import Checkpoints

/// A song's tensors in their file, mapped: opening reads what describes them, elements are read when somebody touches them.
///
/// ```swift
/// let sample = try SampleFile(path: "tensors/song.safetensors")
/// let crop = try unsafe sample.withBytes(of: .targetLatents, rows: 100..<350) { unsafe [UInt8]($0) }
/// ```
public final class SampleFile: Sendable {
    private enum Storage {
        case safetensors(SafetensorsFile)
        case archive(TorchArchive)
    }

    /// The header's field that holds the metadata in safetensors.
    static let metadataField = "sample"

    /// The path, as given.
    public let path: String
    /// What is said about the song; defaults where the file says nothing.
    public let metadata: SampleMetadata
    private let storage: Storage
    private let layouts: [TrainingSample.Key: SampleLayout]

    /// Opens a song's tensors, those of Side-Step and ACE-Step too, and checks that they belong together.
    ///
    /// - Parameter path: a file whose name ends in `.safetensors` or `.pt`.
    /// - Throws: `CheckpointError` for a file that is none or damaged, ``TrainingDataError`` for one that holds something else.
    public init(path: String) throws {
        self.path = path
        var layouts: [TrainingSample.Key: SampleLayout] = [:]
        switch TrainingSample.Format(path: path) {
        case .safetensors:
            let file = try SafetensorsFile(path: path)
            for key in TrainingSample.Key.allCases {
                layouts[key] = file.tensors[key.rawValue].map { SampleLayout(dtype: $0.dtype, shape: $0.shape) }
            }
            metadata = SampleMetadata(header: file.metadata[Self.metadataField])
            storage = .safetensors(file)
        case .pt:
            let archive = try TorchArchive(path: path)
            for key in TrainingSample.Key.allCases {
                layouts[key] = archive.tensors[key.rawValue].map { SampleLayout(dtype: $0.dtype, shape: $0.shape) }
            }
            metadata = archive.root["metadata"].map(SampleMetadata.init(archived:)) ?? SampleMetadata()
            storage = .archive(archive)
        case nil: throw TrainingDataError.unknownFormat(path: path)
        }
        try SampleLayout.check(layouts, path: path)
        self.layouts = layouts
    }

    /// The mapping, for advice about which pages will be needed.
    public var file: MappedFile {
        switch storage {
        case .safetensors(let file): file.file
        case .archive(let archive): archive.file
        }
    }

    private func layout(of key: TrainingSample.Key) -> SampleLayout {
        guard let layout = layouts[key] else { preconditionFailure("a checked file has every tensor") }
        return layout
    }

    /// The type of a tensor's elements.
    public func dtype(of key: TrainingSample.Key) -> StoredDType { layout(of: key).dtype }

    /// A tensor's dimensions.
    public func shape(of key: TrainingSample.Key) -> [Int] { layout(of: key).shape }

    /// Latent frames of the song.
    public var frames: Int { shape(of: .targetLatents)[0] }

    /// Lends the bytes of a tensor or of some of its rows: row-major, little-endian, not necessarily aligned.
    ///
    /// They lie in the mapped file, but for the rare tensor of a torch archive that is no contiguous one, which is copied.
    ///
    /// - Parameters:
    ///   - key: the tensor.
    ///   - rows: positions of the first dimension, such as a crop's frames; nil takes all.
    ///   - body: reads the bytes, which are valid until it returns.
    /// - Returns: what `body` returned.
    /// - Throws: `CheckpointError` if a torch archive keeps the tensor in a way that is not read, and what `body` throws.
    public func withBytes<Result>(
        of key: TrainingSample.Key,
        rows: Range<Int>? = nil,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        let layout = layout(of: key)
        let rows = rows ?? 0..<layout.shape[0]
        precondition(rows.lowerBound >= 0 && rows.upperBound <= layout.shape[0], "rows are the tensor's")
        let width = layout.shape.dropFirst().reduce(layout.dtype.byteCount, *)
        let range = rows.lowerBound * width..<rows.upperBound * width
        func lend(_ bytes: UnsafeRawBufferPointer) throws -> Result {
            try unsafe body(UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
        switch storage {
        case .safetensors(let file): return try unsafe file.withBytes(of: key.rawValue) { try unsafe lend($0) }
        case .archive(let archive):
            if try archive.tensor(key.rawValue).isContiguous {
                return try unsafe archive.withBytes(of: key.rawValue) { try unsafe lend($0) }
            }
            return try unsafe archive.contiguousBytes(key.rawValue).withUnsafeBytes { try unsafe lend($0) }
        }
    }
}
