// SPDX-License-Identifier: Apache-2.0

import Foundation

extension Registry {
    /// What a change came to.
    public struct ChangeOutcome: Sendable {
        /// The history after it.
        public let history: LogHistory
        /// false when everything was as asked already.
        public let hasChanged: Bool
        /// Sentences for the user.
        public var warnings: [String]
    }

    /// A retirement can be taken back for so long; collections wait a day longer.
    static let reinstatementPeriod = 6.0 * 86400

    /// Makes an alias name a version.
    ///
    /// - Throws: `RegistryError` of kind `.conflict` when `expecting` is given and `current` is another version;
    ///   `.retired` for a version out of use.
    public func setAlias(
        _ alias: AliasName,
        of name: RegistryName,
        to selector: Selector,
        expecting: Int? = nil
    ) async throws -> ChangeOutcome {
        if alias == .latest {
            throw RegistryError(.invalidName, "'latest' follows by itself; choose another alias")
        }
        return try await change(name) { history in
            try expect(expecting, history)
            let version = try selector.version(in: history)
            try Self.requireLive(version, name)
            if history.state.aliases[alias.text] == version.number { return nil }
            var entry = draft(.alias, name, id: "")
            entry.aliases = [alias.text: version.number]
            entry.expected = expecting
            return entry
        }
    }

    /// Removes an alias.
    public func removeAlias(_ alias: AliasName, of name: RegistryName) async throws -> ChangeOutcome {
        if alias == .current || alias == .latest {
            throw RegistryError(.invalidName, "'\(alias)' cannot be removed; every published name has it")
        }
        return try await change(name) { history in
            guard history.state.aliases[alias.text] != nil else { return nil }
            var entry = draft(.alias, name, id: "")
            entry.removedAliases = [alias.text]
            return entry
        }
    }

    /// Moves `current` to the version before it, the next lower one in use; or to a given one.
    ///
    /// Two that roll back at once go one step together, not two: whoever comes second finds it done.
    ///
    /// - Throws: `RegistryError` of kind `.notFound` when there is none before; `.conflict` when somebody published or
    ///   rolled back elsewhere meanwhile.
    public func rollBack(_ name: RegistryName, to selector: Selector? = nil) async throws -> ChangeOutcome {
        if let selector { return try await setAlias(.current, of: name, to: selector) }
        let before = try await existingHistory(of: name)
        guard let current = before.state.current else {
            throw RegistryError(.notFound, "'\(name)' has no current version")
        }
        guard let target = before.state.versions.last(where: { $0.number < current && $0.isLive }) else {
            throw RegistryError(.notFound, "'\(name)' has no version in use before \(current)")
        }
        return try await change(name, from: before) { history in
            if history.state.current == target.number { return nil }
            try expect(current, history)
            try Self.requireLive(try Selector.version(target.number).version(in: history), name)
            var entry = draft(.alias, name, id: "")
            entry.aliases = [AliasName.current.text: target.number]
            entry.expected = current
            entry.note = "rolled back"
            return entry
        }
    }

    /// Takes a version out of use; its files go with a collection after the grace period.
    ///
    /// - Throws: `RegistryError` of kind `.conflict` while an alias names it.
    public func retire(_ selector: Selector, of name: RegistryName, note: String? = nil) async throws -> ChangeOutcome {
        try await change(name) { history in
            let version = try selector.version(in: history)
            if !version.isLive { return nil }
            let aliases = history.state.aliases(of: version.number)
            if !aliases.isEmpty {
                throw RegistryError(
                    .conflict,
                    "version \(version.number) of '\(name)' is \(aliases.joined(separator: " and ")); move that away first"
                )
            }
            var entry = draft(.retire, name, id: "")
            entry.version = version.number
            entry.note = note
            return entry
        }
    }

    /// Takes a retirement back.
    ///
    /// - Throws: `RegistryError` of kind `.retired` when it was so long ago that the files may be gone.
    public func reinstate(_ selector: Selector, of name: RegistryName) async throws -> ChangeOutcome {
        try await change(name) { history in
            let version = try selector.version(in: history)
            guard let retired = version.retired else { return nil }
            let now = configuration.environment.now()
            guard let date = LogTime.date(retired), now.timeIntervalSince(date) < Self.reinstatementPeriod else {
                throw RegistryError(
                    .retired,
                    "version \(version.number) of '\(name)' was retired on \(retired); pull it and publish it anew"
                )
            }
            var entry = draft(.reinstate, name, id: "")
            entry.version = version.number
            return entry
        }
    }

    /// Moves aliases as part of a publication whose content was there already.
    func move(_ aliases: [AliasName], to number: Int, _ start: LogHistory) async throws -> LogHistory {
        let wanted = aliases.filter { $0 != .latest }
        if wanted.allSatisfy({ start.state.aliases[$0.text] == number }) { return start }
        return try await change(start.name, from: start) { history in
            if wanted.allSatisfy({ history.state.aliases[$0.text] == number }) { return nil }
            var entry = draft(.alias, start.name, id: "")
            entry.aliases = Dictionary(wanted.map { ($0.text, number) }) { first, _ in first }
            return entry
        }.history
    }

    /// Adds the entry that `make` makes of the newest state, however often others are faster.
    private func change(
        _ name: RegistryName,
        from start: LogHistory? = nil,
        _ make: (LogHistory) throws -> LogEntry?
    ) async throws -> ChangeOutcome {
        _ = try await writingCapabilities()
        var history: LogHistory
        if let start { history = start } else { history = try await existingHistory(of: name) }
        let id = configuration.environment.token()
        while true {
            guard var entry = try make(history) else {
                let warnings = await projectAfterCommit(history)
                return ChangeOutcome(history: history, hasChanged: false, warnings: warnings)
            }
            entry.id = id
            switch try await log.append(entry, to: history, signer: configuration.signer) {
            case .taken(let newer): history = remember(newer)
            case .committed(let extended):
                history = remember(extended)
                await log.writeCheckpoint(history)
                let warnings = await projectAfterCommit(history)
                return ChangeOutcome(history: history, hasChanged: true, warnings: warnings)
            }
        }
    }

    private func expect(_ number: Int?, _ history: LogHistory) throws(RegistryError) {
        guard let number, history.state.current != number else { return }
        let now = history.state.current.map { "version \($0)" } ?? "nothing"
        throw RegistryError(
            .conflict,
            "'\(history.name)' is not at version \(number) but at \(now); nothing was changed"
        )
    }

    private static func requireLive(_ version: VersionRecord, _ name: RegistryName) throws(RegistryError) {
        guard let retired = version.retired else { return }
        throw RegistryError(
            .retired,
            "version \(version.number) of '\(name)' was retired on \(retired); reinstate it first"
        )
    }
}

extension Registry {
    /// Brings a name's flat view up to the log, whoever left it behind.
    ///
    /// - Returns: Whether anything had to be written.
    @discardableResult
    public func project(_ name: RegistryName) async throws -> Bool {
        let outcome = try await projector().project(try await history(of: name))
        remember(outcome.history)
        return outcome.hasChanged
    }
}
