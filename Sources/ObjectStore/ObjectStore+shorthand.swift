// SPDX-License-Identifier: Apache-2.0

import NIOCore

extension ObjectStore {
    /// Reads the current object's properties.
    public func head(_ key: ObjectKey) async throws -> ObjectInfo {
        try await head(key, GetOptions())
    }

    /// Reads a small object whole.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - options: Version, range and conditions.
    ///   - limit: The most bytes to accept; an object that was to be small and is not is an error.
    /// - Returns: The bytes and the object's properties.
    /// - Throws: `.invalidRequest` for more than `limit` bytes, and what `get` throws.
    public func read(
        _ key: ObjectKey,
        _ options: GetOptions = GetOptions(),
        limit: Int = 16 << 20
    ) async throws -> (bytes: [UInt8], info: ObjectInfo) {
        let body = try await get(key, options)
        let collected = try await body.collect(upTo: limit)
        return (Array(buffer: collected), body.info)
    }

    /// Writes an object from bytes in memory.
    @discardableResult
    public func put(
        _ key: ObjectKey,
        bytes: some Sequence<UInt8> & Sendable,
        _ options: PutOptions = PutOptions()
    ) async throws -> WrittenObject {
        try await put(key, ByteBuffer(bytes: bytes), options)
    }

    /// Copies the current object unconditionally.
    @discardableResult
    public func copy(_ source: ObjectKey, to destination: ObjectKey) async throws -> WrittenObject {
        try await copy(source, to: destination, CopyOptions())
    }

    /// Deletes the current object.
    @discardableResult
    public func delete(_ key: ObjectKey) async throws -> DeletedObject {
        try await delete(key, version: nil, ifMatch: nil)
    }

    /// Deletes one version for good.
    @discardableResult
    public func delete(_ key: ObjectKey, version: VersionID) async throws -> DeletedObject {
        try await delete(key, version: version, ifMatch: nil)
    }

    /// Whether there is an object.
    public func exists(_ key: ObjectKey) async throws -> Bool {
        do {
            _ = try await head(key)
            return true
        } catch let error as ObjectStoreError where error.kind == .notFound {
            return false
        }
    }

    /// All objects under a prefix, page by page.
    public func objects(prefix: String) -> PagedSequence<ListedObject> {
        PagedSequence { continuation in
            let page = try await list(ListOptions(prefix: prefix, continuation: continuation))
            return (page.objects, page.continuation)
        }
    }

    /// The names one level below a prefix that ends in `/`: its objects and its folders.
    ///
    /// - Returns: Every page, joined.
    public func children(of prefix: String) async throws -> ListPage {
        var whole = ListPage(objects: [])
        var continuation: String?
        repeat {
            let page = try await list(ListOptions(prefix: prefix, delimiter: "/", continuation: continuation))
            whole.objects += page.objects
            whole.commonPrefixes += page.commonPrefixes
            continuation = page.continuation
        } while continuation != nil
        return whole
    }

    /// All versions of one object, the newest first.
    public func versions(of key: ObjectKey) async throws -> [ListedVersion] {
        var found: [ListedVersion] = []
        var marker: VersionListOptions.Marker?
        repeat {
            let page = try await listVersions(VersionListOptions(prefix: key.text, marker: marker))
            found += page.versions.filter { $0.key.utf8.elementsEqual(key.text.utf8) }
            // Longer keys sort after this one: once they come, this one's versions are over.
            let isPast = page.versions.last.map { !$0.key.utf8.elementsEqual(key.text.utf8) } ?? true
            marker = isPast ? nil : page.marker
        } while marker != nil
        return found
    }
}

/// The elements of all pages of a listing, one after the other; a page is asked for when the one before is used up.
public struct PagedSequence<Element: Sendable>: AsyncSequence, Sendable {
    /// What asking for a page may throw.
    public typealias Failure = any Error

    private let page: @Sendable (String?) async throws -> ([Element], String?)

    init(page: @escaping @Sendable (String?) async throws -> ([Element], String?)) { self.page = page }

    /// Starts at the first page.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(page: page) }

    /// Reads the pages.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let page: @Sendable (String?) async throws -> ([Element], String?)
        private var pending: ArraySlice<Element> = []
        private var continuation: String?
        private var isStarted = false

        fileprivate init(page: @escaping @Sendable (String?) async throws -> ([Element], String?)) { self.page = page }

        /// The next element; nil after the last page.
        public mutating func next() async throws -> Element? {
            while pending.isEmpty {
                if isStarted && continuation == nil { return nil }
                let (elements, next) = try await page(continuation)
                if isStarted && next != nil && next == continuation {
                    throw ObjectStoreError(.malformedResponse, operation: "list", message: "the same page came twice")
                }
                (pending, continuation, isStarted) = (elements[...], next, true)
            }
            return pending.popFirst()
        }
    }
}
