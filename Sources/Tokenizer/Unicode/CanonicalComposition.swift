// SPDX-License-Identifier: Apache-2.0

/// Normalization form C (Unicode Standard Annex 15) with the tables of the `tokenizers` library.
///
/// That library composes by Unicode 9, the Swift runtime by a later version that differs from system to system, and
/// Foundation's implementation takes quadratic time on long runs of marks. A prompt must give the ids that the model
/// was trained with, so the tables are ours (`Scripts/tokenizer-tables`).
enum CanonicalComposition {
    /// The composed form of well-formed UTF-8.
    static func normalize(_ utf8: [UInt8]) -> [UInt8] {
        // Below U+0300, whose first byte is 0xCC, nothing composes or reorders.
        guard utf8.contains(where: { $0 >= 0xCC }) else { return utf8 }
        var text = Decomposition()
        var position = 0
        while position < utf8.count {
            let (scalar, width) = UTF8Scalar.decode(utf8, at: position)
            text.append(scalar)
            position += width
        }
        text.reorder(from: text.markStart)
        return compose(text)
    }

    /// Scalars in canonical order.
    private struct Decomposition {
        var scalars: [UInt32] = []
        var classes: [UInt8] = []
        /// Where the run of marks at the end begins.
        var markStart = 0

        mutating func append(_ scalar: UInt32) {
            if scalar < 0xC0 {
                appendWhole(scalar)
            } else if let syllable = Hangul.decompose(scalar) {
                for part in syllable { appendWhole(part) }
            } else if let (first, second) = CanonicalComposition.decompositions[scalar] {
                append(first)
                if second != 0 { append(second) }
            } else {
                appendWhole(scalar)
            }
        }

        private mutating func appendWhole(_ scalar: UInt32) {
            let found = scalar < 0x300 ? 0 : CanonicalComposition.combiningClasses[scalar] ?? 0
            if found == 0 {
                reorder(from: markStart)
                markStart = scalars.count + 1
            }
            scalars.append(scalar)
            classes.append(found)
        }

        /// Sorts the marks from `start` to the end by class, equal ones as they stood.
        mutating func reorder(from start: Int) {
            guard scalars.count - start > 1 else { return }
            let order = (start..<scalars.count).sorted { (classes[$0], $0) < (classes[$1], $1) }
            scalars.replaceSubrange(start..., with: order.map { scalars[$0] })
            classes.replaceSubrange(start..., with: order.map { classes[$0] })
        }
    }

    private static func compose(_ text: Decomposition) -> [UInt8] {
        var composed: [UInt32] = []
        composed.reserveCapacity(text.scalars.count)
        var starter: Int?
        var lastClass: UInt8 = 0
        for (scalar, found) in zip(text.scalars, text.classes) {
            if let starter, lastClass == 0 || lastClass < found, let joined = join(composed[starter], scalar) {
                composed[starter] = joined
                continue
            }
            if found == 0 { starter = composed.count }
            lastClass = found
            composed.append(scalar)
        }
        var utf8: [UInt8] = []
        utf8.reserveCapacity(2 * composed.count)
        for scalar in composed { UTF8Scalar.append(scalar, to: &utf8) }
        return utf8
    }

    private static func join(_ first: UInt32, _ second: UInt32) -> UInt32? {
        second < 0x300 ? nil : Hangul.join(first, second) ?? compositions[UInt64(first) << 32 | UInt64(second)]
    }

    // MARK: Tables, built at first use

    private static let combiningClasses: [UInt32: UInt8] = {
        var classes: [UInt32: UInt8] = [:]
        let table = CanonicalTable.combiningClasses
        for entry in stride(from: 0, to: table.count, by: 3) {
            for scalar in table[entry]...table[entry + 1] { classes[scalar] = UInt8(table[entry + 2]) }
        }
        return classes
    }()

    private static let decompositions: [UInt32: (UInt32, UInt32)] = {
        var parts: [UInt32: (UInt32, UInt32)] = [:]
        for table in [CanonicalTable.compositions, CanonicalTable.decompositionsOnly] {
            for entry in stride(from: 0, to: table.count, by: 3) {
                parts[table[entry]] = (table[entry + 1], table[entry + 2])
            }
        }
        return parts
    }()

    private static let compositions: [UInt64: UInt32] = {
        var composed: [UInt64: UInt32] = [:]
        let table = CanonicalTable.compositions
        for entry in stride(from: 0, to: table.count, by: 3) {
            composed[UInt64(table[entry + 1]) << 32 | UInt64(table[entry + 2])] = table[entry]
        }
        return composed
    }()
}

/// The Korean syllables, which compose by arithmetic (The Unicode Standard, section 3.12).
private enum Hangul {
    private static let syllables: UInt32 = 0xAC00
    private static let leading: UInt32 = 0x1100
    private static let vowels: UInt32 = 0x1161
    private static let trailing: UInt32 = 0x11A7
    private static let vowelCount: UInt32 = 21
    private static let trailingCount: UInt32 = 28
    private static let leadingCount: UInt32 = 19

    static func decompose(_ scalar: UInt32) -> [UInt32]? {
        guard scalar >= syllables, scalar < syllables + leadingCount * vowelCount * trailingCount else { return nil }
        let index = scalar - syllables
        let last = index % trailingCount
        let open = [
            leading + index / (vowelCount * trailingCount),
            vowels + index % (vowelCount * trailingCount) / trailingCount,
        ]
        return last == 0 ? open : open + [trailing + last]
    }

    static func join(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if leading..<leading + leadingCount ~= first, vowels..<vowels + vowelCount ~= second {
            return syllables + ((first - leading) * vowelCount + second - vowels) * trailingCount
        }
        let isOpen =
            first >= syllables && first < syllables + leadingCount * vowelCount * trailingCount
            && (first - syllables) % trailingCount == 0
        guard isOpen, trailing + 1..<trailing + trailingCount ~= second else { return nil }
        return first + second - trailing
    }
}
