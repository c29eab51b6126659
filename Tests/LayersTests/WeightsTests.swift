// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Layers
import TestSupport
import Testing
import Torch

@Suite("Weights")
struct WeightsTests {
    @Test("A cursor moves by names and positions and finds what is there")
    func cursor() throws {
        let weights = try LayerWeights(["layers.3.attn.q_proj.weight": [2, 5]])
        let cursor = try weights.cursor()["layers"][3]["attn"]
        #expect(cursor.path == "layers.3.attn")
        #expect(cursor.contains("q_proj.weight"))
        #expect(!cursor.contains("k_proj.weight"))
        #expect(try weights.cursor()["layers.3"]["attn"].contains("q_proj.weight"))
    }

    @Test("A tensor that is missing, misshapen or no float is refused with its whole name and the file")
    func errors() throws {
        let weights = try LayerWeights(["a.b": [2, 3]])
        let cursor = try weights.cursor()["a"]
        let missing = #expect(throws: LayerError.self) { try cursor.tensor("c", shape: [1]) }
        #expect(missing == .missingTensor(name: "a.c", file: weights.path))
        #expect(missing?.description.contains("tensor 'a.c' is missing") == true)
        let shape = #expect(throws: LayerError.self) { try cursor.tensor("b", shape: [3, 2]) }
        #expect(shape == .shapeMismatch(name: "a.b", file: weights.path, found: [2, 3], expected: [3, 2]))
        try TensorFile.Entry(zeros: [2], dtype: .int64).write(as: "ids", to: weights.path)
        let type = #expect(throws: LayerError.self) { try weights.cursor().tensor("ids", shape: [2]) }
        #expect(type == .unsupportedType(name: "ids", file: weights.path, type: "I64"))
    }

    @Test("A tensor of the compute type is the file's own memory; another type is converted")
    func mapping() throws {
        let weights = try LayerWeights(["a": [2, 3]])
        let cursor = try weights.cursor()
        let (first, second) = (try cursor.tensor("a", shape: [2, 3]), try cursor.tensor("a", shape: [2, 3]))
        #expect(first.dataAddress == second.dataAddress)
        #expect(try first.floats() == weights["a"].floats())
        let converted = try weights.cursor(dtype: .bfloat16)
        #expect(try converted.tensor("a", shape: [2, 3]).dtype == .bfloat16)
        #expect(try converted.tensor("a", shape: [2, 3], dtype: .float64).dtype == .float64)
        #expect(try converted.stored("a", shape: [2, 3]).dtype == .float32)
        #expect(try converted.source.storedType(of: "a") == .float32)
    }

    @Test("What no layer asked for is told, what was acknowledged is not")
    func unused() throws {
        let source = try LayerWeights(["a": [1], "b": [1], "c": [1], "other": [1]]).cursor().source
        _ = try source.tensor("a", shape: [1])
        source.acknowledge("b")
        #expect(source.unusedNames { $0 != "other" } == ["c"])
        let error = LayerError.unusedTensors(names: ["w", "x", "y", "z"], file: "model.safetensors")
        #expect(error.description.contains("4 tensors are not part of the configured model (w, x, y, …)"))
    }

    @Test("Projections are noted under their paths; a bias is read where there is one")
    func linear() throws {
        let weights = try LayerWeights(["q.weight": [2, 3], "q.bias": [2], "k.weight": [2, 3]])
        let index = LinearIndex()
        let cursor = try weights.cursor(index: index)
        let (q, k) = (
            try cursor.linear("q", inputs: 3, outputs: 2, bias: true), try cursor.linear("k", inputs: 3, outputs: 2)
        )
        #expect(index.paths == ["k", "q"])
        #expect(index["q"] === q)
        #expect(k.bias == nil)
        let x = try Tensor([1, 2, 3] as [Float], shape: [1, 3])
        let expected = try x.matmul(weights["q.weight"].transpose(0, 1)) + weights["q.bias"]
        #expect(try q(x).distance(from: expected) < 1e-6)
        #expect(
            throws: LayerError.shapeMismatch(name: "k.weight", file: weights.path, found: [2, 3], expected: [2, 4])
        ) {
            try cursor.linear("k", inputs: 4, outputs: 2)
        }
    }

    @Test("Each layout's name is asked for by the one path")
    func renaming() throws {
        let weights = try LayerWeights(["decoder.norm.weight": [1]])
        let source = WeightSource(
            store: try TensorStore(file: weights.path),
            dtype: .float32,
            device: .cpu,
            storedName: { "decoder." + $0 }
        )
        #expect(source.contains("norm.weight"))
        #expect(throws: LayerError.missingTensor(name: "decoder.x", file: weights.path)) {
            try source.tensor("x", shape: nil)
        }
    }

    @Test("The tensor that holds NaN or infinity is found, in any float type", arguments: [DType.float32, .bfloat16])
    func broken(dtype: DType) throws {
        let weights = try LayerWeights(["a": [2], "b": [2]])
        #expect(try weights.cursor().source.firstNotFinite() == nil)
        var file = try TensorFile(path: weights.path)
        let infinity: [UInt8] = dtype == .float32 ? [0, 0, 0x80, 0x7F] : [0x80, 0x7F]
        file.tensors["b"] = .init(
            dtype: dtype == .float32 ? .float32 : .bfloat16,
            shape: [1],
            bytes: infinity
        )
        try file.write(to: weights.path)
        #expect(try weights.cursor().source.firstNotFinite() == "b")
    }

    @Test("Shards are named by their directory")
    func shards() throws {
        let directory = try TemporaryDirectory()
        try TensorFile.Entry(zeros: [1]).write(as: "a", to: directory.path(of: "model-1.safetensors"))
        try TensorFile.Entry(zeros: [1]).write(as: "b", to: directory.path(of: "model-2.safetensors"))
        try directory.write(
            #"{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}"#,
            to: "model.safetensors.index.json"
        )
        let source = WeightSource(
            store: try TensorStore(directory: directory.path),
            dtype: .float32,
            device: .cpu
        )
        #expect(source.file == directory.path)
        #expect(try source.tensor("b", shape: [1]).floats() == [0])
        let error = #expect(throws: LayerError.self) { try source.tensor("a", shape: [2]) }
        #expect(error?.description.contains("model-1.safetensors: tensor 'a' is [1], expected [2]") == true)
    }
}
