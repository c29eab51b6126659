// SPDX-License-Identifier: Apache-2.0

/// A picture as a list of shapes, in the order in which they are painted.
///
/// Charts are drawn into it once; ``png(scale:)`` and ``svg`` are two ways of writing the same list.
package struct Drawing: Sendable, Equatable {
    /// The largest side: a surface of cairo has 32767 pixels at most, and a PNG has two for each unit.
    package static let largestSide = 16_000.0

    /// Width in units of a 96th of an inch.
    package let width: Double
    /// Height in the same units.
    package let height: Double
    /// What the picture is called by programs that read it aloud.
    package var title: String
    /// What is painted.
    package var shapes: [Shape] = []

    /// An empty sheet.
    ///
    /// - Parameters:
    ///   - width: of the sheet.
    ///   - height: of the sheet.
    ///   - title: what it shows.
    /// - Throws: ``PicturesError/size(width:height:)``.
    package init(width: Double, height: Double, title: String) throws(PicturesError) {
        guard (1...Self.largestSide).contains(width), (1...Self.largestSide).contains(height) else {
            throw .size(width: width, height: height)
        }
        (self.width, self.height, self.title) = (width, height, title)
    }
}

/// How a line looks.
package struct Stroke: Sendable, Equatable {
    /// Its colour.
    package var color: Color
    /// Its width.
    package var width: Double
    /// Lengths of dashes and gaps; empty for a whole line.
    package var dashes: [Double]

    /// A line.
    package init(_ color: Color, width: Double = 1, dashes: [Double] = []) {
        (self.color, self.width, self.dashes) = (color, width, dashes)
    }
}

/// A line of text.
package struct Label: Sendable, Equatable {
    /// Which part of the text is at its place.
    package enum Anchor: Sendable {
        /// The beginning, the middle or the end.
        case start, middle, end
    }

    /// The text; control characters are not painted.
    package var text: String
    /// The place of the anchor, on the base line.
    package var place: Point
    /// The height of the font.
    package var size: Double
    /// Its colour.
    package var color: Color
    /// Whether it is bold.
    package var isBold: Bool
    /// Which part of it is at ``place``.
    package var anchor: Anchor
    /// Turned counterclockwise around its place, in degrees.
    package var angle: Double

    /// A text.
    package init(
        _ text: String,
        at place: Point,
        size: Double = 10,
        color: Color = Palette.text,
        isBold: Bool = false,
        anchor: Anchor = .start,
        angle: Double = 0
    ) {
        // Neither fonts nor XML have a place for them.
        self.text = String(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0) })
        (self.place, self.size, self.color) = (place, size, color)
        (self.isBold, self.anchor, self.angle) = (isBold, anchor, angle)
    }
}

/// Something that is painted.
package indirect enum Shape: Sendable, Equatable {
    /// A line from point to point.
    case line([Point], Stroke)
    /// A filled polygon.
    case area([Point], Color)
    /// A rectangle, filled, outlined or both.
    case rectangle(Box, fill: Color?, stroke: Stroke?)
    /// A filled circle.
    case disc(Point, radius: Double, Color)
    /// A line of text.
    case text(Label)
    /// Pixels stretched over a rectangle, without smoothing between them.
    case image(Raster, Box)
    /// Shapes of which only what lies in a rectangle is seen.
    case clipped(Box, [Shape])
}

/// Pixels.
package struct Raster: Sendable, Equatable {
    /// Pixels of a row.
    package let width: Int
    /// Rows.
    package let height: Int
    /// The colours, row by row from the top; opaque.
    package let pixels: [Color]

    /// Pixels by their place.
    ///
    /// - Parameters:
    ///   - width: at least 1.
    ///   - height: at least 1.
    ///   - color: of the pixel at (column, row).
    package init(width: Int, height: Int, color: (Int, Int) -> Color) {
        precondition(width > 0 && height > 0, "a raster has pixels")
        (self.width, self.height) = (width, height)
        pixels = (0..<width * height).map { color($0 % width, $0 / width) }
    }
}
