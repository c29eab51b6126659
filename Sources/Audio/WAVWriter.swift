// SPDX-License-Identifier: Apache-2.0

/// Writes RIFF WAVE.
enum WAVWriter {
    /// Writes header, samples and padding, checking for cancellation between blocks.
    static func write(
        _ buffer: AudioBuffer,
        to sink: some ByteSink,
        encoding: SampleEncoding,
        dither: Bool,
        metadata: AudioMetadata
    ) throws(AudioError) {
        let layout = try WAVLayout(
            sampleRate: buffer.sampleRate,
            channels: buffer.channels,
            frameCount: buffer.frameCount,
            encoding: encoding,
            metadata: metadata
        )
        try sink.write(layout.header)
        var quantizer = Quantizer(bitCount: encoding.bitCount, dither: dither)
        for frames in buffer.blocks() {
            guard !Task.isCancelled else { throw .cancelled }
            try sink.write(encode(buffer, frames, encoding, &quantizer))
        }
        try sink.write(layout.trailer)
    }

    private static func encode(
        _ buffer: AudioBuffer,
        _ frames: Range<Int>,
        _ encoding: SampleEncoding,
        _ quantizer: inout Quantizer
    ) -> [UInt8] {
        let width = encoding.byteCount
        var bytes: [UInt8] = []
        bytes.reserveCapacity(frames.count * buffer.channels * width)
        for frame in frames {
            for channel in 0..<buffer.channels {
                let sample = buffer[channel, frame]
                let word = encoding == .float32 ? sample.bitPattern : UInt32(bitPattern: quantizer.quantize(sample))
                for byte in 0..<width { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * byte))) }
            }
        }
        return bytes
    }
}

extension AudioBuffer {
    /// Ranges of frames that cover the sound, small enough to interleave on the side.
    func blocks() -> some Sequence<Range<Int>> {
        let size = max(1, 65_536 / channels)
        return stride(from: 0, to: frameCount, by: size).lazy.map { [frameCount] in $0..<min($0 + size, frameCount) }
    }
}
