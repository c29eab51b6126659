// SPDX-License-Identifier: Apache-2.0

/// Lines over numbers, with a legend above them.
package struct LineChart: Panel {
    /// A line.
    package struct Series: Sendable {
        /// What the legend calls it; empty for a line that needs no name.
        package var name: String
        /// Its points in order; where a number is not finite the line has a gap.
        package var points: [(x: Double, y: Double)]
        /// Its colour; nil takes the next of the palette.
        package var color: Color?
        /// Whether it is dashed.
        package var isDashed: Bool

        /// A line.
        package init(
            _ name: String,
            _ points: [(x: Double, y: Double)],
            color: Color? = nil,
            isDashed: Bool = false
        ) {
            (self.name, self.points, self.color, self.isDashed) = (name, points, color, isDashed)
        }
    }

    /// What stands above it.
    package var title: String
    /// What the x axis counts.
    package var xName: String
    /// What the y axis counts.
    package var yName: String
    /// The lines.
    package var series: [Series]
    /// Whether the y axis begins at 0.
    package var includesZero = false
    /// Whether equal steps of the y axis are equal factors.
    package var isLogarithmic = false

    /// A chart of lines.
    package init(title: String = "", x: String = "", y: String = "", series: [Series]) {
        (self.title, xName, yName, self.series) = (title, x, y, series)
    }

    /// Draws the chart.
    package func draw(on canvas: Canvas, in box: Box) {
        let inner = legend(on: canvas, in: canvas.title(title, in: box))
        let finite = series.flatMap(\.points).filter(isDrawable)
        guard !finite.isEmpty else { return canvas.nothing(in: inner) }
        guard canvas.hasRoom(in: inner) else { return }
        let frame = PlotFrame(
            on: canvas,
            in: inner,
            x: .init(scale: Scale(finite.map(\.x)), name: xName),
            y: .init(
                scale: Scale(
                    finite.map(\.y),
                    includesZero: includesZero,
                    isLogarithmic: isLogarithmic,
                    margin: 0.05
                ),
                name: yName
            )
        )
        var shapes: [Shape] = []
        for (number, line) in series.enumerated() {
            let color = line.color ?? Palette.series(number)
            for run in line.points.split(whereSeparator: { !isDrawable($0) }) {
                let places = run.map { frame.position($0.x, $0.y) }
                if places.count == 1 { shapes.append(.disc(places[0], radius: 3, color)) }
                shapes.append(.line(places, Stroke(color, width: 1.6, dashes: line.isDashed ? [5, 3] : [])))
            }
        }
        canvas.add(.clipped(frame.plot.inset(left: -3, top: -3, right: -3, bottom: -3), shapes))
    }

    private func isDrawable(_ point: (x: Double, y: Double)) -> Bool {
        point.x.isFinite && point.y.isFinite && max(point.x.magnitude, point.y.magnitude) < 1e300
            && (!isLogarithmic || point.y > 0)
    }

    /// Names in rows above the plot, where they meet no data.
    private func legend(on canvas: Canvas, in box: Box) -> Box {
        let named = series.enumerated().filter { !$0.element.name.isEmpty }
        guard !named.isEmpty else { return box }
        var (x, y) = (box.x, box.y)
        for (number, line) in named {
            let text = canvas.measure.fitted(line.name, to: min(220, box.width - 24), size: 10)
            let width = 22 + canvas.measure.width(of: text, size: 10) + 16
            if x > box.x, x + width - 16 > box.right { (x, y) = (box.x, y + 15) }
            // A legend of hundreds would leave no chart.
            guard y < box.y + box.height / 3 else { break }
            canvas.add(
                .line(
                    [Point(x, y + 5), Point(x + 16, y + 5)],
                    Stroke(line.color ?? Palette.series(number), width: 2.4, dashes: line.isDashed ? [5, 3] : [])
                )
            )
            canvas.add(Label(text, at: Point(x + 21, y + 8.5)))
            x += width
        }
        return box.inset(top: y - box.y + 18)
    }
}
