// SPDX-License-Identifier: Apache-2.0

/// How a path of the original layout is spelled in each layout's files.
enum TensorNames {
    /// Original and diffusers spellings of the projections and norms of attention.
    private static let attention = [
        ("q_proj", "to_q"), ("k_proj", "to_k"), ("v_proj", "to_v"), ("o_proj", "to_out.0"), ("q_norm", "norm_q"),
        ("k_norm", "norm_k"),
    ]

    /// A path inside one module as diffusers spells it.
    static func diffusers(_ path: String) -> String {
        var components = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        for position in components.indices {
            if let (_, name) = attention.first(where: { $0.0 == components[position] }) { components[position] = name }
        }
        if components.count > 2, components[1] == "1", ["proj_in", "proj_out"].contains(components[0]) {
            components.replaceSubrange(0...1, with: [components[0] + "_conv"])
        }
        return components.joined(separator: ".")
    }
}
