// SPDX-License-Identifier: Apache-2.0

import ACEStep
import AdapterFormats
import Adapters
import Foundation
import TestSupport
import Testing
import Torch

/// A run of the reference whose results are among the fixtures: `MODEL.REQUEST[+ADAPTER=WEIGHT…][.timbre-token]`.
struct GoldenRun: Sendable, CustomTestStringConvertible {
    let name: String
    let model: ModelFixture
    let request: String
    let adapters: [(name: String, weight: Double)]

    /// Every run among the fixtures.
    static let all: [GoldenRun] = {
        let directory = TestProducts.modelFixture("outputs")
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []  // none: a test says so
        return files.sorted().compactMap { GoldenRun(fileName: $0) }
    }()

    init?(fileName: String) {
        guard fileName.hasSuffix(".safetensors") else { return nil }
        name = String(fileName.dropLast(".safetensors".count))
        let blend = name.replacing(".timbre-token", with: "").split(separator: "+")
        let subject = blend[0].split(separator: ".")
        guard subject.count == 2, let model = ModelFixture(rawValue: String(subject[0])) else { return nil }
        self.model = model
        request = String(subject[1])
        adapters = blend.dropFirst().compactMap { part in
            let sides = part.split(separator: "=")
            return sides.count == 2 ? Double(sides[1]).map { (String(sides[0]), $0) } : nil
        }
    }

    var testDescription: String { name }

    /// diffusers never uses the XL models' timbre token; the run with it is the original's.
    var compatibility: Compatibility { model == .xl && !name.hasSuffix(".timbre-token") ? .diffusers : .standard }

    /// What the reference computed.
    func golden() throws -> TensorFile { try ModelFixture.golden("outputs/" + name) }

    /// What Lumina computes.
    func recorded() throws -> [String: Tensor] {
        let model = try model.load(compatibility: compatibility)
        let set = AdapterSet(index: model.projections)
        for adapter in adapters {
            let description = try AdapterDescription(
                contentsOf: TestProducts.modelFixture("adapters/" + adapter.name)
            )
            try set.insert(AdapterLoader.load(description, onto: model.projections, dtype: .float32))
        }
        try set.select(adapters.map { BlendEntry($0.name, weight: .constant($0.weight)) })
        return try model.recorded(RequestFixture.read(request))
    }
}
