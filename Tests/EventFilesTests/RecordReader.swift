// SPDX-License-Identifier: Apache-2.0

import EventFiles
import Foundation

/// Reads records and the fields of protocol buffers by the formats' own rules, to look at what was written.
struct RecordReader {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The contents of the records in a file whose checksums are right.
    static func records(_ path: String) throws -> [[UInt8]] {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        var records: [[UInt8]] = []
        var position = 0
        while position < bytes.count {
            guard position + EventRecord.headerByteCount <= bytes.count else {
                throw Failure(description: "half a header")
            }
            let length = Array(bytes[position..<position + 8])
            let count = Int(number(length))
            let start = position + EventRecord.headerByteCount
            guard start + count + EventRecord.footerByteCount <= bytes.count else {
                throw Failure(description: "half a record")
            }
            let content = Array(bytes[start..<start + count])
            guard number(bytes[position + 8..<start]) == UInt64(EventRecord.checksum(length)),
                number(bytes[start + count..<start + count + 4]) == UInt64(EventRecord.checksum(content))
            else { throw Failure(description: "a checksum is wrong at byte \(position)") }
            records.append(content)
            position = start + count + EventRecord.footerByteCount
        }
        return records
    }

    private static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A field of a message.
    enum Field {
        case integer(UInt64)
        case double(Double)
        case float(Float)
        case bytes([UInt8])

        var text: String? { if case .bytes(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil } }
        var double: Double? { if case .double(let value) = self { value } else { nil } }
        var float: Float? { if case .float(let value) = self { value } else { nil } }
        var integer: UInt64? { if case .integer(let value) = self { value } else { nil } }
    }

    /// The fields of a message, by their numbers.
    static func fields(_ bytes: [UInt8]) throws -> [Int: [Field]] {
        var fields: [Int: [Field]] = [:]
        var position = 0
        func variable() throws -> UInt64 {
            var (value, shift) = (UInt64(0), UInt64(0))
            while position < bytes.count {
                let byte = bytes[position]
                position += 1
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
            throw Failure(description: "half a number")
        }
        while position < bytes.count {
            let key = try variable()
            let field: Field
            switch key & 7 {
            case 0: field = .integer(try variable())
            case 1:
                field = .double(Double(bitPattern: number(bytes[position..<position + 8])))
                position += 8
            case 2:
                let count = Int(try variable())
                field = .bytes(Array(bytes[position..<position + count]))
                position += count
            case 5:
                field = .float(Float(bitPattern: UInt32(number(bytes[position..<position + 4]))))
                position += 4
            default: throw Failure(description: "wire type \(key & 7)")
            }
            fields[Int(key >> 3), default: []].append(field)
        }
        return fields
    }

    /// Packed doubles.
    static func doubles(_ field: Field) -> [Double] {
        guard case .bytes(let bytes) = field else { return [] }
        return stride(from: 0, to: bytes.count, by: 8).map { Double(bitPattern: number(bytes[$0..<$0 + 8])) }
    }
}
