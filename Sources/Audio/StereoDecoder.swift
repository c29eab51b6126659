// SPDX-License-Identifier: Apache-2.0

/// Decodes a file as the model hears it: two channels, at the model's rate, in 32-bit float.
///
/// Samples are taken in block by block, so that a file costs what it holds and never what its header claims.
struct StereoDecoder {
    /// Rates that sound files have; outside, a small file could become an endless one.
    static let sampleRates = 4000...AudioBuffer.maximumSampleRate

    private let reader: SoundFileReader
    private let path: String
    private let sampleRate: Int
    private let resampler: Resampler?
    /// Whether the header counts the frames, so that missing ones are noticed.
    private let statesLength: Bool

    /// Opens a file and checks what can be checked before decoding.
    ///
    /// - Throws: ``AudioError``, with a case for each way in which a file can be no sound.
    init(_ source: any ByteSource, path: String, sampleRate: Int) throws(AudioError) {
        guard source.count > 0 else { throw .empty(path: path) }
        if let reason = try Truncation.reason(source) { throw .truncated(path: path, reason: reason) }
        reader = try SoundFileReader(source, path: path)
        let rate = reader.information.sampleRate
        guard Self.sampleRates.contains(rate) else {
            throw .malformed(
                path: path,
                reason: "its sample rate is \(rate) Hz; \(Self.sampleRates.lowerBound) to "
                    + "\(Self.sampleRates.upperBound) Hz can be read"
            )
        }
        statesLength = reader.isMPEG ? try Self.checkLength(source, claimed: reader.information.frameCount, path) : true
        self.path = path
        self.sampleRate = sampleRate
        resampler = rate == sampleRate ? nil : try Resampler(from: rate, to: sampleRate, channels: 2)
    }

    /// Whether an MP3 file says how many frames it has.
    ///
    /// - Throws: ``AudioError/malformed(path:reason:)`` if it does not, and the guess that is read instead is too short.
    private static func checkLength(
        _ source: any ByteSource,
        claimed: Int,
        _ path: String
    ) throws(AudioError) -> Bool {
        let header = try source.bytes(at: 0, count: 10)
        var start = 0
        if header.count == 10, header.starts(with: "ID3".utf8) {
            // Four bytes of seven bits each, without the header itself.
            start = 10 + header[6...].reduce(0) { $0 << 7 | Int($1 & 0x7F) }
        }
        // The count is in the first frame, or behind what somebody left in front of it.
        let head = try source.bytes(at: min(start, source.count), count: 4096)
        let isStated = ["Xing", "Info", "VBRI"].contains { name in
            head.indices.dropLast(3).contains { head[$0..<$0 + 4].elementsEqual(name.utf8) }
        }
        guard !isStated, try MPEGFrames(source, from: start).sampleCount > claimed + 4 * 1152 else { return isStated }
        throw .malformed(
            path: path,
            reason:
                "it is an MP3 file of varying bit rate that does not say how long it is: write it anew, such as with "
                + "ffmpeg -i '\(path)' -c copy '\(path).mp3'"
        )
    }

    /// Decodes the file, or its head.
    ///
    /// - Parameter frameLimit: the most frames to give, at the model's rate.
    /// - Returns: two channels of finite samples, at least one frame.
    /// - Throws: ``AudioError``; for NaN and infinite samples too.
    func read(frameLimit: Int) throws(AudioError) -> AudioBuffer {
        var (left, right): ([Float], [Float]) = ([], [])
        func take(_ stereo: [Float]) {
            for index in stride(from: 0, to: stereo.count, by: 2) where left.count < frameLimit {
                left.append(stereo[index])
                right.append(stereo[index + 1])
            }
        }
        var decoded = 0
        try reader.forEachBlock(frameCount: .max) { (block) throws(AudioError) in
            let stereo = try stereo(block, startFrame: decoded)
            decoded += stereo.count / 2
            take(try resampler?.process(stereo) ?? stereo)
            return left.count < frameLimit
        }
        guard decoded > 0 else { throw .empty(path: path) }
        if left.count < frameLimit {
            try checkComplete(decoded: decoded)
            if let resampler { take(try resampler.finish()) }
        }
        return try AudioBuffer(sampleRate: sampleRate, channels: 2, samples: left + right)
    }

    /// The first two channels, interleaved; one channel twice.
    private func stereo(_ block: ArraySlice<Float>, startFrame: Int) throws(AudioError) -> [Float] {
        let channels = reader.information.channels
        let second = channels > 1 ? 1 : 0
        var stereo: [Float] = []
        stereo.reserveCapacity(2 * block.count / channels)
        for start in stride(from: block.startIndex, to: block.endIndex, by: channels) {
            let (left, right) = (block[start], block[start + second])
            guard left.isFinite, right.isFinite else {
                let frame = startFrame + (start - block.startIndex) / channels
                throw .malformed(
                    path: path,
                    reason: "the sample at frame \(frame) is \(left.isFinite ? right : left): export the file again"
                )
            }
            stereo.append(left)
            stereo.append(right)
        }
        return stereo
    }

    /// What the header counts must be there; MP3 files may miss two of their frames, which decoders begin and end with.
    private func checkComplete(decoded: Int) throws(AudioError) {
        guard statesLength else { return }
        let claimed = reader.information.frameCount
        let slack = reader.isMPEG ? 2 * 1152 : 0
        guard decoded + slack < claimed, claimed < Int.max else { return }
        throw .truncated(path: path, reason: "it ends after \(decoded) of \(claimed) frames")
    }
}

extension AudioFile {
    /// Reads a sound file as the model hears it: resampled, one channel doubled, of more than two the first two.
    ///
    /// WAV, FLAC, MP3, Ogg with Vorbis, Opus or FLAC, and whatever else libsndfile knows. Memory is bounded by what the file
    /// really holds and by the limit.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - sampleRate: The rate of the result, in hertz.
    ///   - frameLimit: The most frames to give; the rest of the file is not read.
    /// - Returns: Two channels of finite samples, at least one frame.
    /// - Throws: ``AudioError``: not sound, another format (named), cut off, without a frame, with NaN or infinite samples.
    public static func readStereo(
        _ path: String,
        sampleRate: Int = 48_000,
        frameLimit: Int = defaultSampleLimit / 2
    ) throws(AudioError) -> AudioBuffer {
        try StereoDecoder(FileSource(path: path), path: path, sampleRate: sampleRate).read(frameLimit: frameLimit)
    }
}
