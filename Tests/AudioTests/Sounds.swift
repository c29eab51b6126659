// SPDX-License-Identifier: Apache-2.0

import Audio
import Foundation

/// Sounds and places for the tests of this target.
enum Sounds {
    /// A tone of one second at half scale, higher in each further channel.
    static func tone(channels: Int = 2, sampleRate: Int = 48_000, frames: Int = 48_000) throws -> AudioBuffer {
        var samples: [Float] = []
        for channel in 0..<channels {
            let step = 2 * Double.pi * 440 * Double(channel + 1) / Double(sampleRate)
            for frame in 0..<frames { samples.append(Float(0.5 * sin(step * Double(frame)))) }
        }
        return try AudioBuffer(sampleRate: sampleRate, channels: channels, samples: samples)
    }

    /// The energy of the difference below the energy of the original, in dB, at the best of `offsets` frames.
    static func signalToNoise(_ original: AudioBuffer, _ decoded: AudioBuffer, offsets: Range<Int>) -> Double {
        let best = offsets.map { offset in
            var signal = 0.0
            var noise = 1e-30
            // The ends are left out: lossy codecs ring there.
            for frame in 4800..<(original.frameCount - 4800) {
                let wanted = Double(original[0, frame])
                let difference = wanted - Double(decoded[0, frame + offset])
                signal += wanted * wanted
                noise += difference * difference
            }
            return 10 * log10(signal / noise)
        }
        return best.max() ?? -.infinity
    }
}

/// A directory that goes away with the test.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/lumina-audio-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }  // Nothing can be done about a failure here.

    func file(_ name: String) -> String { path + "/" + name }

    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

    func write(_ bytes: [UInt8], to name: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }

    func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name)))) }
}
