// SPDX-License-Identifier: Apache-2.0

/// An adapter and how strongly it is wanted: `REF` or `REF=WEIGHT`.
public struct AdapterReference: Sendable, Equatable {
    /// A path, or the name of a loaded adapter.
    public let reference: String
    /// Its strength; 1 is what it was trained to be, 0 is the base.
    public let weight: Double

    /// Names both.
    public init(_ reference: String, weight: Double = 1) {
        self.reference = reference
        self.weight = weight
    }

    /// Reads the command line's form. What follows the last `=` is the weight, if it is a number.
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
