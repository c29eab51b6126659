// SPDX-License-Identifier: Apache-2.0

/// A sound's samples over time: of every column of the picture the lowest and the highest.
package struct Waveform: Panel {
    /// What stands above it.
    package var title: String
    /// One channel.
    package var samples: [Float]
    /// Samples a second.
    package var sampleRate: Int
    /// Its colour.
    package var color = Palette.series[0]
    /// Whether seconds stand below it.
    package var hasTimeAxis = true

    /// A waveform.
    package init(title: String = "", samples: [Float], sampleRate: Int) {
        (self.title, self.samples, self.sampleRate) = (title, samples, sampleRate)
    }

    /// Draws the waveform.
    package func draw(on canvas: Canvas, in box: Box) {
        let inner = canvas.title(title, in: box)
        guard !samples.isEmpty, sampleRate > 0 else { return canvas.nothing(in: inner) }
        guard canvas.hasRoom(in: inner) else { return }
        let seconds = Double(samples.count) / Double(sampleRate)
        let peak = samples.lazy.filter(\.isFinite).map { Double($0.magnitude) }.max() ?? 0
        let frame = PlotFrame(
            on: canvas,
            in: inner,
            x: .init(scale: Scale(0...seconds), name: hasTimeAxis ? "seconds" : "", hasGrid: false),
            y: .init(
                // Never larger than life: silence stays a line.
                scale: Scale(-max(1, peak)...max(1, peak)),
                name: "",
                ticks: [.init(value: -1, text: "−1"), .init(value: 0, text: "0"), .init(value: 1, text: "1")]
            )
        )
        let columns = max(1, min(samples.count, Int(frame.plot.width * 2)))
        let outline = (0..<columns).map { column -> (x: Double, low: Double, high: Double) in
            let start = column * samples.count / columns
            let part = samples[start..<max(start + 1, (column + 1) * samples.count / columns)].filter(\.isFinite)
            let x = frame.plot.x + (Double(column) + 0.5) / Double(columns) * frame.plot.width
            return (x, Double(part.min() ?? 0), Double(part.max() ?? 0))
        }
        let upper = outline.map { Point($0.x, frame.position(y: $0.high) - 0.3) }
        let lower = outline.map { Point($0.x, frame.position(y: $0.low) + 0.3) }
        canvas.add(.clipped(frame.plot, [.area(upper + lower.reversed(), color)]))
    }
}
