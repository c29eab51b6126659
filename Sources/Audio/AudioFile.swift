// SPDX-License-Identifier: Apache-2.0

/// Reads and writes sound files.
public enum AudioFile {
    /// The samples that ``read(_:frames:sampleLimit:)`` takes in at most unless told: three hours of 48 kHz stereo, 4 GiB.
    public static let defaultSampleLimit = 1 << 30

    /// Writes a sound file; a file of that name is replaced at the end, as a whole.
    ///
    /// Integer formats clip to ±1 and round to the nearest step. Vorbis, Opus and MP3 clip to ±1.
    /// The calling task's cancellation is heard between blocks; after it, or after any error, nothing is left behind.
    ///
    /// - Parameters:
    ///   - buffer: The sound; every sample must be finite.
    ///   - path: The file. Links are followed; devices, pipes and directories are refused.
    ///   - format: The format; nil takes it from the path's extension.
    ///   - encoding: How WAV and FLAC store samples; other formats have their own way and ignore it.
    ///   - dither: Adds triangular noise of one step before rounding to integers.
    ///   - metadata: Text to store in the file.
    /// - Throws: ``AudioError``, which names the path and the way out.
    public static func write(
        _ buffer: AudioBuffer,
        to path: String,
        format: AudioFormat? = nil,
        encoding: SampleEncoding = .pcm16,
        dither: Bool = false,
        metadata: AudioMetadata = AudioMetadata()
    ) throws(AudioError) {
        let chosen = try chooseFormat(format, path: path)
        try buffer.checkFinite()
        try PartialFile.replace(path) { (file) throws(AudioError) in
            try encode(buffer, to: file, chosen, encoding, dither, metadata)
        }
    }

    /// The bytes of a sound file, for answers that never touch the disk.
    ///
    /// - Parameters: As ``write(_:to:format:encoding:dither:metadata:)``.
    /// - Returns: The whole file.
    /// - Throws: ``AudioError``.
    public static func encode(
        _ buffer: AudioBuffer,
        format: AudioFormat,
        encoding: SampleEncoding = .pcm16,
        dither: Bool = false,
        metadata: AudioMetadata = AudioMetadata()
    ) throws(AudioError) -> [UInt8] {
        try buffer.checkFinite()
        let sink = MemorySink()
        try encode(buffer, to: sink, format, encoding, dither, metadata)
        return sink.bytes
    }

    /// Reads a sound file in any format that libsndfile knows (WAV, FLAC, MP3, Ogg, AIFF, …), whatever its name.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - frames: The frames to read, cut to those that exist; nil reads all.
    ///   - sampleLimit: The most samples (frames × channels) to take into memory, whatever the file claims.
    /// - Returns: The sound.
    /// - Throws: ``AudioError``, for NaN and infinite samples too.
    public static func read(
        _ path: String,
        frames: Range<Int>? = nil,
        sampleLimit: Int = defaultSampleLimit
    ) throws(AudioError) -> AudioBuffer {
        try read(FileSource(path: path), path, frames, sampleLimit)
    }

    /// Decodes the bytes of a sound file, such as an upload.
    ///
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - name: What to call it in errors.
    ///   - sampleLimit: The most samples (frames × channels) to take into memory.
    /// - Returns: The sound.
    /// - Throws: ``AudioError``, for NaN and infinite samples too.
    public static func decode(
        _ bytes: [UInt8],
        name: String,
        sampleLimit: Int = defaultSampleLimit
    ) throws(AudioError) -> AudioBuffer {
        try read(bytes, name, nil, sampleLimit)
    }

    private static func read(
        _ source: any ByteSource,
        _ path: String,
        _ frames: Range<Int>?,
        _ sampleLimit: Int
    ) throws(AudioError) -> AudioBuffer {
        let buffer = try SoundFileReader(source, path: path).read(frames: frames, sampleLimit: sampleLimit)
        do throws(AudioError) {
            try buffer.checkFinite()
        } catch {
            throw .malformed(path: path, reason: "\(error)")
        }
        return buffer
    }

    /// Rate, channels and length of a sound file, from its header: hostile files may claim more than they hold.
    public static func information(_ path: String) throws(AudioError) -> AudioInformation {
        try SoundFileReader(FileSource(path: path), path: path).information
    }

    /// The text that a sound file carries.
    public static func metadata(_ path: String) throws(AudioError) -> AudioMetadata {
        // libsndfile drops a WAV file's texts beyond some hundred bytes; ours holds a whole request.
        let source = try FileSource(path: path)
        if try WAVReader.recognizes(source) { return try WAVReader(source, path: path).metadata() }
        return try SoundFileReader(source, path: path).metadata
    }

    private static func chooseFormat(_ format: AudioFormat?, path: String) throws(AudioError) -> AudioFormat {
        if let format { return format }
        return try AudioFormat(path: path)
    }

    /// Encodes into a sink; the sound has been checked.
    package static func encode(
        _ buffer: AudioBuffer,
        to sink: some ByteSink,
        _ format: AudioFormat,
        _ encoding: SampleEncoding,
        _ dither: Bool,
        _ metadata: AudioMetadata
    ) throws(AudioError) {
        switch format {
        case .wav:
            try WAVWriter.write(buffer, to: sink, encoding: encoding, dither: dither, metadata: metadata)
        case .flac, .mp3, .ogg, .opus:
            try SoundFileWriter(format: format, encoding: encoding, dither: dither, metadata: metadata)
                .write(buffer, to: sink)
        }
    }
}

/// What a sound file's header says.
public struct AudioInformation: Sendable, Equatable {
    /// Frames per second, in hertz.
    public let sampleRate: Int
    /// The number of channels.
    public let channels: Int
    /// The number of frames.
    public let frameCount: Int

    /// The length in seconds.
    public var seconds: Double { Double(frameCount) / Double(sampleRate) }
}
