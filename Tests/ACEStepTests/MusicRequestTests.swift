// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Testing

@Suite("Music requests")
struct MusicRequestTests {
    @Test(
        "Frames are ceil(25 · duration) in decimal arithmetic",
        arguments: [
            (2.2, 55), (2.21, 56), (1.12, 28), (9.8, 245), (4.4, 110), (32.5, 813), (0.1, 3), (0.04, 1), (60, 1500),
            (600, 15_000), (2.20000001, 56), (1.0, 25), (0.12, 3), (3.1415, 79),
        ]
    )
    func frames(duration: Double, frames: Int) {
        #expect(MusicRequest(tags: "", duration: duration).frames == frames)
    }

    @Test("Parameters out of range are refused by name")
    func validation() throws {
        let cases: [(MusicRequest, String)] = [
            (.init(tags: "", duration: 0.05), "duration"), (.init(tags: "", duration: 601), "duration"),
            (.init(tags: "", duration: .nan), "duration"), (.init(tags: "", steps: 0), "steps"),
            (.init(tags: "", steps: -3), "steps"), (.init(tags: "", guidance: .infinity), "guidance"),
            (.init(tags: "", shift: 0), "shift"), (.init(tags: "", batch: 0), "batch"),
            (.init(tags: "", bpm: WrittenNumber(-4)), "bpm"),
            (.init(tags: "", guidanceInterval: .init(start: 0.8, end: 0.2)), "guidance interval"),
        ]
        for (request, name) in cases {
            let error = #expect(throws: ModelError.self) { try request.validate() }
            guard case .parameter(name, _, _)? = error else {
                Issue.record("\(String(describing: error)) does not name \(name)")
                continue
            }
        }
        try MusicRequest(tags: "jazz", duration: 0.1, steps: 1, guidance: 0, shift: 3, bpm: WrittenNumber("120.5"))
            .validate()
    }

    @Test("Numbers keep the way they were written, and only numbers are numbers")
    func writtenNumbers() {
        #expect(WrittenNumber("120.50")?.text == "120.50")
        #expect(WrittenNumber(120).text == "120")
        for text in ["", "fast", " 120", "120 ", "nan", "inf", "1e999"] { #expect(WrittenNumber(text) == nil) }
    }

    @Test("Defaults come from the request, then from the adapter's file, then from the variant")
    func defaults() {
        let silent = MusicRequest(tags: "")
        let turbo = SamplingParameters(silent, variant: .turbo)
        #expect((turbo.steps, turbo.guidance, turbo.shift) == (8, 1, 3))
        let base = SamplingParameters(silent, variant: .base)
        #expect((base.steps, base.guidance, base.shift) == (50, 7, 1))
        let hinted = SamplingParameters(silent, variant: .sft, hints: .init(steps: 30, shift: 2, variant: .sft))
        #expect((hinted.steps, hinted.shift) == (30, 2))
        #expect(hinted.warnings.isEmpty)
        let asked = SamplingParameters(
            MusicRequest(tags: "", steps: 12, shift: 1),
            variant: .turbo,
            hints: .init(shift: 3, variant: .base)
        )
        #expect((asked.steps, asked.shift) == (12, 1))
        #expect(asked.warnings.count == 2, "a wrong shift and a wrong variant are both said: \(asked.warnings)")
    }

    @Test("Turbo ignores guidance and says so")
    func turboGuidance() {
        let parameters = SamplingParameters(MusicRequest(tags: "", guidance: 7), variant: .turbo)
        #expect(parameters.guidance == 1)
        #expect(parameters.warnings.first?.contains("ignored") == true)
    }
}
