// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ObjectStore
import Registry

/// `lumina registry diff`: how two versions differ.
struct CompareVersions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare configurations, training arguments and metrics of two versions, with --deep the weights.",
        discussion: "Each side is any reference: NAME@v3, a directory, s3://BUCKET/PREFIX."
    )

    @Argument(help: "One side.")
    var first: String

    @Argument(help: "The other side.")
    var second: String

    @OptionGroup var options: StoreOptions

    @Flag(help: "Compare the weights, tensor by tensor.")
    var deep = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let resolver = try await options.resolver()
        let bar = TransferBar(isQuiet: json)
        let left = try await resolver.resolve(Reference(first)) { bar.show($0) }
        let right = try await resolver.resolve(Reference(second)) { bar.show($0) }
        bar.finish()
        RegistryOutput.warn(left.warnings + right.warnings)
        let comparison = try await VersionComparison(left.path, right.path, isDeep: deep)
        let lineage = try await changes(resolver, left, right)
        if json {
            return try JSONOutput.print(
                ComparisonReport(first: left, second: right, lineage: lineage, content: comparison)
            )
        }
        show(comparison, lineage)
    }

    private func changes(
        _ resolver: ReferenceResolver,
        _ left: ResolvedReference,
        _ right: ResolvedReference
    ) async throws
        -> [VersionComparison.Change]
    {
        try await VersionComparison.changes(lineage(resolver, left), lineage(resolver, right))
    }

    private func lineage(_ resolver: ReferenceResolver, _ side: ResolvedReference) async throws -> Lineage? {
        guard let registry = resolver.registry, let number = side.version, let name = try? RegistryName(side.name)
        else {
            return nil
        }
        return try await resolver.cache.history(of: name, kind: registry.kind, place: registry.place)?.state.version(
            number
        )?.lineage
    }

    private func show(_ comparison: VersionComparison, _ lineage: [VersionComparison.Change]) {
        if comparison.changedFiles.isEmpty && lineage.isEmpty { return print("no difference") }
        let rows = (comparison.changedFiles + comparison.values + lineage).map {
            [$0.key, $0.first ?? "-", $0.second ?? "-"]
        }
        RegistryOutput.table(["WHAT", "FIRST", "SECOND"], rows)
        guard deep else { return }
        print("\(comparison.equalTensorCount) tensors are equal, \(comparison.tensors.count) are not")
        RegistryOutput.table(
            ["TENSOR", "DISTANCE", "COSINE", "NOTE"],
            comparison.tensors.map { tensor in
                let distance = tensor.relativeDistance.map { Figures.rounded($0, places: 4) } ?? "-"
                let cosine = tensor.cosine.map { Figures.rounded($0, places: 4) } ?? "-"
                return [tensor.name, distance, cosine, tensor.note ?? ""]
            }
        )
    }
}

private struct ComparisonReport: Encodable {
    let first: ResolvedReference
    let second: ResolvedReference
    let lineage: [VersionComparison.Change]
    let content: VersionComparison
}
