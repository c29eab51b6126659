// SPDX-License-Identifier: Apache-2.0

package import AdapterFormats
import TrainingRuns

extension StudyConfiguration {
    /// Settings of a training that the study itself decides.
    private static let ownSettings: Set<String> = [
        "checkpoint_dir", "model_variant", "model", "variant", "device", "dataset_dir", "output_dir", "log_dir",
        "run_name", "resume_from", "strict_resume",
    ]

    /// Reads a configuration; everything that is wrong is reported together.
    ///
    /// - Parameters:
    ///   - object: the file's object.
    ///   - source: what to call it in messages.
    /// - Throws: ``AttributionError/configuration(source:problems:)``.
    package init(_ object: JSONObject, source: String) throws(AttributionError) {
        self.init()
        var fields = StudyFields(object)
        readPlaces(&fields)
        readParts(&fields)
        readTraining(&fields)
        readPrompts(&fields)
        seeds = Self.seeds(&fields) ?? []
        if let object = fields.object("generation") { readGeneration(object, &fields) }
        if let object = fields.object("comparison") { readComparison(object, &fields) }
        if let object = fields.object("verdict") { readVerdict(object, &fields) }
        promotes = fields.flag("promote") ?? promotes
        parallel = fields.count("parallel", 1...64) ?? parallel
        threads = fields.count("threads", 1...1024)
        let problems = fields.finish()
        guard problems.isEmpty else { throw .configuration(source: source, problems: problems) }
        try checkTogether(source)
    }

    private mutating func readPlaces(_ fields: inout StudyFields) {
        model = fields.text("model")
        variant = fields.text("variant")
        device = fields.text("device") ?? device
        dtype = fields.choice("dtype", ["auto", "float32", "bfloat16"]) ?? dtype
        dataset = fields.text("dataset")
        let before = fields.problems.count
        output = fields.text("output") ?? output
        if output.isEmpty, fields.problems.count == before { fields.refuse("output", "the study's folder") }
    }

    private mutating func readParts(_ fields: inout StudyFields) {
        switch fields.raw("parts") {
        case nil, .string("genre"): parts = .genre
        case .object(let lists) where !lists.isEmpty:
            var named: [StudyPart.NamedList] = []
            for name in lists.keys {
                guard case .array(let values)? = lists[name], !values.isEmpty,
                    let patterns = StudyFields.texts(values), StudyPart.slug(name) == name
                else {
                    fields.add([
                        "'parts.\(name)' must be a list of file names, under a name of small letters, digits and hyphens"
                    ])
                    continue
                }
                named.append(.init(name: name, patterns: patterns))
            }
            parts = .lists(named)
        default: fields.refuse("parts", "\"genre\", or an object of named lists of files")
        }
        leaveOut = fields.texts("leave_out")
        adapter = fields.text("adapter")
        guard let object = fields.object("left_out_adapters") else { return }
        for part in object.keys {
            guard case .string(let reference)? = object[part], !reference.isEmpty else {
                fields.add(["'left_out_adapters.\(part)' must be an adapter's path or name"])
                continue
            }
            leftOutAdapters[part] = reference
        }
    }

    private mutating func readTraining(_ fields: inout StudyFields) {
        trainsAgain = fields.flag("train_again") ?? trainsAgain
        guard let object = fields.object("training") else { return }
        training = object
        for key in object.keys where Self.ownSettings.contains(key.replacing("-", with: "_")) {
            fields.add(["'training.\(key)' is decided by the study; leave it out"])
        }
        do throws(TrainingRunsError) {
            var warnings: [String] = []
            var settings = TrainingSettings()
            try settings.merge(object, source: "training", warnings: &warnings)
            fields.add(warnings)
            fields.add(SettingsCheck(settings).problems.map { "'training': \($0)" })
        } catch .settings(_, let problems) {
            fields.add(problems.map { "'training': \($0)" })
        } catch {
            fields.add(["'training': \(error)"])
        }
    }

    private mutating func readPrompts(_ fields: inout StudyFields) {
        guard case .array(let values)? = fields.raw("prompts"), !values.isEmpty else {
            return fields.refuse(
                "prompts",
                "a list of prompts, each an object with 'tags' and, if it belongs to one, 'part'"
            )
        }
        for (place, value) in values.enumerated() {
            guard case .object(let object) = value else {
                fields.add(["'prompts[\(place)]' is \(value.typeName); it must be an object with 'tags'"])
                continue
            }
            var prompt = StudyFields(object, path: "prompts[\(place)]")
            read(&prompt, place)
            fields.add(prompt.finish())
        }
    }

    private mutating func read(_ fields: inout StudyFields, _ place: Int) {
        let before = fields.problems.count
        let tags = fields.text("tags")
        if tags == nil, fields.problems.count == before { fields.refuse("tags", "what the music is") }
        let part = fields.text("part")
        var prompt = Prompt(name: "", part: part, tags: tags ?? "")
        let number = prompts.count { $0.part == part } + 1
        prompt.name = fields.text("name") ?? (part.map { "\($0) \(number)" } ?? "prompt \(place + 1)")
        prompt.lyrics = fields.text("lyrics") ?? prompt.lyrics
        prompt.duration = fields.number("duration", 0.1...600)
        prompt.bpm = fields.number("bpm", 0...1000, above: 0)?.shortest
        prompt.keyScale = fields.text("keyscale")
        prompt.timeSignature = fields.text("timesignature", "a text such as \"4\"")
        prompt.language = fields.text("vocal_language") ?? prompt.language
        if prompts.contains(where: { $0.name == prompt.name }) {
            fields.add(["'\(fields.name("name"))' is '\(prompt.name)', which another prompt is called"])
        }
        prompts.append(prompt)
    }

