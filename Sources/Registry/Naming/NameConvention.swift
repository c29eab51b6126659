// SPDX-License-Identifier: Apache-2.0

/// The users' convention for adapters' names, and the folder that follows from it.
///
/// `{style}-gen-{preset}` are for production, `loo-{genre}` for validation (leave one out), `{name}-exp-{nn}` are
/// experiments. Models and data sets are free.
public enum NameConvention: String, Sendable, Hashable, Codable {
    /// `{style}-gen-{preset}`, directly below the root.
    case production
    /// `loo-{genre}`, in `loo-subsets/`.
    case validation
    /// `{name}-exp-{nn}`, in `experimental/`.
    case experiment
    /// Anything else, directly below the root.
    case free

    /// Folders of the layout, which no adapter may be called.
    package static let reserved: Set<String> = ["loo-subsets", "experimental"]

    /// What a name is by its form.
    public init(_ name: RegistryName, kind: RegistryKind) {
        let words = name.text.split(separator: "-", omittingEmptySubsequences: false)
        guard kind == .lora, words.allSatisfy(Self.isWord) else {
            self = .free
            return
        }
        if words.count >= 3 && words[words.count - 2] == "exp" && Self.isNumber(words[words.count - 1]) {
            self = .experiment
        } else if words.count >= 3 && words[words.count - 2] == "gen" {
            self = .production
        } else if words.count >= 2 && words[0] == "loo" && !Self.reserved.contains(name.text) {
            self = .validation
        } else {
            self = .free
        }
    }

    /// The folder between the root and the name; empty or ending in `/`.
    public var folder: String {
        switch self {
        case .production, .free: ""
        case .validation: "loo-subsets/"
        case .experiment: "experimental/"
        }
    }

    /// Checks a name that is about to be used for the first time.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - kind: What it is to name.
    ///   - isForced: Accept a name outside the convention; the layout's own folders are refused even so.
    /// - Throws: `RegistryError` of kind `.invalidName` that says what the convention is and what would fit.
    public static func check(_ name: RegistryName, kind: RegistryKind, isForced: Bool) throws(RegistryError) {
        guard kind == .lora else { return }
        if reserved.contains(name.text.lowercased()) {
            throw RegistryError(
                .invalidName,
                "'\(name)' is a folder that holds other adapters; choose another name"
            )
        }
        if isForced || NameConvention(name, kind: kind) != .free { return }
        throw RegistryError(
            .invalidName,
            """
            '\(name)' is not named like an adapter: production adapters are {style}-gen-{preset}, validation ones \
            loo-{genre}, experiments {name}-exp-{nn} with two digits; \(suggestion(for: name)), or pass --force-name
            """
        )
    }

    private static func suggestion(for name: RegistryName) -> String {
        var words = name.text.lowercased().split { $0 == "_" || $0 == "-" || $0 == "." || $0 == " " }.map(String.init)
        if words.isEmpty { words = ["name"] }
        if words.count >= 2, words[words.count - 2] == "exp", let number = Int(words[words.count - 1]) {
            words[words.count - 1] = number < 10 ? "0\(number)" : "\(number)"
            if words.count == 2 { words.insert("name", at: 0) }
            return "'\(words.joined(separator: "-"))' would do"
        }
        let stem = words.joined(separator: "-")
        if words.contains("gen") || words[0] == "loo" { return "'\(stem)-exp-01' would do" }
        return "'\(stem)-exp-01' or '\(stem)-gen-a' would do"
    }

    private static func isWord(_ word: Substring) -> Bool {
        !word.isEmpty && word.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) }
    }

    private static func isNumber(_ word: Substring) -> Bool {
        word.utf8.count >= 2 && word.utf8.allSatisfy { (48...57).contains($0) }
    }
}
