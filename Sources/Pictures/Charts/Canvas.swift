// SPDX-License-Identifier: Apache-2.0

/// A drawing that is being made, with the measure for its texts.
package final class Canvas {
    /// What has been drawn.
    package private(set) var drawing: Drawing
    /// How wide texts are.
    package let measure: TextMeasure

    /// An empty sheet.
    ///
    /// - Parameters:
    ///   - width: of the sheet.
    ///   - height: of the sheet.
    ///   - title: what it shows.
    /// - Throws: ``PicturesError``.
    package init(width: Double, height: Double, title: String) throws(PicturesError) {
        drawing = try Drawing(width: width, height: height, title: title)
        measure = try TextMeasure()
    }

    /// Paints a shape.
    package func add(_ shape: Shape) { drawing.shapes.append(shape) }

    /// Paints a text.
    package func add(_ label: Label) { drawing.shapes.append(.text(label)) }

    /// Writes a chart's title above a rectangle.
    ///
    /// - Returns: the rectangle that is left.
    func title(_ text: String, in box: Box, size: Double = 12) -> Box {
        guard !text.isEmpty else { return box }
        let fitted = measure.fitted(text, to: box.width, size: size, isBold: true)
        add(Label(fitted, at: Point(box.x, box.y + size), size: size, isBold: true))
        return box.inset(top: size + 8)
    }

    /// Whether a chart finds room in a rectangle; where it does not, the rectangle stays grey.
    func hasRoom(in box: Box, width: Double = 40, height: Double = 30) -> Bool {
        if box.width >= width, box.height >= height { return true }
        nothing(in: box, "")
        return false
    }

    /// Says that there is nothing to see.
    func nothing(in box: Box, _ text: String = "no data") {
        add(.rectangle(box, fill: Palette.missing, stroke: nil))
        guard !text.isEmpty, box.height >= 14 else { return }
        add(
            Label(
                measure.fitted(text, to: box.width - 8, size: 10),
                at: Point(box.center.x, box.center.y + 4),
                color: Palette.secondary,
                anchor: .middle
            )
        )
    }
}

/// A part of a picture that fills a rectangle.
package protocol Panel: Sendable {
    /// Draws the panel.
    ///
    /// - Parameters:
    ///   - canvas: what it is drawn on.
    ///   - box: where.
    func draw(on canvas: Canvas, in box: Box)
}
