// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import Testing

/// The files that Fixtures/make.py has written with Python's libraries, and builders of hostile ones.
enum Fixture {
    /// The path of a fixture.
    static func path(_ name: String) throws -> String {
        let directory = try #require(Bundle.module.resourceURL)
        return directory.appendingPathComponent("Fixtures").appendingPathComponent(name).path
    }

    /// The bytes of a fixture.
    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: try path(name))))
    }

    /// The names that the safetensors library gives all types, with their elements 0 to 5 as make.py stores them.
    static let types: [(name: String, dtype: StoredDType)] = [
        ("bool", .bool), ("uint8", .uint8), ("int8", .int8), ("float8_e5m2", .float8e5m2),
        ("float8_e4m3fn", .float8e4m3), ("int16", .int16), ("uint16", .uint16), ("float16", .float16),
        ("bfloat16", .bfloat16), ("int32", .int32), ("uint32", .uint32), ("float32", .float32), ("float64", .float64),
        ("int64", .int64), ("uint64", .uint64),
    ]

    /// The little-endian bytes of 0, 1, 2, 3, 4, 5 in a type (1 for all but the first in bool).
    static func zeroToFive(_ dtype: StoredDType) -> [UInt8] {
        (0..<6).flatMap { element(Double($0), dtype) }
    }

    private static func element(_ value: Double, _ dtype: StoredDType) -> [UInt8] {
        switch dtype {
        case .float64: bytes(value.bitPattern)
        case .float32: bytes(Float(value).bitPattern)
        case .float16: bytes([0, 0x3C00, 0x4000, 0x4200, 0x4400, 0x4500][Int(value)] as UInt16)
        case .bfloat16: bytes(UInt16(Float(value).bitPattern >> 16))
        case .float8e4m3: [[0, 0x38, 0x40, 0x44, 0x48, 0x4A][Int(value)]]
        case .float8e5m2: [[0, 0x3C, 0x40, 0x42, 0x44, 0x45][Int(value)]]
        case .int64, .uint64: bytes(UInt64(value))
        case .int32, .uint32: bytes(UInt32(value))
        case .int16, .uint16: bytes(UInt16(value))
        case .int8, .uint8: [UInt8(value)]
        case .bool: [value == 0 ? 0 : 1]
        }
    }

    /// A number in little-endian bytes.
    static func bytes<Integer: FixedWidthInteger>(_ value: Integer) -> [UInt8] {
        (0..<MemoryLayout<Integer>.size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// A safetensors file of this header text and as many zero bytes of data.
    static func safetensors(_ header: String, dataByteCount: Int = 0) -> [UInt8] {
        safetensors(Array(header.utf8), dataByteCount: dataByteCount)
    }

    /// A safetensors file of this header and as many zero bytes of data.
    static func safetensors(_ header: [UInt8], dataByteCount: Int = 0) -> [UInt8] {
        bytes(UInt64(header.count)) + header + [UInt8](repeating: 0, count: dataByteCount)
    }
}
