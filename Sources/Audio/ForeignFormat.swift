// SPDX-License-Identifier: Apache-2.0

/// Names what a file is by its first bytes, where libsndfile cannot read it.
enum ForeignFormat {
    private static let signatures: [(offset: Int, bytes: [UInt8], name: String)] = [
        (4, Array("ftyp".utf8), "MPEG-4 (AAC or ALAC, or a video)"),
        (0, [0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11], "Windows Media (WMA)"),
        (0, [0x1A, 0x45, 0xDF, 0xA3], "Matroska or WebM"),
        (0, Array("ADIF".utf8), "AAC"),
        (0, Array("MAC ".utf8), "Monkey's Audio (APE)"),
        (0, Array("wvpk".utf8), "WavPack"),
        (0, Array("MPCK".utf8), "Musepack"),
        (0, Array("MP+".utf8), "Musepack"),
        (0, Array("TTA1".utf8), "True Audio (TTA)"),
        (0, Array("DSD ".utf8), "DSD (DSF)"),
        (0, Array("FRM8".utf8), "DSD (DSDIFF)"),
        (0, Array("#!AMR".utf8), "AMR"),
        (0, Array("MThd".utf8), "MIDI, which is notes and no sound"),
        (0, Array("FLV".utf8), "Flash video"),
        (8, Array("AVI ".utf8), "AVI video"),
        (0, Array("PK\u{3}\u{4}".utf8), "a ZIP archive"),
        (0, [0x1F, 0x8B], "gzip"),
        (0, Array("%PDF".utf8), "PDF"),
        (0, Array("PAR1".utf8), "Parquet"),
        (0, Array("<!DOCTYPE".utf8), "a web page"),
        (0, Array("<html".utf8), "a web page"),
        (0, Array("version https://git-lfs".utf8), "a Git LFS pointer, whose file has not been fetched"),
        (0, Array("OggS".utf8), "Ogg with something else than Vorbis, Opus or FLAC"),
    ]

    /// What the file is; nil if its first bytes say nothing.
    ///
    /// - Throws: ``AudioError/cannotRead(path:code:)``.
    static func name(_ source: any ByteSource) throws(AudioError) -> String? {
        let start = try source.bytes(at: 0, count: 32)
        for (offset, bytes, name) in signatures where start.count >= offset + bytes.count {
            if start[offset..<offset + bytes.count].elementsEqual(bytes) { return name }
        }
        // The header of an AAC frame: twelve ones, a version bit, and layer 0, which MPEG audio never has.
        if start.count >= 2, start[0] == 0xFF, start[1] & 0xF6 == 0xF0 { return "AAC" }
        return nil
    }
}
