// SPDX-License-Identifier: Apache-2.0

/// Where encoded bytes go: a file that is not yet in place, or memory.
package protocol ByteSink: AnyObject {
    /// Where the next byte goes.
    var position: Int { get }
    /// The number of bytes so far.
    var count: Int { get }
    /// Moves to an offset, 0 to `count`: encoders return to their header at the end.
    func seek(to offset: Int) throws(AudioError)
    /// Writes all the bytes at `position`, over what is there.
    func write(_ bytes: UnsafeRawBufferPointer) throws(AudioError)
}

extension ByteSink {
    func write(_ bytes: [UInt8]) throws(AudioError) {
        var failure: AudioError?
        unsafe bytes.withUnsafeBytes { raw in
            do throws(AudioError) { try unsafe write(raw) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}

/// Encoded bytes in memory.
final class MemorySink: ByteSink {
    private(set) var bytes: [UInt8] = []
    private(set) var position = 0

    var count: Int { bytes.count }

    func seek(to offset: Int) { position = min(max(offset, 0), bytes.count) }

    func write(_ raw: UnsafeRawBufferPointer) {
        let overlap = min(raw.count, bytes.count - position)
        for index in 0..<overlap { unsafe bytes[position + index] = raw[index] }
        unsafe bytes.append(contentsOf: raw[overlap...])
        position += raw.count
    }
}
