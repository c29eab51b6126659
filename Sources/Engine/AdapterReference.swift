// SPDX-License-Identifier: Apache-2.0

public import Adapters

/// An adapter and how strongly it is wanted: `REF` or `REF=WEIGHT`.
public struct AdapterReference: Sendable, Equatable {
    /// A path, or the name of a loaded adapter.
    public let reference: String
    /// Its strength; 1 is what it was trained to be, 0 is the base.
    ///
    /// Of a curve it is the strength at the first step.
    public let weight: Double
    /// How the strength changes over the denoising, if it does.
    public let curve: StrengthCurve?
    /// How much of it acts on each part of the model.
    public let groups: GroupScales

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
