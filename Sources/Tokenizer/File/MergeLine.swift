// SPDX-License-Identifier: Apache-2.0

/// One entry of `merges`, in the older form `"a b"` or the newer `["a", "b"]`.
struct MergeLine: CustomStringConvertible {
    /// Both tokens, one directly after the other.
    private(set) var text: [UInt8] = []
    private var leftCount = 0

    /// Where the first token is in `text`.
    var left: Range<Int> { 0..<leftCount }
    /// Where the second token is in `text`.
    var right: Range<Int> { leftCount..<text.count }

    var description: String {
        "'\(String(decoding: text[left], as: UTF8.self))' and '\(String(decoding: text[right], as: UTF8.self))'"
    }

    /// Reads entry number `index`.
    mutating func read(_ scanner: inout JSONScanner, _ index: Int) throws(TokenizerError) {
        text.removeAll(keepingCapacity: true)
        switch try scanner.kind() {
        case .string:
            try scanner.append(try scanner.string(), to: &text)
            guard let space = text.firstIndex(of: 0x20), space > 0, space + 1 < text.count,
                !text[(space + 1)...].contains(0x20)
            else { throw invalid(scanner, index) }
            text.remove(at: space)
            leftCount = space
        case .array:
            var line = self
            var count = 0
            try scanner.array { (scanner) throws(TokenizerError) in
                guard count < 2, try scanner.kind() == .string else { throw line.invalid(scanner, index) }
                if count == 1 { line.leftCount = line.text.count }
                try scanner.append(try scanner.string(), to: &line.text)
                count += 1
            }
            guard count == 2, !line.left.isEmpty, !line.right.isEmpty else { throw line.invalid(scanner, index) }
            self = line
        case .object, .number, .bool, .null: throw invalid(scanner, index)
        }
    }

    private func invalid(_ scanner: JSONScanner, _ index: Int) -> TokenizerError {
        .invalidField(path: scanner.path, field: "model.merges[\(index)]", problem: "is not two tokens")
    }
}
