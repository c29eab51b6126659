// SPDX-License-Identifier: Apache-2.0

import Testing
import Tokenizer

@Suite("The ids of the tokenizers library")
struct LibraryFixtureTests {
    private let fixture: LibraryFixture

    init() throws {
        fixture = try LibraryFixture.shared.get()
    }

    @Test("Each kind of file gives the library's ids for each text")
    func eachFileGivesTheLibraryIDs() throws {
        #expect(fixture.groups.count == 17)
        for group in fixture.groups {
            #expect(group.cases.count > 100)
            for example in group.cases {
                let ids = group.tokenizer.encode(example.text).ids
                #expect(ids == example.ids, "\(group.name): \(example.text.debugDescription)")
            }
        }
    }

    @Test("Each kind of file decodes ids to the library's text, scalar by scalar")
    func eachFileDecodesAsTheLibrary() throws {
        for group in fixture.groups {
            for example in group.cases {
                let text = group.tokenizer.decode(example.ids)
                #expect(Array(text.utf8) == Array(example.decoded.utf8), "\(group.name): \(example.ids)")
            }
        }
    }

    @Test("Every scalar gives the library's ids in each context that the patterns distinguish")
    func everyScalarGivesTheLibraryIDs() throws {
        let tokenizer = try #require(fixture.groups.first).tokenizer
        var index = 0
        for plane in fixture.planes {
            for first in stride(from: plane << 16, to: (plane + 1) << 16, by: fixture.blockLength) {
                let scalars = (first..<first + fixture.blockLength).compactMap { Unicode.Scalar(UInt32($0)) }
                let digest = digest(of: scalars, tokenizer)
                #expect(digest == fixture.digests[index], "the block at U+\(String(first, radix: 16, uppercase: true))")
                index += 1
            }
        }
        #expect(index == fixture.digests.count && index == 320)
    }

    @Test("Each kind of file cuts text into the library's words, whether or not merges show it")
    func eachFileGivesTheLibraryWords() throws {
        for group in fixture.groups {
            for example in group.cases {
                let words = group.tokenizer.words(of: example.text)
                let digest = String(Self.digest(words.map(\.count)), radix: 16)
                #expect(digest == example.wordDigest, "\(group.name): \(example.text.debugDescription)")
            }
        }
    }

    /// FNV-1a over numbers.
    private static func digest(_ numbers: [Int], after state: UInt64 = 0xCBF2_9CE4_8422_2325) -> UInt64 {
        numbers.reduce(state) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// The digest of the ids and the word lengths of the block's texts, one text a form.
    private func digest(of scalars: [Unicode.Scalar], _ tokenizer: BytePairTokenizer) -> String {
        var state = Self.digest([])
        for form in fixture.forms {
            var text = String.UnicodeScalarView()
            let parts = form.unicodeScalars.split(separator: "{", omittingEmptySubsequences: false)
            for scalar in scalars {
                text.append(contentsOf: parts[0])
                for part in parts.dropFirst() {
                    text.append(scalar)
                    text.append(contentsOf: part.dropFirst(2))  // the rest of "{0}"
                }
            }
            state = Self.digest(tokenizer.encode(String(text)).ids, after: state)
            state = Self.digest(tokenizer.words(of: String(text)).map(\.count), after: state)
        }
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    @Test("Ill-formed UTF-8 counts as U+FFFD where Python puts one")
    func illFormedUTF8IsReplaced() throws {
        let tokenizer = try #require(fixture.groups.first).tokenizer
        #expect(fixture.illFormed.count == 300)
        for (bytes, ids) in fixture.illFormed {
            #expect(tokenizer.encode(utf8: bytes).ids == ids, "\(bytes)")
        }
    }

    @Test("A maximum length cuts where the library cuts and says how much")
    func maximumLengthCuts() throws {
        let tokenizer = try #require(fixture.groups.first).tokenizer
        let whole = tokenizer.encode(fixture.truncatedText).ids.count
        for (length, ids) in fixture.truncated {
            let encoding = tokenizer.encode(fixture.truncatedText, maximumLength: length)
            #expect(encoding == Encoding(ids: ids, cutTokenCount: max(0, whole - length)))
        }
    }
}
