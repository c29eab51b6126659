// SPDX-License-Identifier: Apache-2.0

/// A word of a formula.
struct FormulaToken: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case number
        case name
        case symbol
    }

    let kind: Kind
    let text: String
    /// Of a number.
    var value = 0.0
    /// Bytes before it.
    let offset: Int

    /// The longest first, so that `**` is not two `*`.
    private static let symbols = [
        "**", "//", "<=", ">=", "==", "!=", "+", "-", "*", "/", "%", "<", ">", "(", ")", ",",
    ]

    /// Cuts a formula into words.
    ///
    /// - Throws: `TrainingRunsError.formula` at the first character that no formula has.
    static func split(_ text: String) throws(TrainingRunsError) -> [FormulaToken] {
        let bytes = Array(text.utf8)
        var tokens: [FormulaToken] = []
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            let start = position
            if isSpace(byte) {
                position += 1
            } else if isDigit(byte) || byte == UInt8(ascii: "."), let end = numberEnd(bytes, from: position) {
                let digits = bytes[start..<end].filter { $0 != UInt8(ascii: "_") }
                guard let value = Double(String(decoding: digits, as: UTF8.self)), value.isFinite else {
                    throw .formula(text, offset: start, reason: "the number is too large")
                }
                position = end
                tokens.append(.init(kind: .number, text: "", value: value, offset: start))
            } else if isLetter(byte) {
                while position < bytes.count, isLetter(bytes[position]) || isDigit(bytes[position]) { position += 1 }
                let name = String(decoding: bytes[start..<position], as: UTF8.self)
                tokens.append(.init(kind: .name, text: name, offset: start))
            } else if let symbol = symbols.first(where: { bytes[start...].starts(with: Array($0.utf8)) }) {
                position += symbol.utf8.count
                tokens.append(.init(kind: .symbol, text: symbol, offset: start))
            } else {
                throw .formula(text, offset: start, reason: "a character that no formula has")
            }
        }
        return tokens
    }

    /// The end of a number such as `12`, `1_000`, `.5`, `1.` or `3e-4`; nil if there is none.
    private static func numberEnd(_ bytes: [UInt8], from start: Int) -> Int? {
        var position = start
        var hasDigits = digits(bytes, &position)
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            hasDigits = digits(bytes, &position) || hasDigits
        }
        guard hasDigits else { return nil }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            var end = position + 1
            if end < bytes.count, bytes[end] == UInt8(ascii: "+") || bytes[end] == UInt8(ascii: "-") { end += 1 }
            if digits(bytes, &end) { position = end }
        }
        return position
    }

    private static func digits(_ bytes: [UInt8], _ position: inout Int) -> Bool {
        let start = position
        while position < bytes.count,
            isDigit(bytes[position]) || position > start && bytes[position] == UInt8(ascii: "_")
        {
            position += 1
        }
        return position > start
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
