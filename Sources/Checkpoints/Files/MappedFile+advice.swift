// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Hints to the system's page cache. They change speed and resident memory, never what is read.
extension MappedFile {
    /// The file will be read once from front to back: read far ahead.
    public func adviseSequential() {
        advise(0..<byteCount, MADV_SEQUENTIAL)
    }

    /// These bytes will be read soon: start reading them now, in the background.
    ///
    /// - Parameter range: bytes of the file; what lies outside it is ignored. Nil for all.
    public func adviseWillNeed(_ range: Range<Int>? = nil) {
        advise(range ?? 0..<byteCount, MADV_WILLNEED)
    }

    /// Maps these bytes' pages now, so that the first touch of each finds it there; reads what is not in the page cache.
    ///
    /// Blocks the calling thread until done or until the system refuses; meant for a thread beside the one that computes.
    ///
    /// - Parameter range: bytes of the file; what lies outside it is ignored.
    public func populate(_ range: Range<Int>) {
        #if canImport(Darwin)
        adviseWillNeed(range)
        #else
        advise(range, Self.populateRead)
        #endif
    }

    /// `MADV_POPULATE_READ` of Linux 5.14, which older headers lack; older kernels refuse it.
    private static let populateRead: Int32 = 22

    /// These bytes will not be read soon: let their pages go from this process's memory.
    ///
    /// A later touch reads them again.
    ///
    /// - Parameter range: bytes of the file; what lies outside it is ignored. Nil for all.
    public func adviseDontNeed(_ range: Range<Int>? = nil) {
        advise(range ?? 0..<byteCount, MADV_DONTNEED)
    }

    private func advise(_ range: Range<Int>, _ advice: Int32) {
        let range = range.clamped(to: 0..<byteCount)
        guard !range.isEmpty, let base = unsafe bytes.baseAddress else { return }
        let start = range.lowerBound - range.lowerBound % Int(getpagesize())
        let address = unsafe UnsafeMutableRawPointer(mutating: base + start)
        // A hint that the system does not take is no failure.
        _ = unsafe madvise(address, range.upperBound - start, advice)
    }
}
