// SPDX-License-Identifier: Apache-2.0

import Foundation

/// An empty directory that is removed with all its content when the object goes away.
public final class TemporaryDirectory: Sendable {
    /// Its absolute path.
    public let path: String

    /// Creates the directory under the system's temporary directory.
    ///
    /// - Throws: Foundation's error if it cannot be created.
    public init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("lumina-test-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit {
        // A directory that cannot be removed is the system's to clean up; the test has its result already.
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of a file in the directory, whether it exists or not.
    public func path(of name: String) -> String {
        path + "/" + name
    }

    /// Creates a directory and those above it.
    ///
    /// - Throws: Foundation's error if it cannot be created.
    public static func create(_ path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    /// Writes a file and returns its path.
    ///
    /// - Throws: Foundation's error if it cannot be written.
    @discardableResult
    public func write(_ bytes: [UInt8], to name: String) throws -> String {
        let path = path(of: name)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// Writes a text file and returns its path.
    ///
    /// - Throws: Foundation's error if it cannot be written.
    @discardableResult
    public func write(_ text: String, to name: String) throws -> String {
        try write([UInt8](text.utf8), to: name)
    }

    /// The names of the files in the directory, sorted.
    ///
    /// - Throws: Foundation's error if it cannot be read.
    public func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    /// How many bytes the files in a directory of the directory take; 0 if it is not there.
    public func bytes(of name: String) -> Int {
        let root = path(of: name)
        guard let files = FileManager.default.enumerator(atPath: root) else { return 0 }
        return files.reduce(0) { sum, file in
            // A file may go away while it is looked at.
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(root)/\(file)")
            return sum + (attributes?[.size] as? Int ?? 0)
        }
    }
}
