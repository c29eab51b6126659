// SPDX-License-Identifier: Apache-2.0

/// The sizes and the header of a WAV file, known before the first sample is written.
///
/// Source: Microsoft, "Multiple channel audio data and WAVE files" (2007): WAVE_FORMAT_EXTENSIBLE for more than two
/// channels or more than 16 bits of PCM; a `fact` chunk for what is not PCM. Two-channel float keeps the plain tag 3,
/// which more programs read.
package struct WAVLayout {
    /// RIFF sizes have 32 bits and do not count their own eight bytes.
    package static let maximumByteCount = Int(UInt32.max) + 8

    /// Everything before the first sample.
    package let header: [UInt8]
    /// Bytes of samples.
    let dataByteCount: Int
    /// What follows the samples: a pad byte if their number is odd.
    var trailer: [UInt8] { dataByteCount.isMultiple(of: 2) ? [] : [0] }

    /// Lays out a file.
    ///
    /// - Throws: ``AudioError/tooLargeForWAV(byteCount:)``, ``AudioError/invalidMetadata(field:)``.
    package init(
        sampleRate: Int,
        channels: Int,
        frameCount: Int,
        encoding: SampleEncoding,
        metadata: AudioMetadata
    ) throws(AudioError) {
        let (byteCount, overflow) = frameCount.multipliedReportingOverflow(by: channels * encoding.byteCount)
        guard !overflow else { throw .tooLargeForWAV(byteCount: Int.max) }
        dataByteCount = byteCount
        var chunks = WAVChunk("fmt ", Self.format(sampleRate: sampleRate, channels: channels, encoding: encoding)).bytes
        if encoding == .float32 { chunks += WAVChunk("fact", littleEndian(frameCount, 4)).bytes }
        chunks += try Self.information(metadata)
        let riffByteCount = 4 + chunks.count + 8 + byteCount + byteCount % 2
        guard riffByteCount <= Int(UInt32.max) else { throw .tooLargeForWAV(byteCount: riffByteCount + 8) }
        header =
            Array("RIFF".utf8) + littleEndian(riffByteCount, 4) + Array("WAVE".utf8) + chunks
            + Array("data".utf8) + littleEndian(byteCount, 4)
    }

    private static func format(sampleRate: Int, channels: Int, encoding: SampleEncoding) -> [UInt8] {
        let frameByteCount = channels * encoding.byteCount
        let tag = encoding == .float32 ? WAVTag.float : WAVTag.pcm
        let isExtensible = channels > 2 || encoding == .pcm24
        var bytes = littleEndian(isExtensible ? WAVTag.extensible : tag, 2) + littleEndian(channels, 2)
        bytes += littleEndian(sampleRate, 4) + littleEndian(sampleRate * frameByteCount, 4)
        bytes += littleEndian(frameByteCount, 2) + littleEndian(encoding.bitCount, 2)
        if isExtensible {
            bytes += littleEndian(22, 2) + littleEndian(encoding.bitCount, 2) + littleEndian(speakers(channels), 4)
            bytes += littleEndian(tag, 2) + WAVTag.subFormatTail
        } else if tag != WAVTag.pcm {
            bytes += littleEndian(0, 2)
        }
        return bytes
    }

    /// The speaker positions that a channel count usually means (mono, stereo, 3.0, quad, 5.0, 5.1, 7.1); else none.
    private static func speakers(_ channels: Int) -> Int {
        let masks = [1: 0x4, 2: 0x3, 3: 0x7, 4: 0x33, 5: 0x37, 6: 0x3F, 8: 0x63F]
        return masks[channels] ?? 0
    }

    private static func information(_ metadata: AudioMetadata) throws(AudioError) -> [UInt8] {
        let entries = try metadata.entries()
        guard !entries.isEmpty else { return [] }
        var payload = Array("INFO".utf8)
        for (field, text) in entries { payload += WAVChunk(field.wavIdentifier, Array(text.utf8) + [0]).bytes }
        return WAVChunk("LIST", payload).bytes
    }
}

/// Format tags of the `fmt ` chunk.
enum WAVTag {
    static let pcm = 1
    static let float = 3
    static let extensible = 0xFFFE
    /// The fourteen bytes that follow the tag in an extensible sub-format's GUID.
    static let subFormatTail: [UInt8] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]
}

extension AudioMetadata.Field {
    /// The identifier in a LIST/INFO chunk.
    var wavIdentifier: String {
        switch self {
        case .title: "INAM"
        case .artist: "IART"
        case .comment: "ICMT"
        case .software: "ISFT"
        case .date: "ICRD"
        }
    }
}

/// A RIFF chunk: identifier, size, payload, padded to an even length.
private struct WAVChunk {
    let bytes: [UInt8]

    init(_ identifier: String, _ payload: [UInt8]) {
        bytes =
            Array(identifier.utf8) + littleEndian(payload.count, 4) + payload
            + (payload.count.isMultiple(of: 2) ? [] : [0])
    }
}

/// The low `count` bytes of a number, lowest first.
private func littleEndian(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}
