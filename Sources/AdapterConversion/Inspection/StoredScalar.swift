// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints

extension AdapterModule {
    /// The value of the module's alpha tensor, read without libtorch; nil if it has none or none that is a number.
    func storedAlpha(in file: SafetensorsFile) -> Double? {
        guard let tensor = tensors[.alpha], tensor.elementCount == 1 else { return nil }
        let offset = tensor.byteRange.lowerBound
        return switch tensor.dtype {
        case .float64: Double(bitPattern: file.file.integer(at: offset, as: UInt64.self))
        case .float32: Double(Float(bitPattern: file.file.integer(at: offset, as: UInt32.self)))
        case .float16: Double(Float16(bitPattern: file.file.integer(at: offset, as: UInt16.self)))
        case .bfloat16: Double(Float(bitPattern: UInt32(file.file.integer(at: offset, as: UInt16.self)) << 16))
        case .int64: Double(file.file.integer(at: offset, as: Int64.self))
        case .int32: Double(file.file.integer(at: offset, as: Int32.self))
        default: nil
        }
    }

    /// The rank of a product of factors: of the first one that is not stored whole; nil where there is none.
    var factorRank: Int? {
        lowRank?.rank ?? tensors[.kroneckerFirstB]?.shape.first ?? tensors[.kroneckerSecondB]?.shape.first
            ?? tensors[.hadamardFirstB]?.shape.first
    }

    /// What the product of the factors is multiplied with by the library that trained them; nil for families without one.
    func effectiveScale(in file: SafetensorsFile) -> Double? {
        switch kind {
        case .lora, .dora: return lowRank?.scale
        case .lokr, .loha:
            guard let rank = factorRank, rank > 0, let alpha = storedAlpha(in: file) else { return 1 }
            return alpha / Double(rank)
        case .oft, .difference: return nil
        }
    }
}
