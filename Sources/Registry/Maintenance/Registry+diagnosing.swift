// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import ObjectStore

extension Registry {
    /// What a diagnosis may change.
    public struct DiagnosisOptions: Sendable {
        /// Finish flat views that are behind.
        public var repairs = false
        /// Publish what was put into flat views by hand as versions.
        public var adopts = false
        /// Let eight writers race for one object, to find servers whose put-if-absent is not atomic.
        public var races = false
        /// Look at these names only; all when empty.
        public var names: [RegistryName] = []
        /// An empty local directory for files of adopted views.
        public var temporaryDirectory: String?

        /// The defaults: only look.
        public init() {}
    }

    private static let raceWidth = 8
    private static let raceCount = 6

    /// Looks at the store and at all names, and repairs what it is told to.
    ///
    /// - Returns: What was found, the store first; empty findings mean that all is well.
    public func diagnose(_ options: DiagnosisOptions = DiagnosisOptions()) async throws -> [Finding] {
        var findings = try await diagnoseStore(options)
        let logged = Set(try await names())
        let all = options.names.isEmpty ? logged.union(try await flatNames()).sorted() : options.names
        for name in all {
            do {
                findings += try await diagnose(name, options)
            } catch let error as RegistryError {
                findings.append(Finding(.error, name.text, error.message))
            }
        }
        return findings
    }

    private func diagnoseStore(_ options: DiagnosisOptions) async throws -> [Finding] {
        var findings: [Finding] = []
        let place = store.location
        let found = try await capabilities()
        if !found.putIfAbsent {
            findings.append(
                Finding(
                    .error,
                    place,
                    "the server does not check 'If-None-Match: *': two publishers could take the same version",
                    advice: "publish from one place only, with --single-writer"
                )
            )
        }
        if !found.putIfMatch {
            findings.append(
                Finding(
                    .warning,
                    place,
                    "the server does not check 'If-Match': two who update a flat view can mix it up for a moment"
                )
            )
        }
        if options.races && found.putIfAbsent {
            let winners = try await race()
            if winners > 1 {
                findings.append(
                    Finding(
                        .error,
                        place,
                        "of \(Self.raceWidth) who created one object at once, \(winners) were told that they did: 'If-None-Match' is not atomic here",
                        advice: "publish from one place only, with --single-writer"
                    )
                )
            }
        }
        if try await store.versioning() != .enabled {
            findings.append(
                Finding(
                    .note,
                    place,
                    "the bucket keeps no versions: what is deleted or copied over by hand is lost",
                    advice: "aws s3api put-bucket-versioning --bucket BUCKET --versioning-configuration Status=Enabled"
                )
            )
        }
        return findings
    }

    /// The most winners of one race.
    private func race() async throws -> Int {
        var worst = 0
        for _ in 0..<Self.raceCount {
            let key = try layout.probeKey(configuration.environment.token())
            let store = store
            let wins = try await Concurrency.map(Array(0..<Self.raceWidth), limit: Self.raceWidth) { writer in
                do {
                    _ = try await store.put(key, ByteBuffer(string: "\(writer)"), PutOptions(condition: .ifAbsent))
                    return 1
                } catch let error as ObjectStoreError where error.kind == .preconditionFailed || error.kind == .conflict
                {
                    return 0
                }
            }
            try await store.delete(key)
            worst = max(worst, wins.reduce(0, +))
        }
        return worst
    }

    private func diagnose(_ name: RegistryName, _ options: DiagnosisOptions) async throws -> [Finding] {
        var findings = try await history(of: name).sequence > 0 ? verify(name, isDeep: false) : []
        switch try await flatView(of: name) {
        case .empty, .current: break
        case .behind:
            if options.repairs {
                try await project(name)
                findings.append(Finding(.note, name.text, "\(layout.flatPrefix(name)) was brought up to date"))
            } else {
                findings.append(
                    Finding(
                        .warning,
                        name.text,
                        "\(layout.flatPrefix(name)) does not show the current version",
                        advice: "registry doctor --repair"
                    )
                )
            }
        case .changedByHand(let paths): findings.append(try await handle(paths, name, options))
        }
        return findings
    }

    private func handle(_ paths: [String], _ name: RegistryName, _ options: DiagnosisOptions) async throws -> Finding {
        let shown = paths.prefix(3).joined(separator: ", ") + (paths.count > 3 ? ", …" : "")
        let place = layout.flatPrefix(name)
        if options.adopts, let directory = options.temporaryDirectory {
            let outcome = try await adoptFlatView(of: name, movesCurrent: true, via: directory + "/" + name.text)
            return Finding(
                .note,
                "\(name)@v\(outcome.version.number)",
                "what lay in \(place) is version \(outcome.version.number) now"
            )
        }
        let isLogged = try await history(of: name).sequence > 0
        if options.repairs && isLogged {
            try await project(name)
            return Finding(.note, name.text, "\(place) shows the current version again; changed by hand were: \(shown)")
        }
        return Finding(
            .warning,
            name.text,
            "in \(place) somebody has changed or put by hand: \(shown)",
            advice: "registry doctor --adopt makes it a version, --repair puts the current version back"
        )
    }
}
