// SPDX-License-Identifier: Apache-2.0

/// The projections of a model that adapters may change, by path.
///
/// Paths are those of ACE-Step's original layout, counted from the decoder, whatever layout the checkpoint has.
public final class LinearIndex {
    private var layers: [String: Linear] = [:]

    /// Creates an empty index.
    public init() {}

    /// Adds a projection under its path.
    ///
    /// Two under one path are a mistake of the model's author.
    public func add(_ layer: Linear) {
        let previous = layers.updateValue(layer, forKey: layer.path)
        precondition(previous == nil, "two layers have the path '\(layer.path)'")
    }

    /// The projection at a path, if there is one.
    public subscript(path: String) -> Linear? { layers[path] }

    /// All paths, sorted.
    public var paths: [String] { layers.keys.sorted() }

    /// Takes every branch off every projection.
    public func detachAll() {
        for layer in layers.values { layer.attach([]) }
    }
}
