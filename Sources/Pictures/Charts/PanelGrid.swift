// SPDX-License-Identifier: Apache-2.0

/// A picture of several panels under one title.
package struct PanelGrid {
    /// A panel and how much of the grid it takes.
    package struct Cell {
        /// What is drawn.
        package var panel: any Panel
        /// Columns that it spans.
        package var columns: Int

        /// A panel.
        package init(_ panel: any Panel, columns: Int = 1) {
            (self.panel, self.columns) = (panel, columns)
        }
    }

    /// A row of panels of one height.
    package struct Row {
        /// Its height.
        package var height: Double
        /// Its panels, from the left.
        package var cells: [Cell]

        /// A row.
        package init(height: Double, _ cells: [Cell]) {
            (self.height, self.cells) = (height, cells)
        }
    }

    /// What stands above all.
    package var title: String
    /// A line below the title.
    package var subtitle: String
    /// The picture's width.
    package var width: Double
    /// How many columns a row has.
    package var columns: Int
    /// The rows.
    package var rows: [Row]
    /// A line below all.
    package var note: String

    /// A grid.
    package init(
        title: String,
        subtitle: String = "",
        width: Double = 900,
        columns: Int,
        rows: [Row],
        note: String = ""
    ) {
        (self.title, self.subtitle, self.width) = (title, subtitle, width)
        (self.columns, self.rows, self.note) = (max(1, columns), rows, note)
    }

    private static let margin = 24.0
    private static let gap = 26.0

    /// Draws the grid.
    ///
    /// - Returns: the picture.
    /// - Throws: ``PicturesError/size(width:height:)`` if it would be too large, ``PicturesError/drawing(reason:)``.
    package func drawing() throws(PicturesError) -> Drawing {
        let head = (title.isEmpty ? 0 : 30.0) + (subtitle.isEmpty ? 0 : 26)
        let body = rows.reduce(0) { $0 + $1.height } + Self.gap * Double(max(0, rows.count - 1))
        let foot = note.isEmpty ? 0.0 : 24
        let canvas = try Canvas(width: width, height: 2 * Self.margin + head + body + foot, title: title)
        var y = Self.margin
        let inside = width - 2 * Self.margin
        if !title.isEmpty {
            let text = canvas.measure.fitted(title, to: inside, size: 17, isBold: true)
            canvas.add(Label(text, at: Point(Self.margin, y + 15), size: 17, isBold: true))
            y += 30
        }
        if !subtitle.isEmpty {
            let text = canvas.measure.fitted(subtitle, to: inside, size: 11)
            canvas.add(Label(text, at: Point(Self.margin, y + 8), size: 11, color: Palette.secondary))
            y += 26
        }
        let column = (inside - Self.gap * Double(columns - 1)) / Double(columns)
        for row in rows {
            var place = 0
            for cell in row.cells {
                let span = Double(max(1, cell.columns))
                let x = Self.margin + Double(place) * (column + Self.gap)
                cell.panel.draw(on: canvas, in: Box(x, y, span * column + (span - 1) * Self.gap, row.height))
                place += max(1, cell.columns)
            }
            y += row.height + Self.gap
        }
        if !note.isEmpty {
            let text = canvas.measure.fitted(note, to: inside, size: 9)
            let place = Point(Self.margin, canvas.drawing.height - Self.margin + 4)
            canvas.add(Label(text, at: place, size: 9, color: Palette.secondary))
        }
        return canvas.drawing
    }
}
