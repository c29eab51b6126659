// SPDX-License-Identifier: Apache-2.0

import Attribution
import Testing

@Suite("Parts of a data set")
struct StudyPartTests {
    private let songs: [StudyPart.Song] = [
        .init(file: "01.pt", genre: "Hip Hop"), .init(file: "02.pt", genre: "jazz"), .init(file: "03.pt", genre: ""),
        .init(file: "04.pt", genre: "hip-hop"), .init(file: "live.pt", genre: "Jazz!"),
    ]

    @Test("Genres are parts under names of folders; songs without one are in none")
    func genres() throws {
        let parts = try StudyPart.parts(of: songs, by: .genre)
        #expect(parts == [.init(name: "hip-hop", songs: [0, 3]), .init(name: "jazz", songs: [1, 4])])
        #expect(try StudyPart.parts(of: songs, by: .genre, choosing: ["jazz"]).map(\.name) == ["jazz"])
    }

    @Test("Lists take files by pattern, in the lists' order; a song may be in several")
    func lists() throws {
        let parts = try StudyPart.parts(
            of: songs,
            by: .lists([.init(name: "z", patterns: ["0*"]), .init(name: "a", patterns: ["*e*", "01.pt"])])
        )
        #expect(parts == [.init(name: "z", songs: [0, 1, 2, 3]), .init(name: "a", songs: [0, 4])])
    }

    @Test(
        "Stars stand for any letters",
        arguments: [
            ("", "", true), ("", "*", true), ("abc", "abc", true), ("abc", "a*", true), ("abc", "*c", true),
            ("abc", "*b*", true),
            ("abc", "a*c", true), ("abc", "a**c", true), ("abc", "ac", false), ("abc", "a*b", false),
            ("abc", "", false),
            ("aab", "*ab", true), ("mississippi", "m*iss*ip*i", true), ("mississippi", "m*iss*x", false),
            ("a", "?", false),
        ]
    )
    func patterns(name: String, pattern: String, fits: Bool) throws {
        let songs = [StudyPart.Song(file: name, genre: ""), .init(file: "ZZ", genre: "")]
        let rule = StudyPart.Rule.lists([.init(name: "p", patterns: [pattern, "no such"])])
        if pattern == "*" {
            #expect(throws: AttributionError.self) { try StudyPart.parts(of: songs, by: rule) }
            return
        }
        let found = (try? StudyPart.parts(of: songs, by: rule))?.first?.songs.contains(0) ?? false
        #expect(found == fits)
    }

    @Test("What gives nothing to compare is refused with a way out")
    func hostile() throws {
        func message(_ songs: [StudyPart.Song], _ rule: StudyPart.Rule, _ chosen: [String]? = nil) -> String {
            do {
                _ = try StudyPart.parts(of: songs, by: rule, choosing: chosen)
                return ""
            } catch { return "\(error)" }
        }
        #expect(message([songs[2]], .genre).contains("no genre"))
        #expect(message([songs[1], songs[4]], .genre).contains("only the genre 'jazz'"))
        #expect(message([], .genre).contains("no genre"))
        #expect(
            message(songs, .lists([.init(name: "x", patterns: ["99"])])).contains(
                "no song of the data set is in the part 'x'"
            )
        )
        #expect(message(songs, .lists([.init(name: "x", patterns: ["*"])])).contains("nothing would be left"))
        #expect(message(songs, .genre, ["polka"]).contains("'polka'"))
    }
}
