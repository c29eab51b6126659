// SPDX-License-Identifier: Apache-2.0

package import ACEStep
import Checkpoints

/// What a base is known by when a run is resumed: its name, and a digest of its files' sizes and of some of their bytes.
///
/// Reading all of a large checkpoint would take longer than many a run's first step; two trained models differ everywhere.
package enum BaseIdentity {
    private static let sampleCount = 64
    private static let sampleByteCount = 4096

    /// The identity of a checkpoint's transformer.
    ///
    /// - Parameter files: the checkpoint's.
    /// - Returns: the model's name and a digest.
    /// - Throws: `CheckpointError` if a file is missing or malformed.
    package static func of(_ files: ModelFiles) throws -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        for path in try MusicModel.transformerPaths(of: files).sorted() {
            let file = try MappedFile(path: path)
            unsafe withUnsafeBytes(of: file.byteCount.littleEndian) { unsafe $0.forEach(add) }
            let stride = max(file.byteCount / sampleCount, sampleByteCount)
            for start in Swift.stride(from: 0, to: file.byteCount, by: stride) {
                file.copy(start..<min(start + sampleByteCount, file.byteCount)).forEach(add)
            }
        }
        return "\(files.name) \(String(hash, radix: 16))"
    }
}
