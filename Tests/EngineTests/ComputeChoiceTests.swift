// SPDX-License-Identifier: Apache-2.0

import Engine
import Testing
import Torch

@Suite("Where and in which type to compute")
struct ComputeChoiceTests {
    @Test("Devices are known by name")
    func devices() throws {
        #expect(try ComputeChoice.device("cpu") == .cpu)
        let best = try ComputeChoice.device("auto")
        #expect(try (best != .cpu) == Device.isCUDAAvailable)
        for text in ["", "gpu", "cuda:x", "CPU", "cuda:-1"] {
            let error = #expect(throws: EngineError.self, "\(text)") { try ComputeChoice.device(text) }
            #expect(error?.description.contains("unknown device '\(text)'") == true)
        }
    }

    @Test("A GPU that is not there is said to be missing", .enabled("no GPU here") { try !Device.isCUDAAvailable })
    func noDevice() {
        for text in ["cuda", "cuda:1"] {
            let error = #expect(throws: EngineError.self) { try ComputeChoice.device(text) }
            #expect(error?.description.contains("no CUDA device") == true)
        }
    }

    @Test("bfloat16 is chosen only for weights stored so, on hardware that multiplies it")
    func automaticType() throws {
        let fast = try ComputeChoice.hasFastBFloat16
        #expect(try ComputeChoice.dtype("auto", stored: .float32, device: .cpu) == .float32)
        #expect(try ComputeChoice.dtype("auto", stored: .bfloat16, device: .cpu) == (fast ? .bfloat16 : .float32))
        #expect(try ComputeChoice.dtype("auto", stored: .bfloat16, device: .cuda()) == .bfloat16)
        #expect(try ComputeChoice.dtype("float32", stored: .bfloat16, device: .cpu) == .float32)
        #expect(try ComputeChoice.dtype("bfloat16", stored: .float32, device: .cpu) == .bfloat16)
    }

    @Test("Types that cannot be had are refused with those that can", arguments: ["int8", "fp8", ""])
    func unknownTypes(text: String) {
        let error = #expect(throws: EngineError.self) {
            try ComputeChoice.dtype(text, stored: .float32, device: .cpu)
        }
        #expect(error?.description.contains("bfloat16") == true)
    }
}
