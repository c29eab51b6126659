// SPDX-License-Identifier: Apache-2.0

public import ACEStep
public import Adapters

/// An adapter, how strongly it is wanted and where: `REF`, `REF=WEIGHT` or `REF=WEIGHT@START-END`.
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
    /// The part of the song in which it acts; nil for all of it.
    public let span: SongSpan?

    /// Names a reference and a strength that stays.
    public init(
        _ reference: String,
        weight: Double = 1,
        groups: GroupScales = GroupScales(),
        span: SongSpan? = nil
    ) {
        self.reference = reference
        self.weight = weight
        curve = nil
        self.groups = groups
        self.span = span
    }

    /// Names a reference and a strength that changes over the denoising.
    public init(
        _ reference: String,
        curve: StrengthCurve,
        groups: GroupScales = GroupScales(),
        span: SongSpan? = nil
    ) {
        self.reference = reference
        weight = curve.points[0].weight
        self.curve = curve
        self.groups = groups
        self.span = span
    }

    /// The entry of a blend under the adapter's resident name, at these positions.
    func entry(named name: String, positions: Range<Int>?) -> BlendEntry {
        BlendEntry(
            name,
            weight: curve.map(AdapterWeight.curve) ?? .constant(weight),
            groups: groups,
            positions: positions
        )
    }

    /// Reads the command line's form.
    ///
    /// What follows the last `=` is the weight, then, behind `@`, the seconds between which it acts, either of which may be
    /// left out: `@10-20`, `@10-`, `@-20`. A span needs a weight before it, since references may hold `@` themselves.
    ///
    /// - Throws: ``EngineError/adapterWeight(_:)`` if the weight is not a finite number, ``EngineError/adapterSpan(_:)`` if the
    ///   span is none, or ``EngineError/emptyReference``.
    public init(parsing text: String) throws {
        guard let separator = text.lastIndex(of: "=") else {
            self.init(text)
            guard !text.isEmpty else { throw EngineError.emptyReference }
            return
        }
        let reference = String(text[..<separator])
        let written = String(text[text.index(after: separator)...])
        guard !reference.isEmpty else { throw EngineError.emptyReference }
        let parts = written.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let weight = Double(parts[0]), weight.isFinite else { throw EngineError.adapterWeight(text) }
        self.init(reference, weight: weight, span: try parts.dropFirst().first.map { try Self.span($0, of: text) })
    }

    private static func span(_ written: Substring, of text: String) throws -> SongSpan {
        let ends = written.split(separator: "-", omittingEmptySubsequences: false)
        let start = ends[0].isEmpty ? 0 : Double(ends[0])
        let end = ends.last?.isEmpty == true ? .infinity : ends.last.flatMap { Double($0) }
        guard ends.count == 2, written.count > 1, let start, let end, let span = try? SongSpan(from: start, to: end)
        else { throw EngineError.adapterSpan(text) }  // which names the whole argument and shows the form
        return span
    }
}
