// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import TestSupport
import Testing

struct TensorStoreTests {
    private func write(_ names: [String], to path: String) throws {
        let tensors = names.map { TensorSpecification(name: $0, dtype: .uint8, shape: [2]) }
        try SafetensorsWriter.write(to: path, tensors: tensors) { name in [UInt8](name.utf8.prefix(1)) + [0] }
    }

    private func index(_ map: String) -> String {
        #"{"metadata":{"total_size":8,"more":[{}]},"weight_map":\#(map)}"#
    }

    @Test("Shards are read as one checkpoint")
    func shards() throws {
        let directory = try TemporaryDirectory()
        try write(["a", "c", "unlisted"], to: directory.path(of: "model-00001-of-00002.safetensors"))
        try write(["b"], to: directory.path(of: "model-00002-of-00002.safetensors"))
        try directory.write(
            index(
                """
                {"b":"model-00002-of-00002.safetensors","a":"model-00001-of-00002.safetensors",\
                "c":"model-00001-of-00002.safetensors"}
                """
            ),
            to: "model.safetensors.index.json"
        )
        let store = try TensorStore(directory: directory.path)
        #expect(store.names == ["a", "b", "c"])
        #expect(store.files.count == 2)
        #expect(store.byteCount == 6)
        #expect(store.contains("b") && !store.contains("unlisted"))
        for name in store.names {
            #expect(try unsafe store.withBytes(of: name) { buffer in unsafe buffer.first } == name.utf8.first)
            let location = try store.location(of: name)
            #expect(location.file.byte(at: location.description.byteRange.lowerBound) == name.utf8.first)
        }
        let error = try #require(throws: CheckpointError.self) { try store.description("unlisted") }
        #expect(error.kind == .tensorMissing)
        #expect(error.description.contains("model-00001-of-00002.safetensors and its other shards"))
    }

    @Test("A single file comes before an index, and the base name is the caller's")
    func single() throws {
        let directory = try TemporaryDirectory()
        try write(["a"], to: directory.path(of: "diffusion_pytorch_model.safetensors"))
        try directory.write("no JSON", to: "diffusion_pytorch_model.safetensors.index.json")
        #expect(try TensorStore(directory: directory.path, baseName: "diffusion_pytorch_model").names == ["a"])
        #expect(try TensorStore(file: directory.path(of: "diffusion_pytorch_model.safetensors")).names == ["a"])
        let error = try #require(throws: CheckpointError.self) { try TensorStore(directory: directory.path) }
        #expect(error.kind == .missing)
        #expect(error.reason == "it holds neither 'model.safetensors' nor 'model.safetensors.index.json'")
    }

    @Test("A damaged single file is not passed over for the index")
    func damagedSingle() throws {
        let directory = try TemporaryDirectory()
        try directory.write([1], to: "model.safetensors")
        try directory.write(index(#"{"a":"x"}"#), to: "model.safetensors.index.json")
        let error = try #require(throws: CheckpointError.self) { try TensorStore(directory: directory.path) }
        #expect(error.kind == .malformed)
    }

    @Test("A missing shard and a tensor missing in its shard name the index")
    func missing() throws {
        let directory = try TemporaryDirectory()
        try directory.write(index(#"{"a":"x.safetensors"}"#), to: "model.safetensors.index.json")
        let shard = try #require(throws: CheckpointError.self) { try TensorStore(directory: directory.path) }
        #expect(shard.kind == .missing)
        #expect(shard.path.hasSuffix("x.safetensors") && shard.reason.contains("index.json' names it"))
        try write(["b"], to: directory.path(of: "x.safetensors"))
        let tensor = try #require(throws: CheckpointError.self) { try TensorStore(directory: directory.path) }
        #expect(tensor.kind == .tensorMissing)
        #expect(tensor.tensor == "a" && tensor.reason.contains("says that it is in this file"))
    }

    static let indexes: [(text: String, message: String)] = [
        ("", "ends in the middle"),
        ("[]", "expected an object"),
        ("{}", "no 'weight_map'"),
        (#"{"weight_map":{}}"#, "no 'weight_map', or an empty one"),
        (#"{"weight_map":{},"weight_map":{}}"#, "'weight_map' is there twice"),
        (#"{"weight_map":{"a":1}}"#, "expected a string"),
        (#"{"weight_map":{"a":"x","a":"x"}}"#, "has 'a' twice"),
        (#"{"weight_map":{"a":"../x"}}"#, "'../x' is not the name"),
        (#"{"weight_map":{"a":"/x"}}"#, "'/x' is not the name"),
        (#"{"weight_map":{"a":"x/y"}}"#, "'x/y' is not the name"),
        (#"{"weight_map":{"a":".."}}"#, "'..' is not the name"),
        (#"{"weight_map":{"a":"."}}"#, "'.' is not the name"),
        (#"{"weight_map":{"a":""}}"#, "'' is not the name"),
        (#"{"weight_map":{"a":"x\u0000"}}"#, "is not the name"),
        (#"{"weight_map":{"a":"x"}} x"#, "after the end"),
        ("{\"metadata\":" + String(repeating: "[", count: 10_000), "nested"),
    ]

    @Test("An index that breaks a rule is refused", arguments: indexes)
    func badIndex(text: String, message: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write(text, to: "model.safetensors.index.json")
        let error = try #require(throws: CheckpointError.self) { try TensorStore(directory: directory.path) }
        #expect(error.kind == .malformed)
        #expect(error.reason.contains(message), "\(error)")
    }
}
