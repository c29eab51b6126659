// SPDX-License-Identifier: Apache-2.0

/// Reads RIFF WAVE without libsndfile: for a file's texts, and to check what ``WAVWriter`` wrote by other means.
///
/// Takes 16- and 24-bit PCM and 32-bit float, plain or extensible. Every size is checked against the file before it is
/// used.
package struct WAVReader<Source: ByteSource> {
    /// A chunk's place in the file.
    private struct Chunk {
        let identifier: [UInt8]
        let payload: Range<Int>
    }

    private let source: Source
    private let path: String
    private let chunks: [Chunk]

    /// A file with more chunks is not sound.
    private static var maximumChunkCount: Int { 4096 }
    /// Texts beyond this are not read.
    private static var maximumInformationByteCount: Int { 16 << 20 }

    /// Whether the source begins as a WAV file does.
    static func recognizes(_ source: Source) throws(AudioError) -> Bool {
        let start = try source.bytes(at: 0, count: 12)
        return start.count == 12 && start[..<4].elementsEqual("RIFF".utf8) && start[8...].elementsEqual("WAVE".utf8)
    }

    /// Finds the chunks.
    ///
    /// - Parameters:
    ///   - source: The file's bytes.
    ///   - path: Its name in errors.
    /// - Throws: ``AudioError/malformed(path:reason:)`` naming the offset, ``AudioError/cannotRead(path:code:)``.
    package init(_ source: Source, path: String) throws(AudioError) {
        guard try Self.recognizes(source) else {
            throw .malformed(path: path, reason: "it does not begin with RIFF … WAVE")
        }
        var chunks: [Chunk] = []
        var offset = 12
        while offset + 8 <= source.count {
            let header = try source.bytes(at: offset, count: 8)
            guard header.count == 8 else { break }
            let start = offset + 8
            let byteCount = header.littleEndian(4, 4)
            guard byteCount <= source.count - start else {
                throw .malformed(
                    path: path,
                    reason: "the chunk at byte \(offset) claims \(byteCount) bytes, \(source.count - start) are left"
                )
            }
            guard chunks.count < Self.maximumChunkCount else {
                throw .malformed(path: path, reason: "it has more than \(Self.maximumChunkCount) chunks")
            }
            chunks.append(Chunk(identifier: Array(header[..<4]), payload: start..<start + byteCount))
            offset = start + byteCount + byteCount % 2
        }
        self.source = source
        self.path = path
        self.chunks = chunks
    }

    /// Decodes the samples.
    ///
    /// - Throws: ``AudioError/malformed(path:reason:)``.
    package func audio() throws(AudioError) -> AudioBuffer {
        let format = try format()
        let data = try chunk("data")
        guard data.payload.count.isMultiple(of: format.frameByteCount) else {
            throw malformed(
                "\(data.payload.count) bytes of samples are no whole number of \(format.frameByteCount)-byte frames"
            )
        }
        let bytes = try source.bytes(at: data.payload.lowerBound, count: data.payload.count)
        guard bytes.count == data.payload.count else { throw malformed("it became shorter while it was read") }
        let width = format.encoding.byteCount
        let frameCount = bytes.count / format.frameByteCount
        var samples: [Float] = []
        samples.reserveCapacity(frameCount * format.channels)
        for channel in 0..<format.channels {
            for frame in 0..<frameCount {
                samples.append(format.encoding.decode(bytes, at: frame * format.frameByteCount + channel * width))
            }
        }
        return try AudioBuffer(sampleRate: format.sampleRate, channels: format.channels, samples: samples)
    }

    /// The texts of the LIST/INFO chunks.
    ///
    /// - Throws: ``AudioError/malformed(path:reason:)``.
    package func metadata() throws(AudioError) -> AudioMetadata {
        var metadata = AudioMetadata()
        for list in chunks where list.identifier.elementsEqual("LIST".utf8) {
            guard list.payload.count <= Self.maximumInformationByteCount else { continue }
            let bytes = try source.bytes(at: list.payload.lowerBound, count: list.payload.count)
            guard bytes.starts(with: "INFO".utf8) else { continue }
            var offset = 4
            while offset + 8 <= bytes.count {
                let byteCount = bytes.littleEndian(offset + 4, 4)
                guard byteCount <= bytes.count - offset - 8 else {
                    throw malformed("a text at byte \(list.payload.lowerBound + offset) is longer than its list")
                }
                let identifier = bytes[offset..<offset + 4]
                let text = bytes[offset + 8..<offset + 8 + byteCount].prefix { $0 != 0 }
                let field = AudioMetadata.Field.allCases.first { identifier.elementsEqual($0.wavIdentifier.utf8) }
                if let field { metadata[field] = String(decoding: text, as: UTF8.self) }
                offset += 8 + byteCount + byteCount % 2
            }
        }
        return metadata
    }

    private func chunk(_ identifier: String) throws(AudioError) -> Chunk {
        guard let chunk = chunks.first(where: { $0.identifier.elementsEqual(identifier.utf8) }) else {
            throw malformed("it has no '\(identifier)' chunk")
        }
        return chunk
    }

    private func format() throws(AudioError) -> WAVSampleFormat {
        let payload = try chunk("fmt ").payload
        let bytes = try source.bytes(at: payload.lowerBound, count: min(payload.count, 40))
        do throws(WAVSampleFormat.Problem) {
            return try WAVSampleFormat(bytes)
        } catch {
            throw malformed(error.reason)
        }
    }

    private func malformed(_ reason: String) -> AudioError { .malformed(path: path, reason: reason) }
}
