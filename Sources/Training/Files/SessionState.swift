// SPDX-License-Identifier: Apache-2.0

import Torch

/// The tensors of a run that was stopped: masters, moments, averages and random streams, each as it was to the bit.
package enum SessionState {
    /// The file's name in a checkpoint's folder.
    package static let fileName = "training_state.safetensors"

    private static let stepKey = "optimizer.step"
    private static let averageKey = "average.count"
    private static let generatorKey = "generator"
    private static let dropoutKey = "generator.dropout"

    /// Writes a session's tensors.
    ///
    /// - Parameters:
    ///   - session: between two micro-steps.
    ///   - path: the file.
    ///   - epoch: epochs that are done, beside the steps for other tools.
    /// - Throws: `CheckpointError` if it cannot be written.
    package static func write(_ session: TrainingSession, to path: String, epoch: Int) throws {
        var tensors: [(name: String, value: Tensor)] = []
        for (position, parameter) in session.adapter.parameters.parameters.enumerated() {
            tensors.append(("value." + parameter.name, parameter.value))
            tensors.append(("mean." + parameter.name, session.optimizer.means.tensors[position]))
            tensors.append(("square." + parameter.name, session.optimizer.squares.tensors[position]))
            guard let average = session.average else { continue }
            tensors.append(("average." + parameter.name, average.shadow.tensors[position]))
        }
        let counts: [(String, Int)] =
            [("epoch", epoch), ("global_step", session.optimizer.stepCount), (stepKey, session.optimizer.stepCount)]
            + (session.average.map { [(averageKey, $0.updateCount)] } ?? [])
        for (name, count) in counts { tensors.append((name, try Tensor([Int64(count)], shape: [1]))) }
        tensors.append((generatorKey, try state(of: session.generator)))
        tensors.append((dropoutKey, try state(of: session.dropoutGenerator)))
        try TensorFileWriter.write(to: path, tensors: tensors, metadata: ["format": "lumina.training"])
    }

    private static func state(of generator: Generator) throws -> Tensor {
        let bytes = try generator.state
        return try unsafe Tensor(copying: bytes.span.bytes, shape: [bytes.count], dtype: .uint8)
    }

    /// Puts a session where a state was written; nothing is changed if the state is another adapter's.
    ///
    /// - Parameters:
    ///   - session: freshly made for the same adapter.
    ///   - path: the file.
    /// - Throws: ``TrainingError/state(file:reason:)`` naming the first tensor that is missing or does not fit.
    package static func read(into session: TrainingSession, from path: String) throws {
        let reader = try TensorFileReader(path: path)
        let parameters = session.adapter.parameters.parameters
        func list(_ prefix: String) throws -> [Tensor] {
            try parameters.map { try reader.tensor(prefix + $0.name, shape: $0.value.shape) }
        }
        let known = Set(parameters.map { "value." + $0.name })
        if let stray = reader.names.first(where: { $0.hasPrefix("value.") && !known.contains($0) }) {
            throw TrainingError.state(file: path, reason: "it has '\(stray)', which the adapter does not have")
        }
        let (values, means, squares) = try (list("value."), list("mean."), list("square."))
        let shadow = try session.average.map { _ in try list("average.") }
        let step = try Int(reader.tensor(stepKey, shape: [1]).item())
        let updates = try session.average.map { _ in try Int(reader.tensor(averageKey, shape: [1]).item()) }
        let (noise, dropout) = try (reader.tensor(generatorKey).bytes(), reader.tensor(dropoutKey).bytes())
        try session.adapter.parameters.update { masters throws(TorchError) in
            try masters.copy(from: TensorList(values))
        }
        try session.optimizer.restore(means: means, squares: squares, stepCount: step)
        if let shadow, let updates { try session.average?.restore(shadow: shadow, updateCount: updates) }
        try session.generator.setState(noise)
        try session.dropoutGenerator.setState(dropout)
    }
}
