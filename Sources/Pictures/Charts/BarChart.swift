// SPDX-License-Identifier: Apache-2.0

/// Bars that lie, so that their names find room, with marks for how uncertain they are.
package struct BarChart: Panel {
    /// A bar.
    package struct Bar: Sendable {
        /// What it is called.
        package var name: String
        /// How long it is; NaN has none.
        package var value: Double
        /// The lowest and highest value that is as likely.
        package var interval: ClosedRange<Double>?
        /// Its colour; nil takes the palette's first.
        package var color: Color?

        /// A bar.
        package init(_ name: String, _ value: Double, interval: ClosedRange<Double>? = nil, color: Color? = nil) {
            (self.name, self.value, self.interval, self.color) = (name, value, interval, color)
        }
    }

    /// What stands above it.
    package var title: String
    /// What the bars count.
    package var valueName: String
    /// The bars, from the top.
    package var bars: [Bar]
    /// A dashed line at a value that bars are to reach.
    package var threshold: Double?
    /// A value that the axis reaches in any case, such as the whole of a share.
    package var reach: Double?

    /// Bars.
    package init(title: String = "", valueName: String = "", bars: [Bar], threshold: Double? = nil) {
        (self.title, self.valueName, self.bars, self.threshold) = (title, valueName, bars, threshold)
    }

    /// Draws the bars.
    package func draw(on canvas: Canvas, in box: Box) {
        let inner = canvas.title(title, in: box)
        let ends = bars.flatMap { [$0.value, $0.interval?.lowerBound, $0.interval?.upperBound].compactMap { $0 } }
        guard ends.contains(where: \.isFinite) else { return canvas.nothing(in: inner) }
        guard canvas.hasRoom(in: inner, width: 80, height: 50) else { return }
        let measure = canvas.measure
        let names = bars.map { measure.fitted($0.name, to: min(180, inner.width * 0.35), size: 10) }
        let left = (names.map { measure.width(of: $0, size: 10) }.max() ?? 0) + 8
        let frame = PlotFrame(
            on: canvas,
            in: inner.inset(left: left),
            x: .init(
                scale: Scale(ends + [threshold, reach].compactMap { $0 }, includesZero: true, margin: 0.04),
                name: valueName
            ),
            y: .init(scale: Scale(0...1), name: "", ticks: [], hasGrid: false)
        )
        let height = frame.plot.height / Double(bars.count)
        for (number, bar) in bars.enumerated() {
            let top = frame.plot.y + Double(number) * height
            draw(bar, on: canvas, frame, Box(0, top + height * 0.18, 0, height * 0.64))
            let every = max(1, Int((12 / height).rounded(.up)))
            guard number.isMultiple(of: every) else { continue }
            canvas.add(Label(names[number], at: Point(frame.plot.x - 8, top + height / 2 + 3.5), anchor: .end))
        }
        if let threshold, threshold.isFinite {
            let x = frame.position(x: threshold)
            canvas.add(
                .line(
                    [Point(x, frame.plot.y), Point(x, frame.plot.bottom)],
                    Stroke(Palette.text, width: 1.2, dashes: [5, 3])
                )
            )
        }
    }

    private func draw(_ bar: Bar, on canvas: Canvas, _ frame: PlotFrame, _ row: Box) {
        guard bar.value.isFinite else { return }
        let (zero, end) = (frame.position(x: 0), frame.position(x: bar.value))
        let body = Box(min(zero, end), row.y, (end - zero).magnitude, row.height)
        canvas.add(.rectangle(body, fill: bar.color ?? Palette.series[0], stroke: nil))
        guard let interval = bar.interval, interval.lowerBound.isFinite, interval.upperBound.isFinite else { return }
        let (low, high) = (frame.position(x: interval.lowerBound), frame.position(x: interval.upperBound))
        let (y, half) = (row.center.y, min(5, row.height / 3))
        let stroke = Stroke(Palette.text, width: 1.2)
        canvas.add(.line([Point(low, y), Point(high, y)], stroke))
        for x in [low, high] { canvas.add(.line([Point(x, y - half), Point(x, y + half)], stroke)) }
    }
}
