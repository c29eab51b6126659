// SPDX-License-Identifier: Apache-2.0
import Testing
import Torch

@Suite("Shape and indexing")
struct ShapeTests {
    private func grid() throws -> Tensor { try Tensor.arange(6).reshape([2, 3]) }

    @Test("Views share memory and reorder dimensions")
    func views() throws {
        let x = try grid()
        #expect(try x.view([3, 2]).int64s() == [0, 1, 2, 3, 4, 5])
        #expect(try x.reshape([-1]).shape == [6])
        #expect(try x.permute([1, 0]).int64s() == [0, 3, 1, 4, 2, 5])
        #expect(try x.transpose(0, -1).shape == [3, 2])
        #expect(try x.unsqueeze(-1).shape == [2, 3, 1])
        #expect(try x.unsqueeze(0).squeeze(0).shape == [2, 3])
        #expect(try x.unsqueeze(0).expand([4, -1, 3]).shape == [4, 2, 3])
        #expect(try Tensor.zeros([2, 3, 4]).flatten(from: 1).shape == [2, 12])
        #expect(try x.flatten().sharesStorage(with: x))
        #expect(try x.detach().sharesStorage(with: x))
        #expect(throws: TorchError.self) { try x.transpose(0, 1).view([6]) }
        #expect(try x.transpose(0, 1).contiguous().isContiguous)
    }

    @Test("Parts of a dimension")
    func parts() throws {
        let x = try grid()
        #expect(try x.slice(1, from: 1).int64s() == [1, 2, 4, 5])
        #expect(try x.slice(1, to: -1).int64s() == [0, 1, 3, 4])
        #expect(try x.slice(1, from: 0, to: 3, step: 2).int64s() == [0, 2, 3, 5])
        #expect(try x.narrow(0, from: 1, length: 1).int64s() == [3, 4, 5])
        #expect(throws: TorchError.self) { try x.narrow(0, from: 1, length: 2) }
        #expect(try x.select(1, -1).int64s() == [2, 5])
        #expect(try x.chunk(2, dimension: 1).map(\.shape) == [[2, 2], [2, 1]])
        #expect(try x.chunk(5, dimension: 0).count == 2)
        #expect(throws: TorchError.self) { try x.chunk(0, dimension: 0) }
        #expect(throws: TorchError.self) { try x.chunk(2, dimension: 2) }
        #expect(try x.split(sizes: [1, 2], dimension: -1).map { try $0.int64s() } == [[0, 3], [1, 2, 4, 5]])
        for sizes in [[1, 1], [2, 2], [-1, 4], [Int.max, Int.max]] {
            #expect(throws: TorchError.self) { try x.split(sizes: sizes, dimension: 1) }
        }
    }

    @Test("Joining and repeating")
    func joining() throws {
        let x = try grid()
        #expect(try Tensor.cat([x, x], dimension: 1).shape == [2, 6])
        #expect(try Tensor.stack([x, x, x]).shape == [3, 2, 3])
        #expect(throws: TorchError.self) { try Tensor.cat([], dimension: 0) }
        #expect(throws: TorchError.self) { try Tensor.stack([], dimension: 0) }
        #expect(try Tensor.arange(2).repeatInterleave(2, dimension: 0).int64s() == [0, 0, 1, 1])
        #expect(try Tensor.arange(2).repeated([2]).int64s() == [0, 1, 0, 1])
        #expect(try Tensor.arange(2).pad([1, 2], value: 9).int64s() == [9, 0, 1, 9, 9])
        #expect(try Tensor.arange(4).pad([-1, 0]).int64s() == [1, 2, 3])
    }

    @Test("Reordering and triangles")
    func reordering() throws {
        #expect(try Tensor.arange(3).flip([0]).int64s() == [2, 1, 0])
        #expect(try Tensor.arange(3).roll(1, dimension: 0).int64s() == [2, 0, 1])
        #expect(try Tensor.ones([2, 2]).triu(1).floats() == [0, 1, 0, 0])
        #expect(try Tensor.ones([2, 2]).tril().floats() == [1, 0, 1, 1])
    }

    @Test("Choosing by condition and by index")
    func choosing() throws {
        let x = try grid()
        let mask = try x.greaterThan(2)
        #expect(try Tensor.select(where: mask, then: x, else: -x).int64s() == [0, -1, -2, 3, 4, 5])
        #expect(try x.maskedFill(mask, 9).int64s() == [0, 1, 2, 9, 9, 9])
        let picks = try Tensor([2, 0] as [Int64], shape: [2, 1])
        #expect(try x.gather(dimension: 1, indices: picks).int64s() == [2, 3])
        #expect(try x.indexSelect(1, Tensor([2, 2] as [Int64], shape: [2])).int64s() == [2, 2, 5, 5])
        let source = try Tensor([7, 8] as [Int64], shape: [2, 1])
        #expect(try x.scatter(dimension: 1, indices: picks, source: source).int64s() == [0, 1, 7, 8, 4, 5])
        #expect(try mask.nonzero().int64s() == [1, 0, 1, 1, 1, 2])
    }

    @Test("Sorting, with ties in their order if stable")
    func sorting() throws {
        let x = try Tensor([2, 1, 2, 0] as [Float], shape: [4])
        let (values, indices) = try x.sort(descending: true, stable: true)
        #expect(try values.floats() == [2, 2, 1, 0])
        #expect(try indices.int64s() == [0, 2, 1, 3])
        #expect(try x.argsort(stable: true).int64s() == [3, 1, 0, 2])
        let (top, places) = try x.topk(1, largest: false)
        #expect(try top.floats() == [0])
        #expect(try places.int64s() == [3])
    }
}
