// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Writes a drawing as SVG: texts stay texts, so that they can be searched, read aloud and edited.
struct SVGWriter {
    private var text = ""
    private var clips = 0

    /// The document of a drawing.
    ///
    /// - Parameter drawing: the drawing.
    /// - Returns: XML.
    /// - Throws: ``PicturesError/drawing(reason:)`` if pixels cannot be encoded.
    static func document(_ drawing: Drawing) throws(PicturesError) -> String {
        var writer = SVGWriter()
        let (width, height) = (number(drawing.width), number(drawing.height))
        writer.text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
            role="img" font-family="DejaVu Sans, Verdana, sans-serif">
            <title>\(escaped(drawing.title))</title>
            <rect width="\(width)" height="\(height)" fill="\(Palette.background.hexadecimal)"/>

            """
        for shape in drawing.shapes { try writer.write(shape) }
        return writer.text + "</svg>\n"
    }

    private mutating func write(_ shape: Shape) throws(PicturesError) {
        switch shape {
        case .line(let points, let stroke):
            guard !points.isEmpty else { return }
            text += "<polyline points=\"\(Self.list(points))\" fill=\"none\"\(Self.attributes(stroke))/>\n"
        case .area(let points, let color):
            text += "<polygon points=\"\(Self.list(points))\"\(Self.fill(color))/>\n"
        case .rectangle(let box, let color, let stroke):
            text += "<rect\(Self.attributes(box))"
            text += color.map(Self.fill) ?? " fill=\"none\""
            text += (stroke.map(Self.attributes) ?? "") + "/>\n"
        case .disc(let center, let radius, let color):
            text += "<circle cx=\"\(Self.number(center.x))\" cy=\"\(Self.number(center.y))\" "
            text += "r=\"\(Self.number(radius))\"\(Self.fill(color))/>\n"
        case .text(let label): write(label)
        case .image(let raster, let box):
            let data = Data(try CairoSurface(raster).png()).base64EncodedString()
            text += "<image\(Self.attributes(box)) preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" "
            text += "href=\"data:image/png;base64,\(data)\"/>\n"
        case .clipped(let box, let shapes):
            clips += 1
            text += "<clipPath id=\"clip\(clips)\"><rect\(Self.attributes(box))/></clipPath>\n"
            text += "<g clip-path=\"url(#clip\(clips))\">\n"
            for shape in shapes { try write(shape) }
            text += "</g>\n"
        }
    }

    private mutating func write(_ label: Label) {
        let (x, y) = (Self.number(label.place.x), Self.number(label.place.y))
        text += "<text x=\"\(x)\" y=\"\(y)\" font-size=\"\(Self.number(label.size))\"\(Self.fill(label.color))"
        if label.isBold { text += " font-weight=\"bold\"" }
        if label.anchor != .start { text += " text-anchor=\"\(label.anchor == .end ? "end" : "middle")\"" }
        if label.angle != 0 { text += " transform=\"rotate(\(Self.number(-label.angle)) \(x) \(y))\"" }
        text += ">\(Self.escaped(label.text))</text>\n"
    }

    // MARK: Attributes

    private static func list(_ points: [Point]) -> String {
        points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
    }

    private static func attributes(_ box: Box) -> String {
        " x=\"\(number(box.x))\" y=\"\(number(box.y))\" width=\"\(number(box.width))\" height=\"\(number(box.height))\""
    }

    private static func fill(_ color: Color) -> String {
        " fill=\"\(color.hexadecimal)\"" + (color.opacity < 1 ? " fill-opacity=\"\(number(color.opacity))\"" : "")
    }

    private static func attributes(_ stroke: Stroke) -> String {
        var text = " stroke=\"\(stroke.color.hexadecimal)\" stroke-width=\"\(number(stroke.width))\""
        text += " stroke-linejoin=\"round\""
        if stroke.color.opacity < 1 { text += " stroke-opacity=\"\(number(stroke.color.opacity))\"" }
        if !stroke.dashes.isEmpty {
            text += " stroke-dasharray=\"\(stroke.dashes.map(number).joined(separator: " "))\""
        }
        return text
    }

    /// Hundredths of a unit, which nobody sees; NaN and infinity, which charts never make, would break the whole document.
    private static func number(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        let hundredths = (value * 100).rounded()
        guard hundredths.magnitude < 1e15 else { return "0" }
        let whole = Int(hundredths)
        if whole % 100 == 0 { return String(whole / 100) }
        let digits = String(whole.magnitude % 100)
        let fraction = digits.count == 1 ? "0" + digits : digits
        return (whole < 0 ? "-" : "") + "\(whole.magnitude / 100)."
            + (fraction.last == "0" ? fraction.dropLast() : fraction[...])
    }

    /// A text as XML holds it; characters that XML has no place for become the replacement character.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case _ where scalar.value < 0x20 || (0xFFFE...0xFFFF).contains(scalar.value): result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension Drawing {
    /// The picture as SVG.
    ///
    /// - Returns: XML; the same for the same drawing.
    /// - Throws: ``PicturesError/drawing(reason:)`` if pixels in it cannot be encoded.
    package func svg() throws(PicturesError) -> String { try SVGWriter.document(self) }

    /// Writes a PNG and an SVG file, each whole or not at all.
    ///
    /// - Parameter path: their common path without the extension.
    /// - Returns: the two paths.
    /// - Throws: ``PicturesError``.
    @discardableResult
    package func write(to path: String) throws(PicturesError) -> [String] {
        let files = [(path + ".png", Data(try png())), (path + ".svg", Data(try svg().utf8))]
        for (path, data) in files {
            do {
                try data.write(to: URL(fileURLWithPath: path), options: .atomic)
            } catch {
                throw .unwritable(path: path, reason: error.localizedDescription)
            }
        }
        return files.map(\.0)
    }
}
