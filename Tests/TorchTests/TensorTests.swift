// SPDX-License-Identifier: Apache-2.0
import Testing
import Torch

@Suite struct TensorTests {
    @Test("Adding two tensors gives their sum")
    func addition() throws {
        let sum = try Tensor([1, 2, 3] as [Float], shape: [3]) + Tensor([4, 5, 6] as [Float], shape: [3])
        #expect(try sum.floats() == [5, 7, 9])
    }
}
