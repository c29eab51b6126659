// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import Torch

/// An elementwise function and what it should be, computed by the C library in double precision.
private struct Function: Sendable, CustomTestStringConvertible {
    let name: String
    let ours: @Sendable (Tensor) throws -> Tensor
    let theirs: @Sendable (Double) -> Double

    var testDescription: String { name }

    static let all: [Function] = [
        Function(name: "exp", ours: { try $0.exp() }, theirs: { Foundation.exp($0) }),
        Function(name: "log", ours: { try $0.log() }, theirs: { Foundation.log($0) }),
        Function(name: "sin", ours: { try $0.sin() }, theirs: { Foundation.sin($0) }),
        Function(name: "cos", ours: { try $0.cos() }, theirs: { Foundation.cos($0) }),
        Function(name: "acos", ours: { try $0.acos() }, theirs: { Foundation.acos($0) }),
        Function(name: "tanh", ours: { try $0.tanh() }, theirs: { Foundation.tanh($0) }),
        Function(name: "erf", ours: { try $0.erf() }, theirs: { Foundation.erf($0) }),
        Function(name: "sqrt", ours: { try $0.sqrt() }, theirs: { $0.squareRoot() }),
        Function(name: "rsqrt", ours: { try $0.rsqrt() }, theirs: { 1 / $0.squareRoot() }),
        Function(name: "square", ours: { try $0.square() }, theirs: { $0 * $0 }),
        Function(name: "reciprocal", ours: { try $0.reciprocal() }, theirs: { 1 / $0 }),
        Function(name: "abs", ours: { try $0.abs() }, theirs: { Swift.abs($0) }),
        Function(name: "sign", ours: { try $0.sign() }, theirs: { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }),
        Function(name: "floor", ours: { try $0.floor() }, theirs: { $0.rounded(.down) }),
        Function(name: "ceil", ours: { try $0.ceil() }, theirs: { $0.rounded(.up) }),
        Function(name: "round", ours: { try $0.round() }, theirs: { $0.rounded(.toNearestOrEven) }),
        Function(name: "relu", ours: { try $0.relu() }, theirs: { max($0, 0) }),
        Function(name: "sigmoid", ours: { try $0.sigmoid() }, theirs: { 1 / (1 + Foundation.exp(-$0)) }),
        Function(name: "silu", ours: { try $0.silu() }, theirs: { $0 / (1 + Foundation.exp(-$0)) }),
        Function(name: "softplus", ours: { try $0.softplus() }, theirs: { Foundation.log1p(Foundation.exp($0)) }),
        Function(name: "pow", ours: { try $0.pow(3) }, theirs: { $0 * $0 * $0 }),
        Function(
            name: "gelu",
            ours: { try $0.gelu() },
            theirs: { 0.5 * $0 * (1 + Foundation.erf($0 / 2.0.squareRoot())) }
        ),
        Function(
            name: "gelu by tanh",
            ours: { try $0.gelu(tanhApproximation: true) },
            theirs: {
                let inner = (2 / Double.pi).squareRoot() * ($0 + 0.044_715 * $0 * $0 * $0)
                return 0.5 * $0 * (1 + Foundation.tanh(inner))
            }
        ),
    ]
}

@Suite("Elementwise functions")
struct ElementwiseTests {
    @Test("Each function is the one of its name", arguments: Function.all)
    private func values(function: Function) throws {
        let arguments = [-2.5, -1, -0.25, 0, 0.5, 1, 1.5, 3]
        let result = try function.ours(Tensor(arguments, shape: [arguments.count])).doubles()
        for (argument, ours) in zip(arguments, result) {
            let theirs = function.theirs(argument)
            // Double precision throughout; vectorised kernels may be a few units in the last place away.
            #expect(ours == theirs || (ours.isNaN && theirs.isNaN) || abs(ours - theirs) <= 1e-14 * max(1, abs(theirs)))
        }
    }
}
