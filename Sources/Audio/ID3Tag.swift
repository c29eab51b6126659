// SPDX-License-Identifier: Apache-2.0

/// The texts at the start of an MP3 file, as ID3v2.4 in UTF-8.
///
/// Written here because LAME, through libsndfile, takes UTF-8 for Latin-1.
/// Source: ID3 tag version 2.4.0, Main Structure and Native Frames (id3.org, 2000).
enum ID3Tag {
    /// The most that a tag's 28-bit size can say.
    private static let maximumByteCount = (1 << 28) - 1

    /// The tag's bytes; none if there are no texts.
    ///
    /// - Throws: ``AudioError/unsupported(format:reason:)`` beyond 256 MiB.
    static func bytes(_ entries: [(field: AudioMetadata.Field, text: String)]) throws(AudioError) -> [UInt8] {
        guard !entries.isEmpty else { return [] }
        let frames = entries.flatMap { frame($0.field, $0.text) }
        guard frames.count <= maximumByteCount else {
            throw .unsupported(
                format: .mp3,
                reason: "\(frames.count) bytes of metadata are more than an ID3 tag can hold"
            )
        }
        return Array("ID3".utf8) + [4, 0, 0] + sevenBitBytes(frames.count) + frames
    }

    private static func frame(_ field: AudioMetadata.Field, _ text: String) -> [UInt8] {
        let utf8: UInt8 = 3
        // A comment has a language, which nobody knows here, and an empty description.
        let start: [UInt8] = field == .comment ? [utf8] + Array("XXX".utf8) + [0] : [utf8]
        let payload = start + Array(text.utf8)
        return Array(identifier(field).utf8) + sevenBitBytes(payload.count) + [0, 0] + payload
    }

    private static func identifier(_ field: AudioMetadata.Field) -> String {
        switch field {
        case .title: "TIT2"
        case .artist: "TPE1"
        case .comment: "COMM"
        case .software: "TSSE"
        case .date: "TDRC"
        }
    }

    /// Four bytes of seven bits each, highest first: no tag byte may look like the start of an MPEG frame.
    private static func sevenBitBytes(_ value: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (21 - 7 * $0)) & 0x7F }
    }
}
