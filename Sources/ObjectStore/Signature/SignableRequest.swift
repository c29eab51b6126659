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
    package func canonicalRequest(payload: String) -> String {
        let headers = canonicalHeaders
        return [
            method, PercentEncoding.path(path), canonicalQuery,
            headers.map { "\($0.name):\($0.value)\n" }.joined(), headers.map(\.name).joined(separator: ";"), payload,
        ].joined(separator: "\n")
    }

    /// Headers by name; values trimmed, runs of spaces in them made one, values of one name joined by commas.
    private var canonicalHeaders: [(name: String, value: String)] {
        var values: [String: [String]] = [:]
        for header in headers {
            let words = header.value.split { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" }
            values[header.name.lowercased(), default: []].append(words.joined(separator: " "))
        }
        return values.sorted { $0.key < $1.key }.map { ($0.key, $0.value.joined(separator: ",")) }
    }
}
