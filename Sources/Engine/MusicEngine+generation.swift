// SPDX-License-Identifier: Apache-2.0

public import ACEStep
import Adapters
import Audio
import Torch

extension MusicEngine {
    /// Makes music with the base and a blend of adapters.
    ///
    /// - Parameters:
    ///   - request: what the music should be like.
    ///   - adapters: resident names or paths with their strengths; empty for the base alone.
    ///   - allowPartial: accepts adapters of which parts find no place in the base.
    ///   - saveTensors: where to write every tensor on the way, for comparison.
    ///   - progress: told what happens, on the compute thread.
    /// - Throws: `CancellationError` within a step once the task is cancelled, else an error that names its cause.
    public func generate(
        _ request: MusicRequest,
        adapters: [AdapterReference] = [],
        allowPartial: Bool = false,
        saveTensors: String? = nil,
        progress: @Sendable (GenerationEvent) -> Void = { _ in }
    ) throws -> EngineResult {
        let state = try ready()
        let start = ContinuousClock.now
        let (names, warnings) = try residentNames(of: adapters, allowPartial: allowPartial)
        let blend = zip(names, adapters).map { (name: $0, weight: $1.weight) }
        let run = try GenerationRun(request, variant: state.description.variant, hints: hints(of: blend))
        try select(blend)
        let adapterSeconds = (ContinuousClock.now - start).inSeconds
        let recorder = saveTensors.map { _ in TensorRecorder() }
        let result = try state.model.generate(run, observe: recorder.map { $0.keep }) { event in
            if Task.isCancelled { throw CancellationError() }
            progress(event)
        }
        if let recorder, let saveTensors { try recorder.write(to: saveTensors) }
        return EngineResult(
            pieces: try result.pieces.map { piece in
                EngineResult.Piece(
                    audio: try AudioBuffer(
                        sampleRate: piece.sampleRate,
                        channels: piece.channels.count,
                        samples: Array(piece.channels.joined())
                    ),
                    seed: piece.seed
                )
            },
            base: state.description,
            parameters: run.parameters,
            adapters: zip(adapters, names).map {
                .init(reference: $0.reference, name: $1, weight: $0.weight)
            },
            adapterSeconds: adapterSeconds,
            timings: result.timings,
            warnings: warnings + result.warnings
        )
    }
}
