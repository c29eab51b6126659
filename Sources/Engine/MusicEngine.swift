// SPDX-License-Identifier: Apache-2.0

public import ACEStep
package import Adapters
import FoundationEssentials
import Layers
import Tokenizer
import Torch

/// One base model with its resident adapters, on one compute thread.
///
/// The base's weights are mapped read-only and never written. Adapters belong to a request: each request names the blend it
/// wants, and the base alone is what is left when it names none.
public actor MusicEngine {
    /// How to load a base.
    public struct Configuration: Sendable {
        /// The checkpoint's directory; nil takes the embedded model.
        public var model: String?
        /// Which model, where the directory holds several.
        public var variant: String?
        /// `auto`, `cpu`, `cuda` or `cuda:N`.
        public var device: String
        /// `auto`, `float32`, `bfloat16` or `int8`.
        public var dtype: String
        /// Whose conventions to follow.
        public var compatibility: Compatibility
        /// Compute threads; nil takes libtorch's choice, one for each core.
        public var threads: Int?
        /// Most bytes that resident adapters may take; nil for no limit.
        ///
        /// The least recently used make room.
        public var adapterBudget: Int?
        /// How adapters are computed; nil leaves it to what either way costs.
        public var adapterMode: AdapterMode?
        /// Most bytes that merged copies of hot sets of adapters may take; an eighth of the machine's memory unless set.
        ///
        /// Where resident adapters have a budget, copies share it and make room first.
        public var mergedBudget = Int(clamping: ProcessInfo.processInfo.physicalMemory / 8)
        /// What sets of adapters cost, in place of what would be measured.
        package var adapterCosts: BlendCosts?
        /// Where quantised weights are kept.
        package var packedWeights = PackedWeightsCache()

        /// The embedded model on the best device, unless told otherwise.
        public init(
            model: String? = nil,
            variant: String? = nil,
            device: String = "auto",
            dtype: String = "auto",
            compatibility: Compatibility = .standard,
            threads: Int? = nil,
            adapterBudget: Int? = nil,
            adapterMode: AdapterMode? = nil
        ) {
            self.model = model
            self.variant = variant
            self.device = device
            self.dtype = dtype
            self.compatibility = compatibility
            self.threads = threads
            self.adapterBudget = adapterBudget
            self.adapterMode = adapterMode
        }
    }

    nonisolated let thread: ComputeThread
    let configuration: Configuration
    private var loaded: Loaded?
    /// Which adapters are in memory, and where those came from that are not any more.
    var residency: Residency
    /// The adapters of the requests that are being prepared or computed.
    var inUse: Set<String> = []
    /// Chooses between branches and merged copies.
    var planner: AdapterPlanner
    /// The merged copies in memory.
    var copies = MergedCopies()
    /// What sets of adapters cost, and at how many tokens that was measured.
    var knownCosts: [AdapterPlanner.Key: (rows: Int, costs: BlendCosts)] = [:]
    /// What tells resident adapters from each other, by name, as far as somebody asked.
    var identities: [String: String] = [:]

    /// What lives on the compute thread only.
    struct Loaded {
        let model: MusicModel
        let adapters: AdapterSet
        let description: BaseDescription
    }

    /// The compute thread: whatever the engine does, it does there.
    nonisolated public var unownedExecutor: UnownedSerialExecutor {
        unsafe thread.asUnownedSerialExecutor()
    }

    private init(_ configuration: Configuration) {
        thread = ComputeThread(name: "lumina.compute")
        self.configuration = configuration
        residency = Residency(budget: configuration.adapterBudget)
        planner = AdapterPlanner(wanted: configuration.adapterMode)
    }

    /// Loads a base.
    ///
    /// - Parameters:
    ///   - configuration: what to load and how.
    ///   - progress: told what takes long.
    /// - Returns: the engine, ready for requests.
    /// - Throws: an error that names the file, the tensor and the rule broken.
    public static func load(
        _ configuration: Configuration,
        progress: @Sendable (LoadingEvent) -> Void = { _ in }
    ) async throws -> MusicEngine {
        let start = ContinuousClock.now
        let engine = MusicEngine(configuration)
        let path = try await engine.path()
        let files = try ModelFiles(path: path, variant: configuration.variant)
        // Opening libtorch, reading the tokenizer and mapping the pages of the weights take about as long as each other.
        async let tokenizer = MusicModel.tokenizer(of: files)
        // Weights that are about to be quantised are read once, and their pages let go.
        async let warming: Void = configuration.dtype == ComputeChoice.int8 ? () : MusicModel.warmPages(of: files)
        try await engine.load(files, path: path, tokenizer: try tokenizer, start: start, progress: progress)
        await warming
        return engine
    }

    /// The checkpoint's directory; the embedded model is written on the compute thread, since that takes tensors.
    private func path() throws -> String { try configuration.model ?? EmbeddedModel.directory() }

    private func load(
        _ files: ModelFiles,
        path: String,
        tokenizer: BytePairTokenizer,
        start: ContinuousClock.Instant,
        progress: @Sendable (LoadingEvent) -> Void
    ) throws {
        let device = try ComputeChoice.device(configuration.device)
        let stored = try MusicModel.storedType(files: files)
        let arithmetic = try ComputeChoice.arithmetic(configuration.dtype, stored: stored, device: device)
        if let threads = configuration.threads { try TorchRuntime.setThreadCount(threads) }
        let cache = configuration.packedWeights
        let packed = arithmetic.quantization == .dynamic ? cache.weights(of: files) : nil
        if arithmetic.quantization != nil && packed == nil { progress(.quantizing) }
        let model = try MusicModel(
            files: files,
            tokenizer: tokenizer,
            dtype: arithmetic.dtype,
            quantization: arithmetic.quantization,
            packed: packed,
            device: device,
            compatibility: configuration.compatibility
        )
        if arithmetic.quantization == .dynamic && packed == nil {
            do {
                try cache.keep(model)
            } catch {
                progress(.notKept("\(error)"))
            }
        }
        loaded = Loaded(
            model: model,
            adapters: AdapterSet(index: model.projections),
            description: BaseDescription(
                name: files.name,
                path: path,
                variant: model.configuration.variant,
                version: model.configuration.version,
                layers: model.configuration.layers,
                dtype: arithmetic.name,
                storedType: stored.name,
                device: device.description,
                loadSeconds: (ContinuousClock.now - start).inSeconds
            )
        )
    }

    func ready() throws -> Loaded {
        guard let loaded else { throw EngineError.notLoaded }
        return loaded
    }

    /// What is loaded.
    public var base: BaseDescription {
        get throws { try ready().description }
    }

    /// Runs `body` with the model on the compute thread; what it returns leaves the thread, tensors do not.
    package func withModel<R: Sendable>(_ body: @Sendable (MusicModel) throws -> R) throws -> R {
        try body(ready().model)
    }
}

/// What a load does that takes a while, or that a user may want to know of.
public enum LoadingEvent: Sendable, Equatable {
    /// The weights are quantised to int8, and packed for this processor.
    case quantizing
    /// The packed weights could not be kept for the next time; why.
    case notKept(String)
}

/// The base that an engine has loaded.
public struct BaseDescription: Sendable, Equatable, Codable {
    /// Its directory's name.
    public let name: String
    /// Where it was loaded from.
    public let path: String
    /// Which stage it is of.
    public let variant: ModelConfiguration.Variant
    /// What it calls itself.
    public let version: String?
    /// Layers of its diffusion transformer.
    public let layers: Int
    /// The type computed in; `int8` if the large products are.
    public let dtype: String
    /// The type stored.
    public let storedType: String
    /// Where it computes.
    public let device: String
    /// How long loading took.
    public let loadSeconds: Double
}
