// SPDX-License-Identifier: Apache-2.0
import Testing
import Torch

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite("Short-time Fourier transforms")
struct SpectrumTests {
    /// The definition, in float64: `Σ w[n]·x[n + start]·e^(−2πi·frequency·n / size)`.
    private func transform(_ x: [Double], from start: Int, window: [Double], frequency: Int) -> (Double, Double) {
        var sum = (0.0, 0.0)
        for n in window.indices {
            let angle = -2 * Double.pi * Double(frequency * n) / Double(window.count)
            sum.0 += window[n] * x[start + n] * cos(angle)
            sum.1 += window[n] * x[start + n] * sin(angle)
        }
        return sum
    }

    private func noise(_ shape: [Int]) throws -> Tensor {
        try Tensor.randn(shape, generator: Generator(seed: 3), dtype: .float32).to(.float64)
    }

    @Test("Each number is the definition's", arguments: [(16, 4), (12, 5), (32, 32)])
    func definition(size: Int, hop: Int) throws {
        let x = try noise([70])
        let window = try Tensor.hannWindow(size).to(.float64)
        let spectrum = try x.stft(size: size, hop: hop, window: window, centered: false)
        let count = (70 - size) / hop + 1
        #expect(spectrum.shape == [size / 2 + 1, count, 2])
        let (samples, weights, found) = try (x.doubles(), window.doubles(), spectrum.doubles())
        for frequency in 0...size / 2 {
            for place in 0..<count {
                let expected = transform(samples, from: place * hop, window: weights, frequency: frequency)
                let index = 2 * (frequency * count + place)
                #expect(abs(found[index] - expected.0) < 1e-12 && abs(found[index + 1] - expected.1) < 1e-12)
            }
        }
    }

    @Test("Centered transforms see the signal mirrored at both ends, each item of a batch its own")
    func centered() throws {
        let x = try noise([2, 40])
        let window = try Tensor.hannWindow(8).to(.float64)
        let spectrum = try x.stft(size: 8, hop: 2, window: window)
        #expect(spectrum.shape == [2, 5, 21, 2])
        for item in 0..<2 {
            let row = try x.select(0, item).doubles()
            let mirrored = row[1...4].reversed() + row + row[35...38].reversed()
            let other = try Tensor(Array(mirrored), shape: [48]).stft(size: 8, hop: 2, window: window, centered: false)
            #expect(try (spectrum.select(0, item) - other).abs().max().item() < 1e-12)
        }
    }

    @Test("A tone of a whole number of waves stands in its frequency, and in the two beside it by the window's shape")
    func tone() throws {
        let phases = try Tensor.arange(from: 0, to: 64, dtype: .float64) * (2 * Double.pi * 5 / 64)
        let spectrum = try phases.cos().stft(size: 64, hop: 64, window: .hannWindow(64).to(.float64), centered: false)
        let magnitudes = try spectrum.square().sum(dimensions: [2]).sqrt().doubles()
        for (frequency, magnitude) in magnitudes.enumerated() {
            let expected = frequency == 5 ? 16.0 : abs(frequency - 5) == 1 ? 8 : 0
            #expect(abs(magnitude - expected) < 1e-5, "\(frequency)")
        }
    }

    @Test("Gradients go through: the energy's is the window's square at each place times the signal")
    func gradient() throws {
        let x = try noise([24])
        try x.setRequiresGradient(true)
        let window = try Tensor.hannWindow(8).to(.float64)
        try withGradients {
            // Parseval: of frequencies that stand for two, the energy counts twice.
            let parts = try x.stft(size: 8, hop: 8, window: window, centered: false).square()
            let twice = try Tensor([1, 2, 2, 2, 1] as [Double], shape: [5, 1, 1])
            try ((parts * twice).sum() / 8).backward()
        }
        let found = try #require(try x.gradient).doubles()
        let (samples, weights) = try (x.detach().doubles(), window.doubles())
        for index in found.indices {
            #expect(abs(found[index] - 2 * weights[index % 8] * weights[index % 8] * samples[index]) < 1e-12)
        }
    }

    @Test("What cannot be transformed is refused")
    func refused() throws {
        let window = try Tensor.hannWindow(16)
        #expect(throws: TorchError.self) {
            try Tensor.ones([10]).stft(size: 16, hop: 4, window: window, centered: false)
        }
        #expect(throws: TorchError.self) { try Tensor.ones([8]).stft(size: 16, hop: 4, window: window) }
        #expect(throws: TorchError.self) { try Tensor.ones([64]).stft(size: 8, hop: 4, window: window) }
        #expect(throws: TorchError.self) { try Tensor.ones([64]).stft(size: 16, hop: 0, window: window) }
        #expect(throws: TorchError.self) { try Tensor.arange(64).stft(size: 16, hop: 4, window: window) }
    }

    @Test("Windows of Hann: known values, and overlaps that add up to 1")
    func window() throws {
        #expect(try Tensor.hannWindow(4).floats() == [0, 0.5, 1, 0.5])
        let values = try Tensor.hannWindow(480).doubles()
        for index in 0..<240 { #expect(abs(values[index] + values[index + 240] - 1) < 1e-6) }
    }
}
