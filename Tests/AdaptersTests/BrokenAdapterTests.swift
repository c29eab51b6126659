// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Adapters
import Layers
import TestSupport
import Testing
import Torch

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite("Broken adapters")
struct BrokenAdapterTests {
    static let catalogue =
        BrokenAdapter.files + BrokenAdapter.settings + BrokenAdapter.lowRank + BrokenAdapter.families
        + BrokenAdapter.names

    /// The fixture's layers, one of zeros, and two whose names flatten to the same.
    private func layers() throws -> FixtureLayers {
        let layers = try FixtureLayers()
        for path in ["zero", "x.y_z", "x_y.z"] {
            layers.index.add(Linear(path: path, weight: try Tensor.zeros([8, 8], dtype: .float32, device: .cpu)))
        }
        return layers
    }

    private func message(_ broken: BrokenAdapter, on layers: FixtureLayers) throws -> String? {
        let directory = try TemporaryDirectory()
        let path = try broken.write(directory)
        do {
            _ = try AdapterLoader.load(AdapterDescription(contentsOf: path), onto: layers.index, dtype: .float32)
            return nil
        } catch {
            return "\(error)".replacing(directory.path, with: "DIRECTORY").replacing(
                directory.path.split(separator: "/").last.map(String.init) ?? "",
                with: "NAME"
            )
        }
    }

    @Test("Each is refused with words that say why", arguments: catalogue)
    func refused(broken: BrokenAdapter) throws {
        let message = try #require(try message(broken, on: layers()), "it is loaded")
        #expect(message.contains(broken.message), "\(message)")
        #expect(message.count < 1000, "a hostile file does not flood the log")
    }

    @Test("No two have the same message, and refusing them takes no memory")
    func distinct() throws {
        let layers = try layers()
        var seen: [String: String] = [:]
        _ = try message(Self.catalogue[0], on: layers)
        let before = peakByteCount
        for broken in Self.catalogue {
            let message = try #require(try message(broken, on: layers))
            if let other = seen.updateValue(broken.name, forKey: message) {
                Issue.record("'\(broken.name)' and '\(other)' share a message: \(message)")
            }
        }
        #expect(seen.count >= 30)
        #expect(peakByteCount - before < 64 << 20)
    }

    @Test("A weight too large for the base's type is refused with the way out")
    func overflow() throws {
        let directory = try TemporaryDirectory()
        let name = BrokenAdapter.query + ".lora_A.weight"
        let large = TensorFile.Entry([70_000] + [Float](repeating: 0, count: 15), shape: [2, 8])
        try directory.write(tensors: BrokenAdapter.lora([name: large]))
        let error = #expect(throws: AdapterError.self) {
            try AdapterLoader.load(
                AdapterDescription(contentsOf: directory.path),
                onto: FixtureLayers(dtype: .float16).index,
                dtype: .float16
            )
        }
        #expect(error?.description.contains("reaches 70000.0, too large for float16; compute in float32") == true)
    }

    @Test("Partial loading takes what fits, lists what does not, and still refuses what is broken")
    func partial() throws {
        let directory = try TemporaryDirectory()
        let other = "base_model.model.layers.9.self_attn.q_proj"
        var tensors = BrokenAdapter.lora(["emb_params": TensorFile.Entry(random: [2])])
        tensors[other + ".lora_A.weight"] = TensorFile.Entry(random: [2, 8])
        tensors[other + ".lora_B.weight"] = TensorFile.Entry(random: [12, 2])
        try directory.write(tensors: tensors)
        let layers = try FixtureLayers()
        func load() throws -> LoadedAdapter {
            try AdapterLoader.load(
                AdapterDescription(contentsOf: directory.path),
                onto: layers.index,
                dtype: .float32,
                allowPartial: true
            )
        }
        let adapter = try load()
        #expect(adapter.skippedModules == ["layers.9.self_attn.q_proj"])
        #expect(adapter.layerCount == 1)
        tensors[BrokenAdapter.query + ".lora_A.weight"] = TensorFile.Entry(random: [2, 9])
        try directory.write(tensors: tensors)
        #expect(throws: AdapterError.self) { try load() }
        tensors = tensors.filter { $0.key.hasPrefix(other) }
        try directory.write(tensors: tensors)
        #expect(
            throws: AdapterError.nothingFits(adapter: directory.path.split(separator: "/").last.map(String.init) ?? "")
        ) {
            try load()
        }
    }

    /// The most memory that the process has ever had resident.
    private var peakByteCount: Int {
        var usage = rusage()
        let thisProcess: Int32 = 0  // RUSAGE_SELF is a number in one C library and an enumeration in the other
        _ = unsafe getrusage(thisProcess, &usage)
        #if canImport(Glibc)
        return usage.ru_maxrss * 1024
        #else
        return usage.ru_maxrss
        #endif
    }
}
