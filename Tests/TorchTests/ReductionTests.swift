// SPDX-License-Identifier: Apache-2.0
import Testing
import Torch

@Suite("Reductions")
struct ReductionTests {
    private func matrix() throws -> Tensor { try Tensor([1, 2, 3, 4, 5, 9] as [Float], shape: [2, 3]) }

    @Test("Over all dimensions, some, and with the dimension kept")
    func dimensions() throws {
        let x = try matrix()
        #expect(try x.sum().item() == 24)
        #expect(try x.sum(dimensions: [0]).floats() == [5, 7, 12])
        #expect(try x.sum(dimensions: [-1], keepDimension: true).shape == [2, 1])
        #expect(try x.mean().item() == 4)
        #expect(try x.mean(dimensions: [1]).floats() == [2, 6])
        #expect(try x.amax(dimensions: [1]).floats() == [3, 9])
        #expect(try x.amin(dimensions: [0]).floats() == [1, 2, 3])
        #expect(try x.amax().item() == 9)
        #expect(try x.amin().item() == 1)
        #expect(try x.max().item() == 9)
        #expect(try x.min().item() == 1)
    }

    @Test("Spread, norms and running sums")
    func spread() throws {
        let x = try matrix()
        #expect(try x.var(dimensions: [1], correction: 0).floats() == [Float(2) / 3, Float(14) / 3])
        #expect(try x.std(dimensions: [1]).floats()[0] == 1)
        #expect(try Tensor([3, 4] as [Float], shape: [2]).norm().item() == 5)
        #expect(try x.norm(dimensions: [1], keepDimension: true, p: 1).floats() == [6, 18])
        #expect(try x.cumsum(dimension: 1).floats() == [1, 3, 6, 4, 9, 18])
        #expect(try x.argmax().item() == 5)
        #expect(try x.argmax(dimension: 0).int64s() == [1, 1, 1])
    }

    @Test("Truth of some and of all")
    func truth() throws {
        let x = try Tensor([true, false], shape: [2])
        #expect(try x.any().item() == 1)
        #expect(try x.all().item() == 0)
    }

    @Test("Softmax adds up to one")
    func softmax() throws {
        let x = try Tensor([0, 0, 1000, 1000] as [Float], shape: [2, 2]).softmax(dimension: -1)
        #expect(try x.floats() == [0.5, 0.5, 0.5, 0.5])
    }

    @Test("A dimension that is not there is an index error")
    func wrongDimension() throws {
        let error = try #require(throws: TorchError.self) { try matrix().sum(dimensions: [2]) }
        guard case .index = error else {
            Issue.record("not an index error: \(error)")
            return
        }
    }
}
