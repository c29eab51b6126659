// SPDX-License-Identifier: Apache-2.0

import CSndFile

/// Decodes a file with libsndfile.
struct SoundFileReader {
    private let file: SoundFile
    private let input: SoundFileInput
    private let path: String
    /// What the header says.
    let information: AudioInformation
    /// Whether it is MP3 or its kin, whose length may be an estimate.
    let isMPEG: Bool

    /// Opens bytes whose name in errors is `path`.
    ///
    /// - Throws: ``AudioError/cannotRead(path:code:)``, ``AudioError/malformed(path:reason:)``.
    init(_ source: any ByteSource, path: String) throws(AudioError) {
        let input = SoundFileInput(source)
        var header = SF_INFO()
        do throws(SoundFile.OpenFailure) {
            file = try SoundFile(reading: input, &header)
        } catch {
            if let failure = input.failure { throw failure }
            if let name = try ForeignFormat.name(source) { throw .foreignFormat(path: path, name: name) }
            throw .malformed(path: path, reason: error.reason)
        }
        self.input = input
        self.path = path
        information = AudioInformation(
            sampleRate: Int(header.samplerate),
            channels: Int(header.channels),
            frameCount: Int(header.frames)
        )
        isMPEG = SoundFileFormat.isMPEG(header.format)
    }

    /// The texts that libsndfile found.
    var metadata: AudioMetadata {
        var metadata = AudioMetadata()
        for field in AudioMetadata.Field.allCases { metadata[field] = file.text(field) }
        return metadata
    }

    /// Reads frames into a planar buffer.
    ///
    /// - Throws: ``AudioError/tooLong(path:sampleLimit:)`` before more than the limit is in memory,
    ///   ``AudioError/malformed(path:reason:)``, ``AudioError/cancelled``.
    func read(frames: Range<Int>?, sampleLimit: Int) throws(AudioError) -> AudioBuffer {
        let wanted = (frames ?? 0..<Int.max).clamped(to: 0..<Int.max)
        // libsndfile refuses to seek beyond the end; the answer there is an empty range.
        let start = min(wanted.lowerBound, information.frameCount)
        if start > 0, !file.seek(toFrame: start) { throw malformed("it cannot be entered at frame \(start)") }
        let interleaved = try readInterleaved(frameCount: wanted.count, sampleLimit: sampleLimit)
        return try AudioBuffer(
            sampleRate: information.sampleRate,
            channels: information.channels,
            samples: Self.planar(interleaved, channels: information.channels)
        )
    }

    /// Grows with what is decoded, never with what the header claims.
    private func readInterleaved(frameCount: Int, sampleLimit: Int) throws(AudioError) -> [Float] {
        var samples: [Float] = []
        try forEachBlock(frameCount: frameCount) { (block) throws(AudioError) in
            guard samples.count + block.count <= sampleLimit else {
                throw .tooLong(path: path, sampleLimit: sampleLimit)
            }
            samples.append(contentsOf: block)
            return true
        }
        return samples
    }

    /// Decodes the next frames, whole and interleaved, some ten thousand at a time.
    ///
    /// - Parameters:
    ///   - frameCount: the most frames to decode.
    ///   - body: takes a block and says whether to go on.
    /// - Throws: ``AudioError/malformed(path:reason:)``, ``AudioError/cancelled``, and what `body` throws.
    func forEachBlock(
        frameCount: Int,
        _ body: (ArraySlice<Float>) throws(AudioError) -> Bool
    ) throws(AudioError) {
        let channels = information.channels
        let blockFrameCount = max(1, 65_536 / channels)
        var block = [Float](repeating: 0, count: blockFrameCount * channels)
        var rest = frameCount
        while rest > 0 {
            guard !Task.isCancelled else { throw .cancelled }
            let count = file.read(into: &block, frameCount: min(rest, blockFrameCount), channels: channels)
            guard count > 0 else { break }
            guard try body(block[..<(count * channels)]) else { return }
            rest -= count
        }
        if let failure = input.failure { throw failure }
        if let failure = file.failure { throw malformed(failure) }
    }

    private func malformed(_ reason: String) -> AudioError { .malformed(path: path, reason: reason) }

    private static func planar(_ interleaved: [Float], channels: Int) -> [Float] {
        guard channels > 1 else { return interleaved }
        var planar: [Float] = []
        planar.reserveCapacity(interleaved.count)
        for channel in 0..<channels {
            for index in stride(from: channel, to: interleaved.count, by: channels) {
                planar.append(interleaved[index])
            }
        }
        return planar
    }
}
