// SPDX-License-Identifier: Apache-2.0

import Crypto
import ObjectStore

/// The entries of a name's log from the first on, each checked against the one before, and what they add up to.
public struct LogHistory: Sendable {
    /// An entry and its bytes.
    public struct Item: Sendable {
        /// What the entry says.
        public let entry: LogEntry
        /// The entry exactly as it is stored.
        package let bytes: [UInt8]
        /// `sha256:` of the bytes.
        public let digest: String
        /// The public key of a valid signature, in hexadecimal; nil without signature.
        public let signer: String?
    }

    /// What the name names.
    public let kind: RegistryKind
    /// Whose history it is.
    public let name: RegistryName
    /// The entries, the first first.
    public private(set) var items: [Item] = []
    /// What is the case after the last entry.
    public private(set) var state = RegistryState()

    /// The history before the first entry.
    public init(kind: RegistryKind, name: RegistryName) {
        self.kind = kind
        self.name = name
    }

    /// The number of entries.
    public var sequence: Int { items.count }

    /// Takes the next entry.
    ///
    /// - Parameter bytes: The entry as it is stored.
    /// - Throws: `RegistryError` of kind `.forked` when it does not follow the last one, `.signature` when its signature is
    ///   wrong, `.malformed` when it makes no sense.
    package mutating func append(_ bytes: [UInt8]) throws {
        let number = items.count + 1
        let place = "entry \(number) of '\(name)'"
        let (signed, signature) = EntrySignature.split(bytes)
        if let signature, !signature.isValid(for: signed) {
            throw RegistryError(.signature, "\(place): the signature is wrong; somebody changed the entry")
        }
        let header = try CanonicalJSON.decode(EntryHeader.self, bytes, from: place)
        if header.schema != LogEntry.schema {
            throw RegistryError(
                .malformed,
                "\(place) is written as '\(Printable.text(header.schema))'; this program reads \(LogEntry.schema), update it"
            )
        }
        if header.isSigned && signature == nil {
            throw RegistryError(.signature, "\(place): the signature cannot be read; somebody changed the entry")
        }
        let entry = try CanonicalJSON.decode(LogEntry.self, bytes, from: place)
        guard entry.kind == kind, entry.name == name, entry.sequence == number else {
            throw RegistryError(
                .malformed,
                "\(place) says that it is entry \(entry.sequence) of '\(entry.name)' in \(entry.kind.logRoot)"
            )
        }
        guard entry.previous == items.last?.digest else {
            throw RegistryError(
                .forked,
                """
                the registry forked at entry \(number) of '\(name)': it does not follow the entry before. Somebody deleted or \
                replaced an entry; restore the log from the bucket's object versions
                """
            )
        }
        let signer = signature.map { Hexadecimal.encode($0.key) }
        do throws(RegistryError) {
            try state.apply(entry, signer: signer)
        } catch {
            throw RegistryError(error.kind, "\(place): \(error.message)")
        }
        items.append(Item(entry: entry, bytes: bytes, digest: Self.digest(bytes), signer: signer))
    }

    /// The number of the entry that an attempt wrote, if it did.
    func sequence(ofAttempt id: String) -> Int? { items.last { $0.entry.id == id }?.entry.sequence }

    /// `sha256:` of an entry's bytes.
    static func digest(_ bytes: [UInt8]) -> String { "sha256:" + Hexadecimal.encode(SHA256.hash(data: bytes)) }

    // MARK: All entries in one object

    /// All entries, a line each.
    package var lines: [UInt8] {
        var bytes: [UInt8] = []
        for item in items { bytes += item.bytes + [UInt8(ascii: "\n")] }
        return bytes
    }

    /// Reads what `lines` wrote; a last line without its end is left out.
    package init(lines: [UInt8], kind: RegistryKind, name: RegistryName) throws {
        self.init(kind: kind, name: name)
        guard let end = lines.lastIndex(of: UInt8(ascii: "\n")) else { return }
        for line in lines[..<end].split(separator: UInt8(ascii: "\n")) { try append(Array(line)) }
    }

    private struct EntryHeader: Decodable {
        let schema: String
        let isSigned: Bool

        private enum CodingKeys: CodingKey {
            case schema, signature
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            schema = try container.decode(String.self, forKey: .schema)
            isSigned = container.contains(.signature)
        }
    }
}
