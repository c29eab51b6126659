// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Crypto
import Foundation

/// Names contents, so that a change is noticed.
enum ContentDigest {
    /// Bytes that are hashed between two looks at whether the work was given up.
    private static let stride = 16 << 20

    /// The SHA-256 of a file, in hexadecimal digits.
    ///
    /// - Throws: `CheckpointError` if the file cannot be read, `CancellationError`.
    static func sha256(path: String) throws -> String { try hash(path, SHA256()) }

    /// The MD5 of a file, in hexadecimal digits, as Side-Step's records have it: it finds damage, not malice.
    ///
    /// - Throws: `CheckpointError` if the file cannot be read, `CancellationError`.
    static func md5(path: String) throws -> String { try hash(path, Insecure.MD5()) }

    /// The SHA-256 of several texts, which no other texts have, however they are cut.
    static func sha256(of texts: [String]) -> String {
        var hash = SHA256()
        for text in texts {
            hash.update(data: Data("\(text.utf8.count):".utf8))
            hash.update(data: Data(text.utf8))
        }
        return digits(hash.finalize())
    }

    private static func hash(_ path: String, _ function: some HashFunction) throws -> String {
        let file = try MappedFile(path: path)
        file.adviseSequential()
        var function = function
        for start in Swift.stride(from: 0, to: file.byteCount, by: stride) {
            if Task.isCancelled { throw CancellationError() }
            let end = min(start + stride, file.byteCount)
            unsafe function.update(bufferPointer: UnsafeRawBufferPointer(rebasing: file.bytes[start..<end]))
        }
        return digits(function.finalize())
    }

    static func digits(_ digest: some Sequence<UInt8>) -> String {
        digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}

/// What latents and conditions come from, so that those of another checkpoint of the same name are noticed.
///
/// Of each tensor the head is read: training changes all of it, and reading everything would take as long as the work itself.
struct CheckpointDigest: Sendable, Equatable {
    /// Of the encoder of sound.
    let autoencoder: String
    /// Of the text encoder, the condition encoder, the tokenizer and the silence.
    let conditions: String

    private static let headByteCount = 1024

    /// Reads heads and headers.
    ///
    /// - Parameters:
    ///   - autoencoder: the directory of the autoencoder.
    ///   - conditions: the directories of what makes conditions.
    ///   - files: files that are read as a whole.
    /// - Throws: `CheckpointError` if a file cannot be read.
    init(autoencoder: String, conditions: [String], files: [String]) throws {
        self.autoencoder = try Self.digest(of: [autoencoder], files: [autoencoder + "/config.json"])
        self.conditions = try Self.digest(
            of: conditions,
            files: files + conditions.map { $0 + "/config.json" }
        )
    }

    private static func digest(of directories: [String], files: [String]) throws -> String {
        var texts: [String] = []
        for directory in directories {
            let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            for name in names where name.hasSuffix(".safetensors") {
                texts += try heads(of: SafetensorsFile(path: directory + "/" + name))
            }
        }
        for file in files where FileManager.default.fileExists(atPath: file) {
            texts.append(try ContentDigest.sha256(path: file))
        }
        return ContentDigest.sha256(of: texts)
    }

    /// Neither the diffusion transformer nor the decoder of sound has a share in what training reads.
    private static func heads(of file: SafetensorsFile) throws -> [String] {
        try file.names.filter { !$0.hasPrefix("decoder.") }.map { name in
            let tensor = try file.description(name)
            let head = try unsafe file.withBytes(of: name) { bytes in
                unsafe ContentDigest.digits(SHA256.hash(data: Data(bytes.prefix(headByteCount))))
            }
            return "\(name) \(tensor.dtype.rawValue) \(tensor.shape) \(head)"
        }
    }
}
