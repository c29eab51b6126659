// SPDX-License-Identifier: Apache-2.0

import Crypto
import ObjectStore

extension Registry {
    /// Something that is not as it must be, or worth knowing.
    public struct Finding: Sendable, Hashable, Encodable {
        /// How bad it is.
        public enum Severity: String, Sendable, Hashable, Encodable {
            /// Worth knowing.
            case note
            /// Can be repaired without loss.
            case warning
            /// Bytes or history are wrong or missing.
            case error
        }

        /// How bad it is.
        public let severity: Severity
        /// What it is about: `NAME`, `NAME@v3`, or the store.
        public let subject: String
        /// What is the case.
        public let message: String
        /// The way out.
        public let advice: String?

        /// Describes a finding.
        public init(_ severity: Severity, _ subject: String, _ message: String, advice: String? = nil) {
            self.severity = severity
            self.subject = subject
            self.message = message
            self.advice = advice
        }
    }

    /// Checks a name: the chain of its log against the store, signatures, and the files of its versions.
    ///
    /// - Parameters:
    ///   - name: What to check.
    ///   - selector: Check the files of this version only; nil for all in use.
    ///   - isDeep: Read all bytes instead of comparing sizes.
    ///   - signatures: Which signatures are asked for.
    /// - Returns: What is not as it must be; empty when all is well.
    /// - Throws: `RegistryError` of kind `.notFound`, and what the store throws.
    public func verify(
        _ name: RegistryName,
        _ selector: Selector? = nil,
        isDeep: Bool = true,
        signatures: SignaturePolicy = .optional
    ) async throws -> [Finding] {
        // From the first entry on, not from what this process or a checkpoint remembers.
        let history: LogHistory
        do {
            history = try await log.refresh(LogHistory(kind: kind, name: name))
        } catch let error as RegistryError {
            return [
                Finding(.error, name.text, error.message, advice: "restore the log from the bucket's object versions")
            ]
        }
        if history.sequence == 0 { _ = try await existingHistory(of: name) }
        var findings = try await gaps(in: history)
        for item in history.items {
            do throws(RegistryError) {
                try signatures.check(entry: item.entry.sequence, in: history)
            } catch {
                findings.append(Finding(.error, name.text, error.message))
            }
        }
        let versions = try selector.map { [try $0.version(in: history)] } ?? history.state.versions.filter(\.isLive)
        for version in versions { findings += try await check(version, name, isDeep: isDeep) }
        return findings
    }

    /// Entries beyond the end of the chain: one before them was deleted.
    private func gaps(in history: LogHistory) async throws -> [Finding] {
        let listed = try await log.listed(history.name)
        guard let beyond = listed.first(where: { $0 > history.sequence }) else { return [] }
        // Somebody may have appended since; then the chain goes on.
        if try await log.refresh(history).sequence >= beyond { return [] }
        return [
            Finding(
                .error,
                history.name.text,
                "entry \(history.sequence + 1) of the log is missing, though entry \(beyond) is there",
                advice:
                    "restore \(layout.logPrefix(history.name)) from the bucket's object versions before anybody publishes"
            )
        ]
    }

    private func check(_ version: VersionRecord, _ name: RegistryName, isDeep: Bool) async throws -> [Finding] {
        let subject = "\(name)@v\(version.number)"
        return try await Concurrency.map(version.tree.files, limit: configuration.concurrency) { file -> Finding? in
            let key = try self.layout.treeKey(name, version.tree.id, file.path)
            do {
                guard let fault = try await self.fault(of: key, file, isDeep: isDeep) else { return nil }
                return Finding(
                    .error,
                    subject,
                    "'\(file.path)' \(fault)",
                    advice: "restore \(key) from the object versions, or retire the version"
                )
            } catch let error as ObjectStoreError where error.kind == .notFound {
                return Finding(
                    .error,
                    subject,
                    "'\(file.path)' is not in the store",
                    advice: "restore \(key) from the object versions, or retire the version"
                )
            }
        }.compactMap { $0 }
    }

    private func fault(of key: ObjectKey, _ file: FileRecord, isDeep: Bool) async throws -> String? {
        if !isDeep {
            let size = try await store.head(key).size
            return size == file.size ? nil : "has \(size) bytes, not \(file.size)"
        }
        let body = try await store.get(key, GetOptions())
        var hasher = SHA256()
        for try await chunk in body.bytes { hasher.update(chunk) }
        let hash = Hexadecimal.encode(hasher.finalize())
        return hash == file.sha256 ? nil : "has the hash \(hash.prefix(16))…, not \(file.sha256.prefix(16))…"
    }
}
