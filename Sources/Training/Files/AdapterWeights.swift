// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Torch

/// Reads an adapter's own file into an adapter that is to be trained on: the way in where a folder has no state of ours.
enum AdapterWeights {
    private static let names = ["adapter_model.safetensors", "loha_weights.safetensors", "lokr_weights.safetensors"]

    /// Takes over the weights of a folder.
    ///
    /// - Parameters:
    ///   - folder: holds the file of the adapter's library.
    ///   - adapter: of the same family, shape and targets.
    /// - Throws: ``TrainingError/state(file:reason:)`` if a tensor is missing, does not fit or has no place; nothing is changed
    ///   then.
    static func read(_ folder: String, into adapter: TrainedAdapter) throws {
        var found: TensorFileReader?
        var path = folder
        for name in names where FileManager.default.fileExists(atPath: folder + "/" + name) {
            path = folder + "/" + name
            found = try TensorFileReader(path: path)
        }
        guard let reader = found else {
            throw TrainingError.state(file: folder, reason: "it has none of \(names.joined(separator: ", "))")
        }
        let parameters = adapter.parameters.parameters
        // What LyCORIS multiplies the whole with is part of the first factor in files, and 1 beside it.
        let values = try parameters.map { parameter in
            parameter.name.hasSuffix(".scalar")
                ? try Tensor.ones([]) : try reader.tensor(parameter.name, shape: parameter.value.shape).to(.float32)
        }
        let known = Set(parameters.map(\.name))
        if let stray = reader.names.first(where: { !known.contains($0) && !$0.hasSuffix(".alpha") }) {
            throw TrainingError.state(file: path, reason: "it has '\(stray)', which the adapter does not have")
        }
        try adapter.parameters.update { masters throws(TorchError) in try masters.copy(from: TensorList(values)) }
    }
}
