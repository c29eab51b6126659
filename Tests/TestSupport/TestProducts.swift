// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What the build left beside the running tests: the executable and the fixtures that several test targets share.
public enum TestProducts {
    /// The directory that the build put its products in.
    public static var directory: String {
        #if os(macOS)
        for bundle in Bundle.allBundles where bundle.bundlePath.hasSuffix(".xctest") {
            return bundle.bundleURL.deletingLastPathComponent().path
        }
        #endif
        return Bundle.main.bundleURL.path
    }

    /// The command-line program.
    public static var executable: String { directory + "/lumina" }

    /// A file or directory among the model's fixtures; their README says what there is.
    public static func modelFixture(_ name: String) -> String {
        directory + "/Lumina_ACEStepTests.resources/Fixtures/" + name
    }
}

/// A copy of one of the model's fixtures that a test may change.
public final class FixtureCopy: Sendable {
    private let directory: TemporaryDirectory

    /// Copies a directory among the model's fixtures.
    ///
    /// - Throws: Foundation's error if it cannot be copied.
    public init(of name: String) throws {
        directory = try TemporaryDirectory()
        try FileManager.default.copyItem(atPath: TestProducts.modelFixture(name), toPath: directory.path(of: "copy"))
    }

    /// The copy's absolute path.
    public var path: String { directory.path(of: "copy") }

    /// The absolute path of a file of the copy.
    public func path(of name: String) -> String { path + "/" + name }

    /// Removes a file or directory of the copy.
    ///
    /// - Throws: Foundation's error if it cannot be removed.
    public func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(of: name)) }

    /// Changes the tensors of a safetensors file of the copy.
    ///
    /// - Throws: `CheckpointError`, and what `change` throws.
    public func edit(tensors name: String, _ change: (inout TensorFile) throws -> Void) throws {
        var file = try TensorFile(path: path(of: name))
        try change(&file)
        try file.write(to: path(of: name))
    }

    /// Changes the fields of a JSON object of the copy; nil removes one.
    ///
    /// - Throws: Foundation's error if the file is no JSON object or cannot be written.
    public func edit(json name: String, _ fields: [String: Any?]) throws {
        let url = URL(fileURLWithPath: path(of: name))
        var object = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any] ?? [:]
        for (field, value) in fields { object[field] = value }
        try JSONSerialization.data(withJSONObject: object).write(to: url)
    }

    /// Writes a text file into the copy.
    ///
    /// - Throws: Foundation's error if it cannot be written.
    public func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path(of: name)))
    }
}
