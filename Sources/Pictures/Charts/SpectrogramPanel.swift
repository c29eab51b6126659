// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A sound's powers over time and frequency, in decibels below the loudest.
package struct SpectrogramPanel: Panel {
    /// What stands above it.
    package var title: String
    /// `[frames][bins]`: squared magnitudes, the bins' frequencies rising from 0.
    package var powers: [[Float]]
    /// Frames a second.
    package var frameRate: Double
    /// Hertz between bins.
    package var resolution: Double
    /// Decibels from the darkest to the lightest.
    package var range = 80.0
    /// The lowest frequency that is shown.
    package var lowest = 60.0
    /// Whether seconds stand below it.
    package var hasTimeAxis = true

    /// A spectrogram.
    package init(title: String = "", powers: [[Float]], frameRate: Double, resolution: Double) {
        (self.title, self.powers, self.frameRate, self.resolution) = (title, powers, frameRate, resolution)
    }

    /// Draws the spectrogram.
    package func draw(on canvas: Canvas, in box: Box) {
        let inner = canvas.title(title, in: box)
        let bins = powers.map(\.count).min() ?? 0
        let highest = Double(bins - 1) * resolution
        guard bins > 1, frameRate > 0, highest > lowest, range > 0 else { return canvas.nothing(in: inner) }
        guard canvas.hasRoom(in: inner) else { return }
        let frequencies = Scale(lowest...highest, isLogarithmic: true)
        let wanted = [100.0, 300, 1000, 3000, 10_000].filter { (lowest...highest).contains($0) }
        let frame = PlotFrame(
            on: canvas,
            in: inner,
            x: .init(
                scale: Scale(0...Double(powers.count) / frameRate),
                name: hasTimeAxis ? "seconds" : "",
                hasGrid: false
            ),
            y: .init(
                scale: frequencies,
                name: "Hz",
                ticks: wanted.map { Scale.Tick(value: $0, text: Scale.short($0)) },
                hasGrid: false
            )
        )
        guard let raster = raster(frequencies, bins: bins, in: frame.plot) else { return }
        canvas.add(.image(raster, frame.plot))
    }

    /// A pixel for each unit of the picture, or fewer where there is less to show.
    private func raster(_ frequencies: Scale, bins: Int, in plot: Box) -> Raster? {
        let width = min(powers.count, Int(plot.width * 1.5))
        let height = Int(plot.height)
        guard width > 0, height > 0 else { return nil }
        let edges = (0...height).map { row in
            let share = Double(row) / Double(height)
            let (low, high) = (frequencies.range.lowerBound, frequencies.range.upperBound)
            return low * pow(high / low, share) / resolution
        }
        // The loudest bin of each pixel: a thin line of a low tone must not vanish between others.
        var levels = [Double](repeating: -.infinity, count: width * height)
        for column in 0..<width {
            let first = column * powers.count / width
            let frames = powers[first..<max(first + 1, (column + 1) * powers.count / width)]
            for row in 0..<height {
                let low = min(bins - 1, Int(edges[row].rounded(.down)))
                let high = min(bins - 1, max(low, Int(edges[row + 1].rounded(.up)) - 1))
                let power = frames.reduce(Float(0)) { loudest, frame in
                    frame[low...high].reduce(loudest) { $1.isFinite ? max($0, $1) : $0 }
                }
                levels[(height - 1 - row) * width + column] = power > 0 ? 10 * log10(Double(power)) : -.infinity
            }
        }
        let top = levels.max() ?? 0
        return Raster(width: width, height: height) { column, row in
            let level = levels[row * width + column]
            return Palette.amount(top.isFinite && level.isFinite ? 1 + (level - top) / range : 0)
        }
    }
}
