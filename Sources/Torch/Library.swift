// SPDX-License-Identifier: Apache-2.0
import CTorchTable
import Synchronization

/// libCTorch once it is open.
///
/// It is never closed.
///
/// - Invariant: the table is constant memory that lives as long as the process, and its functions may be called
///   from any thread; hence `@unchecked Sendable`.
@safe
package struct Library: @unchecked Sendable {
    let table: UnsafePointer<CTTable>
    /// The file that was opened.
    package let path: String
    /// Why CUDA is not to be had, nil if its part of libtorch is loaded.
    package let cudaFailure: String?

    init(table: UnsafePointer<CTTable>, path: String, cudaFailure: String?) {
        unsafe self.table = unsafe table
        self.path = path
        self.cudaFailure = cudaFailure
    }

    private static let isLoaded = Atomic(false)

    /// Opened at the first use, by whichever thread comes first; the outcome, good or bad, stays.
    static let opened: Result<Library, TorchError> = {
        do throws(TorchError) {
            let library = try LibrarySearch.ofProcess.open()
            // A second pool would only compete for the cores. It fails if somebody else has started that pool; the
            // number of threads between operations is then theirs, which changes speed, not results.
            if let error = unsafe library.table.pointee.setInteropThreadCount(1) {
                unsafe library.table.pointee.freeError(error)
            }
            ComputeThread.libraryDidLoad(library)
            isLoaded.store(true, ordering: .releasing)
            return .success(library)
        } catch {
            return .failure(error)
        }
    }()

    /// The library, opened now if need be.
    package static func loaded() throws(TorchError) -> Library { try opened.get() }

    /// The library if somebody has opened it already; never opens it.
    package static var ifLoaded: Library? {
        guard isLoaded.load(ordering: .acquiring), case .success(let library) = opened else { return nil }
        return library
    }

    /// Calls one function of the table and throws what it reports.
    @safe static func call(
        _ operation: StaticString,
        _ body: (UnsafePointer<CTTable>) -> OpaquePointer?
    ) throws(TorchError) {
        let table = unsafe try loaded().table
        guard let error = unsafe body(table) else { return }
        throw TorchError(operation, consuming: error, of: table)
    }

    /// Frees what an operation made: there is a table, else there would be nothing to free.
    @safe static func release(_ body: (UnsafePointer<CTTable>) -> Void) {
        guard case .success(let library) = opened else { return }
        unsafe body(library.table)
    }

    /// Reads a property of something that an operation made.
    @safe static func read<Value>(_ body: (UnsafePointer<CTTable>) -> Value) -> Value {
        guard case .success(let library) = opened else {
            preconditionFailure("a tensor exists although libtorch was never opened")
        }
        return unsafe body(library.table)
    }

    /// How many of the table's functions the library left out; 0 in a sound build.
    package var emptySlotCount: Int {
        let header = MemoryLayout<UInt32>.size * 2
        let bytes = unsafe UnsafeRawBufferPointer(start: table, count: MemoryLayout<CTTable>.size)
        let slots = stride(from: header, to: bytes.count, by: MemoryLayout<UInt>.size)
        return slots.count { unsafe bytes.load(fromByteOffset: $0, as: UInt.self) == 0 }
    }
}
