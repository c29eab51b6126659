// SPDX-License-Identifier: Apache-2.0

/// The place of a module in ACE-Step's original layout, counted from the decoder: `layers.3.self_attn.q_proj`.
///
/// Tools spell the same module in many ways: wrappers in front (`base_model.model.`, `diffusion_model.decoder.`),
/// diffusers' names (`to_out.0` for `o_proj`), and kohya's and LyCORIS's flattened names (`layers_3_self_attn_q_proj`).
/// Flattened names cannot be undone without the list of the base's paths: ``PathTable``.
public struct ModulePath: Sendable, Hashable, CustomStringConvertible {
    /// The path in the original layout; with underscores for dots if `isFlattened`.
    public let text: String
    /// Whether the tool wrote underscores for dots.
    public let isFlattened: Bool

    /// The path itself.
    public var description: String { text }

    private static let wrappers = [
        "base_model.model.", "base_model.", "diffusion_model.", "transformer.", "decoder.", "model.", "module.",
        "_orig_mod.",
    ]
    private static let flatteningPrefixes = ["lora_unet_", "lora_transformer_", "lycoris_"]
    private static let flattenedWrappers = [
        "base_model_model_", "diffusion_model_", "transformer_", "decoder_", "model_",
    ]
    /// Diffusers' name, the original's.
    ///
    /// Source: diffusers 0.42.1, `convert_ace_step_to_diffusers.py`.
    private static let attentionNames = [
        ("to_q", "q_proj"), ("to_k", "k_proj"), ("to_v", "v_proj"), ("to_out.0", "o_proj"),
    ]
    private static let convolutionNames = [("proj_in_conv", "proj_in.1"), ("proj_out_conv", "proj_out.1")]

    /// Reads a module's name as a tool spelled it.
    public init(spelled name: String) {
        let path = Self.removing(Self.wrappers, from: Substring(name))
        if !path.contains("."), let prefix = Self.flatteningPrefixes.first(where: { path.hasPrefix($0) }) {
            let flattened = Self.removing(Self.flattenedWrappers, from: path.dropFirst(prefix.count))
            text = Self.originalName(ofFlattened: String(flattened))
            isFlattened = true
        } else {
            text = Self.originalName(of: String(path))
            isFlattened = false
        }
    }

    /// The path in diffusers' naming; of flattened paths the text itself.
    public var diffusersSpelling: String {
        guard !isFlattened else { return text }
        for (diffusers, original) in Self.attentionNames where text.hasSuffix("." + original) {
            return text.dropLast(original.count) + diffusers
        }
        for (diffusers, original) in Self.convolutionNames where text == original { return diffusers }
        return text
    }

    /// The path with every dot an underscore, as kohya and LyCORIS write it.
    public var flattened: String { String(text.map { $0 == "." ? "_" : $0 }) }

    /// The number in `layers.31.…`.
    ///
    /// Nil for modules outside the layers.
    public var layer: Int? {
        let separator: Character = isFlattened ? "_" : "."
        let parts = text.split(separator: separator, maxSplits: 2)
        return parts.count > 1 && parts[0] == "layers" ? Int(parts[1]) : nil
    }

    private static func removing(_ prefixes: [String], from name: Substring) -> Substring {
        var rest = name
        while let prefix = prefixes.first(where: { rest.hasPrefix($0) }) { rest = rest.dropFirst(prefix.count) }
        return rest
    }

    private static func originalName(of path: String) -> String {
        for (diffusers, original) in convolutionNames where path == diffusers { return original }
        for (diffusers, original) in attentionNames where path.hasSuffix("." + diffusers) {
            return path.dropLast(diffusers.count) + original
        }
        return path.hasSuffix(".to_out") ? path.dropLast(6) + "o_proj" : path
    }

    private static func originalName(ofFlattened path: String) -> String {
        for (diffusers, original) in convolutionNames where path == diffusers {
            return ModulePath(spelled: original).flattened
        }
        for (diffusers, original) in attentionNames {
            let ending = "_" + diffusers.map { $0 == "." ? "_" : String($0) }.joined()
            if path.hasSuffix(ending) { return path.dropLast(ending.count) + "_" + original }
        }
        return path
    }
}

/// The paths that a base offers to adapters, and what flattened names stand for among them.
public struct PathTable: Sendable {
    private let paths: Set<String>
    private let byFlattenedName: [String: [String]]
    /// The number of the base's layers: one more than the highest in `layers.N.…`.
    public let layerCount: Int

    /// Collects a base's paths, in the original layout.
    public init(_ paths: some Sequence<String>) {
        let modules = paths.map(ModulePath.init(spelled:))
        self.paths = Set(modules.map(\.text))
        byFlattenedName = Dictionary(grouping: self.paths, by: { String($0.map { $0 == "." ? "_" : $0 }) })
        layerCount = (modules.compactMap(\.layer).max() ?? -1) + 1
    }

    /// The base's path that a module's name stands for.
    ///
    /// Nil if the base has none such.
    ///
    /// - Throws: `AdapterFormatError.ambiguousName` if a flattened name fits several paths.
    public func resolve(_ path: ModulePath) throws(AdapterFormatError) -> String? {
        guard path.isFlattened else { return paths.contains(path.text) ? path.text : nil }
        let candidates = byFlattenedName[path.text] ?? []
        guard candidates.count < 2 else {
            throw .ambiguousName(name: path.text, candidates: candidates.sorted())
        }
        return candidates.first
    }
}
