// SPDX-License-Identifier: Apache-2.0

/// Sound in memory: planar 32-bit float samples, nominally within ±1.
///
/// Planar because that is how tensors hold audio, `[channels, frames]`: a decoder's output is copied in as it is, and
/// interleaving happens once, where a file wants it.
public struct AudioBuffer: Sendable, Equatable {
    /// Frames per second, in hertz.
    public let sampleRate: Int
    /// The number of channels, at least one.
    public let channels: Int
    /// The samples, `[channels, frames]`, one channel after the other.
    public let samples: [Float]

    /// The number of frames: samples per channel.
    public let frameCount: Int

    /// The length in seconds.
    public var seconds: Double { Double(frameCount) / Double(sampleRate) }

    /// Wraps planar samples.
    ///
    /// - Parameters:
    ///   - sampleRate: Frames per second, 1 or more.
    ///   - channels: The number of channels, 1 to 1024.
    ///   - samples: `[channels, frames]`, one channel after the other.
    /// - Throws: ``AudioError/invalidBuffer(_:)`` if the numbers do not describe a sound.
    public init(sampleRate: Int, channels: Int, samples: [Float]) throws(AudioError) {
        guard (1...Self.maximumSampleRate).contains(sampleRate) else {
            throw .invalidBuffer("the sample rate is \(sampleRate) Hz; it must be 1 to \(Self.maximumSampleRate)")
        }
        guard (1...Self.maximumChannels).contains(channels) else {
            throw .invalidBuffer("there are \(channels) channels; 1 to \(Self.maximumChannels) are supported")
        }
        guard samples.count.isMultiple(of: channels) else {
            throw .invalidBuffer("\(samples.count) samples do not divide into \(channels) channels")
        }
        self.sampleRate = sampleRate
        self.channels = channels
        self.samples = samples
        frameCount = samples.count / channels
    }

    /// The largest sample rate any of the formats' encoders takes.
    package static let maximumSampleRate = 655_350
    /// libsndfile's own limit (SF_MAX_CHANNELS).
    package static let maximumChannels = 1024

    /// One sample.
    public subscript(channel: Int, frame: Int) -> Float { samples[channel * frameCount + frame] }

    /// Refuses NaN and infinities, which no integer format can hold and every player handles differently.
    func checkFinite() throws(AudioError) {
        // The largest magnitude as bits: integers vectorise, and infinities and NaN are above all finite numbers.
        var largest: UInt32 = 0
        for sample in samples { largest = max(largest, sample.bitPattern & 0x7FFF_FFFF) }
        guard largest > Float.greatestFiniteMagnitude.bitPattern else { return }
        guard let index = samples.firstIndex(where: { !$0.isFinite }) else { return }
        throw .notFinite(value: "\(samples[index])", channel: index / frameCount, frame: index % frameCount)
    }
}
