// SPDX-License-Identifier: Apache-2.0

package import AdapterFormats

/// A value that settings files hold.
///
/// Files come from pages and hands, so that a number in quotes is a number and `yes` is true; what cannot be meant is nil.
package protocol SettingValue: Sendable, Equatable {
    /// What a value has to be, for messages.
    static var expectation: String { get }

    /// Reads a value; nil where it is none.
    static func read(_ json: JSONValue) -> Self?

    /// The value as it is written.
    var json: JSONValue { get }
}

extension Int: SettingValue {
    package static var expectation: String { "a whole number" }

    package static func read(_ json: JSONValue) -> Int? {
        guard let number = Double.read(json) else { return nil }
        return Int(exactly: number)
    }

    package var json: JSONValue { .number(Double(self)) }
}

extension Double: SettingValue {
    package static var expectation: String { "a number" }

    package static func read(_ json: JSONValue) -> Double? {
        switch json {
        case .number(let number): number.isFinite ? number : nil
        // Swift reads hexadecimal and `nan` too, which no settings file means.
        case .string(let text) where text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }): Double(text)
        default: nil
        }
    }

    package var json: JSONValue { .number(self) }
}

extension Bool: SettingValue {
    package static var expectation: String { "true or false" }

    package static func read(_ json: JSONValue) -> Bool? {
        switch json {
        case .bool(let value): return value
        case .number(let number): return number == 1 ? true : number == 0 ? false : nil
        case .string(let text):
            switch text.lowercased() {
            case "true", "1", "yes": return true
            case "false", "0", "no": return false
            default: return nil
            }
        default: return nil
        }
    }

    package var json: JSONValue { .bool(self) }
}

extension String: SettingValue {
    package static var expectation: String { "a text" }

    package static func read(_ json: JSONValue) -> String? {
        guard case .string(let text) = json else { return nil }
        return text
    }

    package var json: JSONValue { .string(self) }
}

extension Array: SettingValue where Element == String {
    package static var expectation: String { "a list of names" }

    package static func read(_ json: JSONValue) -> [String]? {
        switch json {
        case .string(let text): return text.split { $0.isWhitespace }.map(String.init)
        case .array(let values):
            let names = values.compactMap(String.read)
            return names.count == values.count ? names : nil
        default: return nil
        }
    }

    package var json: JSONValue { .array(map { .string($0) }) }
}

extension Optional: SettingValue where Wrapped: SettingValue {
    package static var expectation: String { Wrapped.expectation }

    package static func read(_ json: JSONValue) -> Wrapped?? {
        // An empty text is how pages write "not set".
        if json == .null || json == .string("") { return .some(nil) }
        return Wrapped.read(json).map { .some($0) }
    }

    package var json: JSONValue { self?.json ?? .null }
}

/// Numbers for patterns of paths, an object in files whose order counts.
package struct PatternSettings: SettingValue {
    /// The numbers in order.
    package var entries: [PatternSetting]

    package static var expectation: String { "an object of patterns and numbers above 0" }

    package static func read(_ json: JSONValue) -> PatternSettings? {
        guard case .object(let object) = json else { return nil }
        var entries: [PatternSetting] = []
        for key in object.keys {
            guard let value = object[key].flatMap(Double.read), value > 0, !key.isEmpty else { return nil }
            entries.append(PatternSetting(pattern: key, value: value))
        }
        return PatternSettings(entries: entries)
    }

    package var json: JSONValue {
        var object = JSONObject()
        for entry in entries { object.set(entry.pattern, .number(entry.value)) }
        return .object(object)
    }
}

/// A choice of a few names.
package protocol NamedChoice: SettingValue, RawRepresentable, CaseIterable where RawValue == String {}

extension NamedChoice {
    /// The names, for messages.
    package static var expectation: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// The choice of a name.
    package static func read(_ json: JSONValue) -> Self? { String.read(json).flatMap(Self.init(rawValue:)) }

    /// The name.
    package var json: JSONValue { .string(rawValue) }
}

extension BaseSettings.Precision: NamedChoice {}
extension OptimizationSettings.Optimizer: NamedChoice {}
extension ScheduleSettings.Kind: NamedChoice {}
extension TimestepSettings.Mode: NamedChoice {}
extension LossSettings.Weighting: NamedChoice {}
extension AdapterSettings.Family: NamedChoice {}
extension AdapterSettings.Attention: NamedChoice {}
extension AdapterSettings.Bias: NamedChoice {}