    private static func seeds(_ fields: inout StudyFields) -> [UInt64]? {
        let rule = "a list of different whole numbers, or {\"first\": 1, \"count\": 10}"
        switch fields.raw("seeds") {
        case nil: return Array(1...10)
        case .array(let values) where (1...1000).contains(values.count):
            let seeds = values.compactMap { value -> UInt64? in
                // Beyond 2^53 a number of JSON is not what was written.
                guard case .number(let number) = value, (0...0x1p53).contains(number) else { return nil }
                return UInt64(exactly: number)
            }
            if seeds.count == values.count, Set(seeds).count == seeds.count { return seeds }
        case .object(let object):
            var own = StudyFields(object, path: "seeds")
            let first = own.count("first", 0...1 << 53)
            let count = own.count("count", 1...1000)
            let problems = own.finish()
            if problems.isEmpty, let first, let count { return (0..<count).map { UInt64(first + $0) } }
            fields.add(problems)
            if !problems.isEmpty { return nil }
        default: break
        }
        fields.refuse("seeds", rule)
        return nil
    }

    private mutating func readGeneration(_ object: JSONObject, _ all: inout StudyFields) {
        var fields = StudyFields(object, path: "generation")
        generation.duration = fields.number("duration", 0.1...600) ?? generation.duration
        generation.steps = fields.count("num_inference_steps", 1...1000)
        generation.guidance = fields.number("guidance_scale", 0...100)
        generation.shift = fields.number("shift", 0...100, above: 0)
        generation.weight = fields.number("weight", -100...100) ?? generation.weight
        generation.batch = fields.count("batch", 1...16) ?? generation.batch
        all.add(fields.finish())
    }

    private mutating func readComparison(_ object: JSONObject, _ all: inout StudyFields) {
        var fields = StudyFields(object, path: "comparison")
        let points = fields.choice("points", TrajectoryDistance.Points.allCases.map(\.rawValue))
        comparison.distance.points = points.flatMap(TrajectoryDistance.Points.init) ?? comparison.distance.points
        comparison.distance.exactLimit = fields.count("exact_limit", 1...4096) ?? comparison.distance.exactLimit
        comparison.distance.directions = fields.count("directions", 2...65_536) ?? comparison.distance.directions
        comparison.weights = Self.weights(&fields) ?? comparison.weights
        all.add(fields.finish())
    }

    private static func weights(_ fields: inout StudyFields) -> StepWeights? {
        switch fields.raw("weights") {
        case nil: return nil
        case .string("linear"): return .linear
        case .string("uniform"): return .uniform
        case .object(let object):
            var own = StudyFields(object, path: fields.name("weights"))
            let halfLife = own.number("half_life", 0...100, above: 0)
            let problems = own.finish()
            fields.add(problems)
            if let halfLife { return problems.isEmpty ? .exponential(halfLife: halfLife) : nil }
            if !problems.isEmpty { return nil }
        case .array(let values):
            let numbers = values.compactMap { value -> Double? in
                if case .number(let number) = value, number.isFinite, number >= 0 { number } else { nil }
            }
            let sum = numbers.reduce(0, +)
            if numbers.count == values.count, sum > 0, sum.isFinite { return .list(numbers) }
        default: break
        }
        fields.refuse(
            "weights",
            "\"linear\", \"uniform\", {\"half_life\": 0.25} in shares of the steps, or a number for each step, not all 0"
        )
        return nil
    }

    private mutating func readVerdict(_ object: JSONObject, _ all: inout StudyFields) {
        var fields = StudyFields(object, path: "verdict")
        let statistic = fields.choice("rank", Verdict.Ranking.allCases.map(\.rawValue))
        verdict.ranking = statistic.flatMap(Verdict.Ranking.init) ?? verdict.ranking
        verdict.isRelative = fields.flag("relative") ?? verdict.isRelative
        verdict.requiredShare = fields.number("seeds", 0...1, above: 0) ?? verdict.requiredShare
        verdict.requiredMargin = fields.number("margin", 1...1000) ?? verdict.requiredMargin
        all.add(fields.finish())
    }

    /// What single fields cannot say.
    private func checkTogether(_ source: String) throws(AttributionError) {
        var problems: [String] = []
        let needsTraining = adapter == nil || trainsAgain
        if dataset == nil, needsTraining {
            problems.append("'dataset' is missing: the folder that `lumina preprocess` wrote, to train on")
        }
        if dataset == nil, leftOutAdapters.isEmpty {
            problems.append(
                "'dataset' is missing; without one 'left_out_adapters' must name the adapters to compare with"
            )
        }
        let groups = Set(prompts.map { $0.part ?? "\u{0}" + $0.name })
        if groups.count < 2 {
            problems.append("'prompts' are all of one part; an influence is told by what it does not move")
        }
        guard problems.isEmpty else { throw .configuration(source: source, problems: problems) }
    }
}
