// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import Torch

/// What concerns a whole process runs in a process of its own.
@Suite("Opening libtorch")
struct LibraryTests {
    @Test("A process that asks only for counts does not load libtorch, and the first tensor does")
    func lazyLoading() async {
        await #expect(processExitsWith: .success) {
            #expect(TorchRuntime.liveTensorCount == 0)
            #expect(TorchRuntime.counters == TorchCounters())
            #expect(!TorchRuntime.isLoaded)
            #expect(Device(parsing: "cuda:1") == .cuda(1))
            let thread = ComputeThread(name: "idle")
            #expect(try !mappedFiles().contains("libtorch_cpu"))
            _ = try Tensor.zeros([1])
            #expect(TorchRuntime.isLoaded)
            #expect(try mappedFiles().contains("libtorch_cpu"))
            #expect(!thread.isCurrent)
        }
    }

    @Test("Every handle is freed, those of failed operations too")
    func liveCount() async {
        await #expect(processExitsWith: .success) {
            try TorchRuntime.load()
            let before = TorchRuntime.liveTensorCount
            do {
                let generator = try Generator(seed: 1)
                let x = try Tensor.randn([4, 8], generator: generator)
                _ = try x.svd()
                _ = try x.qr()
                _ = try x.sort()
                _ = try x.chunk(3, dimension: 1)
                _ = try Tensor.cat([x, x], dimension: 0).floats()
                _ = try generator.state
                #expect(throws: TorchError.self) { try x.matmul(x) }
                #expect(throws: TorchError.self) { try x.topk(9) }
                #expect(TorchRuntime.liveTensorCount == before + 1)
            }
            #expect(TorchRuntime.liveTensorCount == before)
        }
    }

    @Test("Counters tell calls, handles and bytes of fresh memory; a view has none")
    func counters() async {
        await #expect(processExitsWith: .success) {
            let x = try Tensor.zeros([4, 8])
            let before = TorchRuntime.counters
            let view = try x.transpose(0, 1)
            let same = try x.contiguous()
            let fresh = try x * 2
            let after = TorchRuntime.counters
            #expect(after.tensorsCreated - before.tensorsCreated == 3)
            #expect(after.calls - before.calls == 3)
            #expect(after.bytesCreated - before.bytesCreated == 128)
            #expect(view.sharesStorage(with: x) && same.sharesStorage(with: x) && !fresh.sharesStorage(with: x))
        }
    }

    @Test("Without its library every operation says what to run, again and again")
    func missingLibtorch() async {
        await #expect(processExitsWith: .success) {
            unsafe setenv("LIBTORCH", "/nonexistent", 1)
            for _ in 0..<2 {
                let error = try #require(throws: TorchError.self) { try Tensor.zeros([1]) }
                guard case .unavailable(let message) = error else {
                    Issue.record("not unavailable: \(error)")
                    return
                }
                #expect(message.contains("/nonexistent/lib/libtorch_cpu"))
                #expect(message.contains("make build"))
                #expect(message.contains("LIBTORCH"))
            }
            // A scope without libtorch still runs its body, which reports the same.
            #expect(throws: TorchError.self) { try withoutGradients { () throws(TorchError) in try Tensor.ones([1]) } }
            #expect(!TorchRuntime.isLoaded)
        }
    }

    @Test("LIBTORCH chooses the libtorch that is loaded, before the library's own run path")
    func chosenLibtorch() async throws {
        let directory = try temporaryDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        let lib = URL(filePath: try TorchRuntime.libraryPath).deletingLastPathComponent()
        let link = directory.appending(path: "lib")
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: lib.resolvingSymlinksInPath())
        await #expect(processExitsWith: .success) { [path = directory.path as String] () async throws in
            unsafe setenv("LIBTORCH", path, 1)
            #expect(try TorchRuntime.libraryPath.hasPrefix(path + "/lib/"))
            #expect(try Tensor.ones([2]).sum().item() == 2)
        }
    }

    @Test("A directory without the library is named in the error")
    func missingLibrary() throws {
        let search = LibrarySearch(directories: ["/nowhere/a", "/nowhere/b"], libtorch: nil)
        let error = try #require(throws: TorchError.self) { try search.open() }
        #expect(error.description.contains("/nowhere/a, /nowhere/b"))
        #expect(error.description.contains("make build"))
    }

    @Test("A file of that name that is no library, and a library without the table, are refused")
    func wrongLibrary() throws {
        let directory = try temporaryDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        let search = LibrarySearch(directories: [directory.path], libtorch: nil)
        let name = search.fileName
        let file = directory.appending(path: name)
        try Data("not a library".utf8).write(to: file)
        let notLibrary = try #require(throws: TorchError.self) { try search.open() }
        #expect(notLibrary.description.contains("cannot open \(file.path)"))

        try FileManager.default.removeItem(at: file)
        let other = URL(filePath: try TorchRuntime.libraryPath).deletingLastPathComponent()
        let c10 = other.appending(path: name.replacing("libCTorch", with: "libc10"))
        try FileManager.default.createSymbolicLink(at: file, withDestinationURL: c10)
        let noTable = try #require(throws: TorchError.self) { try search.open() }
        #expect(noTable.description.contains("exports no ct_table"))
    }

    @Test("Another release of libtorch is refused by its number, a patch release is not")
    func wrongRelease() throws {
        let error = try #require(throws: TorchError.self) {
            try LibrarySearch.check(torchVersion: 2 << 56 | 10 << 48, path: "/x/libCTorch.so")
        }
        #expect(error.description.contains("/x/libCTorch.so runs on libtorch 2.10.0, not 2.11"))
        try LibrarySearch.check(torchVersion: 2 << 56 | 11 << 48 | 1 << 40, path: "/x/libCTorch.so")
    }

    @Test("A table of another build is refused")
    func wrongTable() throws {
        let error = try #require(throws: TorchError.self) {
            try LibrarySearch.check(abiVersion: 999, byteCount: 8, path: "/x/libCTorch.so")
        }
        #expect(error.description.contains("another build"))
        #expect(throws: TorchError.self) {
            try LibrarySearch.check(abiVersion: 3, byteCount: 8, path: "/x/libCTorch.so")
        }
    }

    @Test("The library fills every slot of the table")
    func completeTable() throws {
        #expect(try Library.loaded().emptySlotCount == 0)
    }

    @Test("The runtime describes itself")
    func description() throws {
        #expect(try TorchRuntime.version.hasPrefix("2.11."))
        #expect(try !TorchRuntime.cpuCapability.isEmpty)
        #expect(try !TorchRuntime.cpuFeatures.isEmpty)
        #expect(try TorchRuntime.buildConfiguration.contains("PyTorch"))
        #expect(try TorchRuntime.libraryPath.contains("libtorch_cpu"))
        if try !Device.isCUDAAvailable {
            #expect(try Device.cudaCount == 0)
        }
    }

    @Test("The number of threads can be set")
    func threadCount() async {
        await #expect(processExitsWith: .success) {
            try TorchRuntime.setThreadCount(1)
            #expect(try TorchRuntime.threadCount == 1)
            #expect(throws: TorchError.self) { try TorchRuntime.setThreadCount(0) }
        }
    }
}

/// What the process has mapped; empty where the system does not tell.
private func mappedFiles() throws -> String {
    try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
}

private func temporaryDirectory() throws -> URL {
    let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    return directory
}
