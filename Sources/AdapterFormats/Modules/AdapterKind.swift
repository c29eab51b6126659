// SPDX-License-Identifier: Apache-2.0

/// A family of adapters: how its tensors change a weight.
public enum AdapterKind: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Low-rank: `W + s·B·A`.
    case lora
    /// Low-rank with a magnitude for each output row: `m·(W + s·B·A)/‖W + s·B·A‖`.
    case dora
    /// A rotation of blocks of the input: `W·blockdiag(R)ᵀ`.
    case oft
    /// A Kronecker product: `W + s·(W₁ ⊗ W₂)`.
    case lokr
    /// An elementwise product of two low-rank products.
    case loha
    /// A whole difference, as ComfyUI's `diff` keys hold it: `W + D`.
    case difference

    /// The name that people use.
    public var displayName: String {
        switch self {
        case .lora: "LoRA"
        case .dora: "DoRA"
        case .oft: "OFT"
        case .lokr: "LoKr"
        case .loha: "LoHa"
        case .difference: "full difference"
        }
    }

    /// Orders kinds as they are declared.
    public static func < (first: AdapterKind, second: AdapterKind) -> Bool {
        (allCases.firstIndex(of: first) ?? 0) < (allCases.firstIndex(of: second) ?? 0)
    }
}
