// SPDX-License-Identifier: Apache-2.0

import Testing
import Torch

@Suite struct TensorListTests {
    private func list(_ values: [[Double]]) throws -> TensorList {
        TensorList(try values.map { try Tensor($0, shape: [$0.count]) })
    }

    @Test("The norm of a list is that of all its elements")
    func norm() throws {
        #expect(try list([[3, 0], [4]]).norm() == 5)
        #expect(try TensorList([]).norm() == 0)
    }

    @Test("Arithmetic changes the first list alone")
    func arithmetic() throws {
        let (first, second) = try (list([[1, 2], [3]]), list([[10, 20], [30]]))
        try first.multiply(by: 2)
        try first.add(second)
        #expect(try first.tensors.map { try $0.doubles() } == [[12, 24], [36]])
        try first.lerp(towards: second, weight: 0.5)
        #expect(try first.tensors.map { try $0.doubles() } == [[11, 22], [33]])
        try first.copy(from: second)
        #expect(try first.tensors.map { try $0.doubles() } == [[10, 20], [30]])
        #expect(try second.tensors.map { try $0.doubles() } == [[10, 20], [30]])
    }

    @Test("A step of AdamW is its formula's")
    func adamW() throws {
        let values = TensorList([try Tensor([Float(1), -2], shape: [2])])
        let gradients = TensorList([try Tensor([Float(0.5), 0.25], shape: [2])])
        let (means, squares) = try (TensorList([Tensor.zeros([2])]), TensorList([Tensor.zeros([2])]))
        try values.adamW(
            gradients: gradients,
            means: means,
            squares: squares,
            step: .init(learningRate: 0.1, weightDecay: 0.01, step: 1)
        )
        // The first step moves each value by the rate towards the gradient's other sign, after decay.
        let found = try values.tensors[0].floats()
        #expect(abs(found[0] - (1 * (1 - 0.001) - 0.1)) < 1e-6)
        #expect(abs(found[1] - (-2 * (1 - 0.001) - 0.1)) < 1e-6)
        #expect(abs(try means.tensors[0].floats()[0] - 0.05) < 1e-7)
        #expect(abs(try squares.tensors[0].floats()[0] - 0.00025) < 1e-8)
    }

    @Test("Lists of other lengths are refused")
    func lengths() throws {
        let (first, second) = try (list([[1], [2]]), list([[1]]))
        let error = try #require(throws: TorchError.self) { try first.add(second) }
        #expect(error.description.contains("2 and 1"))
    }

    @Test("Parameters are changed beneath withoutGradients alone")
    func leaves() throws {
        let leaf = try Tensor([Float(1)], shape: [1])
        try leaf.setRequiresGradient(true)
        let values = TensorList([leaf])
        #expect(throws: TorchError.self) { try withGradients { try values.multiply(by: 2) } }
        try withoutGradients { try values.multiply(by: 2) }
        #expect(try leaf.detach().item() == 2)
    }
}
