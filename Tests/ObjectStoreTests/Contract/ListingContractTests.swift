// SPDX-License-Identifier: Apache-2.0

import ObjectStore
import Testing

@Suite("Contract: listing")
struct ListingContractTests {
    private static let names = ["a", "a-b", "a/1", "a/2", "a/b/3", "ab", "b", "z/\u{E9}"]

    private func filled(_ kind: StoreUnderTest, _ body: (Place) async throws -> Void) async throws {
        try await kind.use { place in
            for name in expected(kind) {
                try await place.store.put(try place.key(name), bytes: Array(name.utf8))
            }
            try await body(place)
        }
    }

    private func expected(_ kind: StoreUnderTest) -> [String] {
        // A directory cannot hold a file and a folder of one name.
        if kind.rawValue.hasPrefix("directory") { return Self.names.filter { $0 != "a" } }
        return kind.listsByFolder ? Self.names.filter { $0 != "a" && $0 != "a-b" } : Self.names
    }

    @Test("All keys come in the order of their bytes, with size and tag", arguments: StoreUnderTest.all)
    func order(kind: StoreUnderTest) async throws {
        try await filled(kind) { place in
            let page = try await place.store.list(ListOptions(prefix: place.prefix + "/"))
            let names = page.objects.map { String($0.key.dropFirst(place.prefix.count + 1)) }
            #expect(names == expected(kind).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
            #expect(page.continuation == nil)
            for (object, name) in zip(page.objects, names) {
                #expect(object.size == name.utf8.count)
                #expect(try await place.store.head(try ObjectKey(object.key)).etag == object.etag)
            }
        }
    }

    @Test("Pages of two give each key once", arguments: StoreUnderTest.all)
    func pages(kind: StoreUnderTest) async throws {
        try await filled(kind) { place in
            var found: [String] = []
            var continuation: String?
            var pageCount = 0
            repeat {
                let page = try await place.store.list(
                    ListOptions(prefix: place.prefix + "/", continuation: continuation, limit: 2)
                )
                #expect(page.objects.count <= 2)
                found += page.objects.map { String($0.key.dropFirst(place.prefix.count + 1)) }
                continuation = page.continuation
                pageCount += 1
            } while continuation != nil && pageCount < 20
            #expect(found == expected(kind).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        }
    }

    @Test("A delimiter sums up what lies below, also across pages", arguments: StoreUnderTest.all)
    func delimiter(kind: StoreUnderTest) async throws {
        try await filled(kind) { place in
            let whole = try await place.store.children(of: place.prefix + "/")
            let prefix = place.prefix + "/"
            #expect(whole.commonPrefixes.map { String($0.dropFirst(prefix.count)) } == ["a/", "z/"])
            let levels = expected(kind).filter { !$0.contains("/") }.sorted {
                $0.utf8.lexicographicallyPrecedes($1.utf8)
            }
            #expect(whole.objects.map { String($0.key.dropFirst(prefix.count)) } == levels)
            var prefixes: [String] = []
            var keys: [String] = []
            var continuation: String?
            var pageCount = 0
            repeat {
                let page = try await place.store.list(
                    ListOptions(prefix: prefix, delimiter: "/", continuation: continuation, limit: 1)
                )
                prefixes += page.commonPrefixes
                keys += page.objects.map(\.key)
                continuation = page.continuation
                pageCount += 1
            } while continuation != nil && pageCount < 20
            #expect(prefixes == whole.commonPrefixes)
            #expect(keys == whole.objects.map(\.key))
        }
    }

    @Test("A prefix may end inside a name; startAfter leaves out what comes before", arguments: StoreUnderTest.all)
    func prefixes(kind: StoreUnderTest) async throws {
        try await filled(kind) { place in
            let inside = try await place.store.list(ListOptions(prefix: place.prefix + "/a/"))
            #expect(inside.objects.map { String($0.key.dropFirst(place.prefix.count + 1)) } == ["a/1", "a/2", "a/b/3"])
            let after = try await place.store.list(
                ListOptions(prefix: place.prefix + "/", startAfter: place.prefix + "/a/2")
            )
            #expect(
                after.objects.map { String($0.key.dropFirst(place.prefix.count + 1)) } == [
                    "a/b/3", "ab", "b", "z/\u{E9}",
                ]
            )
            #expect(try await place.store.list(ListOptions(prefix: place.prefix + "/none")).objects.isEmpty)
        }
    }

    @Test("All objects come through as many pages as it takes", arguments: StoreUnderTest.all)
    func sequence(kind: StoreUnderTest) async throws {
        try await filled(kind) { place in
            var found: [String] = []
            for try await object in place.store.objects(prefix: place.prefix + "/") { found.append(object.key) }
            #expect(found.count == expected(kind).count)
        }
    }
}
