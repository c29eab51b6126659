// SPDX-License-Identifier: Apache-2.0

/// A part of a song, in seconds.
///
/// The transformer works on tokens of `patchSize` latent frames (0.08 s in the published models); a span holds those whose
/// middle lies in it. Spans that meet at one time share no token and leave none out. There is no fade: a token sees its
/// neighbours through attention, and the decoder hears each frame together with those around it, so that the edge is a change
/// of the music and not a cut in the sound.
public struct SongSpan: Sendable, Hashable {
    /// Where it starts, in seconds.
    public let start: Double
    /// Where it ends, in seconds; infinity for the song's end.
    public let end: Double

    /// Names both ends.
    ///
    /// - Throws: ``ModelError/parameter(name:value:rule:)`` unless `0 ≤ start < end`.
    public init(from start: Double, to end: Double = .infinity) throws {
        guard start.isFinite, start >= 0, end > start else {
            throw ModelError.parameter(
                name: "span",
                value: "\(start)…\(end)",
                rule: "it must start at 0 seconds or later and end after its start"
            )
        }
        self.start = start
        self.end = end
    }

    /// The tokens of a song that the span holds.
    ///
    /// - Parameters:
    ///   - duration: seconds of the song.
    ///   - frames: latent frames that are denoised, which may be more than the song has; a span to the song's end holds them.
    ///   - patch: frames of a token.
    /// - Returns: tokens, counted from 0; empty if the span lies behind the song or between the middles of two tokens.
    package func tokens(duration: Double, frames: Int, patch: Int) -> Range<Int> {
        let count = (frames + patch - 1) / patch
        let first = Self.tokens(before: start, frames: frames, patch: patch, count: count)
        guard end < duration else { return start < duration ? first..<count : count..<count }
        return first..<max(first, Self.tokens(before: end, frames: frames, patch: patch, count: count))
    }

    /// How many tokens have their middle before a time; the last one ends with the last frame.
    private static func tokens(before seconds: Double, frames: Int, patch: Int, count: Int) -> Int {
        // Rounded where decimal seconds are not exact in binary.
        let position = (seconds * Double(MusicRequest.framesPerSecond) * 1e6).rounded() / 1e6
        let isBefore = { (token: Int) in
            Double(token * patch + min((token + 1) * patch, frames)) / 2 < position
        }
        let near = min(Int(min(position / Double(patch), Double(count))), count)
        return (max(near - 1, 0)...min(near + 1, count)).first { $0 == count || !isBefore($0) } ?? count
    }
}

extension MusicModel {
    /// The tokens of a request's song that a span holds.
    package func tokens(of span: SongSpan, in request: MusicRequest) -> Range<Int> {
        span.tokens(duration: request.duration, frames: workingFrames(request), patch: configuration.patchSize)
    }

    /// The tokens of a request's song.
    package func tokenCount(_ request: MusicRequest) -> Int {
        transformer.tokenCount(frames: workingFrames(request))
    }

    /// Seconds of one token.
    package var tokenSeconds: Double { Double(configuration.patchSize) / Double(MusicRequest.framesPerSecond) }
}
