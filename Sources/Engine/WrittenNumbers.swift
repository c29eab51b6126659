// SPDX-License-Identifier: Apache-2.0

/// The numbers among the fields of a JSON object, as they are written there: the model reads "120" and "120.0" as texts, and
/// a decoder makes them one.
struct WrittenNumbers {
    private var texts: [String: String] = [:]

    /// - Parameter json: an object that a decoder has accepted; of anything else, some fields may be missing.
    init(_ json: some Collection<UInt8>) {
        var (depth, key, token, isString) = (0, "", [UInt8](), false)
        var bytes = json.makeIterator()
        while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: "\""):
                let string = Self.string(&bytes)
                if depth == 1 { (token, isString) = (string, true) }
            case UInt8(ascii: ":") where depth == 1:
                (key, token, isString) = (String(decoding: token, as: UTF8.self), [], false)
            case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 1, !isString { keep(token, of: key) }
                if depth == 1 { (key, token, isString) = ("", [], false) }
                if byte != UInt8(ascii: ",") { depth -= 1 }
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case 0x20, 0x09, 0x0A, 0x0D: break
            default: if depth == 1 { token.append(byte) }
            }
        }
    }

    /// The field's number; nil if it is none.
    subscript(_ field: String) -> String? { texts[field] }

    private mutating func keep(_ token: [UInt8], of key: String) {
        let text = String(decoding: token, as: UTF8.self)
        guard let value = Double(text) else { return }
        // A whole number as it stands, any other one as Python prints it, which is how the model met them in training.
        texts[key] = text.allSatisfy { $0.isNumber || $0 == "-" } ? text : "\(value)"
    }

    /// The contents of a string whose opening quote has been read, escapes as they are.
    private static func string(_ bytes: inout some IteratorProtocol<UInt8>) -> [UInt8] {
        var contents: [UInt8] = []
        while let byte = bytes.next(), byte != UInt8(ascii: "\"") {
            contents.append(byte)
            if byte == UInt8(ascii: "\\"), let escaped = bytes.next() { contents.append(escaped) }
        }
        return contents
    }
}
