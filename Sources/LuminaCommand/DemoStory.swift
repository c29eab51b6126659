// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Audio
import Engine

/// What the demo does, and how long each part took.
struct DemoStory: Encodable, Sendable {
    /// One line of the table.
    struct Row: Encodable, Sendable {
        let what: String
        var loadSeconds: Double?
        var switchSeconds: Double?
        var generationSeconds: Double?
        var file: String?
        /// Root-mean-square difference from the base's audio, relative to the base's own.
        var differenceFromBase: Double?

        private enum CodingKeys: String, CodingKey {
            case what, file
            case loadSeconds = "load_s"
            case switchSeconds = "switch_s"
            case generationSeconds = "generate_s"
            case differenceFromBase = "difference_from_base"
        }
    }

    private(set) var rows: [Row] = []
    /// Whether the base after all adapters gave the same samples, bit for bit, as before.
    private(set) var isBaseRestored = false

    private enum CodingKeys: String, CodingKey {
        case rows
        case isBaseRestored = "base_restored"
    }

    static func tell(_ request: MusicRequest, into directory: String, isQuiet: Bool) async throws -> DemoStory {
        var story = DemoStory()
        let bar = ProgressBar(isQuiet: isQuiet)
        defer { bar.finish() }
        let engine = try await MusicEngine.load(.init())
        story.rows.append(Row(what: "model: load", loadSeconds: try await engine.base.loadSeconds))
        var names: [String] = []
        for adapter in try EmbeddedModel.adapters() {
            let summary = try await engine.loadAdapter(adapter.directory, name: adapter.name)
            story.rows.append(Row(what: "adapter \(summary.name): load", loadSeconds: summary.loadSeconds))
            names.append(summary.name)
        }
        let chapters: [(String, [AdapterReference])] = [
            ("base", []), ("with \(names[0])", [.init(names[0])]), ("with \(names[1])", [.init(names[1])]),
            ("0.7 · \(names[0]) + 0.3 · \(names[1])", [.init(names[0], weight: 0.7), .init(names[1], weight: 0.3)]),
            ("base again", []),
        ]
        var first: AudioBuffer?
        for (position, (what, blend)) in chapters.enumerated() {
            let result = try await engine.generate(request, adapters: blend) { bar.show($0) }
            bar.finish()
            guard let piece = result.pieces.first else { continue }
            let base = first ?? piece.audio
            first = base
            let file = "\(directory)/\(position + 1)-\(Self.fileName(what)).wav"
            try AudioFile.write(piece.audio, to: file, metadata: AudioMetadata(comment: what))
            let seconds =
                result.timings.encoding + result.timings.planning + result.timings.denoising + result.timings.decoding
            story.rows.append(
                Row(
                    what: what,
                    switchSeconds: result.adapterSeconds,
                    generationSeconds: seconds,
                    file: file,
                    differenceFromBase: Self.difference(piece.audio, base)
                )
            )
            story.isBaseRestored = piece.audio.samples.elementsEqual(base.samples) { $0.bitPattern == $1.bitPattern }
        }
        return story
    }

    private static func fileName(_ what: String) -> String {
        what.split { !$0.isASCII || !($0.isLetter || $0.isNumber || $0 == ".") }.joined(separator: "-")
    }

    private static func difference(_ audio: AudioBuffer, _ base: AudioBuffer) -> Double {
        var (changed, total) = (0.0, 0.0)
        for (sample, reference) in zip(audio.samples, base.samples) {
            changed += Double(sample - reference) * Double(sample - reference)
            total += Double(reference) * Double(reference)
        }
        return total > 0 ? (changed / total).squareRoot() : 0
    }

    func printTable() {
        let width = (rows.map(\.what.count).max() ?? 0) + 2
        print("".padded(to: width) + "     load   switch  generate   differs from base")
        for row in rows {
            let cells = [row.loadSeconds, row.switchSeconds, row.generationSeconds].map { seconds in
                (seconds.map(Figures.seconds) ?? "").leftPadded(to: 9)
            }
            let difference = row.differenceFromBase.map { "\(Figures.rounded($0 * 100, places: 1)) %" } ?? ""
            print(row.what.padded(to: width) + cells.joined() + difference.leftPadded(to: 20))
        }
        print("")
        for case let file? in rows.map(\.file) { print(file) }
        print(
            isBaseRestored
                ? "\nThe base after the adapters is the base before them, bit for bit."
                : "\nThe base after the adapters is NOT the base before them."
        )
    }
}

extension String {
    /// The text behind blanks up to a width.
    func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
