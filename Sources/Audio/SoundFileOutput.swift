// SPDX-License-Identifier: Apache-2.0

import CSndFile

/// Lets libsndfile write into a ``ByteSink`` through its virtual files.
///
/// libsndfile's callbacks carry no reason, so the first error is kept here.
final class SoundFileOutput {
    private let sink: any ByteSink
    /// Where libsndfile's file begins in the sink: what is before it belongs to somebody else.
    private let start: Int
    /// The sink's first error.
    private(set) var failure: AudioError?

    /// An output that begins at the sink's position.
    init(_ sink: any ByteSink) {
        self.sink = sink
        start = sink.position
    }

    /// The functions for `sf_open_virtual`, whose context is an unretained `SoundFileOutput`.
    static var callbacks: SF_VIRTUAL_IO {
        unsafe SF_VIRTUAL_IO(
            get_filelen: { unsafe SoundFileOutput.from($0).count },
            seek: { unsafe SoundFileOutput.from($2).seek(by: $0, whence: $1) },
            read: { _, _, _ in 0 },
            write: { unsafe SoundFileOutput.from($2).write(UnsafeRawBufferPointer(start: $0, count: Int($1))) },
            tell: { unsafe SoundFileOutput.from($0).position }
        )
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> SoundFileOutput {
        guard let context = unsafe context else { preconditionFailure("libsndfile lost the pointer it was given") }
        return unsafe Unmanaged<SoundFileOutput>.fromOpaque(context).takeUnretainedValue()
    }

    private var count: sf_count_t { sf_count_t(sink.count - start) }
    private var position: sf_count_t { sf_count_t(sink.position - start) }

    private func seek(by offset: sf_count_t, whence: Int32) -> sf_count_t {
        let origin = whence == Int32(SF_SEEK_CUR) ? position : whence == Int32(SF_SEEK_END) ? count : 0
        do throws(AudioError) {
            let (target, overflow) = origin.addingReportingOverflow(offset)
            guard !overflow, (0...count).contains(target) else { return -1 }
            try sink.seek(to: start + Int(target))
            return position
        } catch {
            return fail(error)
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) -> sf_count_t {
        // After an error libsndfile goes on to finish its header; none of that may reach the sink.
        guard failure == nil else { return 0 }
        do throws(AudioError) {
            try unsafe sink.write(bytes)
            return sf_count_t(bytes.count)
        } catch {
            return fail(error)
        }
    }

    private func fail(_ error: AudioError) -> sf_count_t {
        if failure == nil { failure = error }
        return -1
    }
}
