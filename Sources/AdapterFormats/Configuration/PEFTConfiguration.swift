// SPDX-License-Identifier: Apache-2.0

/// What `adapter_config.json` says about how the tensors are used, or the same settings in a single file's metadata.
///
/// Fields as PEFT 0.21.2 writes them. What names modules (`target_modules` and the like) does not matter here: the
/// tensors' names do.
package struct PEFTConfiguration: Sendable {
    /// Where the settings come from, for messages.
    package let source: String
    /// `peft_type`, such as "LORA".
    ///
    /// Nil if the settings do not say.
    package let type: String?
    /// `r`.
    package let rank: Int?
    /// `lora_alpha`.
    package let alpha: Double?
    /// `rank_pattern`.
    package let rankPatterns: PatternTable
    /// `alpha_pattern`.
    package let alphaPatterns: PatternTable
    /// `use_rslora`: the scale is alpha/√r.
    package let isRankStabilised: Bool
    /// `use_dora`.
    package let usesDoRA: Bool
    /// How OFT's vectors become rotations.
    package let rotation: RotationSettings
    /// `base_model_name_or_path`.
    ///
    /// Nil if empty.
    package let baseModel: String?
    /// Whether Side-Step wrote it without PEFT.
    package let isSideStepFallback: Bool

    /// The kinds whose tensors are known; others are refused by name.
    private static let knownTypes: Set<String> = ["LORA", "OFT", "LOHA", "LOKR"]
    /// PEFT's own default, which applies to a configuration that leaves `lora_alpha` out.
    package static let defaultAlpha = 8.0
    /// PEFT's own default of `r`.
    package static let defaultRank = 8

    /// Reads the settings.
    ///
    /// - Throws: `AdapterFormatError.invalidConfiguration`, `.invalidPattern` or `.limitExceeded`.
    package init(_ object: JSONObject, source: String) throws(AdapterFormatError) {
        let fields = ConfigurationFields(object: object, source: source)
        self.source = source
        type = try fields.string("peft_type")
        if let type, !Self.knownTypes.contains(type.uppercased()) {
            throw .invalidConfiguration(
                source: source,
                key: "peft_type",
                reason: "is '\(type)', which is not supported"
            )
        }
        rank = try fields.integer("r")
        // Some converters leave out the first part of the name.
        let plainAlpha = try fields.number("alpha")
        alpha = try fields.number("lora_alpha") ?? plainAlpha
        rankPatterns = try fields.patterns("rank_pattern")
        alphaPatterns = try fields.patterns("alpha_pattern")
        isRankStabilised = try fields.bool("use_rslora")
        usesDoRA = try fields.bool("use_dora")
        rotation = try fields.rotation()
        baseModel = try fields.string("base_model_name_or_path").flatMap { $0.isEmpty ? nil : $0 }
        isSideStepFallback = try fields.bool("_sidestep_fallback")
        try Self.refuseUnreadOptions(fields)
    }

    /// Options that change what the tensors do, and that nothing here implements.
    private static func refuseUnreadOptions(_ fields: ConfigurationFields) throws(AdapterFormatError) {
        guard try fields.bool("use_qalora") == false else { throw fields.failure("use_qalora", "is not supported") }
        for key in ["alora_invocation_tokens", "layer_replication", "arrow_config", "target_parameters"] {
            guard fields.isAbsent(key) else { throw fields.failure(key, "is not supported") }
        }
        // These start from a base that they change when they are loaded; without it the tensors mean something else.
        if case .string(let initialisation)? = fields.object["init_lora_weights"],
            !["gaussian", "eva", "orthogonal"].contains(initialisation.lowercased())
        {
            throw fields.failure(
                "init_lora_weights",
                "is '\(initialisation)', which changes the base's weights: save the adapter converted to plain LoRA "
                    + "(PEFT: path_initial_model_for_weight_conversion)"
            )
        }
    }
}

/// Typed access to a configuration's values; `null` counts as absent.
struct ConfigurationFields {
    let object: JSONObject
    let source: String

    func failure(_ key: String, _ reason: String) -> AdapterFormatError {
        .invalidConfiguration(source: source, key: key, reason: reason)
    }

    func isAbsent(_ key: String) -> Bool {
        switch object[key] {
        case nil, .null?: true
        case .object(let value)?: value.isEmpty
        case .array(let values)?: values.isEmpty
        default: false
        }
    }

    func string(_ key: String) throws(AdapterFormatError) -> String? {
        switch object[key] {
        case nil, .null?: return nil
        case .string(let value)?: return value
        case let value?: throw failure(key, "must be a string, it is \(value.typeName)")
        }
    }

    func bool(_ key: String) throws(AdapterFormatError) -> Bool {
        switch object[key] {
        case nil, .null?: return false
        case .bool(let value)?: return value
        case let value?: throw failure(key, "must be true or false, it is \(value.typeName)")
        }
    }

    func rotation() throws(AdapterFormatError) -> RotationSettings {
        var settings = RotationSettings()
        if !isAbsent("use_cayley_neumann") { settings.usesSeries = try bool("use_cayley_neumann") }
        settings.termCount = try integer("num_cayley_neumann_terms") ?? settings.termCount
        guard settings.termCount <= RotationSettings.maximumTermCount else {
            throw failure("num_cayley_neumann_terms", "is \(settings.termCount), more than any series needs")
        }
        settings.isShared = try bool("block_share")
        if try bool("coft") {
            let bound = try number("eps") ?? 6e-5
            guard bound > 0 else { throw failure("eps", "is \(bound): the bound of a rotation must be above 0") }
            settings.largestNorm = bound
        }
        return settings
    }

    func number(_ key: String) throws(AdapterFormatError) -> Double? {
        switch object[key] {
        case nil, .null?: return nil
        case .number(let value)?:
            guard value.isFinite else { throw failure(key, "is \(value): it must be a finite number") }
            return value
        case let value?: throw failure(key, "must be a number, it is \(value.typeName)")
        }
    }

    func integer(_ key: String) throws(AdapterFormatError) -> Int? {
        guard let value = try number(key) else { return nil }
        guard let integer = Int(exactly: value), integer >= 0 else {
            throw failure(key, "is \(value): it must be a whole number")
        }
        return integer
    }

    func patterns(_ key: String) throws(AdapterFormatError) -> PatternTable {
        switch object[key] {
        case nil, .null?: return .empty
        case .object(let patterns)?: return try PatternTable(patterns, key: key, source: source)
        case let value?: throw failure(key, "must be an object, it is \(value.typeName)")
        }
    }
}
