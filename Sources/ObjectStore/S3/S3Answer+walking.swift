// SPDX-License-Identifier: Apache-2.0

package import NIOCore

extension S3Answer {
    /// What is met on the way through an answer.
    package enum Step: Sendable, Equatable {
        /// An element begins.
        case opened(name: String)
        /// An element ends; the text is what stood between its tags, nil if there were elements.
        case closed(name: String, text: String?)
    }

    /// Goes through an answer's elements in their order: a listing has thousands, for which a decoder of all that XML can be takes
    /// longer than the server.
    ///
    /// - Parameters:
    ///   - body: The answer.
    ///   - visit: Gets each step, and how many elements are around it.
    /// - Throws: `.malformedResponse`, and what `visit` throws.
    package static func walk(_ body: ByteBuffer, _ visit: (Step, _ depth: Int) throws -> Void) throws {
        try check(body)
        var walker = Walker(bytes: Array(body.readableBytesView))
        try walker.walk(visit)
    }

    /// Of XML what `check` lets through: one declaration, elements, attributes (not looked at), text.
    private struct Walker {
        let bytes: [UInt8]
        private var names: [String] = []
        private var textStart: Int?
        private var isRootClosed = false

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func walk(_ visit: (Step, _ depth: Int) throws -> Void) throws {
            var position = 0
            while let open = bytes[position...].firstIndex(of: UInt8(ascii: "<")) {
                if names.isEmpty { try requireBlank(position..<open) }
                guard let end = bytes[open...].firstIndex(of: UInt8(ascii: ">")) else { throw Self.refusal }
                let tag = open + 1..<end
                switch bytes[open + 1] {
                case UInt8(ascii: "?"): break
                case UInt8(ascii: "/"): try close(tag.dropFirst(), textEnd: open, visit)
                default: try self.open(tag, visit)
                }
                position = end + 1
            }
            try requireBlank(position..<bytes.count)
            if !isRootClosed { throw Self.refusal }
        }

        private mutating func open(_ tag: Range<Int>, _ visit: (Step, Int) throws -> Void) throws {
            let isEmpty = bytes[tag].last == UInt8(ascii: "/")
            let name = try text(bytes[tag].prefix { $0 > 0x20 && $0 != UInt8(ascii: "/") })
            if name.isEmpty || isRootClosed { throw Self.refusal }
            try visit(.opened(name: name), names.count)
            if isEmpty {
                try visit(.closed(name: name, text: ""), names.count)
                isRootClosed = names.isEmpty
            } else {
                names.append(name)
            }
            textStart = isEmpty ? nil : tag.upperBound + 1
        }

        private mutating func close(
            _ tag: Range<Int>,
            textEnd: Int,
            _ visit: (Step, Int) throws -> Void
        ) throws {
            let name = try text(bytes[tag].prefix { $0 > 0x20 })
            guard names.popLast() == name else { throw Self.refusal }
            let inner = try textStart.map { try unescaped(bytes[$0..<textEnd]) }
            try visit(.closed(name: name, text: inner), names.count)
            (textStart, isRootClosed) = (nil, names.isEmpty)
        }

        private func requireBlank(_ range: Range<Int>) throws {
            // A mark of the byte order may come first.
            let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
            let found = range.lowerBound == 0 && bytes.starts(with: mark) ? bytes[range].dropFirst(3) : bytes[range]
            if !found.allSatisfy({ $0 == 0x20 || (9...13).contains($0) }) { throw Self.refusal }
        }

        private func text(_ bytes: ArraySlice<UInt8>) throws -> String {
            guard let text = String(validating: bytes, as: UTF8.self) else { throw Self.refusal }
            return text
        }

        private func unescaped(_ bytes: ArraySlice<UInt8>) throws -> String {
            guard bytes.contains(UInt8(ascii: "&")) else { return try text(bytes) }
            var (plain, rest) = ([UInt8](), bytes)
            while let start = rest.firstIndex(of: UInt8(ascii: "&")) {
                plain += rest[..<start]
                guard let end = rest[start...].firstIndex(of: UInt8(ascii: ";")) else { throw Self.refusal }
                plain += try Self.character(try text(rest[(start + 1)..<end]))
                rest = rest[(end + 1)...]
            }
            return try text((plain + rest)[...])
        }

        /// The bytes of what `&name;` stands for.
        private static func character(_ name: String) throws -> [UInt8] {
            switch name {
            case "amp": return [UInt8(ascii: "&")]
            case "lt": return [UInt8(ascii: "<")]
            case "gt": return [UInt8(ascii: ">")]
            case "quot": return [UInt8(ascii: "\"")]
            case "apos": return [UInt8(ascii: "'")]
            default:
                let isHexadecimal = name.hasPrefix("#x")
                let digits = name.dropFirst(isHexadecimal ? 2 : 1)
                guard name.hasPrefix("#"),
                    digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
                    let number = UInt32(digits, radix: isHexadecimal ? 16 : 10), number > 0,
                    let scalar = Unicode.Scalar(number)
                else { throw refusal }
                return Array(String(scalar).utf8)
            }
        }

        private static var refusal: ObjectStoreError {
            ObjectStoreError(.malformedResponse, message: "the answer is not the XML that S3 describes")
        }
    }
}
