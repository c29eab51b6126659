// SPDX-License-Identifier: Apache-2.0

import Lumina

/// Loads a base and two adapters, makes one piece with each, with a blend, and with the base again.
///
///     swift run -c release example-blend CHECKPOINT ADAPTER ADAPTER
///
/// Without arguments it uses the embedded model and its two adapters.
@main
enum Blend {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let pipeline = try await Pipeline(model: arguments.first)
        let paths =
            arguments.count == 3 ? Array(arguments.dropFirst()) : try EmbeddedModel.adapters().map(\.directory)
        let first = try await pipeline.loadAdapter(paths[0], name: "first")
        let second = try await pipeline.loadAdapter(paths[1], name: "second")
        print("loaded \(first.layerCount) and \(second.layerCount) layers of adapters")

        let blends: [(String, [String: Double])] = [
            ("base", [:]), ("first", ["first": 1]), ("blend", ["first": 0.7, "second": 0.3]), ("again", [:]),
        ]
        for (name, weights) in blends {
            try await pipeline.setAdapterWeights(weights)
            let song = try await pipeline.generate(tags: "late night jazz, piano", duration: 4, seed: 7)
            try pipeline.save(song, to: "\(name).wav")
            print("\(name).wav: \(song.pieces[0].audio.seconds) s, adapters \(song.adapters.map(\.name))")
        }
    }
}
