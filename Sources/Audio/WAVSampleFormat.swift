// SPDX-License-Identifier: Apache-2.0

/// A WAV file's `fmt ` chunk.
struct WAVSampleFormat {
    /// Why a `fmt ` chunk is not taken.
    struct Problem: Error {
        let reason: String
    }

    let sampleRate: Int
    let channels: Int
    let encoding: SampleEncoding
    /// Bytes of one frame.
    var frameByteCount: Int { channels * encoding.byteCount }

    init(_ bytes: [UInt8]) throws(Problem) {
        guard bytes.count >= 16 else {
            throw Problem(reason: "its 'fmt ' chunk has \(bytes.count) bytes, at least 16 are needed")
        }
        var tag = bytes.littleEndian(0, 2)
        if tag == WAVTag.extensible {
            guard bytes.count >= 40, bytes[26..<40].elementsEqual(WAVTag.subFormatTail) else {
                throw Problem(reason: "its extensible 'fmt ' chunk names no known sub-format")
            }
            tag = bytes.littleEndian(24, 2)
        }
        channels = bytes.littleEndian(2, 2)
        sampleRate = bytes.littleEndian(4, 4)
        let bitCount = bytes.littleEndian(14, 2)
        switch (tag, bitCount) {
        case (WAVTag.pcm, 16): encoding = .pcm16
        case (WAVTag.pcm, 24): encoding = .pcm24
        case (WAVTag.float, 32): encoding = .float32
        case _: throw Problem(reason: "format \(tag) with \(bitCount) bits is not 16- or 24-bit PCM or 32-bit float")
        }
        guard channels > 0 else { throw Problem(reason: "it has no channels") }
        let stated = bytes.littleEndian(12, 2)
        guard stated == channels * encoding.byteCount else {
            throw Problem(reason: "its frames have \(stated) bytes, expected \(channels * encoding.byteCount)")
        }
    }
}

extension SampleEncoding {
    /// Decodes one sample; integers become `k / 2^(bits-1)`.
    func decode(_ bytes: [UInt8], at offset: Int) -> Float {
        let word = UInt32(bytes.littleEndian(offset, byteCount))
        if self == .float32 { return Float(bitPattern: word) }
        let shift = UInt32(32 - bitCount)
        return Float(Int32(bitPattern: word << shift) >> Int32(shift)) / Float(1 << (bitCount - 1))
    }
}

extension [UInt8] {
    /// The unsigned number in `count` bytes at `offset`, lowest first; the caller has checked the bounds.
    func littleEndian(_ offset: Int, _ count: Int) -> Int {
        (0..<count).reduce(0) { $0 | Int(self[offset + $1]) << (8 * $1) }
    }
}
