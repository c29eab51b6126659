// SPDX-License-Identifier: Apache-2.0

import CSoxr

/// Changes the sample rate of a stream of interleaved samples, with libsoxr's high quality (20 bits, linear phase).
@safe
final class Resampler {
    private let handle: OpaquePointer
    private let channels: Int
    private let ratio: Double

    /// - Parameters:
    ///   - from: frames per second of what comes in.
    ///   - to: frames per second of what goes out.
    ///   - channels: how many samples a frame has.
    /// - Throws: ``AudioError/invalidBuffer(_:)`` if libsoxr cannot do it.
    init(from: Int, to: Int, channels: Int) throws(AudioError) {
        var failure: soxr_error_t? = nil
        var format = unsafe soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I)
        var quality = unsafe soxr_quality_spec(UInt(SOXR_20_BITQ), 0)
        // Files are decoded side by side already.
        var runtime = unsafe soxr_runtime_spec(1)
        let handle = unsafe soxr_create(
            Double(from),
            Double(to),
            UInt32(channels),
            &failure,
            &format,
            &quality,
            &runtime
        )
        guard let handle = unsafe handle else {
            let reason = unsafe failure.map { unsafe String(cString: $0) } ?? "libsoxr gave no reason"
            throw .invalidBuffer("\(from) Hz cannot be changed into \(to) Hz: \(reason)")
        }
        unsafe self.handle = handle
        self.channels = channels
        ratio = Double(to) / Double(from)
    }

    deinit { unsafe soxr_delete(handle) }

    /// Takes a block in and gives what has become ready, fewer or more frames than the ratio says: the filter looks ahead.
    ///
    /// - Parameter block: whole frames, interleaved.
    /// - Returns: whole frames, interleaved.
    /// - Throws: ``AudioError/invalidBuffer(_:)`` with libsoxr's reason.
    func process(_ block: [Float]) throws(AudioError) -> [Float] {
        var ready: [Float] = []
        var consumed = 0
        repeat {
            let (taken, made) = try step(block, from: consumed)
            consumed += taken
            ready.append(contentsOf: made)
            guard taken > 0 || !made.isEmpty else { break }
        } while consumed < block.count / channels
        return ready
    }

    /// Gives what is still inside, after the last block.
    ///
    /// - Throws: ``AudioError/invalidBuffer(_:)`` with libsoxr's reason.
    func finish() throws(AudioError) -> [Float] {
        var rest: [Float] = []
        while true {
            let (_, made) = try step(nil, from: 0)
            guard !made.isEmpty else { return rest }
            rest.append(contentsOf: made)
        }
    }

    /// One call of the library: `nil` says that nothing more comes.
    private func step(_ block: [Float]?, from start: Int) throws(AudioError) -> (taken: Int, made: [Float]) {
        let frames = (block?.count ?? 0) / channels - start
        let room = Int(Double(max(frames, 4096)) * ratio) + 64
        var made = [Float](repeating: 0, count: room * channels)
        var (taken, written) = (0, 0)
        let failure = unsafe made.withUnsafeMutableBufferPointer { output in
            guard let block else {
                return unsafe soxr_process(handle, nil, 0, nil, output.baseAddress, room, &written)
            }
            return unsafe block.withUnsafeBufferPointer { input in
                unsafe soxr_process(
                    handle,
                    input.baseAddress.map { unsafe $0 + start * channels },
                    frames,
                    &taken,
                    output.baseAddress,
                    room,
                    &written
                )
            }
        }
        if let failure = unsafe failure {
            throw .invalidBuffer("resampling failed: \(unsafe String(cString: failure))")
        }
        made.removeLast(made.count - written * channels)
        return (taken, made)
    }
}
