// SPDX-License-Identifier: Apache-2.0

/// Reads comma-separated values after RFC 4180: cells in quotes may hold commas, newlines and doubled quotes.
enum CommaSeparated {
    /// The rows of a text, without empty lines.
    ///
    /// - Throws: ``DatasetError/malformed(path:place:reason:)`` if a quoted cell does not end.
    static func rows(_ text: String, path: String) throws -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var cell = ""
        var wasQuoted = false
        var characters = Array(text)[...]
        func isEmptyRow() -> Bool { row.isEmpty && cell.isEmpty && !wasQuoted }
        while let character = characters.popFirst() {
            switch character {
            case "\"" where cell.isEmpty && !wasQuoted:
                wasQuoted = true
                cell = try quoted(&characters, path: path, row: rows.count + 1)
            case ",":
                row.append(cell)
                (cell, wasQuoted) = ("", false)
            case _ where character.isNewline:
                if !isEmptyRow() { rows.append(row + [cell]) }
                (row, cell, wasQuoted) = ([], "", false)
            default: cell.append(character)
            }
        }
        if !isEmptyRow() { rows.append(row + [cell]) }
        return rows
    }

    private static func quoted(_ characters: inout ArraySlice<Character>, path: String, row: Int) throws -> String {
        var cell = ""
        while let character = characters.popFirst() {
            guard character == "\"" else {
                cell.append(character)
                continue
            }
            guard characters.first == "\"" else { return cell }
            characters.removeFirst()
            cell.append("\"")
        }
        throw DatasetError.malformed(path: path, place: "row \(row)", reason: "a quoted cell does not end")
    }
}
