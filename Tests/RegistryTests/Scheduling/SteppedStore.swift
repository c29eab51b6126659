// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStore
import ObjectStoreTestSupport

/// A store whose every request is a point where the scheduler may let somebody else go first.
///
/// Requests for files of trees are not: a tree belongs to one attempt and never changes, so their order cannot matter.
struct SteppedStore: ForwardingStore {
    let base: any ObjectStore
    let scheduler: StepScheduler
    /// Stop at requests for trees too.
    var stepsTrees = false

    private func step<Answer: Sendable>(
        _ request: String,
        _ key: String,
        describe: (Answer) -> String,
        _ perform: () async throws -> Answer
    ) async throws -> Answer {
        if key.contains("/trees/") && !stepsTrees {
            if await scheduler.hasCrashed { throw Crash() }
            return try await perform()
        }
        let verdict = await scheduler.turn(request + " " + key)
        if verdict == .crash { throw Crash() }
        let result: Result<Answer, any Error>
        do {
            result = .success(try await perform())
        } catch {
            result = .failure(error)
        }
        if verdict == .loseAnswer {
            scheduler.note("lost")
            throw ObjectStoreError(
                .timedOut,
                operation: request,
                location: location,
                key: key,
                message: "the answer was lost"
            )
        }
        switch result {
        case .success(let answer): scheduler.note(describe(answer))
        case .failure(let error): scheduler.note((error as? ObjectStoreError)?.kind.description ?? "error")
        }
        return try result.get()
    }

    func head(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectInfo {
        try await step("head", key.text, describe: { $0.etag.text }, { try await base.head(key, options) })
    }

    func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody {
        try await step("get", key.text, describe: { $0.info.etag.text }, { try await base.get(key, options) })
    }

    func put(_ key: ObjectKey, _ body: ByteBuffer, _ options: PutOptions) async throws -> WrittenObject {
        try await step("put", key.text, describe: { $0.etag.text }, { try await base.put(key, body, options) })
    }

    func put(_ key: ObjectKey, _ body: FileSlice, _ options: PutOptions) async throws -> WrittenObject {
        try await put(key, try await body.bytes(), options)
    }

    func copy(_ source: ObjectKey, to destination: ObjectKey, _ options: CopyOptions) async throws -> WrittenObject {
        try await step(
            "copy to",
            destination.text,
            describe: { $0.etag.text },
            { try await base.copy(source, to: destination, options) }
        )
    }

    func delete(_ key: ObjectKey, version: VersionID?, ifMatch: ETag?) async throws -> DeletedObject {
        try await step(
            "delete",
            key.text,
            describe: { _ in "gone" },
            { try await base.delete(key, version: version, ifMatch: ifMatch) }
        )
    }

    func list(_ options: ListOptions) async throws -> ListPage {
        try await step(
            "list",
            options.prefix,
            describe: { page in page.objects.map { $0.key + $0.etag.text }.joined() + page.commonPrefixes.joined() },
            { try await base.list(options) }
        )
    }
}
