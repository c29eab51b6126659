// SPDX-License-Identifier: Apache-2.0

/// Parses a formula by descending through Python's levels of precedence.
struct FormulaParser {
    /// Deeper nesting is refused: parsing and evaluation recurse.
    private static let maximumDepth = 50

    private let text: String
    private let tokens: [FormulaToken]
    private var position = 0
    private var nodes = 0
    private var depth = 0

    private init(_ text: String) throws(TrainingRunsError) {
        self.text = text
        tokens = try FormulaToken.split(text)
    }

    static func parse(_ text: String) throws(TrainingRunsError) -> FormulaNode {
        guard text.utf8.count <= RateFormula.maximumByteCount else {
            throw .formula(
                String(text.prefix(40)) + "…",
                offset: RateFormula.maximumByteCount,
                reason: "it is longer than \(RateFormula.maximumByteCount) characters"
            )
        }
        var parser = try FormulaParser(text)
        guard !parser.tokens.isEmpty else { throw .formula(text, offset: 0, reason: "it is empty") }
        let node = try parser.choice()
        guard parser.position == parser.tokens.count else {
            throw parser.failure("unexpected '\(parser.tokens[parser.position].text)'")
        }
        return node
    }

    private func failure(_ reason: String) -> TrainingRunsError {
        let offset = position < tokens.count ? tokens[position].offset : text.utf8.count
        return .formula(text, offset: offset, reason: reason)
    }

    private func isNext(_ symbol: String) -> Bool {
        position < tokens.count && tokens[position].kind != .number && tokens[position].text == symbol
    }

    private mutating func take(_ symbol: String) -> Bool {
        guard isNext(symbol) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ symbol: String) throws(TrainingRunsError) {
        guard take(symbol) else { throw failure("expected '\(symbol)'") }
    }

    private mutating func counted(_ node: FormulaNode) throws(TrainingRunsError) -> FormulaNode {
        nodes += 1
        guard nodes <= RateFormula.maximumNodeCount else {
            throw failure("more than \(RateFormula.maximumNodeCount) parts")
        }
        return node
    }

    private mutating func deeper() throws(TrainingRunsError) {
        depth += 1
        guard depth <= Self.maximumDepth else { throw failure("nested deeper than \(Self.maximumDepth) levels") }
    }

    private mutating func choice() throws(TrainingRunsError) -> FormulaNode {
        try deeper()
        defer { depth -= 1 }
        let node = try disjunction()
        guard take("if") else { return node }
        let condition = try disjunction()
        try expect("else")
        return try counted(.choice(node, condition: condition, otherwise: try choice()))
    }

    private mutating func disjunction() throws(TrainingRunsError) -> FormulaNode {
        var node = try conjunction()
        while take("or") { node = try counted(.or(node, try conjunction())) }
        return node
    }

    private mutating func conjunction() throws(TrainingRunsError) -> FormulaNode {
        var node = try inversion()
        while take("and") { node = try counted(.and(node, try inversion())) }
        return node
    }

    private mutating func inversion() throws(TrainingRunsError) -> FormulaNode {
        guard take("not") else { return try comparison() }
        try deeper()
        defer { depth -= 1 }
        return try counted(.not(try inversion()))
    }

    private mutating func comparison() throws(TrainingRunsError) -> FormulaNode {
        let first = try sum()
        var rest: [FormulaNode.Compared] = []
        while position < tokens.count, tokens[position].kind == .symbol,
            let comparison = FormulaComparison(rawValue: tokens[position].text)
        {
            position += 1
            rest.append(.init(comparison: comparison, node: try counted(try sum())))
        }
        return rest.isEmpty ? first : try counted(.comparison(first, rest))
    }

    private mutating func sum() throws(TrainingRunsError) -> FormulaNode {
        try leftToRight(["+", "-"]) { parser throws(TrainingRunsError) in try parser.product() }
    }

    private mutating func product() throws(TrainingRunsError) -> FormulaNode {
        try leftToRight(["*", "/", "//", "%"]) { parser throws(TrainingRunsError) in try parser.signed() }
    }

    private mutating func leftToRight(
        _ symbols: [String],
        _ operand: (inout FormulaParser) throws(TrainingRunsError) -> FormulaNode
    ) throws(TrainingRunsError) -> FormulaNode {
        var node = try operand(&self)
        while let symbol = symbols.first(where: isNext), let operation = FormulaOperator(rawValue: symbol) {
            position += 1
            node = try counted(.binary(operation, node, try operand(&self)))
        }
        return node
    }

    private mutating func signed() throws(TrainingRunsError) -> FormulaNode {
        guard isNext("-") || isNext("+") else { return try power() }
        try deeper()
        defer { depth -= 1 }
        let isNegative = take("-")
        if !isNegative { position += 1 }
        let operand = try signed()
        return isNegative ? try counted(.negation(operand)) : operand
    }

    /// `**` binds more tightly than a sign on its left, less tightly than one on its right, and from the right.
    private mutating func power() throws(TrainingRunsError) -> FormulaNode {
        let base = try atom()
        guard take("**") else { return base }
        try deeper()
        defer { depth -= 1 }
        return try counted(.binary(.power, base, try signed()))
    }

    private mutating func atom() throws(TrainingRunsError) -> FormulaNode {
        guard position < tokens.count else { throw failure("it ends where a value should be") }
        let token = tokens[position]
        switch token.kind {
        case .number:
            position += 1
            return try counted(.number(token.value))
        case .name: return try named(token.text)
        case .symbol:
            guard take("(") else { throw failure("expected a value, not '\(token.text)'") }
            let node = try choice()
            try expect(")")
            return node
        }
    }

    private mutating func named(_ name: String) throws(TrainingRunsError) -> FormulaNode {
        if let index = RateFormula.Variables.names.firstIndex(of: name) {
            position += 1
            return try counted(.variable(index))
        }
        switch name {
        case "pi":
            position += 1
            return try counted(.number(.pi))
        case "e":
            position += 1
            return try counted(.number(2.718281828459045))
        default: break
        }
        guard let function = FormulaFunction(rawValue: name) else {
            let names = RateFormula.Variables.names + ["pi", "e"] + FormulaFunction.allCases.map(\.rawValue)
            throw failure("'\(name)' is not known; there are \(names.joined(separator: ", "))")
        }
        let start = position
        position += 1
        let arguments = try arguments()
        guard function.arity.contains(arguments.count) else {
            position = start
            throw failure("\(name) takes \(Self.text(function.arity)), not \(arguments.count)")
        }
        return try counted(.call(function, arguments))
    }

    private mutating func arguments() throws(TrainingRunsError) -> [FormulaNode] {
        try expect("(")
        if take(")") { return [] }
        var arguments = [try choice()]
        while take(",") {
            if isNext(")") { break }
            arguments.append(try choice())
        }
        try expect(")")
        return arguments
    }

    private static func text(_ arity: ClosedRange<Int>) -> String {
        let count = arity.count == 1 ? "\(arity.lowerBound)" : "\(arity.lowerBound) to \(arity.upperBound)"
        return count + (arity.upperBound == 1 ? " argument" : " arguments")
    }
}
