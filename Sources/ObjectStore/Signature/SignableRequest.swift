// SPDX-License-Identifier: Apache-2.0

/// The parts of a request that a signature covers.
package struct SignableRequest: Sendable {
    /// The method, such as `GET`.
    package var method: String
    /// The path before percent encoding, starting with `/`.
    package var path: String
    /// Names and values before percent encoding; a flag such as `versioning` has an empty value.
    package var query: [(name: String, value: String)]
    /// All headers to be signed, `host` among them; names in lower case.
    package var headers: [(name: String, value: String)]

    /// Describes a request.
    package init(
        method: String,
        path: String,
        query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)]
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
    }

    /// The query as it is signed and sent: encoded, then sorted by the encoded bytes.
    package var canonicalQuery: String {
        query.map { (PercentEncoding.component($0.name), PercentEncoding.component($0.value)) }
            .sorted { $0.0 == $1.0 ? $0.1 < $1.1 : $0.0 < $1.0 }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    /// The path and query of the request line.
    package var target: String {
        let query = canonicalQuery
        return PercentEncoding.path(path) + (query.isEmpty ? "" : "?" + query)
    }

    /// The names of the signed headers, sorted.
    package var signedHeaders: String { canonicalHeaders.map(\.name).joined(separator: ";") }

    /// The text whose hash is signed.
    package func canonicalRequest(payload: String) -> String { canonical(payload: payload).text }

    /// The text whose hash is signed, and the names of the headers in it.
    func canonical(payload: String) -> (text: String, signedHeaders: String) {
        let headers = canonicalHeaders
        let names = headers.map(\.name).joined(separator: ";")
        let lines = headers.map { "\($0.name):\($0.value)\n" }.joined()
        let text = [method, PercentEncoding.path(path), canonicalQuery, lines, names, payload].joined(separator: "\n")
        return (text, names)
    }

    /// Headers by name; values trimmed, runs of spaces in them made one, values of one name joined by commas.
    private var canonicalHeaders: [(name: String, value: String)] {
        let plain = headers.enumerated().map {
            (index: $0, name: Self.lowercased($1.name), value: Self.trimmed($1.value))
        }
        var merged: [(name: String, value: String)] = []
        for header in plain.sorted(by: { ($0.name, $0.index) < ($1.name, $1.index) }) {
            if merged.last?.name == header.name {
                merged[merged.count - 1].value += "," + header.value
            } else {
                merged.append((header.name, header.value))
            }
        }
        return merged
    }

    // Almost every name and value is as it should be already; looking costs less than making it anew.

    private static func lowercased(_ name: String) -> String {
        name.utf8.allSatisfy { $0 < 0x80 && !(65...90).contains($0) } ? name : name.lowercased()
    }

    private static func trimmed(_ value: String) -> String {
        var (previous, isClean) = (UInt8(ascii: " "), true)
        for byte in value.utf8 {
            if byte >= 0x80 || (9...13).contains(byte) || (byte == 0x20 && previous == 0x20) { isClean = false }
            previous = byte
        }
        if isClean && (previous != 0x20 || value.isEmpty) { return value }
        return value.split { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" }.joined(separator: " ")
    }
}
