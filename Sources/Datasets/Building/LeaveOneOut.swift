// SPDX-License-Identifier: Apache-2.0

extension SongList {
    /// For each genre the songs of all others, by the name `loo-GENRE`: what an adapter is trained on to see what the genre
    /// contributed.
    ///
    /// Songs without a genre are in every subset. Spaces and other separators of a genre become hyphens in the name, letters
    /// are made small; genres that then are the same count as one.
    ///
    /// - Returns: the subsets, sorted by name; none where fewer than two genres are named.
    public func leavingOneGenreOut() -> [SongList] {
        let genres = Set(songs.map { Self.slug($0.metadata.genre) }).subtracting([""])
        guard genres.count > 1 else { return [] }
        return genres.sorted().map { genre in
            var subset = self
            subset.name = "loo-" + genre
            subset.songs = songs.filter { Self.slug($0.metadata.genre) != genre }
            return subset
        }
    }

    private static func slug(_ genre: String) -> String {
        genre.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: "-")
    }
}
