// SPDX-License-Identifier: Apache-2.0

package import Checksums

/// The checksums that S3 verifies and keeps.
public enum ChecksumAlgorithm: String, Sendable, Hashable, Codable, CaseIterable {
    /// The 64-bit CRC of NVMe; parts' values give the whole object's.
    case crc64nvme = "CRC64NVME"
    /// The 32-bit CRC of Castagnoli; parts' values give the whole object's.
    case crc32c = "CRC32C"
    /// The 32-bit CRC of zip; parts' values give the whole object's.
    case crc32 = "CRC32"
    /// SHA-256; of an upload in parts S3 keeps a hash of the parts' hashes.
    case sha256 = "SHA256"
    /// SHA-1, found on objects of others.
    case sha1 = "SHA1"

    /// Whether the whole's value follows from the parts' values and sizes.
    public var isCombinable: Bool {
        switch self {
        case .crc64nvme, .crc32c, .crc32: true
        case .sha256, .sha1: false
        }
    }

    /// The header (and trailer) that carries the value, in base64.
    package var headerName: String { "x-amz-checksum-" + rawValue.lowercased() }

    /// The size of the value in bytes.
    package var byteCount: Int {
        switch self {
        case .crc64nvme: 8
        case .crc32c, .crc32: 4
        case .sha256: 32
        case .sha1: 20
        }
    }

    /// The polynomial of a CRC; nil for a hash.
    package var polynomial: CyclicRedundancyCode.Polynomial? {
        switch self {
        case .crc64nvme: .nvme64
        case .crc32c: .castagnoli32
        case .crc32: .zip32
        case .sha256, .sha1: nil
        }
    }
}

/// A checksum of an object, as S3 writes it.
public struct Checksum: Sendable, Hashable, CustomStringConvertible {
    /// How it was computed.
    public var algorithm: ChecksumAlgorithm
    /// Base64 of the value, without the `-N` of a composite one.
    public var base64: String
    /// For the hash of the parts' hashes, the number of parts; nil for a checksum of the object's own bytes.
    public var compositePartCount: Int?

    /// Names a checksum.
    public init(_ algorithm: ChecksumAlgorithm, base64: String, compositePartCount: Int? = nil) {
        self.algorithm = algorithm
        self.base64 = base64
        self.compositePartCount = compositePartCount
    }

    /// Reads the value of an `x-amz-checksum-…` header: base64, with `-N` if it is of the parts' values.
    ///
    /// - Returns: nil for a value that has not the algorithm's length.
    package init?(_ algorithm: ChecksumAlgorithm, header: String) {
        let pieces = header.split(separator: "-", maxSplits: 1)
        guard let first = pieces.first, let bytes = Base64.decode(String(first)), bytes.count == algorithm.byteCount
        else { return nil }
        var count: Int?
        if pieces.count == 2 {
            guard let parts = Int(pieces[1]), parts > 0 else { return nil }
            count = parts
        }
        self.init(algorithm, base64: String(first), compositePartCount: count)
    }

    /// The value as the header has it.
    public var headerValue: String { compositePartCount.map { "\(base64)-\($0)" } ?? base64 }

    /// Algorithm and value.
    public var description: String { "\(algorithm.rawValue):\(headerValue)" }

    /// The whole object's checksum from those of its parts, in order.
    ///
    /// - Parameters:
    ///   - algorithm: The parts' algorithm.
    ///   - parts: Base64 of each part's checksum, and its size in bytes.
    /// - Returns: For a CRC that of the joined bytes; for a hash S3's composite one; nil when a value is malformed.
    public static func combined(_ algorithm: ChecksumAlgorithm, parts: [(base64: String, size: Int)]) -> Checksum? {
        var values: [[UInt8]] = []
        for part in parts {
            guard let bytes = Base64.decode(part.base64), bytes.count == algorithm.byteCount else { return nil }
            values.append(bytes)
        }
        guard let polynomial = algorithm.polynomial else {
            var hasher = ChecksumHasher(algorithm)
            for value in values { hasher.update(bytes: value) }
            return Checksum(algorithm, base64: hasher.finalized().base64, compositePartCount: parts.count)
        }
        var whole = CyclicRedundancyCode(polynomial)
        for (value, part) in zip(values, parts) {
            whole.append(value: value.reduce(0) { $0 << 8 | UInt64($1) }, byteCount: part.size)
        }
        return Checksum(algorithm, base64: Base64.encode(whole.bigEndianBytes))
    }
}

extension CyclicRedundancyCode {
    /// The code of bytes whose CRC64NVME is known; nil for another checksum.
    init?(_ checksum: Checksum, byteCount: Int) {
        guard checksum.algorithm == .crc64nvme, checksum.compositePartCount == nil,
            let bytes = Base64.decode(checksum.base64), bytes.count == checksum.algorithm.byteCount
        else { return nil }
        self.init(.nvme64)
        append(value: bytes.reduce(0) { $0 << 8 | UInt64($1) }, byteCount: byteCount)
    }
}
