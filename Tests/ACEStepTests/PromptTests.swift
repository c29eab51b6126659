// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Testing

@Suite("Prompts")
struct PromptTests {
    @Test("The texts are those the model was trained with, to the byte")
    func template() {
        let prompt = Prompt(
            MusicRequest(
                tags: " jazz, 東京 ",
                lyrics: "[Verse]\nHello\n",
                duration: 12.9,
                bpm: WrittenNumber("120.5"),
                keyScale: "C minor",
                timeSignature: "4",
                vocalLanguage: "en"
            )
        )
        #expect(
            prompt.caption == """
                # Instruction
                Fill the audio semantic mask based on the given conditions:

                # Caption
                 jazz, 東京\u{20}

                # Metas
                - bpm: 120.5
                - timesignature: 4
                - keyscale: C minor
                - duration: 12 seconds
                <|endoftext|>

                """
        )
        #expect(prompt.lyrics == "# Languages\nen\n\n# Lyric\n[Verse]\nHello\n<|endoftext|>")
    }

    @Test("What is absent or blank is N/A, and the instruction ends with a colon once")
    func absent() {
        let plain = Prompt(MusicRequest(tags: "x", keyScale: " \t", timeSignature: "", instruction: "Do it"))
        #expect(plain.caption.contains("Do it:\n"))
        #expect(plain.caption.contains("- bpm: N/A\n- timesignature: N/A\n- keyscale: N/A\n- duration: 60 seconds\n"))
        #expect(!Prompt(MusicRequest(tags: "x")).caption.contains("::"))
    }
}
