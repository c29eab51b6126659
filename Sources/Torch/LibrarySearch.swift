// SPDX-License-Identifier: Apache-2.0
import CTorchTable

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Finds and opens libCTorch, which brings libtorch with it, and refuses what does not fit.
package struct LibrarySearch: Sendable {
    /// Where to look for libCTorch, in this order.
    package let directories: [String]
    /// A directory whose `lib/` holds the libtorch to use instead of the one libCTorch was linked against.
    package let libtorch: String?

    /// A search of the caller's own; tests use it.
    package init(directories: [String], libtorch: String?) {
        self.directories = directories
        self.libtorch = libtorch
    }

    /// Beside the running executable, then `LUMINA_LIBRARY_PATH`; libtorch from `LIBTORCH` where it is set.
    package static var ofProcess: LibrarySearch {
        let directories = [executableDirectory, environment("LUMINA_LIBRARY_PATH")]
        return LibrarySearch(directories: directories.compactMap(\.self), libtorch: environment("LIBTORCH"))
    }

    #if canImport(Darwin)
    private static let suffix = "dylib"
    #else
    private static let suffix = "so"
    #endif

    private static let wayOut =
        "run `make build` (or Scripts/setup to install libtorch), or set LIBTORCH to a directory whose lib/ holds "
        + "libtorch \(CT_TORCH_MAJOR).\(CT_TORCH_MINOR).0"

    /// Opens the library and returns its table.
    ///
    /// - Throws: `TorchError.unavailable` saying what is missing or does not fit, and what to run.
    package func open() throws(TorchError) -> Library {
        try openLibtorch()
        let path = try libraryPath()
        guard let handle = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            throw Self.unavailable("cannot open \(path): \(Self.loaderError())")
        }
        guard let symbol = unsafe dlsym(handle, "ct_table") else {
            throw Self.unavailable("\(path) is not Lumina's library: it exports no ct_table")
        }
        let table = unsafe unsafeBitCast(symbol, to: CTTableFunction.self)()
        try unsafe Self.check(
            abiVersion: table.pointee.abiVersion,
            byteCount: table.pointee.byteCount,
            path: path
        )
        try unsafe Self.check(torchVersion: table.pointee.runtimeVersion(), path: path)
        return unsafe Library(table: table, path: path, cudaFailure: Self.openCUDA(beside: table))
    }

    /// The file that is looked for.
    package var fileName: String { "libCTorch.\(Self.suffix)" }

    private func libraryPath() throws(TorchError) -> String {
        let name = fileName
        for directory in directories where unsafe access(directory + "/" + name, R_OK) == 0 {
            return directory + "/" + name
        }
        throw Self.unavailable("\(name) is in none of: \(directories.joined(separator: ", "))")
    }

    /// Loading the chosen libtorch first makes the loader use it for libCTorch too, before its run path.
    private func openLibtorch() throws(TorchError) {
        guard let libtorch else { return }
        let path = "\(libtorch)/lib/libtorch_cpu.\(Self.suffix)"
        guard let handle = unsafe dlopen(path, RTLD_NOW | RTLD_GLOBAL) else {
            throw Self.unavailable("cannot open LIBTORCH's library: \(Self.loaderError())")
        }
        guard let symbol = unsafe dlsym(handle, "aoti_torch_abi_version") else {
            throw Self.unavailable("\(path) is of another release of libtorch")
        }
        let version = unsafe unsafeBitCast(symbol, to: (@convention(c) () -> UInt64).self)()
        try Self.check(torchVersion: version, path: path)
    }

    /// Refuses a libtorch whose release is not the one compiled for; its C++ interface is not stable.
    package static func check(torchVersion: UInt64, path: String) throws(TorchError) {
        let version = TorchVersion(packed: torchVersion)
        guard version.major == CT_TORCH_MAJOR, version.minor == CT_TORCH_MINOR else {
            throw unavailable("\(path) runs on libtorch \(version), not \(CT_TORCH_MAJOR).\(CT_TORCH_MINOR)")
        }
    }

    /// Refuses a libCTorch of another build, whose functions would be at other places in the table.
    package static func check(abiVersion: UInt32, byteCount: UInt32, path: String) throws(TorchError) {
        guard abiVersion == UInt32(CT_ABI_VERSION), Int(byteCount) == MemoryLayout<CTTable>.size else {
            throw unavailable(
                "\(path) is of another build (table \(abiVersion), \(byteCount) bytes; "
                    + "expected \(CT_ABI_VERSION), \(MemoryLayout<CTTable>.size) bytes)"
            )
        }
    }

    /// Registers libtorch's CUDA part where it lies beside libtorch_cpu and there is a driver to use it.
    ///
    /// - Returns: why it was not loaded, or nil if it was.
    @safe private static func openCUDA(beside table: UnsafePointer<CTTable>) -> String? {
        let libtorch = unsafe String(cString: table.pointee.libraryPath())
        let directory = libtorch.prefix(upTo: libtorch.lastIndex(of: "/") ?? libtorch.startIndex)
        let path = "\(directory)/libtorch_cuda.\(suffix)"
        guard unsafe access(path, R_OK) == 0 else { return "this libtorch has no CUDA part (\(path))" }
        // Without a driver the 0.9 GB part would only cost time.
        guard unsafe dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL) != nil else {
            return "no NVIDIA driver: \(loaderError())"
        }
        guard unsafe dlopen(path, RTLD_NOW | RTLD_GLOBAL) != nil else { return loaderError() }
        return nil
    }

    private static func unavailable(_ message: String) -> TorchError {
        .unavailable("libtorch is not available: \(message); \(wayOut)")
    }

    private static func loaderError() -> String {
        guard let text = unsafe dlerror() else { return "unknown reason" }
        return unsafe String(cString: text)
    }

    private static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }

    private static var executableDirectory: String? {
        guard let path = executablePath, let slash = path.lastIndex(of: "/") else { return nil }
        return String(path[..<slash])
    }

    private static var executablePath: String? {
        let capacity = Int(PATH_MAX)
        return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity + 1) { buffer -> String? in
            unsafe buffer.initialize(repeating: 0)
            guard let start = buffer.baseAddress else { return nil }
            #if canImport(Darwin)
            var count = UInt32(capacity)
            guard unsafe _NSGetExecutablePath(start, &count) == 0 else { return nil }
            #else
            guard unsafe readlink("/proc/self/exe", start, capacity) > 0 else { return nil }
            #endif
            return unsafe String(cString: start)
        }
    }
}
