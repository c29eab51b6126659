// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import TrainingRuns

@Suite("Formulas")
struct RateFormulaTests {
    private func variables(_ step: Int) -> RateFormula.Variables {
        .init(step: step, totalSteps: 100, stepsPerEpoch: 4, epochs: 25, baseRate: 3e-4)
    }

    @Test(
        "A formula has Python's value at each step, and none where Python raises",
        arguments: ScheduleGoldens.shared.formulas
    )
    func python(_ golden: ScheduleGoldens.Formula) throws {
        let formula = try RateFormula(golden.formula)
        for (step, expected) in zip(ScheduleGoldens.shared.steps, golden.values) {
            let value = formula.value(variables(step))
            guard let expected else {
                #expect(value == nil, "at step \(step)")
                continue
            }
            let found = try #require(value, "at step \(step)")
            #expect(abs(found - expected) <= 1e-14 * abs(expected), "\(found), expected \(expected) at step \(step)")
        }
    }

    @Test("Named formulas are what they are called")
    func templates() throws {
        for template in RateFormula.templates {
            #expect(try RateFormula(template.name) == RateFormula(template.text))
            #expect(try RateFormula(template.text).value(variables(3)) != nil)
        }
        #expect(try RateFormula("step_decay").value(variables(40)) == 1.5e-4)
    }

    @Test(
        "What is no formula is refused where it goes wrong",
        arguments: [
            ("", 1, "empty"), ("   ", 1, "empty"), ("1 +", 4, "ends where a value should be"),
            ("base_lr base_lr", 9, "unexpected"), ("(1", 3, "expected ')'"), ("1)", 2, "unexpected ')'"),
            ("lambda: 1", 7, "no formula has"), ("__import__('os')", 12, "no formula has"),
            ("open(1)", 1, "'open' is not known"), ("step.real", 5, "no formula has"), ("x", 1, "'x' is not known"),
            ("min(1)", 1, "min takes 2 to 16 arguments, not 1"), ("sin()", 1, "sin takes 1 argument, not 0"),
            ("clamp(1, 2)", 1, "clamp takes 3 arguments"), ("1 if 2", 7, "expected 'else'"), ("1e999", 1, "too large"),
            ("sin", 4, "expected '('"), ("1 = 2", 3, "no formula has"), ("a[0]", 2, "no formula has"),
            ("1 ** ", 6, "ends"), ("2 ^ 3", 3, "no formula has"), ("😀", 1, "no formula has"),
            ("1; 2", 2, "no formula has"),
            ("min(,)", 5, "expected a value"), ("else", 1, "not known"), (".", 1, "no formula has"),
            ("1..2", 3, "unexpected"),
        ]
    )
    func malformed(text: String, character: Int, reason: String) {
        let error = #expect(throws: TrainingRunsError.self) { try RateFormula(text) }
        let description = error.map { "\($0)" } ?? ""
        #expect(description.contains(reason), "\(description)")
        #expect(description.contains("at character \(character)"), "\(description)")
    }

    @Test("Formulas that are too long, too deep or too large are refused before they cost anything")
    func limits() {
        let hostile = [
            String(repeating: "(", count: 1900), String(repeating: "-", count: 1900) + "1",
            String(repeating: "not ", count: 400) + "1", String(repeating: "1+", count: 900) + "1",
            String(repeating: "1**", count: 600) + "1", String(repeating: "1 if 1 else ", count: 150) + "1",
            String(repeating: "abs(", count: 300) + "1" + String(repeating: ")", count: 300),
            "1" + String(repeating: " ", count: 3000), String(repeating: "1<", count: 900) + "1",
            String(repeating: "1 and ", count: 300) + "1",
        ]
        for text in hostile { #expect(throws: TrainingRunsError.self, "\(text.prefix(20))") { try RateFormula(text) } }
    }

    @Test("Random text is refused or evaluated, never worse")
    func fuzz() {
        var generator = SeededGenerator(seed: 7)
        let pieces = [
            "step", "progress", "base_lr", "e", "pi", "(", ")", "+", "-", "*", "/", "//", "%", "**", "1", "0", "2.5",
            "1e300",
            "if", "else", "and", "or", "not", "<", "==", ",", "min", "log", "pow", "clamp", " ", "_", ".", "é",
        ]
        var parsed = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 1...12, using: &generator)
            let text = (0..<count).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &generator)] }
                .joined(separator: " ")
            guard let formula = try? RateFormula(text) else { continue }
            parsed += 1
            for step in [0, 1, 99] {
                if let value = formula.value(variables(step)) { #expect(value.isFinite, "\(text)") }
            }
        }
        #expect(parsed > 100, "random text must reach the evaluation too")
    }
}
