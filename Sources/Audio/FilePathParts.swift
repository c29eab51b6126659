// SPDX-License-Identifier: Apache-2.0

/// A path cut at its last slash and last dot, as text: nothing is looked up.
struct FilePathParts {
    /// What is before the last slash: `.` if there is none, `/` for a file in the root.
    let directory: String
    /// What is after the last slash.
    let name: String

    init(_ path: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else {
            directory = "."
            name = path
            return
        }
        directory = slash == path.startIndex ? "/" : String(path[..<slash])
        name = String(path[path.index(after: slash)...])
    }

    /// What is after the name's last dot; nil for `name`, `.name` and `name.`.
    var fileExtension: String? {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
        let text = name[name.index(after: dot)...]
        return text.isEmpty ? nil : String(text)
    }
}
