// SPDX-License-Identifier: Apache-2.0

import ACEStep
import AdapterFormats
import Adapters
import TestSupport
import Testing
import Torch

@Suite("Adapters that do not fit")
struct AdapterFitTests {
    private func error(loading path: String, onto fixture: ModelFixture) throws -> AdapterError? {
        let model = try fixture.load()
        let description = try AdapterDescription(contentsOf: path)
        return #expect(throws: AdapterError.self) {
            try AdapterLoader.load(description, onto: model.projections, dtype: .float32)
        }
    }

    @Test("An adapter for another width is refused with both shapes")
    func width() throws {
        let text = try error(loading: TestProducts.modelFixture("adapters/lora"), onto: .xl)?.description ?? ""
        #expect(text.contains("lora_A"))
        #expect(text.contains("is [2, 16], expected [r, 20]"), "\(text)")
    }

    @Test("An adapter with more layers than the base is refused with both counts")
    func layers() throws {
        let copy = try FixtureCopy(of: "adapters/lora")
        try copy.edit(tensors: "adapter_model.safetensors") { file in
            for name in file.names where name.contains("layers.1.") {
                file.tensors[name.replacing("layers.1.", with: "layers.7.")] = try file.entry(name)
            }
        }
        let text = try error(loading: copy.path, onto: .turbo)?.description ?? ""
        #expect(text.contains("addresses layer 7, the base has 3"), "\(text)")
    }

    @Test("The same adapter acts on both layouts of a checkpoint")
    func layouts() throws {
        for fixture in [ModelFixture.turbo, .base, .sft] {
            let model = try fixture.load()
            let description = try AdapterDescription(contentsOf: TestProducts.modelFixture("adapters/lora"))
            let adapter = try AdapterLoader.load(description, onto: model.projections, dtype: .float32)
            #expect(adapter.layerCount == 3 * 2 * 4)
        }
    }
}
