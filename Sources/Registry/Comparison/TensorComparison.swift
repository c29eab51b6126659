// SPDX-License-Identifier: Apache-2.0

import Checkpoints

/// Compares weights, tensor by tensor, straight from the files; needs no tensor library.
struct TensorComparison {
    private(set) var changes: [VersionComparison.TensorChange] = []
    var equalCount = 0

    /// Compares all tensors of two files.
    mutating func compare(_ first: SafetensorsFile, _ second: SafetensorsFile) throws {
        for name in Set(first.names).union(second.names).sorted() {
            guard let left = first.tensors[name] else {
                changes.append(.init(name: name, note: "only in the second", relativeDistance: nil, cosine: nil))
                continue
            }
            guard let right = second.tensors[name] else {
                changes.append(.init(name: name, note: "only in the first", relativeDistance: nil, cosine: nil))
                continue
            }
            try compare(name, left, right, first, second)
        }
    }

    private mutating func compare(
        _ name: String,
        _ left: TensorDescription,
        _ right: TensorDescription,
        _ first: SafetensorsFile,
        _ second: SafetensorsFile
    ) throws {
        if left.shape != right.shape {
            let note = "\(left.shape) and \(right.shape)"
            changes.append(.init(name: name, note: note, relativeDistance: nil, cosine: nil))
            return
        }
        let note = left.dtype == right.dtype ? nil : "\(left.dtype.rawValue) and \(right.dtype.rawValue)"
        guard let leftReader = ElementReader(left.dtype), let rightReader = ElementReader(right.dtype) else {
            let isEqual = try unsafe first.withBytes(of: name) { left in
                try unsafe second.withBytes(of: name) { right in unsafe left.elementsEqual(right) }
            }
            if isEqual && note == nil {
                equalCount += 1
            } else {
                changes.append(.init(name: name, note: note ?? "differs", relativeDistance: nil, cosine: nil))
            }
            return
        }
        var sums = Sums()
        try unsafe first.withBytes(of: name) { left in
            try unsafe second.withBytes(of: name) { right in
                for index in 0..<(left.count / leftReader.byteCount) {
                    sums.add(unsafe leftReader.read(left, index), unsafe rightReader.read(right, index))
                }
            }
        }
        if sums.difference == 0 && note == nil { equalCount += 1 } else { changes.append(sums.change(name, note)) }
    }

    private struct Sums {
        var left = 0.0
        var right = 0.0
        var product = 0.0
        var difference = 0.0

        mutating func add(_ x: Double, _ y: Double) {
            left += x * x
            right += y * y
            product += x * y
            // Two NaN in the same place are the same.
            if x.isNaN && y.isNaN { return }
            difference += (y - x) * (y - x)
        }

        func change(_ name: String, _ note: String?) -> VersionComparison.TensorChange {
            let distance = left > 0 ? (difference / left).squareRoot() : nil
            let cosine = left > 0 && right > 0 ? product / (left * right).squareRoot() : nil
            return .init(
                name: name,
                note: note ?? (difference.isFinite ? nil : "not finite"),
                relativeDistance: distance.flatMap { $0.isFinite ? $0 : nil },
                cosine: cosine.flatMap { $0.isFinite ? $0 : nil }
            )
        }
    }
}

/// Reads floating-point elements of any width as `Double`.
struct ElementReader {
    let byteCount: Int
    private let dtype: StoredDType

    /// - Returns: nil for types that are not floating-point, or of 8 bits.
    init?(_ dtype: StoredDType) {
        switch dtype {
        case .float64, .float32, .float16, .bfloat16:
            self.dtype = dtype
            byteCount = dtype.byteCount
        case .int64, .int32, .int16, .int8, .uint8, .uint16, .uint32, .uint64, .bool, .float8e4m3, .float8e5m2:
            return nil
        }
    }

    /// An element; the index must lie in the bytes.
    func read(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Double {
        let offset = index * byteCount
        switch dtype {
        case .float64:
            return unsafe Double(
                bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            )
        case .float32:
            return unsafe Double(
                Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            )
        case .bfloat16:
            let bits = unsafe UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
            return Double(Float(bitPattern: UInt32(bits) << 16))
        case .float16:
            let bits = unsafe UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
            return HalfPrecision.value(bits)
        case .int64, .int32, .int16, .int8, .uint8, .uint16, .uint32, .uint64, .bool, .float8e4m3, .float8e5m2: return 0
        }
    }
}

/// IEEE 754 binary16, decoded without the type, which not every platform has.
enum HalfPrecision {
    static func value(_ bits: UInt16) -> Double {
        let sign: Double = bits >> 15 == 1 ? -1 : 1
        let exponent = Int(bits >> 10 & 31)
        let fraction = Double(bits & 1023)
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * Double(sign: .plus, exponent: exponent - 15, significand: 1 + fraction / 1024)
        }
    }
}
