// SPDX-License-Identifier: Apache-2.0
import Testing
import Torch

@Suite("Arithmetic")
struct ArithmeticTests {
    private func tensor(_ values: [Float]) throws -> Tensor { try Tensor(values, shape: [values.count]) }

    @Test("Operators between tensors and with numbers on either side")
    func operators() throws {
        let a = try tensor([1, 2, 4])
        let b = try tensor([4, 2, 1])
        #expect(try (a + b).floats() == [5, 4, 5])
        #expect(try (a - b).floats() == [-3, 0, 3])
        #expect(try (a * b).floats() == [4, 4, 4])
        #expect(try (a / b).floats() == [0.25, 1, 4])
        #expect(try (a + 1).floats() == [2, 3, 5])
        #expect(try (a - 1).floats() == [0, 1, 3])
        #expect(try (a * 2).floats() == [2, 4, 8])
        #expect(try (a / 2).floats() == [0.5, 1, 2])
        #expect(try (1 + a).floats() == [2, 3, 5])
        #expect(try (1 - a).floats() == [0, -1, -3])
        #expect(try (2 * a).floats() == [2, 4, 8])
        #expect(try (1 / a).floats() == [1, 0.5, 0.25])
        #expect(try (-a).floats() == [-1, -2, -4])
    }

    @Test("Whole numbers keep integral tensors integral; fractions and quotients do not")
    func integral() throws {
        let a = try Tensor.arange(3)
        #expect(try (a + 1).dtype == .int64)
        #expect(try (2 * a).int64s() == [0, 2, 4])
        #expect(try (a + 0.5).dtype == .float32)
        #expect(try (a / 2).floats() == [0, 0.5, 1])
        let large = try Tensor([1 << 53] as [Int64], shape: [1])
        #expect(try (large - 1).int64s() == [1 << 53 - 1])
    }

    @Test("Combined forms")
    func combined() throws {
        let a = try tensor([1, 2])
        let b = try tensor([10, 20])
        #expect(try a.adding(b, alpha: 0.5).floats() == [6, 12])
        #expect(try a.addcmul(a, b, value: 2).floats() == [21, 82])
        #expect(try a.lerp(b, weight: 0.5).floats() == [5.5, 11])
        #expect(try a.lerp(b, weight: tensor([0, 1])).floats() == [1, 20])
        #expect(try a.minimum(tensor([0, 5])).floats() == [0, 2])
        #expect(try a.maximum(tensor([0, 5])).floats() == [1, 5])
        #expect(try tensor([-2, 0, 2]).clamp(min: -1, max: 1).floats() == [-1, 0, 1])
        #expect(try tensor([-2, 0, 2]).clamp(min: -1).floats() == [-1, 0, 2])
        #expect(try tensor([-2, 0, 2]).clamp(max: 1).floats() == [-2, 0, 1])
    }

    @Test("In-place forms change the receiver's memory and every view of it")
    func inPlace() throws {
        let x = try Tensor.ones([2, 2])
        let row = try x.select(0, 1)
        try row.add(inPlace: tensor([1, 2]), alpha: 2)
        #expect(try x.floats() == [1, 1, 3, 5])
        try x.add(inPlace: 1)
        try x.multiply(inPlace: 2)
        #expect(try x.floats() == [4, 4, 8, 12])
        try x.multiply(inPlace: tensor([1, 0.5]))
        try x.clamp(inPlaceMin: 3, max: 6)
        #expect(try x.floats() == [4, 3, 6, 6])
        try row.copy(from: Tensor([7] as [Int64], shape: [1]))
        #expect(try x.floats() == [4, 3, 7, 7])
        try x.fill(0)
        try x.addmm(
            inPlace: Tensor([1, 2] as [Float], shape: [2, 1]),
            Tensor([3, 4] as [Float], shape: [1, 2]),
            alpha: 10
        )
        #expect(try x.floats() == [30, 40, 60, 80])
    }

    @Test("Comparisons, with tensors and with numbers")
    func comparison() throws {
        let a = try tensor([1, 2, 3])
        let b = try tensor([3, 2, 1])
        #expect(try a.lessThan(b).bytes() == [1, 0, 0])
        #expect(try a.lessThanOrEqual(b).bytes() == [1, 1, 0])
        #expect(try a.greaterThan(b).bytes() == [0, 0, 1])
        #expect(try a.greaterThanOrEqual(b).bytes() == [0, 1, 1])
        #expect(try a.equalTo(b).bytes() == [0, 1, 0])
        #expect(try a.notEqualTo(b).bytes() == [1, 0, 1])
        #expect(try a.lessThan(2).bytes() == [1, 0, 0])
        #expect(try a.lessThanOrEqual(2).bytes() == [1, 1, 0])
        #expect(try a.greaterThan(2).bytes() == [0, 0, 1])
        #expect(try a.greaterThanOrEqual(2).bytes() == [0, 1, 1])
        #expect(try a.equalTo(2).bytes() == [0, 1, 0])
        #expect(try a.notEqualTo(2).bytes() == [1, 0, 1])
        #expect(try a.equal(tensor([1, 2, 3])))
        #expect(try !a.equal(b))
        #expect(try !a.equal(tensor([1, 2])))
    }

    @Test("Logic and special values")
    func logic() throws {
        let a = try Tensor([true, true, false], shape: [3])
        let b = try Tensor([true, false, false], shape: [3])
        #expect(try a.logicalAnd(b).bytes() == [1, 0, 0])
        #expect(try a.logicalOr(b).bytes() == [1, 1, 0])
        #expect(try a.logicalNot().bytes() == [0, 0, 1])
        let x = try tensor([1, .nan, .infinity])
        #expect(try x.isnan().bytes() == [0, 1, 0])
        #expect(try x.isfinite().bytes() == [1, 0, 0])
    }
}
