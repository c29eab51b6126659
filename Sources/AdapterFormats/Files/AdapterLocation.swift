// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// The files that make up the adapter at a path: a `.safetensors` file, or a directory that holds one.
///
/// Directories are PEFT's (`adapter_model.safetensors` with `adapter_config.json`), LyCORIS's (`lokr_weights.safetensors`),
/// any with exactly one other `.safetensors`, and a training run's output, whose `final` is taken.
package struct AdapterLocation: Sendable, Equatable {
    /// The file with the tensors.
    package let weights: String
    /// `adapter_config.json` beside it.
    ///
    /// Nil if there is none.
    package let configuration: String?
    /// The directory that holds the weights.
    package let directory: String
    /// What the adapter is called unless someone names it: the path's last component.
    package let name: String

    package static let weightsName = "adapter_model.safetensors"
    package static let configurationName = "adapter_config.json"
    private static let wellKnownWeights = [weightsName, "lokr_weights.safetensors", "loha_weights.safetensors"]
    /// Where trainers put the finished adapter below the directory they are given.
    private static let outputDirectories = ["final", "adapter"]
    private static let pickleEndings = [".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle"]

    /// Finds the adapter at a path.
    ///
    /// - Throws: `AdapterFormatError.notFound`, `.refusedFile` for pickles and unknown files, `.noAdapter` if a
    ///   directory has none or several.
    package init(_ path: String) throws(AdapterFormatError) {
        let path = Self.withoutTrailingSlashes(path)
        switch Self.kind(of: path) {
        case .missing: throw .notFound(path: path)
        case .file: self = try Self.file(path)
        case .directory: self = try Self.directory(path)
        }
    }

    private init(weights: String, name: String) {
        self.weights = weights
        self.name = name
        directory = Self.parent(of: weights)
        let beside = Self.join(directory, Self.configurationName)
        let ownsConfiguration = Self.wellKnownWeights.contains(Self.lastComponent(of: weights))
        configuration = ownsConfiguration && Self.kind(of: beside) == .file ? beside : nil
    }

    private static func file(_ path: String) throws(AdapterFormatError) -> AdapterLocation {
        let file = lastComponent(of: path)
        if let advice = refusal(of: file) { throw .refusedFile(path: path, advice: advice) }
        let isWellKnown = wellKnownWeights.contains(file)
        let name = isWellKnown ? lastComponent(of: parent(of: path)) : String(file.dropLast(".safetensors".count))
        return AdapterLocation(weights: path, name: name)
    }

    private static func directory(_ path: String) throws(AdapterFormatError) -> AdapterLocation {
        let name = lastComponent(of: path)
        for file in wellKnownWeights where kind(of: join(path, file)) == .file {
            return AdapterLocation(weights: join(path, file), name: name)
        }
        let entries = entries(of: path)
        let candidates = entries.filter { $0.hasSuffix(".safetensors") && $0 != "training_state.safetensors" }
        guard candidates.count < 2 else {
            throw .noAdapter(path: path, reason: "it has several safetensors files, name one: \(listed(candidates))")
        }
        if let only = candidates.first {
            let location = AdapterLocation(weights: join(path, only), name: name)
            // A lone file beside adapter_config.json is what that file describes.
            return location.withConfigurationBeside()
        }
        for output in outputDirectories where kind(of: join(path, output)) == .directory {
            return try directory(join(path, output)).named(name)
        }
        throw .noAdapter(path: path, reason: reasonForNothing(in: path, entries: entries))
    }

    private static func reasonForNothing(in path: String, entries: [String]) -> String {
        if let pickle = entries.first(where: { refusal(of: $0) != nil && isPickle($0) }) {
            return "only '\(pickle)', which is a pickle: \(pickleAdvice)"
        }
        let checkpoints = AdapterLocation.entries(of: join(path, "checkpoints"))
        if let last = checkpoints.last {
            return
                "the run has no final adapter; name one of its checkpoints, such as \(join(path, "checkpoints/" + last))"
        }
        return "expected \(weightsName), lokr_weights.safetensors, loha_weights.safetensors or one other .safetensors"
    }

    /// Why pickles are refused, and the way out.
    static let pickleAdvice =
        "pickles can run code when they are loaded; save the adapter as safetensors (PEFT: safe_serialization=True)"

    private static func isPickle(_ file: String) -> Bool {
        pickleEndings.contains { file.lowercased().hasSuffix($0) }
    }

    private static func refusal(of file: String) -> String? {
        if file.hasSuffix(".safetensors") { return nil }
        if isPickle(file) { return pickleAdvice }
        return "an adapter is a directory or a .safetensors file"
    }

    private func withConfigurationBeside() -> AdapterLocation {
        let beside = Self.join(directory, Self.configurationName)
        guard Self.kind(of: beside) == .file else { return self }
        return AdapterLocation(weights: weights, configuration: beside, directory: directory, name: name)
    }

    private func named(_ name: String) -> AdapterLocation {
        AdapterLocation(weights: weights, configuration: configuration, directory: directory, name: name)
    }

    private init(weights: String, configuration: String?, directory: String, name: String) {
        self.weights = weights
        self.configuration = configuration
        self.directory = directory
        self.name = name
    }
}

extension AdapterLocation {
    private enum PathKind {
        case missing
        case file
        case directory
    }

    private static func kind(of path: String) -> PathKind {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return .missing }
        return isDirectory ? .directory : .file
    }

    /// Whether a file is at a path.
    static func isFile(_ path: String) -> Bool { kind(of: path) == .file }

    /// The names in a directory, sorted, hidden ones left out; none if it cannot be listed, which the caller reports as
    /// holding no adapter.
    private static func entries(of directory: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }

    private static func listed(_ names: [String]) -> String {
        let shown = names.prefix(5).joined(separator: ", ")
        return names.count > 5 ? "\(shown), …" : shown
    }

    private static func withoutTrailingSlashes(_ path: String) -> String {
        var path = Substring(path)
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return String(path)
    }

    /// A file's path below a directory.
    package static func join(_ directory: String, _ name: String) -> String {
        directory.hasSuffix("/") ? directory + name : directory + "/" + name
    }

    /// The directory that holds a path; "." for a bare name.
    package static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The last component of a path; of "." and ".." that of the directory they stand for.
    package static func lastComponent(of path: String) -> String {
        let last = path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
        guard last == "." || last == ".." else { return last }
        return URL(filePath: path).standardizedFileURL.lastPathComponent
    }
}
