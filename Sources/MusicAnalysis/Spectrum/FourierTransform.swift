// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The discrete Fourier transform of a power of two of samples, two real signals at a time.
///
/// Small enough to need no library: measuring works without libtorch.
struct FourierTransform: Sendable {
    /// Samples of a signal.
    let size: Int
    private let cosines: [Float]
    private let sines: [Float]
    private let reversed: [Int]

    /// Prepares for a size, a power of two.
    init(size: Int) {
        precondition(size >= 2 && size & (size - 1) == 0, "a transform has a power of two of samples, not \(size)")
        self.size = size
        let step = 2 * Double.pi / Double(size)
        cosines = (0..<size / 2).map { Float(cos(step * Double($0))) }
        sines = (0..<size / 2).map { Float(sin(step * Double($0))) }
        let bits = size.trailingZeroBitCount
        reversed = (0..<size).map { index in
            (0..<bits).reduce(0) { $0 | ((index >> $1) & 1) << (bits - 1 - $1) }
        }
    }

    /// The squared magnitudes of two signals' spectra, `size / 2 + 1` each.
    ///
    /// - Parameters:
    ///   - first: a real signal.
    ///   - second: another one.
    /// - Returns: both spectra, each unscaled: a sine of amplitude 1 has (size / 2)².
    func powers(_ first: [Float], _ second: [Float]) -> (first: [Float], second: [Float]) {
        var (real, imaginary) = (first, second)
        transform(&real, &imaginary)
        let half = size / 2
        var powers = (first: [Float](repeating: 0, count: half + 1), second: [Float](repeating: 0, count: half + 1))
        for bin in 0...half {
            // A real signal's spectrum is the even part of the sum's, i times another's the odd part.
            let mirror = bin == 0 ? 0 : size - bin
            let (a, b) = (real[bin], imaginary[bin])
            let (c, d) = (real[mirror], imaginary[mirror])
            powers.first[bin] = ((a + c) * (a + c) + (b - d) * (b - d)) / 4
            powers.second[bin] = ((b + d) * (b + d) + (c - a) * (c - a)) / 4
        }
        return powers
    }

    /// Cooley and Tukey's, in place.
    private func transform(_ real: inout [Float], _ imaginary: inout [Float]) {
        for index in 0..<size where reversed[index] > index {
            real.swapAt(index, reversed[index])
            imaginary.swapAt(index, reversed[index])
        }
        var half = 1
        while half < size {
            let stride = size / (2 * half)
            for start in Swift.stride(from: 0, to: size, by: 2 * half) {
                for offset in 0..<half {
                    let (even, odd) = (start + offset, start + offset + half)
                    let (cosine, sine) = (cosines[offset * stride], sines[offset * stride])
                    let turnedReal = real[odd] * cosine + imaginary[odd] * sine
                    let turnedImaginary = imaginary[odd] * cosine - real[odd] * sine
                    real[odd] = real[even] - turnedReal
                    imaginary[odd] = imaginary[even] - turnedImaginary
                    real[even] += turnedReal
                    imaginary[even] += turnedImaginary
                }
            }
            half *= 2
        }
    }
}
