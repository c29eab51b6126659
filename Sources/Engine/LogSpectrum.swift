// SPDX-License-Identifier: Apache-2.0

import Torch

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Short-time power spectra in decibels, for comparing two sounds.
enum LogSpectrum {
    private static let window = 1024
    private static let hop = 512
    /// Below full scale; what is quieter counts as silence, so that inaudible differences do not.
    private static let floor = 1e-8

    /// The root mean square over frames and frequencies of the difference of two channels' levels in decibels.
    ///
    /// - Throws: an error if the channels are shorter than a window of 1024 samples.
    static func distance(_ a: [Float], _ b: [Float]) throws -> Double {
        let count = min(a.count, b.count)
        let difference = try levels(Array(a.prefix(count))) - levels(Array(b.prefix(count)))
        return try difference.square().mean().item().squareRoot()
    }

    /// `[frequencies, frames]` in decibels below full scale.
    private static func levels(_ samples: [Float]) throws -> Tensor {
        let signal = try Tensor(samples, shape: [1, 1, samples.count])
        let (cosines, sines) = try (basis { cos($0) }, basis { sin($0) })
        let real = try signal.conv1d(cosines, stride: hop)
        let imaginary = try signal.conv1d(sines, stride: hop)
        let power = try real.square() + imaginary.square()
        return try (power + floor).log() * (10 / log(10.0))
    }

    /// A Hann window times a wave of each frequency, `[frequencies, 1, window]`, scaled so that a full-scale tone has
    /// power 1.
    private static func basis(_ wave: (Double) -> Double) throws -> Tensor {
        let frequencies = window / 2 + 1
        let step = 2 * Double.pi / Double(window)
        let values = (0..<frequencies).flatMap { frequency in
            (0..<window).map { sample in
                let hann = 0.5 - 0.5 * cos(step * Double(sample))
                return Float(4 / Double(window) * hann * wave(step * Double(frequency * sample % window)))
            }
        }
        return try Tensor(values, shape: [frequencies, 1, window])
    }
}
