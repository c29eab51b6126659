// SPDX-License-Identifier: Apache-2.0

package import ACEStep
import Adapters
import Torch

/// The latents of one piece after every denoising step.
package struct LatentTrace: Sendable, Equatable {
    /// Latent frames.
    package let frames: Int
    /// Channels of a frame.
    package let channels: Int
    /// For each step the latents in float32, frame by frame.
    package fileprivate(set) var steps: [[Float]] = []
}

extension MusicEngine {
    /// Denoises several requests in one loop and keeps the latents of every step; nothing is decoded.
    ///
    /// - Parameters:
    ///   - requests: at least one, of one piece each; they must agree in steps, shift and guidance.
    ///   - progress: told what happens, on the compute thread; what it throws ends the run within a step.
    /// - Returns: a trace for each request, in their order, and the numbers that the run was made with.
    /// - Throws: as for generating.
    package func traces(
        _ requests: [EngineRequest],
        progress: @Sendable (GenerationEvent) throws -> Void = { _ in }
    ) throws -> (traces: [LatentTrace], parameters: SamplingParameters) {
        let state = try ready()
        defer { inUse = [] }
        let composed = try compose(requests, allowPartial: false)
        let channels = state.model.configuration.latentChannels
        var traces = composed.run.items.map { LatentTrace(frames: $0.request.frames, channels: channels) }
        _ = try state.model.latents(
            composed.run,
            voicing: composed.blend.voicing,
            beforeStep: { try composed.select(at: $0, of: state.adapters) },
            observe: { name, tensor in
                guard name.hasPrefix("latents.") else { return }
                for item in traces.indices {
                    let own = try tensor.slice(0, from: item, to: item + 1).slice(1, from: 0, to: traces[item].frames)
                    traces[item].steps.append(try own.to(.float32).to(.cpu).contiguous().floats())
                }
            },
            report: { event in
                if Task.isCancelled { throw CancellationError() }
                thread.runInterjections()
                try progress(event)
            }
        )
        return (traces, composed.run.parameters)
    }
}
