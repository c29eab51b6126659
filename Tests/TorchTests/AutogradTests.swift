// SPDX-License-Identifier: Apache-2.0
import Testing
import Torch

@Suite("Gradients and scopes")
struct AutogradTests {
    private struct Interruption: Error {}

    @Test("A backward pass adds up derivatives at the leaves")
    func backward() throws {
        let x = try Tensor([1, 2] as [Float], shape: [2])
        try x.setRequiresGradient(true)
        #expect(x.requiresGradient)
        #expect(try x.gradient == nil)
        try withGradients { () throws(TorchError) in
            let y = try x.square().sum()
            #expect(try y.gradient == nil)
            try y.backward(retainGraph: true)
            try y.backward()
        }
        #expect(try x.gradient?.floats() == [4, 8])
        try x.setGradient(nil)
        #expect(try x.gradient == nil)
        try withGradients { () throws(TorchError) in
            try (x * 3).backward(gradient: Tensor([1, 10] as [Float], shape: [2]))
        }
        #expect(try x.gradient?.floats() == [3, 30])
    }

    @Test("What was not recorded has no backward pass")
    func nothingRecorded() throws {
        #expect(throws: TorchError.self) { try Tensor.ones([1]).backward() }
        #expect(throws: TorchError.self) { try Tensor.arange(2).setRequiresGradient(true) }
    }

    @Test("Scopes set the mode and put it back, after an error too")
    func scopes() throws {
        let before = try gradientsAreEnabled
        for enabled in [true, false] {
            let scope = enabled ? withGradients : withoutGradients as ScopeFunction
            #expect(throws: Interruption.self) {
                try scope {
                    #expect(try gradientsAreEnabled == enabled)
                    throw Interruption()
                }
            }
            #expect(try gradientsAreEnabled == before)
        }
        let nested = try withGradients { () throws(TorchError) in
            [try withoutGradients { () throws(TorchError) in try gradientsAreEnabled }, try gradientsAreEnabled]
        }
        #expect(nested == [false, true])
        #expect(try gradientsAreEnabled == before)
    }

    private typealias ScopeFunction = (() throws -> Void) throws -> Void

    @Test("Inside withoutGradients results do not remember where they came from")
    func noRecording() throws {
        let x = try Tensor.ones([1])
        try x.setRequiresGradient(true)
        #expect(try withGradients { () throws(TorchError) in try (x * 2).requiresGradient })
        #expect(try !withoutGradients { () throws(TorchError) in try (x * 2).requiresGradient })
    }

    @Test("Autocast computes products in its dtype and ends with its scope, after an error too")
    func autocasting() throws {
        let x = try Tensor.ones([2, 2])
        #expect(try autocast(.bfloat16) { () throws(TorchError) in try x.matmul(x).dtype } == .bfloat16)
        #expect(try x.matmul(x).dtype == .float32)
        #expect(throws: TorchError.self) {
            try autocast(.bfloat16) { () throws(TorchError) in _ = try x.matmul(Tensor.ones([3, 3])) }
        }
        #expect(try x.matmul(x).dtype == .float32)
    }
}
