// SPDX-License-Identifier: Apache-2.0

import Testing
import TrainingRuns

@Suite("Sizes of adapters")
struct AdapterSizeTests {
    private func count(_ change: (inout AdapterSettings) -> Void) -> Int {
        var adapter = AdapterSettings()
        change(&adapter)
        return AdapterSize.parameterCount(adapter, DecoderShape())
    }

    @Test("The documented counts of the 2B decoder")
    func counts() {
        #expect(count { _ in } == 81_788_928)
        #expect(count { $0.includesMLP = false } == 44_040_192)
        #expect(count { $0.family = .dora } == 81_788_928 + 638_976)
        #expect(count { $0.family = .lokr } == 1_419_648)
        #expect(
            count {
                $0.family = .lokr
                $0.rank = 16
            } == 899_456
        )
        #expect(count { $0.family = .loha } == 169_721_856)
        #expect(count { $0.family = .oft } == 20_127_744)
    }

    @Test("Targets choose modules; LyCORIS takes every one")
    func modules() {
        var adapter = AdapterSettings()
        #expect(DecoderShape().modules(of: adapter).count == 264)
        adapter.attention = .selfOnly
        adapter.targets = ["q_proj"]
        adapter.includesMLP = false
        let modules = DecoderShape().modules(of: adapter)
        #expect(modules.count == 24)
        #expect(modules.first?.path == "layers.0.self_attn.q_proj")
        adapter.family = .loha
        #expect(DecoderShape().modules(of: adapter).count == 272)
    }

    @Test("Channels are split as LyCORIS splits them")
    func factors() {
        func text(_ dimension: Int, _ factor: Int) -> [Int] {
            let factors = AdapterSize.factors(dimension, factor)
            return [factors.small, factors.large]
        }
        let square = [
            192: [12, 16], 256: [16, 16], 1024: [32, 32], 2048: [32, 64], 2560: [40, 64], 6144: [64, 96],
            9728: [76, 128],
            12_288: [96, 128], 1: [1, 1], 7: [1, 7],
        ]
        for (dimension, expected) in square { #expect(text(dimension, -1) == expected, "\(dimension)") }
        #expect(text(192, 8) == [8, 24])
        #expect(text(2048, 8) == [8, 256])
        #expect(text(6144, 8) == [8, 768])
        #expect(text(2048, 7) == [4, 512], "the largest divisor up to the factor")
    }
}
