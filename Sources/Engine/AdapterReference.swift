// SPDX-License-Identifier: Apache-2.0

public import Adapters

/// What a reference turned out to be, found by whoever may ask a registry: the engine itself reads local files only.
public struct AdapterResolution: Sendable, Equatable {
    /// The directory or file to read.
    public let path: String
    /// What to call it once it is resident.
    public let name: String
    /// The registry's version, if it is one's.
    public let version: Int?
    /// The digest of the files, `sha256:…`, if it is known.
    public let digest: String?

    /// Says what was found.
    ///
    /// - Parameters:
    ///   - path: the directory or file to read.
    ///   - name: what to call it once it is resident.
    ///   - version: the registry's version.
    ///   - digest: the digest of the files, `sha256:…`.
    public init(path: String, name: String, version: Int? = nil, digest: String? = nil) {
        self.path = path
        self.name = name
        self.version = version
        self.digest = digest
    }
}

/// An adapter and how strongly it is wanted: `REF` or `REF=WEIGHT`.
public struct AdapterReference: Sendable, Equatable {
    /// A path, the name of a loaded adapter, or what else somebody resolves before the engine sees it.
    public let reference: String
    /// Its strength; 1 is what it was trained to be, 0 is the base.
    ///
    /// Of a curve it is the strength at the first step.
    public let weight: Double
    /// How the strength changes over the denoising, if it does.
    public let curve: StrengthCurve?
    /// How much of it acts on each part of the model.
    public let groups: GroupScales
    /// What the reference means; nil for a path or the name of a loaded adapter.
    public var resolution: AdapterResolution?

    /// Names a reference and a strength that stays.
    public init(_ reference: String, weight: Double = 1, groups: GroupScales = GroupScales()) {
        self.reference = reference
        self.weight = weight
        curve = nil
        self.groups = groups
    }

    /// Names a reference and a strength that changes over the denoising.
    public init(_ reference: String, curve: StrengthCurve, groups: GroupScales = GroupScales()) {
        self.reference = reference
        weight = curve.points[0].weight
        self.curve = curve
        self.groups = groups
    }

    /// The entry of a blend under the adapter's resident name.
    func entry(named name: String) -> BlendEntry {
        BlendEntry(name, weight: curve.map(AdapterWeight.curve) ?? .constant(weight), groups: groups)
    }

    /// Reads the command line's form.
    ///
    /// What follows the last `=` is the weight.
    ///
    /// - Throws: ``EngineError/adapterWeight(_:)`` if it is not a finite number, or ``EngineError/emptyReference``.
    public init(parsing text: String) throws {
        guard let separator = text.lastIndex(of: "=") else {
            self.init(text)
            guard !text.isEmpty else { throw EngineError.emptyReference }
            return
        }
        let reference = String(text[..<separator])
        let written = String(text[text.index(after: separator)...])
        guard !reference.isEmpty else { throw EngineError.emptyReference }
        guard let weight = Double(written), weight.isFinite else { throw EngineError.adapterWeight(text) }
        self.init(reference, weight: weight)
    }
}
