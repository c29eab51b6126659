// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Foundation's file manager, in a file of its own so that nothing else imports Foundation.
enum FileManagement {
    static func createDirectory(_ path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    static func copy(_ source: String, to path: String) throws {
        try FileManager.default.copyItem(atPath: source, toPath: path)
    }

    static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

    static func text(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }

    static func names(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    /// A JSON file as plain values.
    static func object(_ path: String) throws -> [String: Any]? {
        try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any]
    }

    /// An encodable value as plain JSON values.
    static func object(_ value: some Encodable) throws -> [String: Any]? {
        try JSONSerialization.jsonObject(with: JSONEncoder().encode(value)) as? [String: Any]
    }
}
