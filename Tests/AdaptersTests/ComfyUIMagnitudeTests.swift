// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Adapters
import Layers
import TestSupport
import Testing
import Torch

@Suite("DoRA that was exported for ComfyUI")
struct ComfyUIMagnitudeTests {
    @Test(
        "A file that says so divides by the norm of the base, any other by that of the sum",
        arguments: [true, false]
    )
    func norm(isExport: Bool) throws {
        let layers = try FixtureLayers()
        let path = "layers.0.self_attn.q_proj"
        let prefix = "diffusion_model.decoder." + path + "."
        let (down, up) = (TensorFile.Entry(random: [2, 8], seed: 1), TensorFile.Entry(random: [12, 2], seed: 2))
        let magnitudes = TensorFile.Entry(random: [12, 1], seed: 3)
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            tensors: [
                prefix + "lora_down.weight": down, prefix + "lora_up.weight": up, prefix + "dora_scale": magnitudes,
                prefix + "alpha": TensorFile.Entry([4], shape: []),
            ],
            metadata: isExport ? ["lumina.dora_norm": "base"] : [:],
            to: "a.safetensors"
        )
        let set = AdapterSet(index: layers.index)
        try set.insert(AdapterLoader.load(AdapterDescription(contentsOf: file), onto: layers.index, dtype: .float32))
        try set.select([BlendEntry("a")])

        let base = try layers.stored.entry(path + ".weight").floats
        let (a, b, m) = (down.floats, up.floats, magnitudes.floats)
        var expected: [Float] = []
        for row in 0..<12 {
            let old = base[row * 8..<row * 8 + 8].map(Double.init)
            let new = (0..<8).map { column in
                old[column] + 2 * (0..<2).reduce(0) { $0 + Double(b[row * 2 + $1]) * Double(a[$1 * 8 + column]) }
            }
            let norm = (isExport ? old : new).reduce(0) { $0 + $1 * $1 }.squareRoot()
            expected += new.map { Float($0 * Double(m[row]) / norm) }
        }
        let agreement = Agreement("W′", try layers.effective(path).weight, expected, shape: [12, 8])
        #expect(agreement.error < 1e-5, "\(agreement)")
    }
}
