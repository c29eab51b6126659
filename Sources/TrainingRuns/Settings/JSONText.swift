// SPDX-License-Identifier: Apache-2.0

package import AdapterFormats

/// JSON as files of training hold it: the object's own order, two blanks of indent, whole numbers without a fraction.
package enum JSONText {
    /// A document over several lines with a final line feed.
    package static func pretty(_ value: JSONValue) -> [UInt8] {
        var text = ""
        write(value, to: &text, indent: 0)
        return Array((text + "\n").utf8)
    }

    /// A document on one line without a line feed.
    package static func line(_ value: JSONValue) -> String {
        var text = ""
        write(value, to: &text, indent: nil)
        return text
    }

    /// The beginning of a value, for messages.
    package static func short(_ value: JSONValue) -> String {
        let text = line(value)
        return text.count > 60 ? text.prefix(60) + "…" : text
    }

    private static func write(_ value: JSONValue, to text: inout String, indent: Int?) {
        switch value {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        // JSON has no such numbers; readers of logs take null for them.
        case .number(let number): text += number.isFinite ? number.shortest : "null"
        case .string(let string): quote(string, to: &text)
        case .array(let values):
            list(values, "[", "]", to: &text, indent: indent) { value, text, indent in
                write(value, to: &text, indent: indent)
            }
        case .object(let object):
            list(object.keys, "{", "}", to: &text, indent: indent) { key, text, indent in
                quote(key, to: &text)
                text += ": "
                write(object[key] ?? .null, to: &text, indent: indent)
            }
        }
    }

    private static func list<Element>(
        _ elements: [Element],
        _ open: String,
        _ close: String,
        to text: inout String,
        indent: Int?,
        _ body: (Element, inout String, Int?) -> Void
    ) {
        text += open
        let inner = indent.map { $0 + 1 }
        for (index, element) in elements.enumerated() {
            if index > 0 { text += inner == nil ? ", " : "," }
            if let inner { text += "\n" + String(repeating: "  ", count: inner) }
            body(element, &text, inner)
        }
        if let indent, !elements.isEmpty { text += "\n" + String(repeating: "  ", count: indent) }
        text += close
    }

    private static func quote(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

extension Double {
    /// The shortest text that reads back as the number: whole ones without a fraction.
    package var shortest: String {
        if let whole = Int(exactly: self), magnitude < 1e15 { return String(whole) }
        return "\(self)"
    }
}
