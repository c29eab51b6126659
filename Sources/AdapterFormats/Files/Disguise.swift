// SPDX-License-Identifier: Apache-2.0

import Checkpoints

/// Files of other kinds that were given a safetensors file's name.
///
/// Detected to give advice: reading them as safetensors fails anyway, but speaks of header lengths.
enum Disguise {
    /// Refuses a file that begins as a zip archive or a pickle does.
    ///
    /// - Throws: `AdapterFormatError.refusedFile`; `CheckpointError` if the file cannot be read.
    static func refuse(_ path: String) throws {
        let file = try MappedFile(path: path)
        guard file.byteCount > 8 else { return }
        let bytes = file.copy(0..<9)
        // A safetensors header, after the 8 bytes of its length, begins with a brace whatever the length says.
        guard bytes[8] != UInt8(ascii: "{") else { return }
        if bytes.starts(with: Array("PK\u{3}\u{4}".utf8)) {
            throw AdapterFormatError.refusedFile(
                path: path,
                advice: "it is a zip archive, as torch.save writes, not safetensors; \(AdapterLocation.pickleAdvice)"
            )
        }
        if bytes[0] == 0x80, (2...5).contains(bytes[1]) {
            throw AdapterFormatError.refusedFile(
                path: path,
                advice: "it is a pickle, not safetensors; \(AdapterLocation.pickleAdvice)"
            )
        }
    }
}
