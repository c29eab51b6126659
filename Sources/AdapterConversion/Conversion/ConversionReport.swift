// SPDX-License-Identifier: Apache-2.0

/// What a conversion wrote, and how far the result differs from the adapter.
public struct ConversionReport: Sendable, Equatable, Encodable {
    /// One module.
    public struct Layer: Sendable, Equatable, Encodable {
        /// Its path in the original layout.
        public let module: String
        /// In which terms it was written: a family, `diff`, or an approximation.
        public let method: String
        /// The largest difference of `W′ − W` between the adapter and the file that was read back by the target's rules,
        /// relative to the largest magnitude of `W′ − W`.
        public let error: Double
    }

    /// The target.
    public let target: String
    /// The file or directory that was written.
    public let output: String
    /// Every module.
    public let layers: [Layer]
    /// Sentences for the user.
    public let notes: [String]
    /// The size of the file with the tensors.
    public let byteCount: Int

    /// The layer that differs most.
    public var worst: Layer? { layers.max { $0.error < $1.error } }

    private enum CodingKeys: String, CodingKey {
        case target, output
        case largestError = "largest_error"
        case byteCount = "bytes"
        case notes, layers
    }

    /// Writes the fields and the largest error.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(target, forKey: .target)
        try container.encode(output, forKey: .output)
        try container.encode(worst?.error ?? 0, forKey: .largestError)
        try container.encode(byteCount, forKey: .byteCount)
        try container.encode(notes, forKey: .notes)
        try container.encode(layers, forKey: .layers)
    }
}
