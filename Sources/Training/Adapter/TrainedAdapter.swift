// SPDX-License-Identifier: Apache-2.0

package import ACEStep
import Layers
package import Torch
package import TrainingRuns

/// An adapter that is being trained, attached to a model.
package final class TrainedAdapter {
    /// What was asked for.
    package let design: AdapterDesign
    /// Everything that is trained.
    package let parameters: ParameterSet
    /// The projections that it adapts, in the model's order.
    package let paths: [String]
    /// What its layers share.
    package let context = LayerContext()
    private let modules: [any TrainedModule]
    private let model: VelocityModel

    /// Draws an adapter and attaches it to a model's projections.
    ///
    /// - Parameters:
    ///   - design: family, sizes, targets.
    ///   - model: the base, which no other adapter is attached to.
    ///   - generator: where first values come from.
    /// - Throws: ``TrainingError`` if nothing has the names asked for or a size does not fit; `TorchError`.
    package init(_ design: AdapterDesign, on model: VelocityModel, generator: Generator) throws {
        self.design = design
        self.model = model
        let context = self.context
        let targets = TargetResolution(design)
        paths = ProjectionOrder.sorted(try targets.paths(of: model.projections))
        let initialization = Initialization(generator: generator, computeType: model.dtype)
        var modules: [any TrainedModule] = []
        for path in paths {
            guard let layer = model.projections[path] else { continue }
            let module = try ModuleFactory.make(
                design.family,
                on: layer,
                initialization: initialization,
                context: context
            )
            layer.trained = module
            modules.append(module)
        }
        self.modules = modules
        parameters = ParameterSet(modules.flatMap(\.parameters))
        attachFrozenLayers()
    }

    deinit {
        for path in model.projections.paths { model.projections[path]?.trained = nil }
    }

    /// Projections of frozen conditions that have no adapter keep their products too.
    private func attachFrozenLayers() {
        for path in model.projections.paths where FrozenProducts.mayCover(path) {
            guard let layer = model.projections[path], layer.trained == nil else { continue }
            layer.trained = FrozenLayer(context: context)
        }
    }

    /// Whether the conditions come to the layers unchanged by the adapter.
    package var leavesConditionsFrozen: Bool { !paths.contains("condition_embedder") }

    /// Whether the adapter changes a layer of the model.
    package func adapts(layer: Int) -> Bool { adaptedLayers.contains(layer) }

    private lazy var adaptedLayers: Set<Int> = Set(
        paths.compactMap { path in
            let components = path.split(separator: ".")
            return components.first == "layers" && components.count > 1 ? Int(components[1]) : nil
        }
    )

    /// Brings constrained parameters where they may be; to be called before each micro-step.
    ///
    /// - Throws: `TorchError` if an operation fails.
    package func prepare() throws {
        for module in modules { try module.constrain() }
        context.version = parameters.version
    }

    /// The family, and what it adapts.
    package var summary: String {
        "\(design.family.name) on \(paths.count) projections of \(model.files.name), \(model.dtype)"
    }

    /// Writes the files of the adapter's library and `training_args.json`.
    ///
    /// - Parameters:
    ///   - folder: an existing folder.
    ///   - settings: the run's.
    /// - Throws: `CheckpointError` or `TrainingRunsError` if a file cannot be written.
    package func write(to folder: String, settings: TrainingSettings) throws {
        try AdapterFiles.write(self, settings: settings, dtype: model.dtype, to: folder)
    }

    /// What the file of the adapter's library holds, float32, in the model's order.
    ///
    /// - Returns: tensors by their names in the file.
    /// - Throws: `TorchError` if an operation fails.
    package func fileTensors() throws -> [(name: String, value: Tensor)] {
        try withoutGradients { try modules.flatMap { try $0.fileTensors() } }
    }
}
