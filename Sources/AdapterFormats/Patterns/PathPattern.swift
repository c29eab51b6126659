// SPDX-License-Identifier: Apache-2.0

/// One key of PEFT's `rank_pattern` or `alpha_pattern`: the regular expression `(.*\.)?(KEY)$` from the start of a path.
///
/// Source of the rule: `get_pattern_key` in PEFT 0.21.2, `utils/other.py`. What of Python's syntax is read:
/// `PatternParser`.
package struct PathPattern: Sendable {
    /// The key as it stands in the file.
    package let key: String

    /// Almost every key is a plain run of characters (`layers\.3\.self_attn\.q_proj`): compared from the path's end.
    private enum Matcher: Sendable {
        case run([ScalarSet])
        case program(PatternProgram)
    }

    private let matcher: Matcher

    /// Compiles a key.
    ///
    /// - Throws: `PatternFailure` if it is no expression or uses syntax that is not read.
    init(_ key: String) throws(PatternFailure) {
        self.key = key
        let node = try PatternParser.parse(key)
        if let run = node.fixedRun {
            matcher = .run(run)
        } else {
            let anyPrefix = PatternNode.sequence([
                .repetition(.scalars(.any), minimum: 0, maximum: nil), .scalars(.one(Self.dot)),
            ])
            matcher = .program(
                try PatternProgram(
                    .sequence([.repetition(anyPrefix, minimum: 0, maximum: 1), node, .anchor(.end)])
                )
            )
        }
    }

    private static let dot = UInt32(UInt8(ascii: "."))

    /// Whether the key addresses the module at `path`.
    ///
    /// - Parameters:
    ///   - path: the path's Unicode scalars.
    ///   - budget: steps left to spend; negative once they are used up.
    /// - Returns: whether it does; meaningless once the budget is negative.
    func matches(_ path: [UInt32], budget: inout Int) -> Bool {
        switch matcher {
        case .run(let run):
            budget -= run.count
            let start = path.count - run.count
            guard start >= 0, start == 0 || path[start - 1] == Self.dot else { return false }
            return zip(path[start...], run).allSatisfy { $1.contains($0) }
        case .program(let program): return program.matchesPrefix(of: path, budget: &budget)
        }
    }
}

/// The values of a `rank_pattern` or `alpha_pattern`, in file order.
package struct PatternTable: Sendable {
    /// More keys than a model could have modules are an error.
    package static let maximumCount = 16_384
    /// Steps that matching one adapter's modules may take, about a second; real files need a few thousand.
    package static let stepBudget = 100_000_000

    private let entries: [(pattern: PathPattern, value: Double)]
    /// What the table comes from, for messages.
    private let source: String

    /// A table that matches nothing.
    package static let empty = PatternTable(entries: [], source: "")

    private init(entries: [(pattern: PathPattern, value: Double)], source: String) {
        self.entries = entries
        self.source = source
    }

    /// Whether there are no patterns.
    package var isEmpty: Bool { entries.isEmpty }

    /// Compiles an object `{"pattern": number}`.
    ///
    /// - Throws: `AdapterFormatError.invalidPattern`, `.invalidConfiguration` or `.limitExceeded`.
    init(_ object: JSONObject, key: String, source: String) throws(AdapterFormatError) {
        guard object.keys.count <= Self.maximumCount else {
            throw .limitExceeded(source: source, reason: "'\(key)' has \(object.keys.count) patterns")
        }
        var pairs: [(key: String, value: Double)] = []
        for pattern in object.keys {
            guard case .number(let value)? = object[pattern], value.isFinite else {
                throw .invalidConfiguration(
                    source: source,
                    key: key,
                    reason: "must give a finite number for '\(pattern)'"
                )
            }
            pairs.append((pattern, value))
        }
        try self.init(pairs, source: source)
    }

    /// Compiles keys and their values, in the order in which they are tried.
    ///
    /// - Throws: `AdapterFormatError.invalidPattern`.
    package init(_ pairs: [(key: String, value: Double)], source: String) throws(AdapterFormatError) {
        var entries: [(pattern: PathPattern, value: Double)] = []
        for (key, value) in pairs {
            do throws(PatternFailure) {
                entries.append((try PathPattern(key), value))
            } catch {
                throw .invalidPattern(source: source, pattern: key, reason: error.reason)
            }
        }
        self.init(entries: entries, source: source)
    }

    /// The value of the first pattern in file order that addresses a module.
    ///
    /// - Parameters:
    ///   - spellings: the module's path in the adapter's own naming, then in others; a later one is asked only when no
    ///     pattern matches an earlier one, because PEFT knows only the first.
    ///   - budget: steps left to spend.
    /// - Returns: the value. Nil if no pattern addresses the module.
    /// - Throws: `AdapterFormatError.limitExceeded` when the budget is used up.
    package func value(for spellings: [String], budget: inout Int) throws(AdapterFormatError) -> Double? {
        guard !isEmpty else { return nil }
        for spelling in spellings {
            let path = spelling.unicodeScalars.map(\.value)
            for entry in entries {
                let isMatch = entry.pattern.matches(path, budget: &budget)
                guard budget >= 0 else {
                    throw .limitExceeded(source: source, reason: "its patterns take too long to match")
                }
                if isMatch { return entry.value }
            }
        }
        return nil
    }
}
