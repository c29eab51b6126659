// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import ObjectStore

/// Which files of a local directory make up what is published; blocks.
struct DirectoryContent {
    /// A file and its path in the version.
    struct Found {
        let path: String
        let localPath: String
    }

    let kind: RegistryKind
    /// The directory, or for a single file the file.
    let root: String
    private(set) var files: [Found] = []
    var warnings: [String] = []

    /// Folders of a training run that are no part of the finished adapter.
    private static let runFolders: Set<String> = ["checkpoints", "runs", "logs", "wandb", "tensorboard"]
    /// State for resuming: large, and of no use to those who generate.
    private static let stateNames = ["training_state", "optimizer", "scheduler", "rng_state", "scaler"]
    private static let pickleEndings = [".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle"]
    private static let maximumDepth = 16

    init(path: String, kind: RegistryKind) throws {
        self.kind = kind
        var path = path
        while path.utf8.count > 1 && path.hasSuffix("/") { path.removeLast() }
        guard let status = try Self.status(path) else {
            throw RegistryError(.invalidAdapter, "there is nothing at '\(Printable.text(path))'")
        }
        if kind == .lora {
            let location = try AdapterLocation(path)
            root = status.kind == .file ? location.weights : location.directory
            try collectAdapter(location, isFile: status.kind == .file)
        } else {
            root = path
            guard status.kind == .directory else {
                throw RegistryError(.invalidAdapter, "'\(path)' is a file; a \(kind.noun) is a directory")
            }
            try walk(path, below: "", depth: 0)
        }
        files.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        if files.isEmpty { throw RegistryError(.invalidAdapter, "'\(path)' holds no files to publish") }
    }

    private mutating func collectAdapter(_ location: AdapterLocation, isFile: Bool) throws {
        if isFile {
            files.append(Found(path: AdapterLocation.lastComponent(of: location.weights), localPath: location.weights))
            if let configuration = location.configuration {
                files.append(Found(path: AdapterLocation.configurationName, localPath: configuration))
            }
            return
        }
        try walk(location.directory, below: "", depth: 0)
        // A run keeps its arguments beside `final`, not in it.
        let above = AdapterLocation.join(AdapterLocation.parent(of: location.directory), "training_args.json")
        let isOutput = ["final", "adapter"].contains(AdapterLocation.lastComponent(of: location.directory))
        if isOutput, !files.contains(where: { $0.path == "training_args.json" }), try Self.status(above)?.kind == .file
        {
            files.append(Found(path: "training_args.json", localPath: above))
        }
    }

    private mutating func walk(_ directory: String, below folder: String, depth: Int) throws {
        if depth > Self.maximumDepth {
            throw RegistryError(.invalidAdapter, "'\(directory)' lies more than \(Self.maximumDepth) folders deep")
        }
        for name in try LocalDirectory.names(directory).sorted() where !name.hasPrefix(".") {
            let local = directory + "/" + name
            switch try Self.status(local)?.kind {
            case .directory:
                if kind == .lora && Self.runFolders.contains(name) {
                    warnings.append("left out the folder '\(folder)\(name)': it is part of the run, not of the adapter")
                } else {
                    try walk(local, below: folder + name + "/", depth: depth + 1)
                }
            case .file: try add(name, local, folder)
            case .symbolicLink, .other, nil:
                throw RegistryError(.invalidAdapter, "'\(local)' is no file or folder; move it away")
            }
        }
    }

    private mutating func add(_ name: String, _ local: String, _ folder: String) throws {
        let path = folder + name
        // Registry's own files, as a pull or a sync leaves them.
        if path == KeyLayout.flatManifestName || path == KeyLayout.treeManifestName { return }
        if kind == .lora && isState(name) {
            warnings.append("left out '\(path)': it is for resuming the training")
            return
        }
        if let fault = FileRecord.fault(ofPath: path) {
            throw RegistryError(.invalidAdapter, "the file '\(Printable.text(path))' \(fault)")
        }
        files.append(Found(path: path, localPath: local))
    }

    private func isState(_ name: String) -> Bool {
        let lower = name.lowercased()
        if Self.stateNames.contains(where: { lower.hasPrefix($0 + ".") }) { return true }
        return Self.pickleEndings.contains(where: lower.hasSuffix)
    }

    /// What is at a path, links followed.
    private static func status(_ path: String) throws -> FileStatus? {
        guard let status = try LocalDirectory.status(path) else { return nil }
        guard status.kind == .symbolicLink else { return status }
        return try FollowedLink.status(path)
    }
}
