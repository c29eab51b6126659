// SPDX-License-Identifier: Apache-2.0

import Attribution
import Engine
import Registry

/// Gives an adapter that has passed its alias in the registry.
struct Promotion {
    /// What was done.
    struct Outcome: Encodable, Sendable {
        let name: String
        let alias: String
        let version: Int?
        let hasMoved: Bool

        var description: String {
            guard let version else { return "\(name)@\(alias) stays where it is" }
            return hasMoved ? "\(name)@\(alias) is now v\(version)" : "\(name)@\(alias) was v\(version) already"
        }

        private enum CodingKeys: String, CodingKey {
            case name, alias, version
            case hasMoved = "moved"
        }
    }

    let registry: Registry
    let name: RegistryName
    let alias: AliasName

    /// Publishes the adapter, unless it is a version already, and moves the alias to it; `current` stays.
    ///
    /// - Parameters:
    ///   - study: whose adapter passed.
    ///   - verdict: how it did, for the version's record.
    /// - Returns: what was done.
    /// - Throws: what the registry throws.
    func promote(_ study: Study, _ verdict: Verdict) async throws -> Outcome {
        let before = try await registry.history(of: name).state.aliases[alias.text]
        let number: Int
        if let resolution = study.given[.all]?.resolution, let version = resolution.version,
            resolution.name == name.text
        {
            number =
                try await registry.setAlias(alias, of: name, to: .version(version)).history.state.aliases[alias.text]
                ?? version
        } else {
            var options = Registry.PublishOptions()
            options.aliases = [alias]
            options.movesCurrent = false
            options.note = "passed its attribution study"
            options.lineage.metrics = Dictionary(
                verdict.parts.map { ("attribution_\($0.name)", Double($0.hits) / Double(max(1, $0.ranks.count))) }
            ) { first, _ in first }
            let source = try await PublicationSource(path: study.adapterFolder(.all), kind: registry.kind)
            let outcome = try await registry.publish(source, as: name, options)
            RegistryOutput.warn(outcome.warnings)
            number = outcome.version.number
        }
        return Outcome(name: name.text, alias: alias.text, version: number, hasMoved: before != number)
    }
}
