// SPDX-License-Identifier: Apache-2.0

import Foundation
import Pictures
import TestSupport
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

@Suite("Drawings as PNG and SVG")
struct DrawingTests {
    private func sheet(_ shapes: [Shape]) throws -> Drawing {
        var drawing = try Drawing(width: 100, height: 60, title: "a sheet")
        drawing.shapes = shapes
        return drawing
    }

    private func image(_ shapes: [Shape]) throws -> PNGImage { try #require(PNGImage(sheet(shapes).png())) }

    @Test("A PNG has two pixels a unit and shapes where they were drawn")
    func pixels() throws {
        let image = try image([
            .rectangle(Box(10, 20, 30, 8), fill: Color(0x0072B2), stroke: nil),
            .area([Point(60, 5), Point(90, 5), Point(90, 25), Point(60, 25)], Color(0x009E73)),
            .line([Point(5, 50.25), Point(95, 50.25)], Stroke(Color(0xD55E00), width: 1.5)),
            .disc(Point(75, 40), radius: 5, Color(0x000000)),
        ])
        #expect((image.width, image.height) == (200, 120))
        #expect(image.bounds(of: 0x0072B2) == Box(10, 20, 30, 8))
        #expect(image.bounds(of: 0x009E73) == Box(60, 5, 30, 20))
        #expect(image[5.5, 50.25] == 0xD55E00 && image[94.5, 50.25] == 0xD55E00 && image[2, 50.25] == 0xFFFFFF)
        #expect(image[75, 40] == 0 && image[75, 43] == 0 && image[75, 46] == 0xFFFFFF)
        #expect(image[0, 0] == 0xFFFFFF)
    }

    @Test("What is clipped ends at the edge; pixels are stretched without smoothing")
    func clippingAndPixels() throws {
        let raster = Raster(width: 2, height: 2) { column, row in Color(column == row ? 0xFF0000 : 0x0000FF) }
        let image = try image([
            .clipped(Box(10, 10, 20, 20), [.rectangle(Box(0, 0, 100, 60), fill: Color(0x009E73), stroke: nil)]),
            .image(raster, Box(50, 10, 40, 20)),
        ])
        #expect(image.bounds(of: 0x009E73) == Box(10, 10, 20, 20))
        #expect(image.bounds(of: 0xFF0000) == Box(50, 10, 40, 20))
        #expect(image.count(0xFF0000) == 1600 && image.count(0x0000FF) == 1600)
    }

    @Test("Text stands where its anchor says, as wide as it was measured, and turned when it is turned")
    func text() throws {
        let measure = try TextMeasure()
        let width = measure.width(of: "Mmm", size: 10)
        #expect(width > 20 && measure.width(of: "Mmm", size: 20) > 1.9 * width)
        #expect(measure.width(of: "Mmm", size: 10, isBold: true) > width)
        func bounds(_ anchor: Label.Anchor, angle: Double = 0) throws -> Box {
            let label = Label("Mmm", at: Point(50, 45), color: Color(0x000000), anchor: anchor, angle: angle)
            return try #require(image([.text(label)]).bounds(of: 0x000000))
        }
        #expect(abs(try bounds(.start).x - 51) < 1.5)
        #expect(abs(try bounds(.middle).center.x - 50) < 1.5)
        #expect(abs(try bounds(.end).right - 49) < 1.5)
        let turned = try bounds(.start, angle: 90)
        #expect(turned.height > 0.7 * width && turned.width < 10 && turned.bottom <= 45.5)
    }

    @Test("A text that is too wide is cut, with an ellipsis, and fits")
    func fitting() throws {
        let measure = try TextMeasure()
        let name = String(repeating: "marimba with drums ", count: 10_000)
        for limit in [0.0, 3, 12, 40, 200] {
            let text = measure.fitted(name, to: limit, size: 10)
            #expect(measure.width(of: text, size: 10) <= limit)
            #expect(text.isEmpty || text.hasSuffix("…"))
        }
        #expect(measure.fitted("short", to: 100, size: 10) == "short")
        #expect(measure.fitted(name, to: 200, size: 10).count > 20)
    }

    @Test("The same drawing gives the same bytes")
    func determinism() throws {
        let drawing = try sheet([
            .text(Label("W₂ über ≥ 9 Schritte", at: Point(5, 20))),
            .image(Raster(width: 3, height: 1) { column, _ in Palette.amount(Double(column) / 2) }, Box(5, 30, 60, 20)),
        ])
        #expect(try drawing.png() == drawing.png())
        #expect(try drawing.svg() == drawing.svg())
    }

    @Test("An SVG is XML with the texts in it, whatever they are")
    func markup() throws {
        let hostile = "a <b> & \"c\" \u{0}\u{7}\u{FFFF} ]]> 音楽"
        let document = try sheet([
            .text(Label(hostile, at: Point(.nan, .infinity), isBold: true, anchor: .middle, angle: 30)),
            .line([Point(0, 0), Point(1e300, -.infinity)], Stroke(Palette.axis, dashes: [2, 1])),
            .clipped(Box(0, 0, 5, 5), [.rectangle(Box(1, 1, 2, 2), fill: nil, stroke: Stroke(Palette.axis))]),
        ]).svg()
        let found = try SVGTexts(document)
        #expect(found.texts == ["a sheet", "a <b> & \"c\"   \u{FFFD} ]]> 音楽"])
        #expect(found.elements["polyline"] == 1 && found.elements["rect"] == 3 && found.elements["clipPath"] == 1)
        #expect(!document.contains("nan") && !document.contains("inf"))
    }

    @Test("Files are written as a pair; a folder that is not there is an error that names the file")
    func files() throws {
        let directory = try TemporaryDirectory()
        let drawing = try sheet([.text(Label("x", at: Point(5, 20)))])
        #expect(try drawing.write(to: directory.path(of: "a")).count == 2)
        #expect(try directory.names() == ["a.png", "a.svg"])
        let error = #expect(throws: PicturesError.self) { try drawing.write(to: directory.path(of: "no/a")) }
        #expect("\(error as Any)".contains("no/a.png"))
    }

    @Test(
        "Impossible sizes are refused",
        arguments: [(0.0, 10.0), (10, -1), (.nan, 10), (10, .infinity), (1e6, 10), (10, 1e300)]
    )
    func sizes(width: Double, height: Double) {
        #expect(throws: PicturesError.self) { try Drawing(width: width, height: height, title: "") }
    }
}

/// The texts and elements of an SVG document, as an XML parser finds them.
final class SVGTexts: NSObject, XMLParserDelegate {
    private(set) var texts: [String] = []
    private(set) var elements: [String: Int] = [:]
    private var current: String?

    init(_ document: String) throws {
        super.init()
        let parser = XMLParser(data: Data(document.utf8))
        parser.delegate = self
        guard parser.parse() else { throw parser.parserError ?? CocoaError(.fileReadCorruptFile) }
    }

    func parser(
        _ parser: XMLParser,
        didStartElement name: String,
        namespaceURI: String?,
        qualifiedName: String?,
        attributes: [String: String]
    ) {
        elements[name, default: 0] += 1
        if name == "text" || name == "title" { current = "" }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { current? += string }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        guard let text = current, name == "text" || name == "title" else { return }
        texts.append(text)
        current = nil
    }
}
