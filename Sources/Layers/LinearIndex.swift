// SPDX-License-Identifier: Apache-2.0

/// What a projection reads, which decides how a blend acts on it that changes along the sequence.
public enum LinearInput: Sendable, Hashable {
    /// The sequence, `[items, positions, in]`: each position sees the blend that acts there.
    case positions
    /// What all positions of an item share, such as conditions or times, `[rows, ..., in]`: there is a row for each ``Voicing``
    /// voice.
    case shared
}

/// The projections of a model that adapters may change, by path.
///
/// Paths are those of ACE-Step's original layout, counted from the decoder, whatever layout the checkpoint has.
public final class LinearIndex {
    private var layers: [String: Linear] = [:]
    private var inputs: [String: LinearInput] = [:]

    /// Creates an empty index.
    public init() {}

    /// Adds a projection under its path.
    ///
    /// Two under one path are a mistake of the model's author.
    ///
    /// - Parameters:
    ///   - layer: the projection.
    ///   - input: what it reads.
    public func add(_ layer: Linear, reading input: LinearInput = .positions) {
        let previous = layers.updateValue(layer, forKey: layer.path)
        inputs[layer.path] = input
        precondition(previous == nil, "two layers have the path '\(layer.path)'")
    }

    /// The projection at a path, if there is one.
    public subscript(path: String) -> Linear? { layers[path] }

    /// What the projection at a path reads.
    public func input(of path: String) -> LinearInput { inputs[path] ?? .positions }

    /// All paths, sorted.
    public var paths: [String] { layers.keys.sorted() }

    /// Takes every branch off every projection.
    public func detachAll() {
        for layer in layers.values { layer.attach([]) }
    }
}
