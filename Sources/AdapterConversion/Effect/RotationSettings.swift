// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints

/// How PEFT turns OFT's vectors into rotations; what `adapter_config.json` says, else PEFT's defaults.
public struct RotationSettings: Sendable, Hashable {
    /// `use_cayley_neumann`: a series instead of the exact transform, with the opposite sign of Q.
    public var usesSeries = true
    /// `num_cayley_neumann_terms`.
    public var termCount = 5
    /// `block_share`: one block stands for all.
    public var sharesBlock = false
    /// `coft`: each block's Q is kept within `epsilon / √blocks`.
    public var isConstrained = false
    /// `eps` of the constraint.
    public var epsilon = 6e-5

    /// PEFT's defaults.
    public init() {}

    /// More terms than anybody needs: the series' terms vanish long before.
    private static let maximumTermCount = 1000
    private static let maximumByteCount = 4 << 20

    /// Reads the settings beside an adapter's weights.
    ///
    /// - Throws: `AdapterFormatError` naming the key that cannot be used.
    init(beside file: SafetensorsFile) throws {
        let path = AdapterLocation.join(AdapterLocation.parent(of: file.path), AdapterLocation.configurationName)
        guard let mapped = try? MappedFile(path: path) else { return }  // without it PEFT's defaults hold
        guard mapped.byteCount <= Self.maximumByteCount else {
            throw AdapterFormatError.limitExceeded(source: path, reason: "\(mapped.byteCount) bytes")
        }
        let object = try JSONParser.parseObject(mapped.copy(0..<mapped.byteCount), source: path)
        usesSeries = try Self.bool(object, "use_cayley_neumann", path) ?? usesSeries
        sharesBlock = try Self.bool(object, "block_share", path) ?? sharesBlock
        isConstrained = try Self.bool(object, "coft", path) ?? isConstrained
        if let terms = try Self.number(object, "num_cayley_neumann_terms", path, in: 1...Double(Self.maximumTermCount))
        {
            termCount = Int(terms)
        }
        if let value = try Self.number(object, "eps", path, in: 0...1e6) { epsilon = value }
    }

    private static func bool(_ object: JSONObject, _ key: String, _ path: String) throws -> Bool? {
        switch object[key] {
        case nil, .null?: return nil
        case .bool(let value)?: return value
        case let value?: throw failure(path, key, "must be true or false, it is \(value.typeName)")
        }
    }

    private static func number(
        _ object: JSONObject,
        _ key: String,
        _ path: String,
        in range: ClosedRange<Double>
    ) throws -> Double? {
        switch object[key] {
        case nil, .null?: return nil
        case .number(let value)? where range.contains(value): return value
        case .number(let value)?:
            throw failure(path, key, "is \(value), expected \(range.lowerBound) to \(range.upperBound)")
        case let value?: throw failure(path, key, "must be a number, it is \(value.typeName)")
        }
    }

    private static func failure(_ path: String, _ key: String, _ reason: String) -> AdapterFormatError {
        .invalidConfiguration(source: path, key: key, reason: reason)
    }
}
