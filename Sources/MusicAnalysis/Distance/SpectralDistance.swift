// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How far a sound's spectra are from another's, over several resolutions of time and frequency.
package struct SpectralDistance: Sendable, Equatable {
    /// ‖|A| − |B|‖ / ‖|A|‖ over all bins (Frobenius), the mean of the resolutions: 0 is equal, 1 as far as silence.
    package let convergence: Double
    /// The mean over bins of |ln|A| − ln|B||, magnitudes below −80 dB counting as that.
    package let logMagnitude: Double

    /// The windows, in samples; each hops by a quarter.
    package static let windows = [512, 1024, 2048, 4096]
    private static let floor: Float = 1e-8

    /// Their sum, as losses have it.
    package var total: Double { convergence + logMagnitude }

    /// Compares two sounds over the length of the shorter one; nil if that is nothing or the reference is silent.
    ///
    /// - Parameters:
    ///   - sound: what is measured.
    ///   - reference: what it should be.
    package init?(_ sound: Sound, from reference: Sound) {
        let count = min(sound.samples.count, reference.samples.count)
        let (first, second) = (Array(reference.samples.prefix(count)), Array(sound.samples.prefix(count)))
        guard count > 0, first.contains(where: { $0 != 0 }) else { return nil }
        var (convergence, logMagnitude) = (0.0, 0.0)
        for window in Self.windows {
            let (wanted, found) = (
                Spectrogram(first, sampleRate: reference.sampleRate, window: window, hop: window / 4).frames,
                Spectrogram(second, sampleRate: reference.sampleRate, window: window, hop: window / 4).frames
            )
            var (difference, total, logs, bins) = (0.0, 0.0, 0.0, 0)
            for (a, b) in zip(wanted, found) {
                for bin in a.indices {
                    let gap = Double(a[bin].squareRoot() - b[bin].squareRoot())
                    difference += gap * gap
                    total += Double(a[bin])
                    logs += Double(abs(log(max(a[bin], Self.floor)) - log(max(b[bin], Self.floor)))) / 2
                }
                bins += a.count
            }
            convergence += (difference / total).squareRoot() / Double(Self.windows.count)
            logMagnitude += logs / Double(bins) / Double(Self.windows.count)
        }
        (self.convergence, self.logMagnitude) = (convergence, logMagnitude)
    }
}
