// SPDX-License-Identifier: Apache-2.0

/// Writes a zip archive of uncompressed members whose bytes begin at multiples of 64, as PyTorch maps them.
struct ZipWriter {
    private static let alignment = 64
    /// PyTorch fills up with this extra field.
    private static let paddingField: [UInt8] = Array("FB".utf8)
    private static let largest = 0xFFFF_0000

    private var bytes: [UInt8] = []
    private var directory: [UInt8] = []
    private var count: UInt16 = 0
    private let path: String

    init(path: String) { self.path = path }

    /// Appends a member.
    ///
    /// - Throws: ``CheckpointError`` of kind `invalidRequest` where the archive would need 64-bit sizes.
    mutating func add(_ name: String, _ content: [UInt8]) throws(CheckpointError) {
        guard bytes.count + content.count + 1024 <= Self.largest else {
            throw CheckpointError(
                .invalidRequest,
                path: path,
                reason: "it would be larger than 4 GB; write safetensors"
            )
        }
        let offset = UInt32(bytes.count)
        let sizes = UInt32(content.count).littleEndianBytes + UInt32(content.count).littleEndianBytes
        // Version 2.0, no flags, stored, at no time: equal content gives equal bytes.
        let facts: [UInt8] =
            [0, 0, 0, 0, 0, 0, 0, 0] + Checksum.of(content).littleEndianBytes + sizes
            + UInt16(name.utf8.count).littleEndianBytes
        let start = bytes.count + 30 + name.utf8.count + 4
        let padding = (Self.alignment - start % Self.alignment) % Self.alignment
        bytes += UInt32(0x0403_4B50).littleEndianBytes + [20, 0] + facts + UInt16(4 + padding).littleEndianBytes
        bytes += Array(name.utf8) + Self.paddingField + UInt16(padding).littleEndianBytes
        bytes += [UInt8](repeating: UInt8(ascii: "Z"), count: padding) + content
        directory += UInt32(0x0201_4B50).littleEndianBytes + [20, 0, 20, 0] + facts
        directory += [UInt8](repeating: 0, count: 12) + offset.littleEndianBytes + Array(name.utf8)
        count += 1
    }

    /// The whole archive.
    var finished: [UInt8] {
        let end =
            UInt32(0x0605_4B50).littleEndianBytes + [0, 0, 0, 0] + count.littleEndianBytes + count.littleEndianBytes
            + UInt32(directory.count).littleEndianBytes + UInt32(bytes.count).littleEndianBytes + [0, 0]
        return bytes + directory + end
    }
}
