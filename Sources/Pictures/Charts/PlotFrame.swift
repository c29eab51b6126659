// SPDX-License-Identifier: Apache-2.0

/// Two axes with numbers and names, and the rectangle between them.
struct PlotFrame {
    /// What an axis shows.
    struct Axis {
        let scale: Scale
        let name: String
        /// Numbers that take the place of round ones.
        var ticks: [Scale.Tick]?
        /// Whether lines run through the plot at its numbers.
        var hasGrid = true
    }

    private static let tickSize = 9.0

    /// Where the data goes.
    let plot: Box
    private let x: Scale
    private let y: Scale

    /// Draws axes into a rectangle.
    init(on canvas: Canvas, in box: Box, x: Axis, y: Axis) {
        let yTicks = y.ticks ?? y.scale.ticks(max(2, Int(box.height / 36)))
        let widest = yTicks.map { canvas.measure.width(of: $0.text, size: Self.tickSize) }.max() ?? 0
        let left = widest + 8 + (y.name.isEmpty ? 0 : 16)
        // The last number of the x axis reaches over the plot's edge by half its width.
        plot = box.inset(left: left, top: 5, right: 14, bottom: x.name.isEmpty ? 18 : 34)
        (self.x, self.y) = (x.scale, y.scale)
        drawX(x, on: canvas, bottom: box.bottom)
        drawY(y, yTicks, on: canvas, left: box.x)
    }

    private func drawX(_ axis: Axis, on canvas: Canvas, bottom: Double) {
        let ticks = axis.ticks ?? Self.fitting(axis.scale, plot.width, canvas.measure)
        var free = -Double.infinity
        for tick in ticks {
            let place = position(x: tick.value)
            guard (plot.x - 0.5...plot.right + 0.5).contains(place) else { continue }
            if axis.hasGrid {
                canvas.add(.line([Point(place, plot.y), Point(place, plot.bottom)], Stroke(Palette.grid)))
            }
            let half = canvas.measure.width(of: tick.text, size: Self.tickSize) / 2
            guard place - half >= free else { continue }
            free = place + half + 6
            canvas.add(
                Label(
                    tick.text,
                    at: Point(place, plot.bottom + 13),
                    size: Self.tickSize,
                    color: Palette.secondary,
                    anchor: .middle
                )
            )
        }
        canvas.add(.line([Point(plot.x, plot.bottom), Point(plot.right, plot.bottom)], Stroke(Palette.axis)))
        guard !axis.name.isEmpty else { return }
        let name = canvas.measure.fitted(axis.name, to: plot.width, size: 10)
        canvas.add(Label(name, at: Point(plot.center.x, bottom - 5), color: Palette.secondary, anchor: .middle))
    }

    private func drawY(_ axis: Axis, _ ticks: [Scale.Tick], on canvas: Canvas, left: Double) {
        var free = Double.infinity
        for tick in ticks {
            let place = position(y: tick.value)
            guard (plot.y - 0.5...plot.bottom + 0.5).contains(place) else { continue }
            if axis.hasGrid {
                canvas.add(.line([Point(plot.x, place), Point(plot.right, place)], Stroke(Palette.grid)))
            }
            guard place + Self.tickSize <= free else { continue }
            free = place
            canvas.add(
                Label(
                    tick.text,
                    at: Point(plot.x - 6, place + 3.2),
                    size: Self.tickSize,
                    color: Palette.secondary,
                    anchor: .end
                )
            )
        }
        guard !axis.name.isEmpty else { return }
        let name = canvas.measure.fitted(axis.name, to: plot.height + 20, size: 10)
        canvas.add(
            Label(name, at: Point(left + 9, plot.center.y), color: Palette.secondary, anchor: .middle, angle: 90)
        )
    }

    /// As many round numbers as find room.
    private static func fitting(_ scale: Scale, _ width: Double, _ measure: TextMeasure) -> [Scale.Tick] {
        for count in [8, 6, 5, 4, 3, 2] {
            let ticks = scale.ticks(count)
            let widest = ticks.map { measure.width(of: $0.text, size: tickSize) }.max() ?? 0
            if Double(ticks.count) * (widest + 14) <= width { return ticks }
        }
        return scale.ticks(1)
    }

    /// The place of a number of the x axis.
    func position(x value: Double) -> Double { plot.x + x.share(value) * plot.width }

    /// The place of a number of the y axis.
    func position(y value: Double) -> Double { plot.bottom - y.share(value) * plot.height }

    /// The place of a point.
    func position(_ x: Double, _ y: Double) -> Point { Point(position(x: x), position(y: y)) }
}
