// SPDX-License-Identifier: Apache-2.0

/// The order in which the model's authors register projections, which is that of optimizer states in other tools' files.
enum ProjectionOrder {
    private static let parts = ["layers", "proj_in", "time_embed", "time_embed_r", "condition_embedder"]
    private static let blocks = ["self_attn", "cross_attn", "mlp"]
    private static let projections = [
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "linear_1", "linear_2",
        "time_proj",
    ]

    /// Paths in that order; unknown ones last, by name.
    static func sorted(_ paths: [String]) -> [String] {
        paths.map { (key: key(of: $0), path: $0) }
            .sorted { a, b in a.key == b.key ? a.path < b.path : a.key.lexicographicallyPrecedes(b.key) }
            .map(\.path)
    }

    private static func key(of path: String) -> [Int] {
        let components = path.split(separator: ".").map(String.init)
        return components.map { component in
            if let number = Int(component) { return number }
            for names in [parts, blocks, projections] {
                if let place = names.firstIndex(of: component) { return place }
            }
            return .max
        }
    }
}
