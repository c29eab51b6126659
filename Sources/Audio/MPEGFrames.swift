// SPDX-License-Identifier: Apache-2.0

/// Counts what an MP3 file holds by walking its frames, for files that do not say it.
///
/// libsndfile then multiplies the first frame's bit rate by the file's size, and reads no more than that.
/// Source: ISO/IEC 11172-3 §2.4.2.3 and 13818-3, the header of a layer III frame.
struct MPEGFrames {
    /// Bit rates of MPEG-1 by their index, in thousands a second; the first means "any", the last is none.
    private static let rates = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0]
    /// The same of MPEG-2 and 2.5.
    private static let lowRates = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0]
    private static let sampleRates = [44_100, 48_000, 32_000]

    /// Samples for each channel; 0 where no frame was found.
    private(set) var sampleCount = 0

    /// Walks frames up to the first place where none begins, such as a tag at the end.
    ///
    /// - Parameters:
    ///   - source: the file.
    ///   - start: where its first frame begins.
    /// - Throws: ``AudioError/cannotRead(path:code:)``.
    init(_ source: any ByteSource, from start: Int) throws(AudioError) {
        var offset = start
        while case let header = try source.bytes(at: offset, count: 4), let frame = Self.frame(header) {
            sampleCount += frame.samples
            offset += frame.byteCount
        }
    }

    private static func frame(_ header: [UInt8]) -> (byteCount: Int, samples: Int)? {
        guard header.count == 4, header[0] == 0xFF, header[1] & 0xE6 == 0xE2 else { return nil }  // layer III
        let version = Int(header[1] >> 3 & 3)  // 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5
        let rateIndex = Int(header[2] >> 2 & 3)
        guard version != 1, rateIndex < 3 else { return nil }
        let isFirst = version == 3
        let bitRate = 1000 * (isFirst ? rates : lowRates)[Int(header[2] >> 4)]
        let sampleRate = sampleRates[rateIndex] >> (isFirst ? 0 : version == 2 ? 1 : 2)
        guard bitRate > 0 else { return nil }
        let samples = isFirst ? 1152 : 576
        return (samples / 8 * bitRate / sampleRate + Int(header[2] >> 1 & 1), samples)
    }
}
