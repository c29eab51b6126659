// SPDX-License-Identifier: Apache-2.0

import Crypto
import NIOCore
import ObjectStore

/// A local file that is to be published, as it is or with spaces that make its size unique.
///
/// `aws s3 sync` takes a file of the same size for the same file. An adapter that is trained again has exactly the size of
/// the one before, so the publisher adds spaces where they mean nothing: at the end of a safetensors header, after JSON or
/// text.
struct SourceFile: Sendable {
    /// Where spaces can go.
    enum Form: Sendable {
        /// Into the header; its text without spaces at the end, and where the tensors begin.
        case safetensors(header: [UInt8], dataStart: Int)
        /// After the text, which ends here but for white space.
        case text(end: Int)
        /// Nowhere.
        case opaque
    }

    /// The path in the version.
    let path: String
    /// The local file.
    let localPath: String
    let form: Form
    /// What the local file was when it was examined: if that changes, nothing is published.
    let status: FileStatus

    /// The most padding that is tried; by then a name has more versions of one size than anybody keeps.
    private static let maximumPadding = 100_000
    private static let textEndings = [".json", ".txt", ".md", ".yaml", ".yml", ".csv", ".jsonl"]
    private static let chunkByteCount = 1 << 20

    /// Looks at a file; blocks.
    init(path: String, localPath: String) throws {
        self.path = path
        self.localPath = localPath
        let file = try LocalFile(localPath, .read)
        status = try file.status()
        guard status.kind == .file else {
            throw RegistryError(
                .invalidAdapter,
                "'\(localPath)' is no regular file; move it away or replace it by its content"
            )
        }
        form = try Self.form(of: path, file, size: status.size)
    }

    private static func form(of path: String, _ file: LocalFile, size: Int) throws -> Form {
        if path.hasSuffix(".safetensors"), size >= 8 {
            let length = try file.read(at: 0, count: 8).getInteger(at: 0, endianness: .little, as: UInt64.self) ?? 0
            // What is no safetensors file is refused by the validation, not here.
            guard length <= 100_000_000, Int(length) <= size - 8 else { return .opaque }
            var header = Array(buffer: try file.read(at: 8, count: Int(length)))
            while header.last == UInt8(ascii: " ") { header.removeLast() }
            return .safetensors(header: header, dataStart: 8 + Int(length))
        }
        guard textEndings.contains(where: path.lowercased().hasSuffix), size <= 16 << 20 else { return .opaque }
        let text = Array(buffer: try file.read(at: 0, count: size))
        let end = text.lastIndex { ![0x20, 0x0A, 0x0D, 0x09].contains($0) }.map { $0 + 1 } ?? 0
        return .text(end: end)
    }

    // MARK: Content

    /// A local file's bytes, with or without padding.
    struct Rendering: Sendable {
        /// Bytes before those of the local file.
        var prefix: [UInt8] = []
        /// Which bytes of the local file follow.
        var range: Range<Int>
        /// Spaces after them.
        var suffixCount = 0

        var size: Int { prefix.count + range.count + suffixCount }
    }

    /// The file with some padding; 0 is the file as it is.
    ///
    /// - Returns: nil where the file has no place for spaces, or for so many.
    func rendering(padding: Int) -> Rendering? {
        if padding == 0 { return Rendering(range: 0..<status.size) }
        guard padding <= Self.maximumPadding else { return nil }
        switch form {
        case .safetensors(let header, let dataStart):
            let length = (header.count + 7) / 8 * 8 + 8 * padding
            guard length <= 100_000_000 else { return nil }
            var prefix = withLittleEndianBytes(of: UInt64(length))
            prefix += header + [UInt8](repeating: UInt8(ascii: " "), count: length - header.count)
            return Rendering(prefix: prefix, range: dataStart..<status.size)
        case .text: return Rendering(range: 0..<status.size, suffixCount: padding)
        case .opaque: return nil
        }
    }

    private func withLittleEndianBytes(of value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }

    /// Hashes a rendering; blocks.
    func record(_ rendering: Rendering) throws -> FileRecord {
        let file = try open()
        var hasher = SHA256()
        hasher.update(data: rendering.prefix)
        try Self.hash(file, rendering.range) { hasher.update($0) }
        hasher.update(data: [UInt8](repeating: UInt8(ascii: " "), count: rendering.suffixCount))
        return FileRecord(path: path, size: rendering.size, sha256: Hexadecimal.encode(hasher.finalize()))
    }

    /// The file as it is, and the hash of what it means, without padding; blocks.
    func hashes() throws -> (original: FileRecord, content: String) {
        let file = try open()
        var whole = SHA256()
        var meaning = SHA256()
        let size = status.size
        switch form {
        case .safetensors(let header, let dataStart):
            try Self.hash(file, 0..<dataStart) { whole.update($0) }
            meaning.update(data: header + [0])
            try Self.hash(file, dataStart..<size) {
                whole.update($0)
                meaning.update($0)
            }
        case .text(let end):
            try Self.hash(file, 0..<end) {
                whole.update($0)
                meaning.update($0)
            }
            try Self.hash(file, end..<size) { whole.update($0) }
        case .opaque:
            try Self.hash(file, 0..<size) { whole.update($0) }
            meaning = whole
        }
        let record = FileRecord(path: path, size: size, sha256: Hexadecimal.encode(whole.finalize()))
        return (record, Hexadecimal.encode(meaning.finalize()))
    }

    private static func hash(_ file: LocalFile, _ range: Range<Int>, _ update: (ByteBuffer) -> Void) throws {
        var position = range.lowerBound
        while position < range.upperBound {
            let bytes = try file.read(at: position, count: min(chunkByteCount, range.upperBound - position))
            if bytes.readableBytes == 0 { throw changed(file.path) }
            update(bytes)
            position += bytes.readableBytes
        }
    }

    /// Opens the local file if it still is what was examined.
    private func open() throws -> LocalFile {
        let file = try LocalFile(localPath, .read)
        guard try file.status() == status else { throw Self.changed(localPath) }
        return file
    }

    private static func changed(_ path: String) -> RegistryError {
        RegistryError(.invalidAdapter, "'\(path)' changed while it was read; push again when nobody writes to it")
    }

    /// Reads some bytes of a rendering; blocks.
    ///
    /// - Throws: `RegistryError` of kind `.invalidAdapter` when the local file has changed.
    func read(_ rendering: Rendering, _ range: Range<Int>) throws -> ByteBuffer {
        let file = try open()
        var buffer = ByteBuffer()
        buffer.reserveCapacity(range.count)
        let head = range.clamped(to: 0..<rendering.prefix.count)
        buffer.writeBytes(rendering.prefix[head])
        let middle = range.clamped(to: rendering.prefix.count..<(rendering.prefix.count + rendering.range.count))
        if !middle.isEmpty {
            let offset = middle.lowerBound - rendering.prefix.count + rendering.range.lowerBound
            var bytes = try file.read(at: offset, count: middle.count)
            buffer.writeBuffer(&bytes)
        }
        buffer.writeRepeatingByte(UInt8(ascii: " "), count: range.count - head.count - middle.count)
        guard buffer.readableBytes == range.count, try file.status() == status else { throw Self.changed(localPath) }
        return buffer
    }
}
