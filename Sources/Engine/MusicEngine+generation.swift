// SPDX-License-Identifier: Apache-2.0

public import ACEStep
import Adapters
import Audio
import Torch

/// A request with the adapters it wants.
public struct EngineRequest: Sendable, Equatable {
    /// What the music should be like.
    public var request: MusicRequest
    /// Resident names or paths with their strengths; empty for the base alone.
    public var adapters: [AdapterReference]

    /// Names both.
    public init(_ request: MusicRequest, adapters: [AdapterReference] = []) {
        self.request = request
        self.adapters = adapters
    }
}

extension MusicEngine {
    /// Makes music with the base and a blend of adapters.
    ///
    /// - Parameters:
    ///   - request: what the music should be like.
    ///   - adapters: resident names or paths with their strengths; empty for the base alone.
    ///   - allowPartial: accepts adapters of which parts find no place in the base.
    ///   - saveTensors: where to write every tensor on the way, for comparison.
    ///   - progress: told what happens, on the compute thread.
    /// - Returns: the pieces and what they were made from.
    /// - Throws: `CancellationError` within a step once the task is cancelled, else an error that names its cause.
    public func generate(
        _ request: MusicRequest,
        adapters: [AdapterReference] = [],
        allowPartial: Bool = false,
        saveTensors: String? = nil,
        progress: @Sendable (GenerationEvent) -> Void = { _ in }
    ) throws -> EngineResult {
        let results = try generate(
            batch: [EngineRequest(request, adapters: adapters)],
            allowPartial: allowPartial,
            saveTensors: saveTensors,
            progress: progress
        )
        return results[0]
    }

    /// Makes the music of several requests in one denoising loop, each with its own adapters, prompt, length and seed.
    ///
    /// A request's result does not depend on its batch mates beyond rounding.
    ///
    /// - Parameters:
    ///   - requests: at least one; they must agree in steps, shift and guidance.
    ///   - allowPartial: accepts adapters of which parts find no place in the base.
    ///   - saveTensors: where to write every tensor on the way, for comparison.
    ///   - progress: told what happens, on the compute thread.
    /// - Returns: one result for each request, in their order; the seconds are those of the whole loop.
    /// - Throws: as for a single request; an error ends the whole batch.
    public func generate(
        batch requests: [EngineRequest],
        allowPartial: Bool = false,
        saveTensors: String? = nil,
        progress: @Sendable (GenerationEvent) -> Void = { _ in }
    ) throws -> [EngineResult] {
        let state = try ready()
        let start = ContinuousClock.now
        defer { inUse = [] }
        let composed = try compose(requests, allowPartial: allowPartial)
        let adapterSeconds = start.secondsUntilNow
        let recorder = saveTensors.map { _ in TensorRecorder() }
        let result = try state.model.generate(
            composed.run,
            voicing: composed.blend.voicing,
            beforeStep: { try composed.select(at: $0, of: state.adapters) },
            observe: recorder.map { $0.keep },
            report: { event in
                if Task.isCancelled { throw CancellationError() }
                thread.runInterjections()
                progress(event)
            }
        )
        if let recorder, let saveTensors { try recorder.write(to: saveTensors) }
        var pieces = result.pieces[...]
        return try composed.requests.map { entry in
            defer { pieces = pieces.dropFirst(entry.run.items.count) }
            let own = pieces.prefix(entry.run.items.count)
            return EngineResult(
                pieces: try own.map(Self.piece),
                base: state.description,
                parameters: entry.run.parameters,
                adapters: entry.adapters,
                adapterMode: composed.plan.mode,
                adapterSeconds: adapterSeconds,
                timings: result.timings,
                warnings: entry.warnings + (own.first?.warnings ?? [])
            )
        }
    }

    /// Requests that are made in one loop, their adapters in memory and attached.
    struct Composition {
        let requests: [Prepared]
        let run: GenerationRun
        let blend: BatchBlend
        /// How the adapters are computed.
        let plan: PlannedAdapters

        /// Attaches what the adapters are at a point of the denoising.
        ///
        /// - Returns: whether weights have changed.
        func select(at progress: Double, of adapters: AdapterSet) throws -> Bool {
            if blend.isVarying { try adapters.select(blend, at: progress, over: plan.copy) }
            return blend.isVarying
        }
    }

    /// Makes the adapters of requests resident and attaches them.
    func compose(_ requests: [EngineRequest], allowPartial: Bool) throws -> Composition {
        let state = try ready()
        let prepared = try requests.map { try prepare($0, allowPartial: allowPartial) }
        let run = try GenerationRun(joining: prepared.map(\.run))
        let batch = BatchBlend(
            items: prepared.flatMap { Array(repeating: $0.blend, count: $0.run.items.count) },
            positions: run.items.map { state.model.tokenCount($0.request) }.max() ?? 0
        )
        let plan = try plan(batch, run: run)
        try state.adapters.select(batch, over: plan.copy)
        return Composition(requests: prepared, run: run, blend: batch, plan: plan)
    }

    /// A request whose adapters are resident and whose defaults are filled in.
    struct Prepared {
        let run: GenerationRun
        let blend: [BlendEntry]
        let adapters: [EngineResult.UsedAdapter]
        let warnings: [String]
    }

    private func prepare(_ request: EngineRequest, allowPartial: Bool) throws -> Prepared {
        let (names, warnings) = try residentNames(of: request.adapters, allowPartial: allowPartial)
        let weighted = zip(names, request.adapters).map { (name: $0, weight: $1.weight) }
        let model = try ready().model
        let spanWarnings = request.adapters.compactMap { adapter in
            Self.warning(
                about: adapter,
                tokens: adapter.span.map { model.tokens(of: $0, in: request.request) },
                duration: request.request.duration,
                token: model.tokenSeconds
            )
        }
        return Prepared(
            run: try GenerationRun(
                request.request,
                variant: try base.variant,
                hints: try hints(of: weighted)
            ),
            blend: try entries(zip(names, request.adapters).map { ($0, $1) }, for: request.request),
            adapters: zip(request.adapters, names).map {
                .init(
                    reference: $0.reference,
                    name: $1,
                    weight: $0.weight,
                    span: $0.span,
                    version: $0.resolution?.version,
                    digest: $0.resolution?.digest
                )
            },
            warnings: warnings + spanWarnings
        )
    }

    /// What the user should know about where an adapter acts, if it is not where he asked for.
    private static func warning(
        about adapter: AdapterReference,
        tokens: Range<Int>?,
        duration: Double,
        token: Double
    ) -> String? {
        guard let span = adapter.span, let tokens else { return nil }
        let text = "the span \(span.start)–\(span.end) s of adapter \(adapter.reference)"
        if span.start >= duration { return "\(text) lies behind the song's end (\(duration) s): it does not act" }
        if tokens.isEmpty { return "\(text) is shorter than a token of \(token) s and holds none: it does not act" }
        guard span.end.isFinite, span.end > duration else { return nil }
        return "\(text) is longer than the song: it ends with it, at \(duration) s"
    }

    private static func piece(_ piece: GeneratedPiece) throws -> EngineResult.Piece {
        EngineResult.Piece(
            audio: try AudioBuffer(
                sampleRate: piece.sampleRate,
                channels: piece.channels.count,
                samples: Array(piece.channels.joined())
            ),
            seed: piece.seed
        )
    }
}
