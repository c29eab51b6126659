// SPDX-License-Identifier: Apache-2.0

/// Amounts in rows and columns, by colour and number, with the colours' scale beside them.
package struct HeatMap: Panel {
    /// What stands above it.
    package var title: String
    /// What rows are.
    package var rowName: String
    /// What columns are.
    package var columnName: String
    /// What the amounts are.
    package var valueName: String
    /// The rows' names.
    package var rows: [String]
    /// The columns' names.
    package var columns: [String]
    /// The amounts, row by row; NaN where there is none.
    package var values: [[Double]]
    /// Cells with a frame around them, as (row, column).
    package var marked: [(row: Int, column: Int)]

    /// A map.
    package init(
        title: String = "",
        rowName: String = "",
        columnName: String = "",
        valueName: String = "",
        rows: [String],
        columns: [String],
        values: [[Double]],
        marked: [(row: Int, column: Int)] = []
    ) {
        (self.title, self.rowName, self.columnName, self.valueName) = (title, rowName, columnName, valueName)
        (self.rows, self.columns, self.values, self.marked) = (rows, columns, values, marked)
    }

    private static let labelSize = 10.0

    private func value(_ row: Int, _ column: Int) -> Double {
        row < values.count && column < values[row].count ? values[row][column] : .nan
    }

    /// Draws the map.
    package func draw(on canvas: Canvas, in box: Box) {
        let inner = canvas.title(title, in: box)
        guard !rows.isEmpty, !columns.isEmpty else { return canvas.nothing(in: inner) }
        guard canvas.hasRoom(in: inner, width: 120, height: 60) else { return }
        let places = layout(canvas.measure, in: inner)
        let finite = (0..<rows.count).flatMap { row in (0..<columns.count).map { value(row, $0) } }
            .filter { $0.isFinite && $0.magnitude < 1e300 }
        let scale = Scale(finite, includesZero: true)
        drawCells(scale, places.map, on: canvas)
        drawNames(places, on: canvas, in: inner)
        drawScale(scale, on: canvas, beside: places.map, right: inner.right)
    }

    /// Where the cells are, and how the columns' names stand.
    private struct Places {
        let map: Box
        let columnNames: [String]
        let isUpright: Bool
    }

    private func layout(_ measure: TextMeasure, in box: Box) -> Places {
        let limit = min(170, box.width * 0.3)
        let widest = rows.map {
            measure.width(of: measure.fitted($0, to: limit, size: Self.labelSize), size: Self.labelSize)
        }
        let left = (widest.max() ?? 0) + 8 + (rowName.isEmpty ? 0 : 16)
        let width = box.width - left - 74
        let cell = width / Double(columns.count)
        let isUpright = columns.allSatisfy { measure.width(of: $0, size: Self.labelSize) <= cell - 6 }
        let names =
            isUpright
            ? columns
            : columns.map { measure.fitted($0, to: min(120, max(64, box.height * 0.35)), size: Self.labelSize) }
        let tallest = names.map { measure.width(of: $0, size: Self.labelSize) }.max() ?? 0
        let bottom = (isUpright ? 16 : tallest + 8) + (columnName.isEmpty ? 0 : 16)
        return Places(
            map: Box(box.x + left, box.y, width, box.height - bottom),
            columnNames: names,
            isUpright: isUpright
        )
    }

    private func drawCells(_ scale: Scale, _ map: Box, on canvas: Canvas) {
        let (width, height) = (map.width / Double(columns.count), map.height / Double(rows.count))
        // Between cells of a few pixels lines would be all that is seen.
        let outline = min(width, height) > 8 ? Stroke(Palette.background, width: 1) : nil
        for row in rows.indices {
            for column in columns.indices {
                let value = value(row, column)
                let cell = Box(map.x + Double(column) * width, map.y + Double(row) * height, width, height)
                let color = value.isFinite ? Palette.amount(scale.share(value)) : Palette.missing
                canvas.add(.rectangle(cell, fill: color, stroke: outline))
                let text = value.isFinite ? Self.number(value, largest: scale.range.upperBound) : "–"
                guard height >= 13, canvas.measure.width(of: text, size: 9) <= width - 4 else { continue }
                canvas.add(
                    Label(
                        text,
                        at: Point(cell.center.x, cell.center.y + 3.3),
                        size: 9,
                        color: color.isLight ? Palette.text : Palette.background,
                        anchor: .middle
                    )
                )
            }
        }
        for (row, column) in marked where rows.indices.contains(row) && columns.indices.contains(column) {
            let cell = Box(map.x + Double(column) * width, map.y + Double(row) * height, width, height)
            canvas.add(
                .rectangle(
                    cell.inset(left: 1.5, top: 1.5, right: 1.5, bottom: 1.5),
                    fill: nil,
                    stroke: Stroke(Palette.series[1], width: 2)
                )
            )
        }
    }

    /// A number with as many places as the others of the map.
    private static func number(_ value: Double, largest: Double) -> String {
        guard (0.1..<1000).contains(largest), value.magnitude < 1000 else { return Scale.short(value) }
        return Scale.fixed(value, places: largest < 10 ? 2 : largest < 100 ? 1 : 0)
    }

    private func drawNames(_ places: Places, on canvas: Canvas, in box: Box) {
        let map = places.map
        let (width, height) = (map.width / Double(columns.count), map.height / Double(rows.count))
        let limit = map.x - box.x - 8 - (rowName.isEmpty ? 0 : 16)
        // Names that would touch are left out, the first always stands.
        let everyRow = max(1, Int((12 / height).rounded(.up)))
        for row in stride(from: 0, to: rows.count, by: everyRow) {
            let name = canvas.measure.fitted(rows[row], to: limit + 1, size: Self.labelSize)
            let y = map.y + (Double(row) + 0.5) * height + 3.5
            canvas.add(Label(name, at: Point(map.x - 6, y), size: Self.labelSize, anchor: .end))
        }
        let everyColumn = places.isUpright ? 1 : max(1, Int((12 / width).rounded(.up)))
        for column in stride(from: 0, to: columns.count, by: everyColumn) {
            let x = map.x + (Double(column) + 0.5) * width
            let name = places.columnNames[column]
            canvas.add(
                places.isUpright
                    ? Label(name, at: Point(x, map.bottom + 13), size: Self.labelSize, anchor: .middle)
                    : Label(name, at: Point(x + 3.5, map.bottom + 6), size: Self.labelSize, anchor: .end, angle: 90)
            )
        }
        if !rowName.isEmpty {
            let name = canvas.measure.fitted(rowName, to: map.height, size: 10)
            let place = Point(box.x + 9, map.center.y)
            canvas.add(Label(name, at: place, color: Palette.secondary, anchor: .middle, angle: 90))
        }
        if !columnName.isEmpty {
            let name = canvas.measure.fitted(columnName, to: map.width, size: 10)
            canvas.add(
                Label(name, at: Point(map.center.x, box.bottom - 3), color: Palette.secondary, anchor: .middle)
            )
        }
    }

    private func drawScale(_ scale: Scale, on canvas: Canvas, beside map: Box, right: Double) {
        let bar = Box(map.right + 14, map.y, 10, map.height)
        let steps = 64
        for step in 0..<steps {
            let share = (Double(step) + 0.5) / Double(steps)
            let height = bar.height / Double(steps)
            // A little taller than its share: two edges at one place would let the paper through.
            let part = Box(bar.x, bar.bottom - Double(step + 1) * height, bar.width, height + (step > 0 ? 0.6 : 0))
            canvas.add(.rectangle(part, fill: Palette.amount(share), stroke: nil))
        }
        for tick in scale.ticks(max(2, Int(bar.height / 30))) {
            let y = bar.bottom - scale.share(tick.value) * bar.height
            canvas.add(
                Label(tick.text, at: Point(bar.right + 4, y + 3.2), size: 9, color: Palette.secondary)
            )
        }
        guard !valueName.isEmpty else { return }
        let name = canvas.measure.fitted(valueName, to: max(bar.height, 60), size: 9)
        let place = Point(right - 3, bar.center.y)
        canvas.add(Label(name, at: place, size: 9, color: Palette.secondary, anchor: .middle, angle: 90))
    }
}
