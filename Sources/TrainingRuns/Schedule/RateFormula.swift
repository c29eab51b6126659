// SPDX-License-Identifier: Apache-2.0

/// A learning rate as an expression of the step, in the part of Python's syntax that arithmetic needs.
///
/// Numbers, the variables of ``Variables``, `pi`, `e`, `+ - * / // % **`, comparisons, `and or not`, `a if c else b`, and
/// `sin cos exp log sqrt pow min max abs clamp`. Nothing else can be said in it, and it has no memory and no loops, so that
/// a formula from a file or a page is harmless.
package struct RateFormula: Sendable, Equatable {
    /// What a formula may ask for.
    package struct Variables: Sendable, Equatable {
        var values: [Double]

        /// The variables at a step of the curve.
        ///
        /// - Parameters:
        ///   - step: steps done since warm-up.
        ///   - totalSteps: steps of the curve.
        ///   - stepsPerEpoch: steps of an epoch.
        ///   - epochs: epochs of the run.
        ///   - baseRate: the learning rate.
        package init(step: Int, totalSteps: Int, stepsPerEpoch: Int, epochs: Int, baseRate: Double) {
            let step = Double(step)
            values = [
                step, Double(totalSteps), step / Double(totalSteps), step / Double(stepsPerEpoch), Double(epochs),
                Double(stepsPerEpoch), baseRate,
            ]
        }

        /// The names, in the order of the values.
        static let names = ["step", "total_steps", "progress", "epoch", "total_epochs", "steps_per_epoch", "base_lr"]
    }

    /// Longer texts are refused.
    package static let maximumByteCount = 2000
    /// Larger expressions are refused.
    package static let maximumNodeCount = 256

    /// Formulas that have a name, to begin with.
    package static let templates = [
        (name: "cosine", text: "base_lr / 2 * (1 + cos(pi * progress))"),
        (name: "cosine_floor", text: "1e-6 + (base_lr - 1e-6) / 2 * (1 + cos(pi * progress))"),
        (
            name: "constant_then_cosine",
            text: "base_lr if progress < 0.3 else base_lr / 2 * (1 + cos(pi * (progress - 0.3) / 0.7))"
        ),
        (name: "step_decay", text: "base_lr * 0.5 ** (epoch // 10)"),
        (name: "linear_floor", text: "max(1e-5, base_lr * (1 - progress))"),
    ]

    private let root: FormulaNode

    /// Parses a formula; the name of a template stands for its text.
    ///
    /// - Parameter text: the formula.
    /// - Throws: `TrainingRunsError.formula`.
    package init(_ text: String) throws(TrainingRunsError) {
        let text = Self.templates.first { $0.name == text }?.text ?? text
        root = try FormulaParser.parse(text)
    }

    /// The value at a step.
    ///
    /// - Parameter variables: the step and the run.
    /// - Returns: nil where Python would raise an error, and where the result is not finite.
    package func value(_ variables: Variables) -> Double? {
        root.value(variables.values).flatMap { $0.isFinite ? $0 : nil }
    }
}
