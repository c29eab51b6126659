// SPDX-License-Identifier: Apache-2.0

/// What a tensor is to its module.
///
/// The raw value is its name in PEFT's or LyCORIS's files.
public enum TensorRole: String, Sendable, Hashable, CaseIterable {
    /// LoRA's first factor, `[r, in]`; `lora_down` elsewhere.
    case down = "lora_A"
    /// LoRA's second factor, `[out, r]`; `lora_up` elsewhere.
    case up = "lora_B"
    /// The bias of the second factor, `[out]` (PEFT's `lora_bias`); scaled like the product.
    case upBias = "lora_B.bias"
    /// The bias of the first factor; no known tool writes it.
    case downBias = "lora_A.bias"
    /// LoCon's middle factor of a convolution, `[r, r, kernel]`.
    case middle = "lora_mid"
    /// A scalar: the numerator of the scale.
    case alpha
    /// DoRA's magnitudes in PEFT's files, `[out]`.
    case magnitude = "lora_magnitude_vector"
    /// DoRA's magnitudes in LyCORIS's and ComfyUI's files, `[out, 1]` or `[1, in]`.
    case weightNorm = "dora_scale"
    /// OFT's upper-triangular vectors, `[blocks, b(b−1)/2]`.
    case rotation = "oft_R"
    /// LoKr's first factor, whole.
    case kroneckerFirst = "lokr_w1"
    /// LoKr's first factor as a product: left part.
    case kroneckerFirstA = "lokr_w1_a"
    /// LoKr's first factor as a product: right part.
    case kroneckerFirstB = "lokr_w1_b"
    /// LoKr's second factor, whole.
    case kroneckerSecond = "lokr_w2"
    /// LoKr's second factor as a product: left part.
    case kroneckerSecondA = "lokr_w2_a"
    /// LoKr's second factor as a product: right part.
    case kroneckerSecondB = "lokr_w2_b"
    /// LoKr's Tucker core.
    case kroneckerTucker = "lokr_t2"
    /// LoHa's first product: left part.
    case hadamardFirstA = "hada_w1_a"
    /// LoHa's first product: right part.
    case hadamardFirstB = "hada_w1_b"
    /// LoHa's second product: left part.
    case hadamardSecondA = "hada_w2_a"
    /// LoHa's second product: right part.
    case hadamardSecondB = "hada_w2_b"
    /// LoHa's first Tucker core.
    case hadamardFirstTucker = "hada_t1"
    /// LoHa's second Tucker core.
    case hadamardSecondTucker = "hada_t2"
    /// The difference of the whole weight.
    case weightDifference = "diff"
    /// The difference of the bias.
    case biasDifference = "diff_b"

    /// The family that a tensor of this role belongs to; nil for those that several share.
    public var kind: AdapterKind? {
        switch self {
        case .down, .up, .upBias, .downBias, .middle: .lora
        case .alpha, .weightNorm, .biasDifference: nil
        case .magnitude: .dora
        case .rotation: .oft
        case .kroneckerFirst, .kroneckerFirstA, .kroneckerFirstB, .kroneckerSecond, .kroneckerSecondA,
            .kroneckerSecondB, .kroneckerTucker:
            .lokr
        case .hadamardFirstA, .hadamardFirstB, .hadamardSecondA, .hadamardSecondB, .hadamardFirstTucker,
            .hadamardSecondTucker:
            .loha
        case .weightDifference: .difference
        }
    }
}
