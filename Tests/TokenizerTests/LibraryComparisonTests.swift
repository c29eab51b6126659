// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Tokenizer

/// The big comparison that `Scripts/compare-tokenizer` prepares; too large a file to keep in the repository.
@Suite("Comparison with the tokenizers library on a real vocabulary")
struct LibraryComparisonTests {
    private static let tokenizerPath = ProcessInfo.processInfo.environment["LUMINA_TOKENIZER_JSON"]
    private static let casesPath = ProcessInfo.processInfo.environment["LUMINA_TOKENIZER_CASES"]

    @Test(
        "Every text gives the library's ids and words, and the ids give its text",
        .enabled(if: tokenizerPath != nil && casesPath != nil, "run Scripts/compare-tokenizer TOKENIZER.json")
    )
    func everyTextGivesTheLibraryIDs() throws {
        let clock = ContinuousClock()
        let start = clock.now
        let tokenizer = try BytePairTokenizer(path: #require(Self.tokenizerPath))
        let loading = clock.now - start
        var reader = CaseReader(data: try Data(contentsOf: URL(filePath: #require(Self.casesPath))))
        var encoding = Duration.zero
        var caseCount = 0
        var byteCount = 0
        var failures = 0
        while let next = reader.next() {
            let began = clock.now
            let ids = tokenizer.encode(utf8: next.utf8).ids
            encoding += clock.now - began
            let decoded = Array(tokenizer.decode(next.ids, skipSpecialTokens: false).utf8)
            caseCount += 1
            byteCount += next.utf8.count
            let words = tokenizer.words(of: String(decoding: next.utf8, as: UTF8.self)).map(\.count)
            if ids == next.ids, decoded == next.decoded, words == next.words { continue }
            failures += 1
            if failures <= 20 {
                let text = String(decoding: next.utf8.prefix(400), as: UTF8.self)
                Issue.record("\(text.unicodeScalars.map { String($0.value, radix: 16) }): \(ids) != \(next.ids)")
            }
        }
        #expect(failures == 0)
        #expect(caseCount > 1000)
        print("tokenizer read in \(loading); \(caseCount) texts, \(byteCount) bytes encoded in \(encoding)")
    }
}

/// Reads the records of a cases file: text, ids, decoded text, word lengths, each after its length (32 bits, little-endian).
private struct CaseReader {
    let data: Data
    var position = 0

    mutating func next() -> (utf8: [UInt8], ids: [Int], decoded: [UInt8], words: [Int])? {
        guard position < data.count else { return nil }
        let utf8 = bytes()
        let ids = integers()
        let decoded = bytes()
        return (utf8, ids, decoded, integers())
    }

    private mutating func integers() -> [Int] {
        (0..<integer()).map { _ in integer() }
    }

    private mutating func bytes() -> [UInt8] {
        let count = integer()
        defer { position += count }
        return [UInt8](data[position..<position + count])
    }

    private mutating func integer() -> Int {
        defer { position += 4 }
        return data[position..<position + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
