// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import TestSupport
import Testing

@Suite("Facts about the training")
struct TrainingFactsTests {
    /// Writes a PEFT adapter into a directory of a run and reads it.
    private func read(
        _ place: String,
        files: [String: String]
    ) throws -> AdapterDescription {
        let directory = try TemporaryDirectory()
        let run = "run"
        try TemporaryDirectory.create(directory.path(of: run + "/" + place))
        let tensors = AdapterDirectory.factors("base_model.model.layers.0.self_attn.q_proj")
        let path = directory.path(of: run + "/" + place)
        try TensorFile(tensors: tensors, metadata: [:]).write(to: path + "/adapter_model.safetensors")
        for (name, text) in files { try directory.write(text, to: run + "/" + name) }
        return try AdapterDescription(contentsOf: path)
    }

    @Test(
        "Side-Step's settings are found beside and above each of its outputs",
        arguments: [
            ("final", "final/"), ("best", ""), ("checkpoints/epoch_10", ""), ("checkpoints/epoch_10", "checkpoints/"),
        ]
    )
    func places(place: String, above: String) throws {
        let facts =
            #"{"model_variant":"turbo","shift":3.0,"num_inference_steps":8,"guidance_scale":1,"custom_tag":"vesper"}"#
        let adapter = try read(place, files: [above + "training_args.json": facts])
        #expect(adapter.training.modelVariant == "turbo")
        #expect(adapter.training.shift == 3)
        #expect(adapter.training.inferenceSteps == 8)
        #expect(adapter.training.guidanceScale == 1)
        #expect(adapter.training.triggerWord == "vesper")
        #expect(adapter.training.sources.count == 1)
    }

    @Test("A file in a directory of another purpose is not taken for the run's")
    func unrelated() throws {
        let adapter = try read("my-adapter", files: ["training_args.json": #"{"shift":3}"#])
        #expect(adapter.training == TrainingFacts())
    }

    @Test("The most specific file wins, others fill in")
    func order() throws {
        let files = [
            "final/training_args.json": #"{"shift":1}"#, "training_config.json": #"{"shift":3,"variant":"base"}"#,
        ]
        let facts = try read("final", files: files).training
        #expect(facts.shift == 1)
        #expect(facts.modelVariant == "base")
        #expect(facts.sources.count == 2)
    }

    @Test(
        "A value that makes no sense is left out with a warning",
        arguments: [
            #"{"shift":-1}"#, #"{"shift":"3"}"#, #"{"num_inference_steps":1e9}"#, #"{"guidance_scale":NaN}"#, "{", "[]",
        ]
    )
    func nonsense(text: String) throws {
        let adapter = try read("final", files: ["final/training_args.json": text])
        #expect(adapter.training == TrainingFacts())
        #expect(adapter.warnings.contains { $0.contains("not used") }, "\(adapter.warnings)")
    }

    @Test("An adapter is called after its directory or its file")
    func names() throws {
        #expect(try read("final", files: [:]).name == "final")
        let directory = try AdapterDirectory()
        let tensors = AdapterDirectory.factors("layers.0.self_attn.q_proj")
        #expect(try directory.read(tensors, as: "jazz.safetensors").name == "jazz")
    }

    @Test("A run's directory stands for its final adapter")
    func run() throws {
        let directory = try TemporaryDirectory()
        try TemporaryDirectory.create(directory.path(of: "jazz/final"))
        let tensors = AdapterDirectory.factors("base_model.model.layers.0.self_attn.q_proj")
        let path = directory.path(of: "jazz/final/adapter_model.safetensors")
        try TensorFile(tensors: tensors, metadata: [:]).write(to: path)
        try directory.write("{}", to: "jazz/sidestep_adapter_config.json")
        let adapter = try AdapterDescription(contentsOf: directory.path(of: "jazz/"))
        #expect(adapter.name == "jazz")
        #expect(adapter.origin == .sideStep)
        #expect(adapter.parameterCount == 2 * 8 + 12 * 2)
        #expect(adapter.byteCount == 4 * adapter.parameterCount)
    }
}
