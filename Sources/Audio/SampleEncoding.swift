// SPDX-License-Identifier: Apache-2.0

/// How a lossless file stores each sample.
public enum SampleEncoding: String, Sendable, CaseIterable {
    /// 16-bit integers: what every player and pipeline takes.
    case pcm16
    /// 24-bit integers.
    case pcm24
    /// 32-bit floats, bit for bit as they are, also beyond ±1. WAV only.
    case float32

    /// Bytes that a sample takes in a WAV file.
    var byteCount: Int { bitCount / 8 }

    /// Bits that a sample takes.
    var bitCount: Int {
        switch self {
        case .pcm16: 16
        case .pcm24: 24
        case .float32: 32
        }
    }
}
