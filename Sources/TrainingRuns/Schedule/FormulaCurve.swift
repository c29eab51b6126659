// SPDX-License-Identifier: Apache-2.0

/// A formula's rates over a run.
///
/// A value that is negative or no number gives the base rate; ten of them in a row give it for good.
struct FormulaCurve: Sendable {
    /// Values that cannot be used, in a row, after which the formula is given up.
    static let toleratedFailures = 10

    /// What the user should know.
    let warnings: [String]

    private let formula: RateFormula
    private let baseRate: Double
    private let steps: Int
    private let stepsPerEpoch: Int
    private let epochs: Int
    /// The first step of those for which the formula is not asked any more.
    private let abandoned: Int

    init(
        _ text: String,
        baseRate: Double,
        steps: Int,
        stepsPerEpoch: Int,
        epochs: Int
    ) throws(TrainingRunsError) {
        let formula = try RateFormula(text)
        func variables(_ step: Int) -> RateFormula.Variables {
            .init(
                step: step,
                totalSteps: steps,
                stepsPerEpoch: stepsPerEpoch,
                epochs: epochs,
                baseRate: baseRate
            )
        }
        for step in [0, steps / 2, steps - 1] where formula.value(variables(step)) == nil {
            throw .formulaValue(text, reason: "it has no finite value at step \(step) of \(steps)")
        }
        var warnings: [String] = []
        for step in Set([0, steps / 4, steps / 2, 3 * steps / 4, steps - 1]).sorted() {
            guard let value = formula.value(variables(step)) else { continue }
            if value < 0 {
                warnings.append("the formula is negative at step \(step); the base rate is taken instead")
            } else if value < 1e-8 {
                warnings.append("the formula gives \(value) at step \(step), a rate that trains nothing")
            }
        }
        let abandoned = Self.firstAbandoned(formula, steps: steps, variables)
        if abandoned < steps {
            warnings.append(
                "the formula has no usable value before step \(abandoned): the base rate is taken from there"
            )
        }
        self.formula = formula
        self.baseRate = baseRate
        self.steps = steps
        self.stepsPerEpoch = stepsPerEpoch
        self.epochs = epochs
        self.abandoned = abandoned
        self.warnings = warnings
    }

    /// Found before the run, so that a rate depends on its step alone and a resumed run needs no count of failures.
    private static func firstAbandoned(
        _ formula: RateFormula,
        steps: Int,
        _ variables: (Int) -> RateFormula.Variables
    ) -> Int {
        var failures = 0
        for step in 0..<steps {
            failures = usable(formula.value(variables(step))) == nil ? failures + 1 : 0
            if failures == toleratedFailures { return step + 1 }
        }
        return .max
    }

    private static func usable(_ value: Double?) -> Double? { value.flatMap { $0 >= 0 ? $0 : nil } }

    func rate(at step: Int) -> Double {
        guard step < abandoned else { return baseRate }
        let variables = RateFormula.Variables(
            step: step,
            totalSteps: steps,
            stepsPerEpoch: stepsPerEpoch,
            epochs: epochs,
            baseRate: baseRate
        )
        return Self.usable(formula.value(variables)) ?? baseRate
    }
}
