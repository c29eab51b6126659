// SPDX-License-Identifier: Apache-2.0

import Foundation
import Pictures
import Testing

@Suite("Charts")
struct ChartTests {
    private func picture(_ panel: any Panel, width: Double = 400, height: Double = 240) throws -> Drawing {
        let canvas = try Canvas(width: width, height: height, title: "chart")
        panel.draw(on: canvas, in: Box(0, 0, width, height))
        return canvas.drawing
    }

    private func image(_ panel: any Panel) throws -> PNGImage { try #require(PNGImage(picture(panel).png())) }

    private func texts(_ panel: any Panel) throws -> [String] { try SVGTexts(picture(panel).svg()).texts }

    private static let blue: UInt32 = 0x0072B2
    private static let vermilion: UInt32 = 0xD55E00

    @Test("A line is where its numbers are; its axes have round numbers and names, its legend the series")
    func line() throws {
        let falling = LineChart(
            title: "Loss",
            x: "step",
            y: "loss",
            series: [
                .init("flat", [(0, 1), (100, 1)], color: Color(Self.blue)),
                .init("high", [(0, 2), (100, 2)], color: Color(Self.vermilion), isDashed: true),
            ]
        )
        let found = try texts(falling)
        for text in ["Loss", "step", "loss", "flat", "high", "0", "100", "1.0", "2.0"] {
            #expect(found.contains(text), "\(text) is not in \(found)")
        }
        // Below the legend, where the plot is.
        let image = try image(falling)
        func row(_ color: UInt32) -> Double? {
            stride(from: 45.0, to: 230, by: 0.5).first { y in
                stride(from: 60.0, to: 380, by: 0.5).count { image[$0, y] == color } > 100
            }
        }
        let (low, high) = (try #require(row(Self.blue)), try #require(row(Self.vermilion)))
        #expect(low > high + 80, "1 is drawn at \(low), 2 at \(high)")
    }

    @Test("NaN is a gap, one point a dot, nothing says so")
    func gaps() throws {
        let gap = LineChart(series: [.init("", [(0, 1), (1, 1), (2, .nan), (3, 1), (4, .infinity), (5, 1)])])
        let lines = try picture(gap).shapes.flatMap { shape -> [Shape] in
            if case .clipped(_, let shapes) = shape { shapes } else { [] }
        }
        let points = lines.compactMap { shape -> Int? in
            if case .line(let points, _) = shape { points.count } else { nil }
        }
        #expect(points == [2, 1, 1])
        let dots = lines.count { if case .disc = $0 { true } else { false } }
        #expect(dots == 2)
        for series in [[], [LineChart.Series("", [])], [LineChart.Series("", [(.nan, 1), (1, .infinity)])]] {
            #expect(try texts(LineChart(series: series)).contains("no data"))
        }
        var logarithmic = LineChart(series: [.init("", [(1, 0), (2, -3)])])
        logarithmic.isLogarithmic = true
        #expect(try texts(logarithmic).contains("no data"))
        logarithmic.series = [.init("", [(1, 0.001), (2, 0), (3, 10)])]
        let found = try texts(logarithmic)
        #expect(found.contains("1") && found.contains("10") && found.contains("0.001"), "\(found)")
    }

    @Test(
        "Numbers that are all the same, huge or tiny have an axis",
        arguments: [0, 7, -2.5, 1e-12, 1e12, -1e299, 1e-300]
    )
    func flat(value: Double) throws {
        let found = try texts(LineChart(series: [.init("", [(0, value), (1, value)])]))
        #expect(Set(found.dropFirst()).count >= 3, "\(found)")
    }

    @Test("A larger amount is darker; the frame is around the marked cell; a missing one has no number")
    func heatMap() throws {
        let map = HeatMap(
            title: "Influence",
            rowName: "left out",
            columnName: "prompt",
            valueName: "share",
            rows: ["bells", "brass"],
            columns: ["p", "q", "r"],
            values: [[3, 1, 0], [0.5, .nan, 2]],
            marked: [(0, 0), (9, 9)]
        )
        let found = try texts(map)
        for text in ["Influence", "left out", "prompt", "share", "bells", "brass", "p", "q", "r", "3.00", "0.50", "–"] {
            #expect(found.contains(text), "\(text) is not in \(found)")
        }
        let image = try image(map)
        let frame = try #require(image.bounds(of: Self.vermilion))
        func level(_ column: Double, _ row: Double) -> Int {
            // A corner of the cell, beside its number and inside its frame.
            let color = image[
                frame.x + 6 + column * (frame.width + 3),
                frame.y + 6 + row * (frame.height + 3)
            ]
            return Int(color >> 16) + Int(color >> 8 & 0xFF) + Int(color & 0xFF)
        }
        #expect(level(0, 0) < level(2, 1) && level(2, 1) < level(1, 0) && level(1, 0) < level(0, 1))
        #expect(level(0, 1) < level(2, 0))
        for empty in [HeatMap(rows: [], columns: ["a"], values: []), HeatMap(rows: ["a"], columns: [], values: [[]])] {
            #expect(try texts(empty).contains("no data"))
        }
        #expect(try texts(HeatMap(rows: ["a"], columns: ["b"], values: [])).contains("–"))
    }

    @Test("Darker means more over the whole scale, in grey too")
    func amounts() {
        let levels = (0...100).map { step -> Double in
            let color = Palette.amount(Double(step) / 100)
            return 0.2126 * Double(color.red) + 0.7152 * Double(color.green) + 0.0722 * Double(color.blue)
        }
        #expect(zip(levels, levels.dropFirst()).allSatisfy { $0 > $1 - 0.5 })
        #expect(levels[0] > 240 && levels[100] < 60)
        #expect(Palette.amount(.nan) == Palette.amount(0) && Palette.amount(7) == Palette.amount(1))
    }

    @Test("A bar is as long as its value, its mark as wide as its interval, the threshold in its place")
    func bars() throws {
        let image = try image(
            BarChart(
                title: "Seeds",
                valueName: "share",
                bars: [
                    .init("half", 0.5, interval: 0.4...0.6, color: Color(Self.blue)),
                    .init("whole", 1, color: Color(Self.vermilion)), .init("none", .nan),
                ],
                threshold: 0.9
            )
        )
        let (half, whole) = (try #require(image.bounds(of: Self.blue)), try #require(image.bounds(of: Self.vermilion)))
        #expect(abs(whole.width - 2 * half.width) < 3 && abs(half.x - whole.x) < 1)
        #expect(whole.y > half.bottom)
        #expect(try texts(BarChart(bars: [])).contains("no data"))
        #expect(try texts(BarChart(bars: [.init("a", .nan)])).contains("no data"))
    }

    @Test("A waveform's outline is its extremes; a spectrogram's dark row is its tone")
    func sound() throws {
        let beat = (0..<8000).map { $0 < 4000 ? Float($0 % 2 == 0 ? 0.8 : -0.8) : 0 }
        var wave = Waveform(samples: beat, sampleRate: 8000)
        wave.color = Color(Self.blue)
        let shown = try #require(image(wave).bounds(of: Self.blue))
        let whole = try #require(image(Waveform(samples: beat + beat, sampleRate: 8000)).bounds(of: Self.blue))
        #expect(abs(shown.width * 1.5 - whole.width) < 0.1 * whole.width, "half of it, then three quarters")
        #expect(shown.height > 120)
        #expect(try texts(Waveform(samples: [], sampleRate: 8000)).contains("no data"))
        #expect(try texts(Waveform(samples: [1], sampleRate: 0)).contains("no data"))
        _ = try picture(Waveform(samples: [.nan, .infinity], sampleRate: 1)).png()

        let tone = (0..<50).map { _ in (0..<513).map { Float($0 == 64 ? 1 : 1e-12) } }
        let panel = SpectrogramPanel(powers: tone, frameRate: 50, resolution: 15.625)
        let raster = try #require(
            picture(panel).shapes.compactMap { shape -> Raster? in
                if case .image(let raster, _) = shape { raster } else { nil }
            }.first
        )
        let dark = (0..<raster.height).filter { raster.pixels[$0 * raster.width] == Palette.amount(1) }
        // 1000 Hz between 60 and 8000 Hz.
        let expected = Double(raster.height) * (1 - log(1000 / 60.0) / log(8000 / 60.0))
        #expect(!dark.isEmpty && dark.count < 6 && dark.allSatisfy { abs(Double($0) - expected) < 5 })
        for empty in [[], [[Float]()], [[1]], [[Float](repeating: 1, count: 9), []]] {
            #expect(try texts(SpectrogramPanel(powers: empty, frameRate: 50, resolution: 100)).contains("no data"))
        }
        let hostile = (0..<9).map { _ in [Float](repeating: .nan, count: 99) }
        _ = try picture(SpectrogramPanel(powers: hostile, frameRate: 50, resolution: 100)).png()
    }

    @Test("Whatever names and sizes: everything stays inside, no two axis numbers touch")
    func hostileNames() throws {
        let long = String(repeating: "a <very> long & wide name ", count: 50)
        let panels: [any Panel] = [
            LineChart(title: long, x: long, y: long, series: (0..<99).map { .init(long, [(0, Double($0)), (1, 2)]) }),
            HeatMap(
                title: long,
                rowName: long,
                columnName: long,
                valueName: long,
                rows: Array(repeating: long, count: 60),
                columns: Array(repeating: long, count: 60),
                values: []
            ),
            BarChart(title: long, valueName: long, bars: Array(repeating: .init(long, 1, interval: 0...2), count: 60)),
        ]
        let measure = try TextMeasure()
        for panel in panels {
            for (width, height) in [(400.0, 240.0), (90, 60), (20, 20), (1, 1)] {
                let drawing = try picture(panel, width: width, height: height)
                _ = try drawing.png()
                _ = try SVGTexts(drawing.svg())
                guard width == 400 else { continue }
                let boxes = drawing.shapes.compactMap { shape -> (label: Label, box: Box)? in
                    guard case .text(let label) = shape else { return nil }
                    return (label, label.box(measure))
                }
                for (label, box) in boxes {
                    #expect(box.x > -1 && box.y > -1 && box.right < width + 1 && box.bottom < height + 1, "\(label)")
                }
                for (place, first) in boxes.enumerated() {
                    for second in boxes.dropFirst(place + 1) where first.box.meets(second.box) {
                        Issue.record("'\(first.label.text)' and '\(second.label.text)' collide in \(type(of: panel))")
                    }
                }
            }
        }
    }

    @Test("A grid has its title, its note and its panels side by side; the listening figure a row for each sound")
    func figures() throws {
        let grid = PanelGrid(
            title: "All",
            subtitle: "of it",
            columns: 2,
            rows: [
                .init(
                    height: 100,
                    [.init(LineChart(title: "left", series: [])), .init(LineChart(title: "right", series: []))]
                )
            ],
            note: "made of nothing"
        )
        let drawing = try grid.drawing()
        let places = drawing.shapes.compactMap { shape -> (String, Point)? in
            if case .text(let label) = shape { (label.text, label.place) } else { nil }
        }
        let named = Dictionary(places) { first, _ in first }
        let (left, right) = (try #require(named["left"]), try #require(named["right"]))
        #expect(left.y == right.y && right.x > left.x + 300)
        #expect(try #require(named["All"]).y < left.y && named["made of nothing"]?.y ?? 0 > left.y + 100)
        #expect(throws: PicturesError.self) {
            try PanelGrid(title: "", columns: 1, rows: [.init(height: 1e9, [])]).drawing()
        }
        let powers = Array(repeating: [Float](repeating: 0.1, count: 300), count: 40)
        let figure = ListeningFigure(
            title: "Heard",
            sounds: ["base", "adapter"].map {
                .init(
                    $0,
                    samples: [0, 1, 0, -1],
                    sampleRate: 4,
                    powers: powers,
                    frameRate: 40,
                    resolution: 30
                )
            },
            losses: [.init("loss", [(1, 2), (2, 1)])]
        )
        let texts = try SVGTexts(figure.drawing().svg())
        #expect(["Heard", "base", "adapter", "Loss of the training"].allSatisfy(texts.texts.contains))
        #expect(texts.elements["image"] == 2)
    }
}

extension Label {
    /// The rectangle that its letters take, about.
    fileprivate func box(_ measure: TextMeasure) -> Box {
        let width = measure.width(of: text, size: size, isBold: isBold)
        let shift: Double =
            switch anchor {
            case .start: 0
            case .middle: -width / 2
            case .end: -width
            }
        // Letters without what hangs below the line or rises far above it: lines may be that near.
        let (rise, fall) = (0.7 * size, 0.05 * size)
        return angle == 90
            ? Box(place.x - rise, place.y - shift - width, rise + fall, width)
            : Box(place.x + shift, place.y - rise, width, rise + fall)
    }
}

extension Box {
    fileprivate func meets(_ other: Box) -> Bool {
        width > 0 && other.width > 0 && x < other.right && other.x < right && y < other.bottom && other.y < bottom
    }
}
