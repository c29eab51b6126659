// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import TrainingRuns

/// Takes the fields of an object one by one, and notes what is wrong with each and which nobody took.
struct StudyFields {
    private let object: JSONObject
    private let path: String
    private var taken: Set<String> = []
    /// What is wrong.
    private(set) var problems: [String] = []

    init(_ object: JSONObject, path: String = "") {
        (self.object, self.path) = (object, path)
    }

    /// A field's name as the whole file has it.
    func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    mutating func refuse(_ key: String, _ rule: String) {
        let value = object[key].map { "is \(JSONText.short($0))" } ?? "is missing"
        problems.append("'\(name(key))' \(value); it must be \(rule)")
    }

    mutating func add(_ more: [String]) { problems += more }

    /// A field's value as it stands; nil where it is absent or null.
    mutating func raw(_ key: String) -> JSONValue? {
        taken.insert(key)
        guard let value = object[key], value != .null else { return nil }
        return value
    }

    /// A text that is not empty.
    mutating func text(_ key: String, _ rule: String = "a text that is not empty") -> String? {
        guard let value = raw(key) else { return nil }
        guard case .string(let text) = value, text.contains(where: { !$0.isWhitespace }) else {
            refuse(key, rule)
            return nil
        }
        return text
    }

    /// One of a few texts.
    mutating func choice(_ key: String, _ names: [String]) -> String? {
        guard let value = raw(key) else { return nil }
        guard case .string(let text) = value, names.contains(text) else {
            refuse(key, names.joined(separator: ", "))
            return nil
        }
        return text
    }

    /// A number in a range.
    mutating func number(_ key: String, _ range: ClosedRange<Double>, above: Double? = nil) -> Double? {
        guard let value = raw(key) else { return nil }
        guard case .number(let number) = value, range.contains(number), number > above ?? -.infinity else {
            let low = above.map { "above \($0.shortest) and" } ?? "at least \(range.lowerBound.shortest) and"
            refuse(key, "a number, \(low) at most \(range.upperBound.shortest)")
            return nil
        }
        return number
    }

    /// A whole number in a range.
    mutating func count(_ key: String, _ range: ClosedRange<Int>) -> Int? {
        guard let value = raw(key) else { return nil }
        guard case .number(let number) = value, let whole = Int(exactly: number), range.contains(whole) else {
            refuse(key, "a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return whole
    }

    /// True or false.
    mutating func flag(_ key: String) -> Bool? {
        guard let value = raw(key) else { return nil }
        guard case .bool(let flag) = value else {
            refuse(key, "true or false")
            return nil
        }
        return flag
    }

    /// An object.
    mutating func object(_ key: String) -> JSONObject? {
        guard let value = raw(key) else { return nil }
        guard case .object(let object) = value else {
            refuse(key, "an object")
            return nil
        }
        return object
    }

    /// Texts that are not empty, at least one, each once.
    mutating func texts(_ key: String) -> [String]? {
        guard let value = raw(key) else { return nil }
        guard case .array(let values) = value, !values.isEmpty, let texts = Self.texts(values) else {
            refuse(key, "a list of different texts")
            return nil
        }
        return texts
    }

    static func texts(_ values: [JSONValue]) -> [String]? {
        let texts = values.compactMap { value -> String? in
            if case .string(let text) = value, !text.isEmpty { text } else { nil }
        }
        return texts.count == values.count && Set(texts).count == texts.count ? texts : nil
    }

    /// What is wrong in all.
    ///
    /// Fields that nobody knows are mistakes, since the study would silently be another one. Names that begin with `_` are comments.
    consuming func finish() -> [String] {
        let unknown = object.keys.filter { !taken.contains($0) && !$0.hasPrefix("_") }
        return problems
            + unknown.map {
                "'\(name($0))' is no field of a study; known are \(taken.sorted().joined(separator: ", "))"
            }
    }
}
