// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Reads the entries of lists of songs.
enum SongTable {
    /// A larger list is none: it would describe millions of songs.
    private static let largest = 1 << 30

    private static func contents(_ path: String) throws -> Data {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw DatasetError.unusable(path: path, reason: "it cannot be read; is there such a file?")
        }
        guard data.count <= largest else {
            throw DatasetError.unusable(path: path, reason: "it has \(data.count) bytes, too many for a list of songs")
        }
        guard !data.starts(with: Array("PAR1".utf8)) else { throw DatasetError.parquet(path: path) }
        return data
    }

    /// The samples of a `dataset.json`: an array, or an object with `samples` and perhaps `metadata`.
    static func samples(of path: String, into list: inout SongList) throws -> [SongFields] {
        let root: JSONValue
        do {
            root = try JSONValue(contents(path))
        } catch is DecodingError {
            throw DatasetError.malformed(path: path, place: "the file", reason: "it is not valid JSON")
        }
        let samples: JSONValue
        switch root {
        case .list: samples = root
        case .object(let members):
            guard let found = members["samples"] else {
                throw DatasetError.malformed(path: path, place: "the file", reason: "it has no list 'samples'")
            }
            samples = found
            if case .object(let fields) = members["metadata"] {
                try readMetadata(SongFields(fields: fields, path: path, place: "metadata"), into: &list)
            }
        default:
            throw DatasetError.malformed(
                path: path,
                place: "the file",
                reason: "it is \(root.kind), expected an object"
            )
        }
        guard case .list(let values) = samples else {
            throw DatasetError.malformed(path: path, place: "samples", reason: "it is \(samples.kind), expected a list")
        }
        return try values.enumerated().map { position, value in
            try entry(value, path: path, place: "sample \(position + 1)")
        }
    }

    private static func readMetadata(_ fields: SongFields, into list: inout SongList) throws {
        list.name = try fields.text("name") ?? list.name
        list.trigger = try fields.text("custom_tag") ?? ""
        if let text = try fields.text("tag_position"), !text.isEmpty {
            guard let position = TriggerPosition(rawValue: text) else {
                throw fields.malformed("tag_position is '\(text)', expected prepend, append or replace")
            }
            list.triggerPosition = position
        }
        if let text = try fields.text("genre_ratio"), !text.isEmpty {
            guard let ratio = Sidecar.wholeNumber(text), (0...100).contains(ratio) else {
                throw fields.malformed("genre_ratio is \(text), expected 0 to 100")
            }
            list.genrePercentage = ratio
        }
    }

    private static func entry(_ value: JSONValue, path: String, place: String) throws -> SongFields {
        guard case .object(let fields) = value else {
            throw DatasetError.malformed(path: path, place: place, reason: "it is \(value.kind), expected an object")
        }
        return SongFields(fields: fields, path: path, place: place)
    }

    /// The lines of a `metadata.jsonl`, one object each.
    static func rows(ofJSONLines path: String) throws -> [SongFields] {
        let text = String(decoding: try contents(path), as: UTF8.self)
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        return try lines.enumerated().compactMap { position, line in
            guard line.contains(where: { !$0.isWhitespace && $0 != "\u{FEFF}" }) else { return nil }
            let place = "line \(position + 1)"
            do {
                return try entry(JSONValue(Data(line.utf8)), path: path, place: place)
            } catch is DecodingError {
                throw DatasetError.malformed(path: path, place: place, reason: "it is not valid JSON")
            }
        }
    }

    /// The rows of a `metadata.csv` under the names of its first one.
    static func rows(ofCSV path: String) throws -> [SongFields] {
        let text = String(decoding: try contents(path), as: UTF8.self)
        var rows = try CommaSeparated.rows(text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text, path: path)
        guard !rows.isEmpty else { return [] }
        let names = rows.removeFirst().map { $0.trimmingCharacters(in: .whitespaces) }
        return try rows.enumerated().map { position, row in
            let place = "row \(position + 2)"
            guard row.count <= names.count else {
                throw DatasetError.malformed(
                    path: path,
                    place: place,
                    reason: "it has \(row.count) cells, the first row \(names.count); quote cells that hold commas"
                )
            }
            let cells = zip(names, row).filter { !$0.1.isEmpty }.map { ($0.0, JSONValue.text($0.1)) }
            return SongFields(fields: Dictionary(cells) { first, _ in first }, path: path, place: place)
        }
    }
}
