// SPDX-License-Identifier: Apache-2.0

import CSndFile

/// libsndfile's format codes.
///
/// Written as numbers where older headers lack the name: the library then says no at run time.
enum SoundFileFormat {
    private static let mpeg: UInt32 = 0x23_0000  // SF_FORMAT_MPEG, since 1.1
    private static let layerIII: UInt32 = 0x82  // SF_FORMAT_MPEG_LAYER_III, since 1.1
    private static let opus: UInt32 = 0x64  // SF_FORMAT_OPUS, since 1.0.29

    /// The code for `SF_INFO.format`; nil for what libsndfile is not used for or cannot do.
    static func code(_ format: AudioFormat, _ encoding: SampleEncoding) -> Int32? {
        switch (format, encoding) {
        case (.wav, _), (.flac, .float32): nil
        case (.flac, .pcm16): Int32(UInt32(SF_FORMAT_FLAC) | UInt32(SF_FORMAT_PCM_16))
        case (.flac, .pcm24): Int32(UInt32(SF_FORMAT_FLAC) | UInt32(SF_FORMAT_PCM_24))
        case (.mp3, _): Int32(mpeg | layerIII)
        case (.ogg, _): Int32(UInt32(SF_FORMAT_OGG) | UInt32(SF_FORMAT_VORBIS))
        case (.opus, _): Int32(UInt32(SF_FORMAT_OGG) | opus)
        }
    }

    /// Whether a file's format code is that of MP3 or its kin.
    static func isMPEG(_ code: Int32) -> Bool { UInt32(bitPattern: code) & UInt32(SF_FORMAT_TYPEMASK) == mpeg }
}
