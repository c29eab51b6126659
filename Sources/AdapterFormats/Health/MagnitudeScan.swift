// SPDX-License-Identifier: Apache-2.0

package import Checkpoints

/// The largest magnitude among a tensor's elements, read once, at about the speed of memory.
///
/// A single NaN or infinity in an adapter silences every song, so loading reads all of it. IEEE 754 orders magnitudes
/// as the unsigned integers of their bits without the sign, with infinity and NaN on top: one integer maximum finds both.
package enum MagnitudeScan {
    /// What a scan finds.
    package enum Finding: Sendable, Equatable {
        /// All elements are finite; the largest magnitude among them.
        case finite(largest: Double)
        /// At least one is NaN or infinite; the index of the first.
        case nonFinite(index: Int)
    }

    /// Reads all elements of a tensor.
    ///
    /// - Parameters:
    ///   - tensor: a tensor of the file, of a floating-point type.
    ///   - file: the mapped file.
    /// - Returns: what was found; nil for types that are not scanned (integers and 8-bit floats).
    package static func scan(_ tensor: TensorDescription, in file: MappedFile) -> Finding? {
        withExtendedLifetime(file) {
            let bytes = unsafe UnsafeRawBufferPointer(rebasing: file.bytes[tensor.byteRange])
            switch tensor.dtype {
            case .bfloat16:
                return unsafe finding(bytes, infinity: UInt16(0x7F80)) { Double(Float(bitPattern: UInt32($0) << 16)) }
            case .float16: return unsafe finding(bytes, infinity: UInt16(0x7C00)) { Double(Float16(bitPattern: $0)) }
            case .float32: return unsafe finding(bytes, infinity: UInt32(0x7F80_0000)) { Double(Float(bitPattern: $0)) }
            case .float64:
                return unsafe finding(bytes, infinity: UInt64(0x7FF0_0000_0000_0000)) { Double(bitPattern: $0) }
            case .int64, .int32, .int16, .int8, .uint8, .uint16, .uint32, .uint64, .bool, .float8e4m3, .float8e5m2:
                return nil
            }
        }
    }

    private static func finding<Bits: FixedWidthInteger & UnsignedInteger & SIMDScalar>(
        _ bytes: UnsafeRawBufferPointer,
        infinity: Bits,
        value: (Bits) -> Double
    ) -> Finding {
        let largest = unsafe largestMagnitude(bytes, as: Bits.self)
        guard largest >= infinity else { return .finite(largest: value(largest)) }
        let size = MemoryLayout<Bits>.size
        for index in 0..<(bytes.count / size) {
            let bits = unsafe Bits(littleEndian: bytes.loadUnaligned(fromByteOffset: index * size, as: Bits.self))
            if bits & ~Bits.signBit >= infinity { return .nonFinite(index: index) }
        }
        return .nonFinite(index: 0)
    }

    /// The largest element without its sign, as an integer.
    ///
    /// The tensor may lie at any address.
    @inline(__always)
    private static func largestMagnitude<Bits: FixedWidthInteger & UnsignedInteger & SIMDScalar>(
        _ bytes: UnsafeRawBufferPointer,
        as type: Bits.Type
    ) -> Bits {
        typealias Lanes = SIMD32<Bits>
        let mask = Lanes(repeating: ~Bits.signBit)
        let width = MemoryLayout<Bits>.size
        let stride = 32 * width
        var largest = Lanes.zero
        var offset = 0
        while offset + stride <= bytes.count {
            let lanes = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
            largest = pointwiseMax(largest, lanes & mask)
            offset += stride
        }
        var result = largest.max()
        while offset + width <= bytes.count {
            let bits = unsafe Bits(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Bits.self))
            result = max(result, bits & ~Bits.signBit)
            offset += width
        }
        return result
    }
}

extension FixedWidthInteger where Self: UnsignedInteger {
    /// The highest bit alone.
    fileprivate static var signBit: Self { 1 << (bitWidth - 1) }
}
