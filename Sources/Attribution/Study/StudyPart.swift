// SPDX-License-Identifier: Apache-2.0

/// A part of a data set: the songs that are left out together.
package struct StudyPart: Sendable, Equatable {
    /// What it is called: a genre's name with hyphens, or what the configuration calls it.
    package let name: String
    /// Positions of its songs in the data set.
    package let songs: [Int]

    /// A part.
    package init(name: String, songs: [Int]) { (self.name, self.songs) = (name, songs) }

    /// A song as far as parts are concerned.
    package struct Song: Sendable, Equatable {
        /// Its file's name.
        package var file: String
        /// Its genre; empty if it has none.
        package var genre: String

        /// A song.
        package init(file: String, genre: String) { (self.file, self.genre) = (file, genre) }
    }

    /// What to leave out.
    package enum Rule: Sendable, Equatable {
        /// Each genre is a part.
        case genre
        /// Named lists of file names, in which `*` stands for any letters.
        case lists([NamedList])
    }

    /// A list of files under a name.
    package struct NamedList: Sendable, Equatable {
        /// The part's name.
        package var name: String
        /// Names of files, in which `*` stands for any letters.
        package var patterns: [String]

        /// A list.
        package init(name: String, patterns: [String]) { (self.name, self.patterns) = (name, patterns) }
    }

    /// Finds the parts of a data set.
    ///
    /// - Parameters:
    ///   - songs: the data set in its order.
    ///   - rule: what its parts are.
    ///   - chosen: the parts that are left out in turn; nil takes all.
    /// - Returns: the parts in the order of their names, or of the lists.
    /// - Throws: ``AttributionError/parts(_:)`` if there are fewer than two, one is empty, one is everything, or a chosen one is not there.
    package static func parts(
        of songs: [Song],
        by rule: Rule,
        choosing chosen: [String]? = nil
    ) throws(AttributionError) -> [StudyPart] {
        var parts: [StudyPart]
        switch rule {
        case .genre:
            let genres = Dictionary(grouping: songs.indices) { slug(songs[$0].genre) }
            parts = genres.filter { !$0.key.isEmpty }.sorted { $0.key < $1.key }.map {
                StudyPart(name: $0.key, songs: $0.value)
            }
            guard parts.count > 1 else {
                throw .parts(
                    "the songs name \(parts.isEmpty ? "no genre" : "only the genre '\(parts[0].name)'"); "
                        + "write genres into the data set, or name lists of songs in 'parts'"
                )
            }
        case .lists(let lists):
            parts = lists.map { list in
                StudyPart(
                    name: list.name,
                    songs: songs.indices.filter { song in
                        list.patterns.contains { matches(songs[song].file, $0) }
                    }
                )
            }
            if let empty = parts.first(where: \.songs.isEmpty) {
                throw .parts(
                    "no song of the data set is in the part '\(empty.name)'; its files are called such as '\(songs.first?.file ?? "")'"
                )
            }
        }
        if let whole = parts.first(where: { $0.songs.count == songs.count }) {
            throw .parts("the part '\(whole.name)' is the whole data set; nothing would be left to train on")
        }
        guard let chosen else { return parts }
        for name in chosen where !parts.contains(where: { $0.name == name }) {
            throw .parts(
                "'leave_out' names '\(name)', which is no part; there are \(parts.map(\.name).joined(separator: ", "))"
            )
        }
        parts = parts.filter { chosen.contains($0.name) }
        return parts
    }

    /// A genre as part of a folder's name: `loo-hip-hop`.
    package static func slug(_ genre: String) -> String {
        genre.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: "-")
    }

    /// Whether a name fits a pattern in which `*` stands for any letters.
    static func matches(_ name: String, _ pattern: String) -> Bool {
        let (name, pattern) = (Array(name), Array(pattern))
        // The last star, and how far its letters reach: what behind it does not fit makes it take one more.
        var (n, p, star, taken) = (0, 0, -1, 0)
        while n < name.count {
            if p < pattern.count, pattern[p] == "*" {
                (star, taken) = (p, n)
                p += 1
            } else if p < pattern.count, pattern[p] == name[n] {
                (n, p) = (n + 1, p + 1)
            } else if star >= 0 {
                taken += 1
                (n, p) = (taken, star + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == "*" }
    }
}
