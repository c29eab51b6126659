// SPDX-License-Identifier: Apache-2.0

import AdapterConversion
import AdapterFormats
import Checkpoints
import Foundation
import TestSupport
import Testing

/// `lumina` alone, on a pseudo-terminal and without one.
@Suite(.serialized) struct MenuTests {
    /// The program, which is built beside the tests.
    private static let program: String? = {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let path = URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("lumina").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()

    /// Runs the program with a pseudo-terminal for its standard streams and types the lines given.
    private func onTerminal(
        _ arguments: [String] = [],
        typing lines: [String]
    ) throws -> (output: String, status: Int32) {
        let program = try #require(Self.program)
        let controller = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY)
        // Linux's requests to unlock the other side and to tell its number; the C library's functions for them are
        // hidden from Swift.
        var (locked, number): (CInt, CUnsignedInt) = (0, 0)
        try #require(controller >= 0)
        try #require(unsafe ioctl(controller, 0x4004_5431, &locked) == 0)
        try #require(unsafe ioctl(controller, 0x8004_5430, &number) == 0)
        let terminal = unsafe open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        try #require(terminal >= 0)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let handle = FileHandle(fileDescriptor: terminal, closeOnDealloc: false)
        (process.standardInput, process.standardOutput, process.standardError) = (handle, handle, handle)
        try process.run()
        close(terminal)
        // Typed ahead: the terminal keeps it until the program asks. Control-D closes the input after the last line.
        let input = Array((lines.map { $0 + "\n" }.joined() + "\u{4}").utf8)
        _ = unsafe input.withUnsafeBytes { unsafe write(controller, $0.baseAddress, $0.count) }
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(controller, $0.baseAddress, $0.count) }
            guard count > 0 else { break }  // EIO: the last holder of the terminal has gone
            output += buffer.prefix(count)
        }
        process.waitUntilExit()
        close(controller)
        return (String(decoding: output, as: UTF8.self), process.terminationStatus)
    }

    @Test func theMenuOffersWhatPeopleComeFor() throws {
        let (output, status) = try onTerminal(typing: ["q"])
        #expect(status == 0)
        for item in ["generate", "export", "inspect", "demo", "doctor"] { #expect(output.contains(item)) }
    }

    @Test func closingTheInputQuits() throws {
        #expect(try onTerminal(typing: []).status == 0)
    }

    @Test func exportAsksForTheAdapterAndWritesTheFile() throws {
        var fixture = try Fixture()
        let adapter = try fixture.peft("jazz")
        let (output, status) = try onTerminal(typing: ["2", fixture.directory.path(of: adapter.name), ""])
        #expect(status == 0, "\(output)")
        #expect(output.contains("$ lumina export"))
        #expect(FileManagement.exists(fixture.directory.path(of: "jazz_comfyui.safetensors")))
    }

    @Test func inspectIsChosenByItsName() throws {
        var fixture = try Fixture()
        let adapter = try fixture.peft("jazz")
        let (output, status) = try onTerminal(typing: ["inspect", fixture.directory.path(of: adapter.name), ""])
        #expect(status == 0, "\(output)")
        #expect(output.contains("1/3 strength"))
    }

    @Test func anAnswerThatIsNoChoiceIsWrongUsage() throws {
        let (output, status) = try onTerminal(typing: ["seven"])
        #expect(status == 2)
        #expect(output.contains("'seven' is not in the menu"))
    }

    @Test func withoutATerminalHelpIsPrinted() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.program))
        let pipe = Pipe()
        (process.standardInput, process.standardOutput) = (FileHandle.nullDevice, pipe)
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(output.contains("USAGE: lumina"))
        #expect(output.contains("export"))
    }

    @Test func inspectingWithoutAModelNeedsNoLibtorch() throws {
        var fixture = try Fixture()
        let base = try fixture.base()
        let adapter = try fixture.lokr("plain", .secondLow)
        let arguments = ["adapters", "inspect", adapter.file.path, "--json"]
        let (data, status) = try withoutLibtorch(arguments, in: fixture)
        #expect(status == 0)
        let result = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let files = try #require((result["adapters"] as? [[String: Any]])?.first?["files"] as? [String: Any])
        #expect((files["families"] as? [[String: Any]])?.first?["family"] as? String == "lokr")
        #expect((files["elsewhere"] as? [[String: Any]])?.count == 5)
        let folder = try #require(base.store.files.first).path.dropLast("/model.safetensors".count)
        #expect(
            try withoutLibtorch(arguments + ["--model", String(folder)], in: fixture).status == 1,
            "there was a libtorch"
        )
    }

    /// Runs the program where any use of a tensor fails: `LIBTORCH` wins over every other place, and there is none.
    private func withoutLibtorch(_ arguments: [String], in fixture: Fixture) throws -> (output: Data, status: Int32) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.program))
        process.arguments = arguments
        process.environment = ["LIBTORCH": fixture.directory.path, "PATH": "/usr/bin:/bin"]
        let pipe = Pipe()
        (process.standardOutput, process.standardError) = (pipe, FileHandle.nullDevice)
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (data, process.terminationStatus)
    }
}
