// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Checkpoints

/// What a tool will do with an adapter's files as they are.
public struct ToolForecast: Sendable, Equatable, Encodable {
    /// How the result compares with what was trained.
    public enum Verdict: String, Sendable, Equatable, Encodable {
        /// As trained.
        case exact
        /// Weaker or stronger by one factor.
        case scaled
        /// Not what was trained.
        case wrong
        /// Not at all.
        case refused
    }

    /// The tool.
    public let tool: String
    /// How the result compares.
    public let verdict: Verdict
    /// The factor, where there is one.
    public let strength: Double?
    /// The sentence for the user.
    public let detail: String

    /// The forecasts for all tools that are known.
    ///
    /// - Throws: `AdapterFormatError` for settings that cannot be used.
    static func all(for description: AdapterDescription) throws -> [ToolForecast] {
        let location = try AdapterLocation(description.file.path)
        let configuration = try PEFTConfiguration.find(at: location, metadata: description.file.metadata)
        let files = AdapterFiles(
            description: description,
            hasConfigurationFile: location.configuration != nil,
            configuration: configuration
        )
        return [comfyUI(files), diffusers(files), peft(files), aceStep(files), aceStepCPP(files)]
    }

    /// Sums up what happens to each module; `wayOut` says what to do about anything but an exact result.
    static func summary(_ tool: String, _ outcomes: [ModuleOutcome], wayOut: String) -> ToolForecast {
        let kinds = Dictionary(grouping: outcomes, by: { $0 }).sorted { $1.value.count < $0.value.count }
        guard let first = kinds.first?.key else {
            return ToolForecast(tool: tool, verdict: .refused, strength: nil, detail: "finds nothing in it")
        }
        if kinds.count == 1 {
            return ToolForecast(
                tool: tool,
                verdict: first.verdict,
                strength: first.strength,
                detail: first.sentence + (first.verdict == .exact ? "" : "; " + wayOut)
            )
        }
        if let range = ModuleOutcome.range(kinds.map(\.key)) {
            return ToolForecast(tool: tool, verdict: .scaled, strength: nil, detail: range + "; " + wayOut)
        }
        let parts = kinds.prefix(3).map { kind in
            "\(kind.value.count) \(kind.value.count == 1 ? "module" : "modules"): \(kind.key.sentence)"
        }
        let isRefused = kinds.allSatisfy { $0.key.verdict == .refused }
        return ToolForecast(
            tool: tool,
            verdict: isRefused ? .refused : .wrong,
            strength: nil,
            detail: parts.joined(separator: "; ") + "; " + wayOut
        )
    }
}

/// The facts about an adapter's files that tools look at.
struct AdapterFiles {
    let description: AdapterDescription
    let hasConfigurationFile: Bool
    let configuration: PEFTConfiguration?

    /// Every tensor that belongs to a module.
    var names: [String] { description.modules.flatMap { $0.tensors.values.map(\.name) } }
}

/// What a tool does with one module.
enum ModuleOutcome: Hashable {
    case exact
    /// Scaled by a factor, for a reason.
    case scaled(Double, String)
    case wrong(String)
    case refused(String)

    /// An outcome for a ratio of strengths.
    static func strength(_ ratio: Double, because reason: String) -> ModuleOutcome {
        // Alphas are stored in as little as 8 bits of mantissa.
        (ratio - 1).magnitude < 0.005 ? .exact : .scaled((ratio * 1e6).rounded() / 1e6, reason)
    }

    var verdict: ToolForecast.Verdict {
        switch self {
        case .exact: .exact
        case .scaled: .scaled
        case .wrong: .wrong
        case .refused: .refused
        }
    }

    var strength: Double? {
        switch self {
        case .exact: 1
        case .scaled(let factor, _): factor
        case .wrong, .refused: nil
        }
    }

    var sentence: String {
        switch self {
        case .exact: "plays as trained"
        case .scaled(let factor, let reason): "plays at \(Self.fraction(factor)) strength: \(reason)"
        case .wrong(let reason): "plays something else: \(reason)"
        case .refused(let reason): "does not play: \(reason)"
        }
    }

    /// The sentence for outcomes that are all scaled, for one reason, by different factors; nil for others.
    static func range(_ outcomes: [ModuleOutcome]) -> String? {
        var (factors, reasons): ([Double], Set<String>) = ([], [])
        for outcome in outcomes {
            guard case .scaled(let factor, let reason) = outcome else { return nil }
            factors.append(factor)
            reasons.insert(reason)
        }
        guard let least = factors.min(), let most = factors.max(), let reason = reasons.first, reasons.count == 1 else {
            return nil
        }
        return "plays at \(fraction(least)) to \(fraction(most)) strength, which differs between modules: \(reason)"
    }

    /// `1/3` for a third, `2 times the` for a double, else decimals.
    private static func fraction(_ factor: Double) -> String {
        let inverse = 1 / factor
        if factor > 0, factor < 1, (inverse - inverse.rounded()).magnitude < 0.01, inverse < 1000 {
            return "1/\(Int(inverse.rounded()))"
        }
        let rounded = (factor * 100).rounded() / 100
        if factor > 1, let whole = Int(exactly: rounded) { return "\(whole) times the" }
        return factor > 1 ? "\(rounded) times the" : "\(rounded) of the"
    }
}
