// SPDX-License-Identifier: Apache-2.0

public import AdapterFormats
import Checkpoints

/// Why an adapter cannot be loaded or selected.
public enum AdapterError: Error, Sendable, Equatable {
    /// The adapter changes modules that the base does not have; `layer` is the highest it addresses if the base has fewer.
    case partialCoverage(adapter: String, modules: [String], moduleCount: Int, layer: Int?, layerCount: Int)
    /// A tensor does not fit the base's layer.
    case unexpectedShape(adapter: String, tensor: String, shape: [Int], expected: String)
    /// A weight is NaN or infinite; `index` counts elements.
    case nonFinite(adapter: String, tensor: String, index: Int)
    /// A weight is too large for the type that the model computes in.
    case overflow(adapter: String, tensor: String, magnitude: Double, type: String)
    /// Finite weights that make numbers which are not.
    case degenerate(adapter: String, tensor: String, reason: String)
    /// A family that cannot be applied yet.
    case unsupportedFamily(adapter: String, module: String, kind: AdapterKind)
    /// Tensors that would have no effect, which is refused unless partial loading is asked for.
    case unusedTensors(adapter: String, names: [String])
    /// Partial loading found nothing that fits the base.
    case nothingFits(adapter: String)
    /// An adapter of that name is loaded already.
    case duplicateName(adapter: String)
    /// No adapter of that name is loaded.
    case unknownName(adapter: String, loaded: [String])
    /// A blend names an adapter twice.
    case selectedTwice(adapter: String)
    /// A weight that is not a finite number.
    case invalidWeight(adapter: String, weight: Double)
}

extension AdapterError: CustomStringConvertible {
    /// The sentence that the user sees: the adapter, what is wrong, the way out.
    public var description: String {
        switch self {
        case .partialCoverage(let adapter, let modules, let moduleCount, let layer, let layerCount):
            loading(adapter) + Self.partial(modules, of: moduleCount, layer: layer, layerCount: layerCount)
        case .unexpectedShape(let adapter, let tensor, let shape, let expected):
            "\(loading(adapter))'\(tensor)' is \(shape), expected \(expected)"
        case .nonFinite(let adapter, let tensor, let index):
            "\(loading(adapter))'\(tensor)' is NaN or infinite at element \(index); its training diverged"
        case .overflow(let adapter, let tensor, let magnitude, let type):
            "\(loading(adapter))'\(tensor)' reaches \(magnitude), too large for \(type); compute in float32"
        case .degenerate(let adapter, let tensor, let reason): "\(loading(adapter))'\(tensor)' \(reason)"
        case .unsupportedFamily(let adapter, let module, let kind):
            "\(loading(adapter))\(kind.displayName) is not supported yet ('\(module)')"
        case .unusedTensors(let adapter, let names): "\(loading(adapter))\(Self.unused(names))"
        case .nothingFits(let adapter): "\(loading(adapter))none of its tensors fits the base"
        case .duplicateName(let adapter):
            "an adapter named \(quoted(adapter)) is loaded already: unload it or give another name"
        case .unknownName(let adapter, let loaded):
            "no adapter named \(quoted(adapter)) is loaded; loaded: \(loaded.isEmpty ? "none" : loaded.joined(separator: ", "))"
        case .selectedTwice(let adapter): "the blend names adapter \(quoted(adapter)) twice: add the weights up"
        case .invalidWeight(let adapter, let weight):
            "the weight of adapter \(quoted(adapter)) is \(weight): it must be a finite number"
        }
    }

    private func loading(_ adapter: String) -> String { "cannot load adapter \(quoted(adapter)): " }

    private func quoted(_ name: String) -> String { CheckpointError.quoted(name) }

    private static func partial(_ modules: [String], of count: Int, layer: Int?, layerCount: Int) -> String {
        let shown = modules.prefix(20).joined(separator: ", ") + (modules.count > 20 ? ", …" : "")
        let reason = layer.map { "The adapter addresses layer \($0), the base has \(layerCount) (counted from 0)." }
        return "the base lacks \(modules.count) of the \(count) modules that it changes: \(shown). "
            + (reason ?? "Was it trained for another model?") + " Partial loading ignores them"
    }

    private static func unused(_ names: [String]) -> String {
        let shown = names.prefix(3).map { CheckpointError.quoted($0) }.joined(separator: ", ")
        return "\(names.count) tensors would have no effect, such as \(shown); allow partial loading to ignore them"
    }
}
