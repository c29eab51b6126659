// SPDX-License-Identifier: Apache-2.0

/// Results that one listens to, each with its waveform and spectrogram in a row of its own, and the loss of a training.
package struct ListeningFigure {
    /// A sound.
    package struct Sound: Sendable {
        /// What it is.
        package var name: String
        /// One channel.
        package var samples: [Float]
        /// Samples a second.
        package var sampleRate: Int
        /// `[frames][bins]`: squared magnitudes.
        package var powers: [[Float]]
        /// Frames of ``powers`` a second.
        package var frameRate: Double
        /// Hertz between bins.
        package var resolution: Double

        /// A sound with its analysis.
        package init(
            _ name: String,
            samples: [Float],
            sampleRate: Int,
            powers: [[Float]],
            frameRate: Double,
            resolution: Double
        ) {
            (self.name, self.samples, self.sampleRate) = (name, samples, sampleRate)
            (self.powers, self.frameRate, self.resolution) = (powers, frameRate, resolution)
        }
    }

    /// What stands above all.
    package var title: String
    /// A line below the title.
    package var subtitle: String
    /// The sounds, from the top.
    package var sounds: [Sound]
    /// The loss of each step; empty for no curve.
    package var losses: [LineChart.Series]
    /// A line below all.
    package var note: String

    /// A figure.
    package init(
        title: String,
        subtitle: String = "",
        sounds: [Sound],
        losses: [LineChart.Series] = [],
        note: String = ""
    ) {
        (self.title, self.subtitle, self.sounds) = (title, subtitle, sounds)
        (self.losses, self.note) = (losses, note)
    }

    /// Draws the figure.
    ///
    /// - Returns: the picture; all spectrograms have the same range below their loudest.
    /// - Throws: ``PicturesError``.
    package func drawing() throws(PicturesError) -> Drawing {
        var rows = sounds.enumerated().map { number, sound in
            let isLast = number == sounds.count - 1
            var wave = Waveform(title: sound.name, samples: sound.samples, sampleRate: sound.sampleRate)
            wave.color = Palette.series(number)
            wave.hasTimeAxis = isLast
            var spectrogram = SpectrogramPanel(
                title: " ",
                powers: sound.powers,
                frameRate: sound.frameRate,
                resolution: sound.resolution
            )
            spectrogram.hasTimeAxis = isLast
            return PanelGrid.Row(height: isLast ? 136 : 120, [.init(wave), .init(spectrogram)])
        }
        if !losses.isEmpty {
            let chart = LineChart(title: "Loss of the training", x: "step", y: "loss", series: losses)
            rows.append(.init(height: 220, [.init(chart, columns: 2)]))
        }
        return try PanelGrid(title: title, subtitle: subtitle, columns: 2, rows: rows, note: note).drawing()
    }
}
