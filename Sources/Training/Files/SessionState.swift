// SPDX-License-Identifier: Apache-2.0

package import Torch

/// The tensors of a run that was stopped: masters, moments, averages and random streams, each as it was to the bit.
package struct SessionState {
    /// The file's name in a checkpoint's folder.
    package static let fileName = "training_state.safetensors"

    private static let stepKey = "optimizer.step"
    private static let averageKey = "average.count"

    /// What is trained.
    package let parameters: ParameterSet
    /// Its optimizer.
    package let optimizer: AdamW
    /// Its moving average, if there is one.
    package let average: MovingAverage?
    /// The random streams, by their names in the file.
    package let generators: [(name: String, generator: Generator)]

    /// Names everything that a run changes.
    package init(
        parameters: ParameterSet,
        optimizer: AdamW,
        average: MovingAverage?,
        generators: [(name: String, generator: Generator)]
    ) {
        self.parameters = parameters
        self.optimizer = optimizer
        self.average = average
        self.generators = generators
    }

    /// Writes the tensors, between two micro-steps.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - epoch: epochs that are done, beside the steps for other tools.
    /// - Throws: `CheckpointError` if it cannot be written.
    package func write(to path: String, epoch: Int) throws {
        var tensors: [(name: String, value: Tensor)] = []
        for (position, parameter) in parameters.parameters.enumerated() {
            tensors.append(("value." + parameter.name, parameter.value))
            tensors.append(("mean." + parameter.name, optimizer.means.tensors[position]))
            tensors.append(("square." + parameter.name, optimizer.squares.tensors[position]))
            guard let average else { continue }
            tensors.append(("average." + parameter.name, average.shadow.tensors[position]))
        }
        let counts: [(String, Int)] =
            [("epoch", epoch), ("global_step", optimizer.stepCount), (Self.stepKey, optimizer.stepCount)]
            + (average.map { [(Self.averageKey, $0.updateCount)] } ?? [])
        for (name, count) in counts { tensors.append((name, try Tensor([Int64(count)], shape: [1]))) }
        for (name, generator) in generators { tensors.append((name, try Self.state(of: generator))) }
        try TensorFileWriter.write(to: path, tensors: tensors, metadata: ["format": "lumina.training"])
    }

    private static func state(of generator: Generator) throws -> Tensor {
        let bytes = try generator.state
        return try unsafe Tensor(copying: bytes.span.bytes, shape: [bytes.count], dtype: .uint8)
    }

    /// Puts everything where a state was written; nothing is changed if the state is of something else.
    ///
    /// - Parameter path: the file.
    /// - Throws: ``TrainingError/state(file:reason:)`` naming the first tensor that is missing or does not fit.
    package func read(from path: String) throws {
        let reader = try TensorFileReader(path: path)
        func list(_ prefix: String) throws -> [Tensor] {
            try parameters.parameters.map { try reader.tensor(prefix + $0.name, shape: $0.value.shape) }
        }
        let known = Set(parameters.parameters.map { "value." + $0.name })
        if let stray = reader.names.first(where: { $0.hasPrefix("value.") && !known.contains($0) }) {
            throw TrainingError.state(file: path, reason: "it has '\(stray)', which is not trained here")
        }
        let (values, means, squares) = try (list("value."), list("mean."), list("square."))
        let shadow = try average.map { _ in try list("average.") }
        let step = try Int(reader.tensor(Self.stepKey, shape: [1]).item())
        let updates = try average.map { _ in try Int(reader.tensor(Self.averageKey, shape: [1]).item()) }
        let streams = try generators.map { try reader.tensor($0.name).bytes() }
        try parameters.update { masters throws(TorchError) in try masters.copy(from: TensorList(values)) }
        try optimizer.restore(means: means, squares: squares, stepCount: step)
        if let shadow, let updates { try average?.restore(shadow: shadow, updateCount: updates) }
        for (stream, place) in zip(streams, generators) { try place.generator.setState(stream) }
    }
}

extension TrainingSession {
    /// What a state of this session holds.
    package var state: SessionState {
        SessionState(
            parameters: parameters,
            optimizer: optimizer,
            average: average,
            generators: [("generator", generator), ("generator.dropout", dropoutGenerator)]
        )
    }
}
