// SPDX-License-Identifier: Apache-2.0

public import Checkpoints
import Foundation

extension TensorFile.Entry {
    /// A tensor of these numbers.
    public init(_ values: [Float], shape: [Int], dtype: StoredDType = .float32) {
        self.init(
            dtype: dtype,
            shape: shape,
            bytes: values.flatMap { value -> [UInt8] in
                switch dtype {
                case .bfloat16: Self.bytes(UInt16(value.bitPattern >> 16))
                case .float16: Self.bytes(Float16(value).bitPattern)
                case .float64: Self.bytes(Double(value).bitPattern)
                case .int64: Self.bytes(UInt64(bitPattern: Int64(value)))
                case .int32: Self.bytes(UInt32(bitPattern: Int32(value)))
                default: Self.bytes(value.bitPattern)
                }
            }
        )
    }

    /// A float32 tensor of numbers between -0.5 and 0.5 that depend on the seed alone.
    public init(random shape: [Int], seed: UInt64 = 0) {
        var generator = SeededGenerator(seed: seed)
        self.init((0..<shape.reduce(1, *)).map { _ in Float.random(in: -0.5...0.5, using: &generator) }, shape: shape)
    }

    private static func bytes<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
        (0..<MemoryLayout<Integer>.size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}

extension TemporaryDirectory {
    /// Writes tensors to a safetensors file and returns its path.
    ///
    /// - Throws: Foundation's error if it cannot be written.
    @discardableResult
    public func write(
        tensors: [String: TensorFile.Entry],
        metadata: [String: String] = [:],
        to name: String = "adapter_model.safetensors"
    ) throws -> String {
        let path = path(of: name)
        try TensorFile(tensors: tensors, metadata: metadata).write(to: path)
        return path
    }
}
