// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Torch

/// A file of weights that were quantised and packed for a kind of processor, so that it need not be done again.
///
/// Each projection has `PATH.packed` (uint8, opaque) and `PATH.scales` (float32); the metadata hold each one's checksum
/// and, for each shape, the description of the packed order.
public final class PackedWeights {
    private let file: SafetensorsFile
    private let layouts: [String: Tensor]

    /// What went wrong with a file of packed weights.
    public struct Failure: Error, CustomStringConvertible {
        /// The file and what is wrong with it.
        public let description: String
    }

    /// Opens a file and checks every byte of it.
    ///
    /// - Parameter path: the file.
    /// - Throws: `CheckpointError` if it is missing or malformed, ``Failure`` if it is damaged, `TorchError` if libtorch
    ///   cannot be opened.
    public init(path: String) throws {
        file = try SafetensorsFile(path: path)
        layouts = try Dictionary(
            uniqueKeysWithValues: file.metadata.compactMap { key, text in
                guard key.hasPrefix(Self.layoutPrefix) else { return nil }
                guard let bytes = Self.bytes(ofDigits: text) else {
                    throw Failure(description: "\(path): '\(key)' is no number in hexadecimal digits")
                }
                return (
                    String(key.dropFirst(Self.layoutPrefix.count)),
                    try unsafe Tensor(copying: bytes.span.bytes, shape: [bytes.count], dtype: .uint8)
                )
            }
        )
        for name in file.names where name.hasSuffix(Self.packedSuffix) {
            let projection = String(name.dropLast(Self.packedSuffix.count))
            guard try checksum(of: projection) == file.metadata[Self.checksumPrefix + projection] else {
                throw Failure(description: "\(path): the weights of '\(projection)' are damaged")
            }
        }
    }

    /// What whoever wrote the file said about it.
    public var metadata: [String: String] { file.metadata }

    /// A projection's matrix, on the mapped bytes.
    ///
    /// - Parameters:
    ///   - projection: its path.
    ///   - outputs: features out.
    ///   - inputs: features in.
    /// - Returns: nil if the file does not have it at this size.
    /// - Throws: `TorchError` if libtorch does not take it.
    func matrix(_ projection: String, outputs: Int, inputs: Int) throws -> Int8Matrix? {
        guard let layout = layouts[Self.shape(outputs: outputs, inputs: inputs)],
            let packed = file.tensors[projection + Self.packedSuffix], packed.dtype == .uint8,
            let scales = file.tensors[projection + Self.scalesSuffix], scales.dtype == .float32,
            scales.shape == [outputs]
        else { return nil }
        let bytes = try mapped(packed, as: .uint8)
        return try Int8Matrix(
            .init(bytes: bytes, layout: layout),
            scales: mapped(scales, as: .float32),
            inputFeatures: inputs
        )
    }

    private func mapped(_ tensor: TensorDescription, as dtype: DType) throws -> Tensor {
        try unsafe Tensor(
            mapping: UnsafeRawBufferPointer(rebasing: file.file.bytes[tensor.byteRange]),
            shape: tensor.shape,
            dtype: dtype,
            owner: file.file
        )
    }

    private func checksum(of projection: String) throws -> String {
        var sums = WordSums()
        for suffix in [Self.packedSuffix, Self.scalesSuffix] {
            try unsafe file.withBytes(of: projection + suffix) { unsafe sums.add($0) }
        }
        return sums.text
    }
}

extension PackedWeights {
    private static let packedSuffix = ".packed"
    private static let scalesSuffix = ".scales"
    private static let checksumPrefix = "checksum."
    private static let layoutPrefix = "layout."

    private static func shape(outputs: Int, inputs: Int) -> String { "\(outputs)x\(inputs)" }

    /// Writes the packed projections of an index to a file, whole or not at all.
    ///
    /// - Parameters:
    ///   - index: a model's projections; those that are not packed are left out.
    ///   - path: the file.
    ///   - metadata: what to say about it; keys of its own begin with `checksum.` and `layout.`.
    /// - Throws: `CheckpointError` if it cannot be written, `TorchError` if the packed bytes cannot be had.
    public static func write(_ index: LinearIndex, to path: String, metadata: [String: String] = [:]) throws {
        var metadata = metadata
        var tensors: [TensorSpecification] = []
        var parts: [String: Tensor] = [:]
        for projection in index.paths {
            guard let product = index[projection]?.product as? QuantizedProduct else { continue }
            let form = try product.matrix.packedForm
            var sums = WordSums()
            for (suffix, tensor, dtype) in [
                (packedSuffix, form.bytes, StoredDType.uint8), (scalesSuffix, product.matrix.scales, .float32),
            ] {
                tensors.append(.init(name: projection + suffix, dtype: dtype, shape: tensor.shape))
                parts[projection + suffix] = tensor
                try unsafe tensor.withBytes { unsafe sums.add($0) }
            }
            metadata[checksumPrefix + projection] = sums.text
            let shape = shape(outputs: product.outputFeatures, inputs: product.inputFeatures)
            metadata[layoutPrefix + shape] = digits(of: try form.layout.bytes())
        }
        // Packed matrices are whole cache lines, and kernels read them fastest from addresses that are.
        try SafetensorsWriter.stream(to: path, tensors: tensors, metadata: metadata, alignment: 64) { name, writer in
            try unsafe parts[name]?.withBytes { try unsafe writer.append($0) }
        }
    }

    private static func digits(of bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    private static func bytes(ofDigits text: String) -> [UInt8]? {
        let values = text.compactMap(\.hexDigitValue)
        guard values.count == text.count, values.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
    }
}
