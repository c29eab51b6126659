// SPDX-License-Identifier: Apache-2.0
import CTorchTable

/// libtorch as a whole: its version, its threads, what it has been asked to do.
public enum TorchRuntime {
    /// Opens libtorch now instead of at the first operation.
    ///
    /// - Throws: `TorchError.unavailable`, each time, if it cannot be opened.
    public static func load() throws(TorchError) {
        _ = try Library.loaded()
    }

    /// Whether libtorch is open.
    ///
    /// Asking does not open it.
    public static var isLoaded: Bool { Library.ifLoaded != nil }

    /// The release of the libtorch that is running, such as "2.11.0".
    public static var version: String {
        get throws(TorchError) {
            let library = try Library.loaded()
            return unsafe TorchVersion(packed: library.table.pointee.runtimeVersion()).description
        }
    }

    /// The vector instructions that libtorch's kernels use: "AVX512", "AVX2", "DEFAULT" or another of its names.
    public static var cpuCapability: String {
        get throws(TorchError) {
            let library = try Library.loaded()
            return unsafe String(cString: library.table.pointee.cpuCapability())
        }
    }

    /// The processor's features under libtorch's names, `amx_bf16` and `avx512_bf16` among them.
    public static var cpuFeatures: Set<String> {
        get throws(TorchError) {
            let library = try Library.loaded()
            let text = unsafe String(cString: library.table.pointee.cpuFeatures())
            return Set(text.split(separator: " ").map(String.init))
        }
    }

    /// Whether the processor multiplies bfloat16 in hardware (AVX512-BF16 or AMX); without it bfloat16 is slower than float32.
    public static var hasFastBFloat16: Bool {
        get throws(TorchError) { try !cpuFeatures.isDisjoint(with: ["avx512_bf16", "amx_bf16"]) }
    }

    /// How this libtorch was built, several lines for a report.
    public static var buildConfiguration: String {
        get throws(TorchError) {
            let library = try Library.loaded()
            return unsafe String(cString: library.table.pointee.buildConfiguration())
        }
    }

    /// The file of libtorch that is in use.
    public static var libraryPath: String {
        get throws(TorchError) {
            let library = try Library.loaded()
            return unsafe String(cString: library.table.pointee.libraryPath())
        }
    }

    /// Why there is no CUDA, nil if libtorch's CUDA part is loaded.
    public static var cudaFailure: String? {
        get throws(TorchError) { try Library.loaded().cudaFailure }
    }

    /// Sets the number of threads that share one operation.
    ///
    /// Call it on the compute thread: OpenMP keeps the number for each calling thread.
    public static func setThreadCount(_ count: Int) throws(TorchError) {
        let number = Int32(clamping: count)
        try Library.call("setThreadCount") { unsafe $0.pointee.setThreadCount(number) }
    }

    /// The number of threads that share one operation called from this thread.
    public static var threadCount: Int {
        get throws(TorchError) {
            let library = try Library.loaded()
            return unsafe Int(library.table.pointee.threadCount())
        }
    }

    /// The tensors that exist now; 0 while libtorch is not open.
    public static var liveTensorCount: Int { counters.liveTensors }

    /// What has been done since libtorch was opened; all 0 while it is not.
    public static var counters: TorchCounters {
        guard let library = Library.ifLoaded else { return TorchCounters() }
        return unsafe TorchCounters(library.table.pointee.counters())
    }
}

/// Counts for tests that guard against more work than needed.
public struct TorchCounters: Sendable, Hashable {
    /// Tensor handles that exist now.
    public var liveTensors = 0
    /// Tensor handles made so far, views included.
    public var tensorsCreated = 0
    /// Calls of operations so far.
    public var calls = 0
    /// Bytes of the tensors made so far that share their memory with no other; libtorch's own temporaries are not seen.
    public var bytesCreated = 0

    /// Nothing done yet.
    public init() {}

    init(_ raw: CTCounters) {
        liveTensors = Int(raw.live)
        tensorsCreated = Int(raw.created)
        calls = Int(raw.calls)
        bytesCreated = Int(raw.bytes)
    }
}

/// A release of libtorch, packed as its ABI version is: one byte each from the top.
struct TorchVersion: CustomStringConvertible {
    let major: Int32
    let minor: Int32
    let patch: Int32

    init(packed: UInt64) {
        major = Int32(packed >> 56)
        minor = Int32((packed >> 48) & 0xFF)
        patch = Int32((packed >> 40) & 0xFF)
    }

    var description: String { "\(major).\(minor).\(patch)" }
}
