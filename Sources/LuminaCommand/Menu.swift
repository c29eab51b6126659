// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What `lumina` alone offers on a terminal: a few questions that end in an ordinary command line, which is shown.
struct Menu {
    /// One of the things to choose.
    private struct Item {
        let name: String
        let summary: String
        let questions: [Question]
    }

    /// A question whose answer becomes an argument.
    private struct Question {
        let text: String
        /// The option in front of the answer; nil for a positional argument.
        var option: String?
        /// What an empty answer stands for; nil leaves the option out.
        var standard: String?
        var isRequired = false
    }

    private static let items = [
        Item(
            name: "generate",
            summary: "make music",
            questions: [
                Question(text: "What should it sound like", option: "--tags", isRequired: true),
                Question(text: "Seconds", option: "--duration", standard: "20"),
                Question(text: "Adapter, as PATH or PATH=STRENGTH (empty for none)", option: "--adapter"),
                Question(text: "Checkpoint (empty for the small built-in model)", option: "--model"),
                Question(text: "File to write", option: "--out", standard: "song.wav"),
            ]
        ),
        Item(
            name: "export",
            summary: "write an adapter for ComfyUI",
            questions: [
                Question(text: "Adapter's directory or file", isRequired: true),
                Question(text: "Its base checkpoint (DoRA and OFT need it, else empty)", option: "--model"),
            ]
        ),
        Item(
            name: "inspect",
            summary: "look into an adapter",
            questions: [
                Question(text: "Adapter's directory or file", isRequired: true),
                Question(text: "Its base checkpoint, to measure its effect (or empty)", option: "--model"),
            ]
        ),
        Item(name: "demo", summary: "see the whole story on a small model", questions: []),
        Item(name: "doctor", summary: "see what is installed and what is missing", questions: []),
    ]

    /// Whether somebody sits at a terminal.
    static var isPossible: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

    /// Asks what to do.
    ///
    /// - Returns: the arguments of the command chosen; nil if the user wants nothing, or has closed the input.
    /// - Throws: `ValidationError` for an answer that is none of the choices.
    func choose() throws -> [String]? {
        Swift.print("Lumina \(LuminaVersion.current): what would you like to do?\n")
        for (position, item) in Self.items.enumerated() {
            Swift.print("  \(position + 1)  \(item.name.padded(to: 10))\(item.summary)")
        }
        Swift.print("  q  quit\n")
        guard let answer = ask("Number or name"), !["", "q", "quit"].contains(answer) else { return nil }
        let chosen = Int(answer).flatMap { Self.items.indices.contains($0 - 1) ? Self.items[$0 - 1] : nil }
        guard let item = chosen ?? Self.items.first(where: { $0.name == answer }) else {
            throw ValidationError("'\(answer)' is not in the menu; choose 1 to \(Self.items.count), or a name")
        }
        guard let arguments = self.arguments(of: item) else { return nil }
        let shown = arguments.map { $0.contains(where: { " \"'$&()".contains($0) }) ? "'\($0)'" : $0 }
        Swift.print("\n$ lumina \(shown.joined(separator: " "))\n")
        return arguments
    }

    private func arguments(of item: Item) -> [String]? {
        var arguments = item.name == "inspect" ? ["adapters", "inspect"] : [item.name]
        for question in item.questions {
            guard let answer = answer(to: question) else { return nil }
            if answer.isEmpty { continue }
            if let option = question.option {
                arguments.append("\(option)=\(answer)")  // also right for an answer that begins with a dash
            } else {
                arguments.append(answer)
            }
        }
        return arguments
    }

    private func answer(to question: Question) -> String? {
        while true {
            guard let answer = ask(question.text + (question.standard.map { " [\($0)]" } ?? "")) else { return nil }
            if !answer.isEmpty { return answer }
            if !question.isRequired { return question.standard ?? "" }
        }
    }

    private func ask(_ text: String) -> String? {
        Swift.print("\(text): ", terminator: "")
        fflush(nil)
        guard let line = readLine() else {
            Swift.print("")
            return nil
        }
        let isBlank = { (character: Character) in character.isWhitespace }
        return String(line.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }
}
