// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore

extension Registry {
    /// What must be the case for a change to happen.
    public enum Expectation: Sendable, Hashable {
        /// Nothing: the change never conflicts.
        case none
        /// Nothing was published under the name.
        case absent
        /// `current` is this version.
        case current(Int)
    }

    /// How to publish.
    public struct PublishOptions: Sendable {
        /// Aliases that are to name the version too.
        public var aliases: [AliasName] = []
        /// Whether `current`, and with it the flat view, moves to a new version.
        public var movesCurrent = true
        /// What must be the case.
        public var expectation = Expectation.none
        /// Where the version comes from; what is not said is filled in from the files.
        public var lineage = Lineage()
        /// A sentence for people.
        public var note: String?
        /// Accept a name outside the convention.
        public var isNameForced = false
        /// Is told how far the transfer is.
        public var progress: @Sendable (RegistryProgress) -> Void = { _ in }

        /// The defaults.
        public init() {}
    }

    /// What a publication came to.
    public struct PublishOutcome: Sendable {
        /// The version.
        public let version: VersionRecord
        /// false when the same content was there already.
        public let isNew: Bool
        /// The history that has the version.
        public let history: LogHistory
        /// Sentences for the user.
        public var warnings: [String]
    }

    /// Attempts older than this are not committed: a collection may take their files for abandoned.
    static let attemptLifetime = 12.0 * 3600

    /// Publishes a directory as the next version.
    ///
    /// Nothing can be seen of it before the log has its entry; after that, all of it. The same content as that of a version
    /// in use gives that version.
    ///
    /// - Throws: `RegistryError` of kind `.invalidName`, `.conflict` (the expectation does not hold), `.unsupported`,
    ///   `.expired`; what the store throws.
    public func publish(
        _ source: PublicationSource,
        as name: RegistryName,
        _ options: PublishOptions = PublishOptions()
    ) async throws -> PublishOutcome {
        guard source.kind == kind else {
            throw RegistryError(
                .invalidAdapter,
                "this is a \(source.kind.noun), and the registry one of \(kind.rawValue)"
            )
        }
        _ = try await writingCapabilities()
        var history = try await history(of: name)
        if history.sequence == 0 { try NameConvention.check(name, kind: kind, isForced: options.isNameForced) }
        var outcome = try await commit(source, name, options, &history)
        await log.writeCheckpoint(history)
        outcome.warnings += await projectAfterCommit(history, options.progress)
        return outcome
    }

    private func commit(
        _ source: PublicationSource,
        _ name: RegistryName,
        _ options: PublishOptions,
        _ history: inout LogHistory
    ) async throws -> PublishOutcome {
        var attempt: Attempt?
        defer { attempt?.release() }
        while true {
            let same = history.state.live(content: source.content)
            // What is current already was published by an earlier try whose end nobody saw: that is no conflict.
            if same == nil || same?.number != history.state.current { try check(options.expectation, history) }
            if let version = same {
                attempt?.finish()
                history = try await move(options.aliases, to: version.number, history)
                return PublishOutcome(version: version, isNew: false, history: history, warnings: source.warnings)
            }
            let plan = try await source.plan(for: history.state)
            if attempt?.records != plan.records {
                attempt?.release()
                attempt = try await upload(plan, source, name, options)
            }
            guard let ready = attempt else { continue }
            history = remember(try await log.refresh(history))
            // Others may have published meanwhile: look again before the version is given its number.
            if history.state.live(content: source.content) != nil { continue }
            guard try await source.plan(for: history.state).records == ready.records else { continue }
            try check(options.expectation, history)
            try checkAge(ready, name)
            let entry = publication(ready, source, name, options, history.state)
            switch try await log.append(entry, to: history, signer: configuration.signer) {
            case .taken(let newer): history = remember(newer)
            case .committed(let extended):
                history = remember(extended)
                ready.finish()
                guard let version = history.state.versions.first(where: { $0.tree.id == ready.tree.id }) else {
                    throw RegistryError(.malformed, "the log of '\(name)' lost the entry that it accepted")
                }
                let warnings = source.warnings + plan.warnings
                return PublishOutcome(version: version, isNew: true, history: history, warnings: warnings)
            }
        }
    }

    private func check(_ expectation: Expectation, _ history: LogHistory) throws(RegistryError) {
        let current = history.state.current
        let now = current.map { "its current version is \($0)" } ?? "nothing was published yet"
        switch expectation {
        case .none: return
        case .absent:
            if history.sequence == 0 { return }
            throw RegistryError(.conflict, "'\(history.name)' exists: \(now). Nothing was published")
        case .current(let number):
            if current == number { return }
            throw RegistryError(
                .conflict,
                "'\(history.name)' is not at version \(number): \(now). Nothing was published; look at what changed and push again"
            )
        }
    }

