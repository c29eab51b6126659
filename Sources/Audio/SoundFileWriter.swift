// SPDX-License-Identifier: Apache-2.0

import CSndFile

/// Encodes FLAC, MP3, Vorbis and Opus with libsndfile.
struct SoundFileWriter {
    let format: AudioFormat
    let encoding: SampleEncoding
    let dither: Bool
    let metadata: AudioMetadata

    /// Encodes the sound block by block, checking for cancellation between them.
    func write(_ buffer: AudioBuffer, to sink: some ByteSink) throws(AudioError) {
        let entries = try metadata.entries()
        if format == .mp3 { try sink.write(ID3Tag.bytes(entries)) }
        let output = SoundFileOutput(sink)
        let file = try open(buffer, output)
        if let compressionLevel { file.setCompressionLevel(compressionLevel) }
        if format != .mp3 {
            for (field, text) in entries { try check(file.setText(field, text), file, output) }
        }
        try encode(buffer, into: file, output)
        try check(file.close(), nil, output)
    }

    private func open(_ buffer: AudioBuffer, _ output: SoundFileOutput) throws(AudioError) -> SoundFile {
        guard let code = SoundFileFormat.code(format, encoding) else {
            throw .unsupported(format: format, reason: "it stores integers only; choose pcm16 or pcm24, or write .wav")
        }
        var information = SF_INFO()
        information.samplerate = Int32(buffer.sampleRate)
        information.channels = Int32(buffer.channels)
        information.format = code
        guard unsafe sf_format_check(&information) != 0 else { throw unsupported(buffer) }
        do throws(SoundFile.OpenFailure) {
            return try SoundFile(writing: output, information)
        } catch {
            throw output.failure ?? unsupported(buffer)
        }
    }

    private func unsupported(_ buffer: AudioBuffer) -> AudioError {
        let sound = "\(buffer.channels) channel\(buffer.channels == 1 ? "" : "s") at \(buffer.sampleRate) Hz"
        let library = SoundFile.libraryVersion
        return .unsupported(format: format, reason: "\(library) does not take \(sound)\(limits); write .wav instead")
    }

    /// What the format takes, for the message.
    private var limits: String {
        switch format {
        case .wav: ""
        case .flac: " (FLAC takes at most 8 channels)"
        case .mp3: " (MP3 takes 1 or 2 channels at 8 to 48 kHz, and needs libsndfile 1.1 or newer)"
        case .ogg: " (Vorbis takes 8 to 200 kHz)"
        case .opus: " (Opus takes 8, 12, 16, 24 and 48 kHz)"
        }
    }

    /// 0 is the largest and best, 1 the smallest; nil for FLAC, which is lossless at any level.
    private var compressionLevel: Double? {
        switch format {
        case .wav, .flac: nil
        case .mp3: 0.1
        case .ogg, .opus: 0.3
        }
    }

    private func encode(
        _ buffer: AudioBuffer,
        into file: SoundFile,
        _ output: SoundFileOutput
    ) throws(AudioError) {
        var quantizer = Quantizer(bitCount: encoding.bitCount, dither: dither)
        // libsndfile wants an integer's value in the top bits.
        let shift = Int32(32 - encoding.bitCount)
        for frames in buffer.blocks() {
            guard !Task.isCancelled else { throw .cancelled }
            let taken =
                if format == .flac {
                    file.write(buffer.interleaved(frames) { quantizer.quantize($0) << shift })
                } else {
                    file.write(buffer.interleaved(frames) { min(max($0, -1), 1) })
                }
            try check(taken, file, output)
        }
    }

    /// The sink's own error says more than libsndfile's, so it goes first.
    private func check(_ success: Bool, _ file: SoundFile?, _ output: SoundFileOutput) throws(AudioError) {
        if let failure = output.failure { throw failure }
        guard !success else { return }
        throw .encoderFailed(format: format, reason: file?.failure ?? "it could not be finished")
    }
}

extension AudioBuffer {
    /// Frames in the order that files want, each sample passed through `transform`.
    fileprivate func interleaved<Sample>(_ frames: Range<Int>, _ transform: (Float) -> Sample) -> [Sample] {
        var block: [Sample] = []
        block.reserveCapacity(frames.count * channels)
        for frame in frames {
            for channel in 0..<channels { block.append(transform(self[channel, frame])) }
        }
        return block
    }
}
