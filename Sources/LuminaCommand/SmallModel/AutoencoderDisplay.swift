// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Training

/// Shows the training of an autoencoder, a line now and then.
final class AutoencoderDisplay: Sendable {
    private struct State {
        var lastLine: ContinuousClock.Instant?
        var sum = 0.0
        var count = 0
    }

    private let state = Mutex(State())
    private let isQuiet: Bool
    private static let interval = Duration.seconds(10)

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    /// Shows what just happened.
    func show(_ event: AutoencoderEvent) {
        switch event {
        case .notice(let text): Console.warning(text)
        case _ where isQuiet: break
        case .started(let progress, let parameters):
            let place = progress.step > 0 ? ", going on behind step \(progress.step)" : ""
            Console.write("\(parameters) parameters, \(progress.settings.steps) steps\(place)")
        case .step(let step, let rate, let progress): add(step, rate, progress)
        case .measured(let quality, let progress): Console.write(Self.line(quality, step: progress.step))
        case .saved(let folder, let progress): Console.write("saved \(folder) after step \(progress.step)")
        }
    }

    private func add(_ step: AutoencoderSession.Step, _ rate: Double, _ progress: AutoencoderProgress) {
        state.withLock { state in
            (state.sum, state.count) = (state.sum + step.loss, state.count + 1)
            let now = ContinuousClock.now
            if let last = state.lastLine, now - last < Self.interval { return }
            let terms = step.terms
            var text =
                "step \(progress.step)/\(progress.settings.steps)  loss \(Self.short(state.sum / Double(state.count)))"
            text += "  waveform \(Self.short(terms.waveform))  phase \(Self.short(terms.phase))"
            text += "  magnitude \(Self.short(terms.magnitude))  log \(Self.short(terms.logMagnitude))"
            text += "  divergence \(Self.short(terms.divergence))  rate \(Figures.rounded(rate, places: 6))"
            if let seconds = progress.remainingSeconds {
                text += "  \(Figures.seconds(progress.seconds / Double(progress.step))) a step"
                text += ", \(Figures.rounded(seconds / 60, places: 1)) min left"
            }
            Console.write(text)
            state = State(lastLine: now)
        }
    }

    private static func line(_ quality: AutoencoderQuality, step: Int) -> String {
        let channels = quality.channelDeviations
        return "step \(step), held-out music: \(Figures.rounded(quality.signalToNoise, places: 2)) dB "
            + "(\(Figures.rounded(quality.sampledSignalToNoise, places: 2)) dB from drawn latents), magnitudes "
            + "\(short(quality.terms.magnitude)), logarithms \(short(quality.terms.logMagnitude)); latents deviate by "
            + "\(short(quality.latentDeviation)) (\(short(channels.lowerBound)) to \(short(channels.upperBound))), "
            + "posteriors by \(short(quality.posteriorDeviation))"
    }

    private static func short(_ value: Double) -> String { Figures.rounded(value, places: 3) }
}
