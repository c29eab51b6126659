// SPDX-License-Identifier: Apache-2.0

import CEBUR128

extension AudioBuffer {
    /// The integrated loudness after ITU-R BS.1770 and EBU R 128, in LUFS; nil for silence and for less than 0.4 s, which have
    /// none.
    ///
    /// - Throws: ``AudioError/invalidBuffer(_:)`` if libebur128 cannot measure such a sound.
    public func integratedLoudness() throws(AudioError) -> Double? {
        let meter = try LoudnessMeter(channels: channels, sampleRate: sampleRate)
        try meter.add(self)
        return try meter.integrated()
    }
}

/// An open meter: the only code that touches libebur128's pointer.
@safe
private final class LoudnessMeter {
    private var state: UnsafeMutablePointer<ebur128_state>?
    private let channels: Int

    init(channels: Int, sampleRate: Int) throws(AudioError) {
        self.channels = channels
        unsafe state = ebur128_init(UInt32(channels), UInt(sampleRate), Int32(EBUR128_MODE_I.rawValue))
        guard unsafe state != nil else {
            throw .invalidBuffer("the loudness of \(channels) channels at \(sampleRate) Hz cannot be measured")
        }
    }

    deinit { unsafe ebur128_destroy(&state) }

    func add(_ buffer: AudioBuffer) throws(AudioError) {
        let blockFrameCount = 16_384
        for start in stride(from: 0, to: buffer.frameCount, by: blockFrameCount) {
            let frames = start..<min(start + blockFrameCount, buffer.frameCount)
            var block: [Float] = []
            block.reserveCapacity(frames.count * channels)
            for frame in frames {
                for channel in 0..<channels { block.append(buffer[channel, frame]) }
            }
            guard unsafe ebur128_add_frames_float(state, block, frames.count) == Int32(EBUR128_SUCCESS.rawValue) else {
                throw .invalidBuffer("libebur128 has no memory left to measure loudness")
            }
        }
    }

    func integrated() throws(AudioError) -> Double? {
        var loudness = 0.0
        guard unsafe ebur128_loudness_global(state, &loudness) == Int32(EBUR128_SUCCESS.rawValue) else {
            throw .invalidBuffer("libebur128 cannot measure loudness")
        }
        return loudness.isFinite ? loudness : nil
    }
}
