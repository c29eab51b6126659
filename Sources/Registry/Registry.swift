// SPDX-License-Identifier: Apache-2.0

public import Crypto
public import Logging
public import ObjectStore
import Synchronization

/// Versions of adapters, models or data sets in an object store, published whole, found by name, never half there.
///
/// ```swift
/// let registry = Registry(store: store, layout: try KeyLayout(kind: .lora))
/// let source = try await PublicationSource(path: "out/final", kind: .lora)
/// let outcome = try await registry.publish(source, as: RegistryName("multi-style-gen-c"))
/// print(outcome.version.number)
/// ```
///
/// Any number of processes may publish, roll back, read and collect at once: what orders them is the log's put-if-absent
/// (`CommitLog`); everything else is immutable or can be made again from it (`Projector`).
public final class Registry: Sendable {
    /// What may differ between users.
    public struct Configuration: Sendable {
        /// Who publishes, for the log.
        public var actor: String?
        /// Signs entries.
        public var signer: Curve25519.Signing.PrivateKey?
        /// What the store's conditions are worth; nil asks the store.
        public var capabilities: StoreCapabilities?
        /// The user said that nobody else writes: stores without put-if-absent are accepted.
        public var isSingleWriter = false
        /// Whether to keep `lora/NAME/` up to date; not possible without the right to write there.
        public var keepsFlatView = true
        /// How many requests are under way at once.
        public var concurrency = 8
        /// Where unfinished uploads are noted, so that the next try goes on; nil starts anew.
        public var journalDirectory: String?
        /// Clock and chance.
        public var environment = RegistryEnvironment()

        /// The defaults.
        public init() {}
    }

    /// The store.
    public let store: any ObjectStore
    /// Where things lie in it.
    public let layout: KeyLayout
    /// What may differ between users.
    public let configuration: Configuration
    let logger: Logger?
    /// Does all downloads, so that limits and retries are common to them.
    let engine = TransferEngine()
    private let known = Mutex<[RegistryName: LogHistory]>([:])
    private let probed = Mutex<StoreCapabilities?>(nil)

    /// Opens a registry; nothing is asked of the store yet.
    public init(
        store: any ObjectStore,
        layout: KeyLayout,
        configuration: Configuration = Configuration(),
        logger: Logger? = nil
    ) {
        self.store = store
        self.layout = layout
        self.configuration = configuration
        self.logger = logger
    }

    /// What the names name.
    public var kind: RegistryKind { layout.kind }

    var log: CommitLog {
        CommitLog(
            store: store,
            layout: layout,
            environment: configuration.environment,
            isSingleWriter: configuration.isSingleWriter
        )
    }

    // MARK: Reading

    /// A name's history as it is now; one request when nothing is new since the last call.
    ///
    /// - Returns: An empty history when nothing was published under the name.
    public func history(of name: RegistryName) async throws -> LogHistory {
        let log = log
        if let history = known.withLock({ $0[name] }) { return remember(try await log.refresh(history)) }
        return remember(try await log.load(name))
    }

    /// A name's history, which must not be empty.
    ///
    /// - Throws: `RegistryError` of kind `.notFound` that names similar names.
    public func existingHistory(of name: RegistryName) async throws -> LogHistory {
        let history = try await history(of: name)
        if history.sequence > 0 { return history }
        throw RegistryError(
            .notFound,
            try await Self.missing(name, among: names(), layout: layout, place: store.location)
        )
    }

    /// Takes up a history from elsewhere, such as a local cache, so that only what is newer is asked for.
    public func adopt(_ history: LogHistory) {
        known.withLock { known in
            if known[history.name, default: LogHistory(kind: kind, name: history.name)].sequence < history.sequence {
                known[history.name] = history
            }
        }
    }

    @discardableResult
    func remember(_ history: LogHistory) -> LogHistory {
        if history.sequence > 0 { adopt(history) }
        return history
    }

    /// All names, sorted.
    public func names() async throws -> [RegistryName] {
        let root = layout.logRoot
        return try await store.children(of: root).commonPrefixes.compactMap { prefix in
            // Folders that can be no names, such as the probes', are not the registry's.
            try? RegistryName(String(prefix.dropFirst(root.count).dropLast()))
        }.sorted()
    }

    /// The version that a selector means.
    ///
    /// - Throws: `RegistryError` of kind `.notFound` that lists what there is.
    public func version(_ selector: Selector, of name: RegistryName) async throws -> (VersionRecord, LogHistory) {
        let history = try await existingHistory(of: name)
        return (try selector.version(in: history), history)
    }

    private static func missing(
        _ name: RegistryName,
        among names: [RegistryName],
        layout: KeyLayout,
        place: String
    ) -> String {
        let close = names.filter { EditDistance.between($0.text, name.text) <= max(2, name.text.count / 4) }
        let hint =
            close.isEmpty
            ? (names.isEmpty ? "the registry is empty" : "see: registry list")
            : "did you mean \(close.prefix(3).map { "'\($0)'" }.joined(separator: " or "))?"
        return "there is no \(layout.kind.noun) '\(name)' in \(place)/\(layout.logRoot): \(hint)"
    }

    // MARK: The store's abilities

    /// What the store's conditions are worth; asks once.
    ///
    /// - Throws: `RegistryError` of kind `.unsupported` when publishers could overwrite each other.
    func writingCapabilities() async throws -> StoreCapabilities {
        let found = try await capabilities()
        if found.putIfAbsent || configuration.isSingleWriter { return found }
        throw RegistryError(
            .unsupported,
            """
            \(store.location) does not check 'If-None-Match': two publishers could take the same version and one of them \
            would be lost without a word. If nobody else publishes, pass --single-writer
            """
        )
    }

    /// What the store's conditions are worth; asks once.
    public func capabilities() async throws -> StoreCapabilities {
        if let given = configuration.capabilities ?? probed.withLock({ $0 }) { return given }
        if store is MemoryStore || store is DirectoryStore { return .all }
        let key = try layout.probeKey(configuration.environment.token())
        let found = try await StoreCapabilities.probe(store, at: key)
        probed.withLock { $0 = found }
        return found
    }

    func projector() async throws -> Projector {
        Projector(
            store: store,
            layout: layout,
            environment: configuration.environment,
            capabilities: try await capabilities(),
            log: log
        )
    }
}

/// How many letters two names differ by.
enum EditDistance {
    static func between(_ left: String, _ right: String) -> Int {
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (index, letter) in left.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in 0..<right.count {
                let above = row[column + 1]
                row[column + 1] = min(above + 1, row[column] + 1, diagonal + (letter == right[column] ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}
