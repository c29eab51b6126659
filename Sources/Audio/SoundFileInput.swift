// SPDX-License-Identifier: Apache-2.0

import CSndFile

/// Lets libsndfile read from a ``ByteSource`` through its virtual files.
///
/// It never sees our descriptors: libsndfile 1.2.0 closes one when a file does not open, though told to leave it, and the
/// second close then hits whatever another thread opened meanwhile. Its callbacks carry no reason, so the first error is
/// kept here.
final class SoundFileInput {
    private let source: any ByteSource
    private var position = 0
    /// The source's first error.
    private(set) var failure: AudioError?

    init(_ source: any ByteSource) { self.source = source }

    /// The functions for `sf_open_virtual`, whose context is an unretained `SoundFileInput`.
    static var callbacks: SF_VIRTUAL_IO {
        unsafe SF_VIRTUAL_IO(
            get_filelen: { unsafe sf_count_t(SoundFileInput.from($0).source.count) },
            seek: { unsafe SoundFileInput.from($2).seek(by: $0, whence: $1) },
            read: { unsafe SoundFileInput.from($2).read($0, count: $1) },
            write: { _, _, _ in 0 },
            tell: { unsafe sf_count_t(SoundFileInput.from($0).position) }
        )
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> SoundFileInput {
        guard let context = unsafe context else { preconditionFailure("libsndfile lost the pointer it was given") }
        return unsafe Unmanaged<SoundFileInput>.fromOpaque(context).takeUnretainedValue()
    }

    /// Moves within the file; what lies outside, which damaged headers ask for, is refused.
    private func seek(by offset: sf_count_t, whence: Int32) -> sf_count_t {
        let origin = whence == Int32(SF_SEEK_CUR) ? position : whence == Int32(SF_SEEK_END) ? source.count : 0
        let (target, overflow) = origin.addingReportingOverflow(Int(offset))
        guard !overflow, (0...source.count).contains(target) else { return -1 }
        position = target
        return sf_count_t(target)
    }

    private func read(_ destination: UnsafeMutableRawPointer?, count: sf_count_t) -> sf_count_t {
        guard failure == nil, count > 0, let destination = unsafe destination else { return 0 }
        do throws(AudioError) {
            let bytes = try source.bytes(at: position, count: min(Int(count), source.count - position))
            unsafe UnsafeMutableRawBufferPointer(start: destination, count: Int(count)).copyBytes(from: bytes)
            position += bytes.count
            return sf_count_t(bytes.count)
        } catch {
            failure = error
            return 0
        }
    }
}
