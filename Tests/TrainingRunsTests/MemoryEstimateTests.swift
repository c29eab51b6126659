// SPDX-License-Identifier: Apache-2.0

import Testing
import TrainingRuns

@Suite("Memory of a run")
struct MemoryEstimateTests {
    private func run(frames: Int = 1500, elementBytes: Double = 2, isGPU: Bool = false) -> MemoryEstimate.Run {
        MemoryEstimate.Run(
            shape: DecoderShape(),
            weightBytes: 3.3e9,
            elementBytes: elementBytes,
            frames: frames,
            isGPU: isGPU
        )
    }

    @Test("A layer of the 2B model keeps what Side-Step's formula says")
    func layer() {
        let bytes = MemoryEstimate.layerActivation(run(), batch: 1)
        #expect(abs(bytes / Double(1 << 20) - 86.12) < 0.005)
    }

    @Test("Crops, batches, checkpointing, rank and precision move it the way they must")
    func directions() {
        func total(_ run: MemoryEstimate.Run, _ change: (inout TrainingSettings) -> Void = { _ in }) -> Double {
            var settings = TrainingSettings()
            change(&settings)
            return MemoryEstimate(settings, run).total
        }
        let usual = total(run())
        #expect(total(run(frames: 250)) < usual)
        #expect(total(run(elementBytes: 4)) > usual)
        #expect(total(run()) { $0.optimization.batchSize = 4 } > usual)
        #expect(total(run()) { $0.optimization.usesCheckpointing = false } > usual + 20 * 86e6)
        #expect(total(run()) { $0.optimization.checkpointingRatio = 0.5 } > usual)
        #expect(total(run()) { $0.adapter.rank = 16 } < usual - 0.7 * 81_788_928 * 18)
        #expect(total(run()) { $0.optimization.averageDecay = 0.99 } == usual + 81_788_928 * 4)
    }

    @Test("The adapter's share is float32 numbers, gradients, two moments, and a copy in the base's type")
    func adapter() {
        let half = MemoryEstimate(TrainingSettings(), run())
        #expect(half.adapter == 81_788_928 * 18)
        #expect(MemoryEstimate(TrainingSettings(), run(elementBytes: 4)).adapter == 81_788_928 * 16)
    }

    @Test("What cannot fit is refused with its parts; what barely fits is warned about")
    func verdicts() throws {
        let estimate = MemoryEstimate(TrainingSettings(), run())
        let refusal = try #require(estimate.refusal(available: 4e9))
        #expect(refusal.contains("4.0 GB are free"))
        #expect(refusal.contains("base 3.3 GB"))
        #expect(refusal.contains("--chunk-duration"))
        #expect(estimate.refusal(available: estimate.total) == nil)
        #expect(estimate.warning(available: estimate.total * 1.05) != nil)
        #expect(estimate.warning(available: estimate.total * 2) == nil)
        #expect(estimate.warning(available: 4e9) == nil, "a refusal says it already")
    }

    @Test("Free memory is what the kernel says is available")
    func available() throws {
        let bytes = try #require(FreeMemory.bytes())
        #expect(bytes > 1e6)
        #expect(bytes < 1e15)
        #expect(FreeMemory.available("MemTotal: 5 kB\nMemAvailable:   2048 kB\nOther: 1 kB\n") == 2_097_152.0)
        #expect(FreeMemory.available("MemTotal: 5 kB\nMemAvailable:\n") == nil)
        #expect(FreeMemory.available("") == nil)
    }

    @Test("Part of the layers is checkpointed with the banker's rounding")
    func checkpointed() {
        func layers(_ ratio: Double, _ isOn: Bool = true) -> Int {
            var settings = OptimizationSettings()
            settings.checkpointingRatio = ratio
            settings.usesCheckpointing = isOn
            return MemoryEstimate.checkpointedLayers(settings, layers: 25)
        }
        #expect(layers(1) == 25)
        #expect(layers(0.5) == 12)
        #expect(layers(0.1) == 2)
        #expect(layers(0) == 0)
        #expect(layers(-1) == 0)
        #expect(layers(1, false) == 0)
    }
}
