// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// How loud files are made before a model learns from them.
public enum LevelNormalization: String, Sendable, CaseIterable {
    /// As they are.
    case none
    /// The largest sample at a level.
    case peak
    /// The integrated loudness at a level, whatever the peaks become.
    case lufs

    /// Where ``peak`` puts the largest sample unless told, in dBFS.
    public static let defaultPeak = -1.0
    /// Where ``lufs`` puts the integrated loudness unless told, in LUFS.
    public static let defaultLoudness = -14.0
    /// A largest sample below this is silence, which stays as it is.
    private static let silence: Float = 1e-6

    /// The sound at its new level: one gain for all channels and times.
    ///
    /// Silence stays as it is, and for ``lufs`` what is too short to have a loudness.
    ///
    /// - Parameters:
    ///   - buffer: the sound.
    ///   - peak: where ``peak`` puts the largest sample, in dBFS.
    ///   - loudness: where ``lufs`` puts the integrated loudness, in LUFS.
    /// - Returns: the sound, each sample multiplied by the same gain.
    /// - Throws: ``AudioError/invalidBuffer(_:)`` if its loudness cannot be measured.
    public func apply(
        to buffer: AudioBuffer,
        peak: Double = defaultPeak,
        loudness: Double = defaultLoudness
    ) throws(AudioError) -> AudioBuffer {
        guard let gain = try gain(for: buffer, peak: peak, loudness: loudness) else { return buffer }
        let factor = Float(gain)
        return try AudioBuffer(
            sampleRate: buffer.sampleRate,
            channels: buffer.channels,
            samples: buffer.samples.map { $0 * factor }
        )
    }

    private func gain(for buffer: AudioBuffer, peak: Double, loudness: Double) throws(AudioError) -> Double? {
        switch self {
        case .none: return nil
        case .peak:
            let largest = buffer.samples.reduce(0) { max($0, abs($1)) }
            return largest < Self.silence ? nil : pow(10, peak / 20) / Double(largest)
        case .lufs:
            guard let measured = try buffer.integratedLoudness() else { return nil }
            return pow(10, (loudness - measured) / 20)
        }
    }
}
