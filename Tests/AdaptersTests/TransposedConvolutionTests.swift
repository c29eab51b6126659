// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Adapters
import Layers
import TestSupport
import Testing
import Torch

@Suite("Adapters on a transposed convolution")
struct TransposedConvolutionTests {
    @Test(
        "Differences are made for the stored shape, whatever family they come from",
        arguments: ["diff", "lora", "lokr"]
    )
    func stored(family: String) throws {
        let layout = WeightLayout.transposedPatches(channels: 3, size: 2)
        let weight = TensorFile.Entry(random: [4, 3, 2], seed: 1)
        let bias = TensorFile.Entry(random: [3], seed: 2)
        let layer = Linear(
            path: "proj_out.1",
            weight: try layout.matrix(Tensor(weight.floats, shape: weight.shape)),
            bias: try layout.bias(Tensor(bias.floats, shape: [3])),
            layout: layout
        )
        let index = LinearIndex()
        index.add(layer)
        let prefix = "diffusion_model.decoder.proj_out.1."
        let biasChange = TensorFile.Entry(random: [3], seed: 9)
        var tensors = [prefix + "diff_b": biasChange]
        let change: Tensor
        switch family {
        case "lora":
            let (down, up) = (
                TensorFile.Entry(random: [2, 3, 2], seed: 3), TensorFile.Entry(random: [4, 2, 1], seed: 4)
            )
            (tensors[prefix + "lora_down.weight"], tensors[prefix + "lora_up.weight"]) = (down, up)
            change = try Tensor(up.floats, shape: [4, 2]).matmul(Tensor(down.floats, shape: [2, 6]))
        case "lokr":
            let (first, second) = (
                TensorFile.Entry(random: [2, 3], seed: 3), TensorFile.Entry(random: [2, 1, 2], seed: 4)
            )
            (tensors[prefix + "lokr_w1"], tensors[prefix + "lokr_w2"]) = (first, second)
            change = try Tensor(first.floats, shape: [2, 3]).kron(Tensor(second.floats, shape: [2, 2]))
        default:
            let difference = TensorFile.Entry(random: [4, 3, 2], seed: 3)
            tensors[prefix + "diff"] = difference
            change = try Tensor(difference.floats, shape: [4, 6])
        }
        let directory = try TemporaryDirectory()
        let path = try directory.write(tensors: tensors, to: "a.safetensors")
        let set = AdapterSet(index: index)
        try set.insert(AdapterLoader.load(AdapterDescription(contentsOf: path), onto: index, dtype: .float32))
        try set.select([BlendEntry("a", weight: 0.5)])

        let x = try Tensor((0..<8).map { Float($0) / 4 - 1 }, shape: [1, 2, 4])
        let adapted = try Tensor(weight.floats, shape: [4, 6]) + change * 0.5
        let shifted = zip(bias.floats, biasChange.floats).map { $0 + $1 / 2 }
        let expected = try x.transpose(1, 2)
            .convTranspose1d(adapted.reshape([4, 3, 2]), bias: Tensor(shifted, shape: [3]), stride: 2)
            .transpose(1, 2).contiguous().floats()
        let agreement = Agreement(family, try layer(x).reshape([1, 4, 3]).floats(), expected, shape: [1, 4, 3])
        #expect(agreement.error < 1e-5, "\(agreement)")
    }
}
