// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A part of a formula.
indirect enum FormulaNode: Sendable, Equatable {
    case number(Double)
    /// By its place in ``RateFormula/Variables/names``.
    case variable(Int)
    case negation(FormulaNode)
    case not(FormulaNode)
    case binary(FormulaOperator, FormulaNode, FormulaNode)
    /// `a < b <= c`: each neighbour with the next.
    case comparison(FormulaNode, [Compared])
    case and(FormulaNode, FormulaNode)
    case or(FormulaNode, FormulaNode)
    case choice(FormulaNode, condition: FormulaNode, otherwise: FormulaNode)
    case call(FormulaFunction, [FormulaNode])

    struct Compared: Sendable, Equatable {
        let comparison: FormulaComparison
        let node: FormulaNode
    }

    /// The value; nil where Python would raise an error.
    func value(_ variables: [Double]) -> Double? {
        switch self {
        case .number(let number): return number
        case .variable(let index): return variables[index]
        case .negation(let operand): return operand.value(variables).map { -$0 }
        case .not(let operand): return operand.value(variables).map { $0 == 0 ? 1 : 0 }
        case .binary(let operation, let left, let right):
            guard let left = left.value(variables), let right = right.value(variables) else { return nil }
            return operation.value(left, right)
        case .comparison(let first, let rest): return Self.compare(first, rest, variables)
        case .and(let left, let right):
            guard let value = left.value(variables) else { return nil }
            return value == 0 ? value : right.value(variables)
        case .or(let left, let right):
            guard let value = left.value(variables) else { return nil }
            return value == 0 ? right.value(variables) : value
        case .choice(let node, let condition, let otherwise):
            guard let value = condition.value(variables) else { return nil }
            return value == 0 ? otherwise.value(variables) : node.value(variables)
        case .call(let function, let arguments):
            var values: [Double] = []
            for argument in arguments {
                guard let value = argument.value(variables) else { return nil }
                values.append(value)
            }
            return function.value(values)
        }
    }

    private static func compare(_ first: FormulaNode, _ rest: [Compared], _ variables: [Double]) -> Double? {
        guard var left = first.value(variables) else { return nil }
        for part in rest {
            guard let right = part.node.value(variables) else { return nil }
            if !part.comparison.holds(left, right) { return 0 }
            left = right
        }
        return 1
    }
}

/// Arithmetic as Python does it.
enum FormulaOperator: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case remainder = "%"
    case power = "**"

    /// The result; nil where Python raises an error.
    func value(_ left: Double, _ right: Double) -> Double? {
        switch self {
        case .add: return left + right
        case .subtract: return left - right
        case .multiply: return left * right
        case .divide: return right == 0 ? nil : left / right
        case .floorDivide: return right == 0 ? nil : Self.floorDivided(left, right).quotient
        case .remainder: return right == 0 ? nil : Self.floorDivided(left, right).remainder
        case .power: return Self.power(left, right)
        }
    }

    /// The remainder has the divisor's sign.
    private static func floorDivided(_ left: Double, _ right: Double) -> (quotient: Double, remainder: Double) {
        var remainder = fmod(left, right)
        if remainder != 0, (remainder < 0) != (right < 0) { remainder += right }
        // What is left is a multiple of the divisor up to rounding: the nearest whole number is the quotient.
        return (((left - remainder) / right).rounded(), remainder)
    }

    static func power(_ base: Double, _ exponent: Double) -> Double? {
        if base == 0, exponent < 0 { return nil }
        // A complex number in Python, which is no rate.
        if base < 0, base.isFinite, exponent.isFinite, exponent != exponent.rounded() { return nil }
        return checked(pow(base, exponent), [base, exponent])
    }

    /// Functions of finite numbers that have no finite value raise an error.
    static func checked(_ value: Double, _ arguments: [Double]) -> Double? {
        value.isFinite || !arguments.allSatisfy(\.isFinite) ? value : nil
    }
}

/// Comparisons.
enum FormulaComparison: String, Sendable {
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "=="
    case unequal = "!="

    func holds(_ left: Double, _ right: Double) -> Bool {
        switch self {
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        case .equal: left == right
        case .unequal: left != right
        }
    }
}

/// Functions, by their names.
enum FormulaFunction: String, Sendable, CaseIterable {
    case sin
    case cos
    case exp
    case log
    case sqrt
    case pow
    case min
    case max
    case abs
    case clamp

    /// How many arguments the function takes.
    var arity: ClosedRange<Int> {
        switch self {
        case .sin, .cos, .exp, .sqrt, .abs: 1...1
        case .log: 1...2
        case .pow: 2...2
        case .min, .max: 2...16
        case .clamp: 3...3
        }
    }

    /// The value; nil where Python raises an error.
    func value(_ arguments: [Double]) -> Double? {
        let first = arguments[0]
        switch self {
        case .sin: return FormulaOperator.checked(Foundation.sin(first), [first.isNaN ? first : 0])
        case .cos: return FormulaOperator.checked(Foundation.cos(first), [first.isNaN ? first : 0])
        case .exp: return FormulaOperator.checked(Foundation.exp(first), arguments)
        case .sqrt: return first < 0 ? nil : first.squareRoot()
        case .abs: return first.magnitude
        case .pow: return FormulaOperator.power(first, arguments[1])
        case .log:
            guard first > 0 || first.isNaN else { return nil }
            guard arguments.count == 2 else { return Foundation.log(first) }
            let base = arguments[1]
            guard base > 0, base != 1 else { return nil }
            return Foundation.log(first) / Foundation.log(base)
        // As in Python, the first argument stays unless another is truly smaller or larger.
        case .min: return arguments.dropFirst().reduce(first) { $1 < $0 ? $1 : $0 }
        case .max: return arguments.dropFirst().reduce(first) { $1 > $0 ? $1 : $0 }
        case .clamp:
            let lower = arguments[2] < first ? arguments[2] : first
            return lower > arguments[1] ? lower : arguments[1]
        }
    }
}
