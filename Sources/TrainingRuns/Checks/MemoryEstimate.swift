// SPDX-License-Identifier: Apache-2.0

/// The memory that a run will need, part by part, in bytes.
///
/// An estimate, meant to be a little too high: what autograd keeps of a layer is counted tensor by tensor, as Side-Step
/// counts it, and what the adapter's own branches keep is added, which its formula leaves out.
package struct MemoryEstimate: Sendable, Equatable {
    /// The base's decoder.
    package var weights = 0.0
    /// The adapter: its numbers, gradients and the optimizer's moments in float32, and what it computes with.
    package var adapter = 0.0
    /// What the forward pass keeps for the backward pass.
    package var activations = 0.0
    /// libtorch, its working space, and the data that is read ahead.
    package var overhead = 0.0

    /// All of it.
    package var total: Double { weights + adapter + activations + overhead }

    /// What a run is like, as far as memory goes.
    package struct Run: Sendable, Equatable {
        /// The decoder's sizes.
        package var shape: DecoderShape
        /// Bytes of the decoder's weights as they will lie in memory.
        package var weightBytes: Double
        /// Bytes of a number that the decoder computes with: 2 for bfloat16, 4 for float32.
        package var elementBytes: Double
        /// Latent frames of a sample.
        package var frames: Int
        /// Tokens of the conditions.
        package var conditionTokens: Int
        /// Whether it is a GPU's memory.
        package var isGPU: Bool

        /// A run on a decoder.
        ///
        /// - Parameters:
        ///   - shape: the decoder's sizes.
        ///   - weightBytes: bytes of the decoder's weights as they will lie in memory.
        ///   - elementBytes: 2 for bfloat16, 4 for float32.
        ///   - frames: latent frames of a sample.
        ///   - conditionTokens: tokens of the conditions.
        ///   - isGPU: whether it is a GPU's memory.
        package init(
            shape: DecoderShape,
            weightBytes: Double,
            elementBytes: Double,
            frames: Int,
            conditionTokens: Int = 512,
            isGPU: Bool = false
        ) {
            self.shape = shape
            self.weightBytes = weightBytes
            self.elementBytes = elementBytes
            self.frames = frames
            self.conditionTokens = conditionTokens
            self.isGPU = isGPU
        }
    }

    /// Bytes that the optimizer keeps of each trained number: two moments.
    private static let momentBytes = 8.0
    /// libtorch's code and threads on a CPU; a context and its kernels on a GPU.
    private static func baseOverhead(isGPU: Bool) -> Double { isGPU ? 500e6 : 300e6 }

    /// Estimates a run.
    ///
    /// - Parameters:
    ///   - settings: the run's settings.
    ///   - run: what it runs on.
    package init(_ settings: TrainingSettings, _ run: Run) {
        let parameters = Double(AdapterSize.parameterCount(settings.adapter, run.shape))
        let batch = Double(max(1, settings.optimization.batchSize))
        weights = run.weightBytes
        // float32 numbers and gradients; a copy in the decoder's type where that is another one; the moving average.
        var bytesEach = 4 + 4 + Self.momentBytes
        if run.elementBytes < 4 { bytesEach += run.elementBytes }
        if settings.optimization.averageDecay > 0 { bytesEach += 4 }
        adapter = parameters * bytesEach
        let layer = Self.layerActivation(run, batch: batch) + Self.branchActivation(settings.adapter, run, batch: batch)
        let layers = Double(run.shape.layers)
        let checkpointed = Self.checkpointedLayers(settings.optimization, layers: run.shape.layers)
        let whole = checkpointed == run.shape.layers ? 1 : layers - Double(checkpointed)
        let boundary = batch * Self.tokens(run) * Double(run.shape.hidden) * run.elementBytes
        activations = (whole + 0.08) * layer + Double(checkpointed) * boundary
        let sample = Double(run.frames * 192 + run.conditionTokens * run.shape.conditionWidth) * 4 * batch
        let ahead = Double(max(1, settings.data.workers) * max(1, settings.data.prefetch) + 1)
        overhead = Self.baseOverhead(isGPU: run.isGPU) + (run.isGPU ? 1 : ahead) * sample
    }

    private static func tokens(_ run: Run) -> Double { Double(run.frames / run.shape.patchSize) }

    /// Layers whose activations are computed again in the backward pass.
    package static func checkpointedLayers(_ settings: OptimizationSettings, layers: Int) -> Int {
        guard settings.usesCheckpointing, settings.checkpointingRatio > 0 else { return 0 }
        return min(layers, Int((Double(layers) * settings.checkpointingRatio).rounded(.toNearestOrEven)))
    }

    /// What one layer of the base keeps, in bytes.
    ///
    /// Of attention it is inputs, queries, keys, values, their rotated or normalised forms and a number for each query;
    /// scores are never kept. Of the feed-forward part it is four tensors of the inner width.
    ///
    /// - Parameters:
    ///   - run: sizes and type.
    ///   - batch: samples.
    /// - Returns: bytes.
    package static func layerActivation(_ run: Run, batch: Double) -> Double {
        let shape = run.shape
        let (hidden, head) = (Double(shape.hidden), Double(shape.headDimension))
        let (heads, pairs) = (Double(shape.heads), Double(shape.keyValueHeads))
        let (tokens, conditions, bytes) = (tokens(run), Double(run.conditionTokens), run.elementBytes)
        let stream = batch * tokens * hidden * bytes
        let queries = 2 * batch * heads * tokens * head * bytes
        let statistics = batch * heads * tokens * 4
        let selfAttention = 4 * stream + queries + 2 * batch * pairs * tokens * head * bytes + statistics
        let crossAttention =
            4 * stream + batch * conditions * hidden * bytes + queries
            + 2 * batch * pairs * conditions * head * bytes + statistics
        return selfAttention + crossAttention + 3 * stream + 4 * batch * tokens * Double(shape.intermediate) * bytes
    }

    /// What the adapter's branches of one layer keep: the low-rank middles, and with dropout each branch's own input.
    private static func branchActivation(_ adapter: AdapterSettings, _ run: Run, batch: Double) -> Double {
        var first = run.shape
        first.layers = 1
        let rows = batch * tokens(run) * run.elementBytes
        return first.modules(of: adapter).filter { $0.path.hasPrefix("layers.") }.reduce(0) { sum, module in
            switch adapter.family {
            case .lora, .dora:
                // The dropped input and its mask of bytes.
                let dropped = adapter.dropout > 0 ? Double(module.inputs) * (1 + 1 / run.elementBytes) : 0
                let magnitude = adapter.family == .dora ? Double(module.outputs) : 0
                return sum + rows * (Double(adapter.rank) + dropped + magnitude)
            case .oft: return sum + rows * Double(module.inputs)
            // The whole difference of the weight is made for the product.
            case .lokr, .loha: return sum + Double(module.inputs * module.outputs * module.kernel) * run.elementBytes
            }
        }
    }

    /// A refusal where the run cannot fit; nil where it can.
    ///
    /// - Parameter available: bytes that are free.
    /// - Returns: a sentence with the parts and the ways out.
    package func refusal(available: Double) -> String? {
        guard total > available else { return nil }
        return
            "the run needs about \(Self.text(total)) of memory (\(parts)), \(Self.text(available)) are free: shorter crops "
            + "(--chunk-duration), a smaller --batch-size, --gradient-checkpointing-ratio 1 or a lower --rank need less"
    }

    /// A warning where it will be tight; nil where there is room.
    ///
    /// - Parameter available: bytes that are free.
    /// - Returns: a sentence.
    package func warning(available: Double) -> String? {
        guard total <= available, total > 0.9 * available else { return nil }
        return
            "the run needs about \(Self.text(total)) of the \(Self.text(available)) of memory that are free (\(parts))"
    }

    private var parts: String {
        "base \(Self.text(weights)), adapter \(Self.text(adapter)), activations \(Self.text(activations)), "
            + "rest \(Self.text(overhead))"
    }

    private static func text(_ bytes: Double) -> String {
        bytes < 1e9 ? "\(Int((bytes / 1e6).rounded())) MB" : "\((bytes / 1e8).rounded() / 10) GB"
    }
}
