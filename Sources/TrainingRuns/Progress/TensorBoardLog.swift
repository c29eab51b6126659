// SPDX-License-Identifier: Apache-2.0

import EventFiles

/// Writes the curves of a run for TensorBoard.
///
/// Loss, rate and gradient norm come together every `--log-every` steps, and for the last step of an epoch, so that every
/// run has them.
struct TensorBoardLog {
    /// Noise levels of a histogram.
    static let timestepWindow = 100

    private let file: EventFile
    private let logInterval: Int
    private var pending: StepReport?
    private var timesteps: [Double] = []

    /// The file's path.
    var path: String { file.path }

    /// Begins a file.
    ///
    /// - Parameters:
    ///   - directory: the folder.
    ///   - logInterval: steps between entries.
    ///   - firstStep: the first step of a run that continues; nil for a new run.
    /// - Throws: `EventFileError`.
    init(directory: String, logInterval: Int, continuingAt firstStep: Int?) throws(EventFileError) {
        file = try EventFile(directory: directory, continuingAt: firstStep)
        self.logInterval = max(1, logInterval)
    }

    /// Writes what an event has to say.
    ///
    /// - Parameter event: the event.
    /// - Throws: `EventFileError`.
    mutating func record(_ event: TrainingEvent) throws(EventFileError) {
        switch event {
        case .step(let report): try record(report)
        case .parameters(let step, let reports): try record(step, reports)
        case .epoch(let report): try record(report)
        case .ended: try writePending()
        case .started, .saved, .notice: break
        }
    }

    private mutating func record(_ report: StepReport) throws(EventFileError) {
        timesteps = (timesteps + report.timesteps).suffix(Self.timestepWindow)
        pending = report
        if report.step % logInterval == 0 { try writePending() }
        var target: [(tag: String, value: Double)] = []
        if let scale = report.targetScale { target.append(("target_loss_scale", scale)) }
        if let average = report.targetAverage { target.append(("target_loss_ema", average)) }
        if !target.isEmpty { try file.add(scalars: target, step: report.step) }
    }

    private mutating func writePending() throws(EventFileError) {
        guard let report = pending else { return }
        pending = nil
        try file.add(
            scalars: [
                ("train/loss", report.loss), ("train/lr", report.learningRate), ("grad_norm", report.gradientNorm),
                ("train/step_time", report.seconds), ("train/data_wait", report.waitingSeconds),
            ],
            step: report.step
        )
        if let histogram = Histogram(numbers: timesteps) {
            try file.add(histograms: [("train/timestep_distribution", histogram)], step: report.step)
        }
    }

    private func record(_ step: Int, _ reports: [ParameterReport]) throws(EventFileError) {
        try file.add(scalars: reports.map { ("grad_norm/" + $0.name, $0.gradientNorm) }, step: step)
        let histograms = reports.compactMap { report in
            Histogram(report.values).map { (tag: "parameters/" + report.name, histogram: $0) }
        }
        if !histograms.isEmpty { try file.add(histograms: histograms, step: step) }
    }

    private mutating func record(_ report: EpochReport) throws(EventFileError) {
        try writePending()
        var scalars: [(tag: String, value: Double)] = [("train/epoch_loss", report.loss)]
        if let loss = report.validationLoss { scalars.append(("val_loss", loss)) }
        try file.add(scalars: scalars, step: report.epoch)
    }
}
