// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// How an adapter was trained, as far as its files say: what generation uses where a request is silent.
///
/// A wrong shift or number of steps is the users' commonest silent error, hence values that make no sense are left out
/// and reported rather than used.
public struct TrainingFacts: Sendable, Hashable {
    /// The base's variant, such as "turbo", "base" or "sft".
    public var modelVariant: String?
    /// The timestep shift that the variant is sampled with.
    public var shift: Double?
    /// The number of sampling steps.
    public var inferenceSteps: Int?
    /// The guidance scale.
    public var guidanceScale: Double?
    /// The word that calls the adapter's style up.
    public var triggerWord: String?
    /// The files that the facts come from, the most specific first.
    public var sources: [String] = []

    /// Facts of an adapter that has none.
    public init() {}

    /// The most steps that a file may ask for.
    private static let maximumSteps = 1000

    /// The files that may hold facts, the most specific first.
    ///
    /// A run's own file, beside or above its `final`,
    /// `checkpoints/epoch_N` and the like, counts only where the directory's name shows that it is part of a run.
    private static func candidates(beside directory: String) -> [String] {
        let names = ["training_args.json", "training_config.json", "sidestep_training_config.json"]
        var directories = [directory]
        if isPartOfRun(directory) {
            let parent = AdapterLocation.parent(of: directory)
            directories.append(parent)
            if isPartOfRun(parent) { directories.append(AdapterLocation.parent(of: parent)) }
        }
        return directories.flatMap { directory in names.map { AdapterLocation.join(directory, $0) } }
    }

    private static func isPartOfRun(_ directory: String) -> Bool {
        let name = AdapterLocation.lastComponent(of: directory)
        guard directory.contains("/") else { return false }
        return ["final", "best", "early_exit", "adapter", "checkpoints"].contains(name)
            || name.hasPrefix("epoch_") || name.hasPrefix("checkpoint-")
    }

    /// Collects the facts of the adapter in a directory.
    ///
    /// - Parameters:
    ///   - directory: the directory that holds the weights.
    ///   - warnings: receives a sentence for each file or value that cannot be used.
    /// - Returns: what was found.
    package static func find(beside directory: String, warnings: inout [String]) -> TrainingFacts {
        var facts = TrainingFacts()
        for path in candidates(beside: directory) where FileManager.default.fileExists(atPath: path) {
            do {
                facts.fill(from: try SmallFile.readObject(path), path: path, warnings: &warnings)
            } catch {
                warnings.append("the training's settings are not used: \(error)")
            }
        }
        return facts
    }

    /// Fills in what is not known yet.
    private mutating func fill(from object: JSONObject, path: String, warnings: inout [String]) {
        let known = self
        if modelVariant == nil { modelVariant = Self.text(object, ["model_variant", "variant"]) }
        if triggerWord == nil { triggerWord = Self.text(object, ["custom_tag", "trigger_word"]) }
        func number(_ keys: [String], _ range: ClosedRange<Double>) -> Double? {
            for key in keys {
                guard let value = object[key], value != .null else { continue }
                if case .number(let number) = value, range.contains(number) { return number }
                warnings.append(
                    "\(path): '\(key)' is not a number from \(range.lowerBound) to \(range.upperBound); not used"
                )
            }
            return nil
        }
        if shift == nil { shift = number(["shift"], 0.01...100) }
        if guidanceScale == nil { guidanceScale = number(["guidance_scale"], 0...100) }
        if inferenceSteps == nil {
            let steps = number(["num_inference_steps", "inference_steps"], 1...Double(Self.maximumSteps))
            inferenceSteps = steps.map { Int($0) }
        }
        if self != known { sources.append(path) }
    }

    private static func text(_ object: JSONObject, _ keys: [String]) -> String? {
        for key in keys {
            if case .string(let text)? = object[key], !text.isEmpty { return text }
        }
        return nil
    }
}