    private func checkAge(_ attempt: Attempt, _ name: RegistryName) throws(RegistryError) {
        let age = configuration.environment.now().timeIntervalSince(attempt.tree.id.date)
        if age > Self.attemptLifetime || age < -Self.attemptLifetime {
            throw RegistryError(
                .expired,
                "publishing '\(name)' took more than 12 hours, so its files may have been collected; push again"
            )
        }
    }

    private func upload(
        _ plan: PublicationSource.Plan,
        _ source: PublicationSource,
        _ name: RegistryName,
        _ options: PublishOptions
    ) async throws -> Attempt {
        let records = plan.records
        let digest = TreeRecord.digest(of: records)
        let journal = configuration.journalDirectory.map { UploadJournal(directory: $0) }
        let environment = configuration.environment
        let fresh = TreeID(
            date: environment.now(),
            random: (environment.random(), environment.random()),
            digest: digest
        )
        let place = "\(store.location)/\(layout.home(name))"
        let claim = try await journal?.claim(fresh, place: place, digest: digest, now: environment.now())
        let tree = TreeRecord(id: claim?.tree ?? fresh, digest: digest, content: source.content, files: records)
        let attempt = Attempt(tree: tree, records: records, claim: claim)
        let upload = TreeUpload(
            store: store,
            layout: layout,
            name: name,
            tree: tree.id,
            concurrency: configuration.concurrency,
            progress: options.progress
        )
        // Without the lineage: a second try of the same bytes must find the same list.
        let manifest = TreeManifest(kind: kind, name: name, tree: tree, lineage: nil)
        do {
            try await upload.send(plan.items, manifest: CanonicalJSON.encode(manifest))
        } catch {
            attempt.release()
            throw error
        }
        return attempt
    }

    private func publication(
        _ attempt: Attempt,
        _ source: PublicationSource,
        _ name: RegistryName,
        _ options: PublishOptions,
        _ state: RegistryState
    ) -> LogEntry {
        let number = state.versions.count + 1
        var entry = draft(.publish, name, id: attempt.tree.id.text)
        entry.version = number
        entry.tree = attempt.tree
        var lineage = options.lineage
        lineage.baseModel = lineage.baseModel ?? source.lineage.baseModel
        lineage.trainingArguments = lineage.trainingArguments ?? source.lineage.trainingArguments
        lineage.parent = lineage.parent.flatMap { state.version($0) == nil ? nil : $0 }
        entry.lineage = lineage.isEmpty ? nil : lineage
        var aliases = Dictionary(options.aliases.map { ($0.text, number) }) { first, _ in first }
        if options.movesCurrent || state.current == nil { aliases[AliasName.current.text] = number }
        entry.aliases = aliases
        if case .current(let expected) = options.expectation { entry.expected = expected }
        entry.note = options.note
        return entry
    }

    func draft(_ operation: LogEntry.Operation, _ name: RegistryName, id: String) -> LogEntry {
        let time = LogTime.text(configuration.environment.now())
        var entry = LogEntry(kind: kind, name: name, id: id, time: time, operation: operation)
        entry.actor = configuration.actor
        return entry
    }

    /// Brings the flat view up to date; the version is published whether or not that works.
    ///
    /// - Returns: A sentence for the user when it does not.
    func projectAfterCommit(
        _ history: LogHistory,
        _ progress: @Sendable (RegistryProgress) -> Void = { _ in }
    ) async -> [String] {
        guard configuration.keepsFlatView else { return [] }
        let size = history.state.current.flatMap { history.state.version($0)?.tree.byteCount } ?? 0
        progress(RegistryProgress(.projecting, byteCount: 0, totalByteCount: size))
        do {
            remember(try await projector().project(history).history)
            progress(RegistryProgress(.projecting, byteCount: size, totalByteCount: size))
            return []
        } catch {
            return [
                "\(layout.flatPrefix(history.name)) is not up to date, the log is: \(error). 'registry doctor --repair' finishes it"
            ]
        }
    }
}

/// An upload that is complete and waits for its entry.
struct Attempt: Sendable {
    let tree: TreeRecord
    let records: [FileRecord]
    let claim: UploadJournal.Claim?

    /// Lets another process go on with the attempt.
    func release() { claim?.release() }

    /// Forgets the attempt: it is in the log, or of no use.
    func finish() { claim?.finish() }
}
