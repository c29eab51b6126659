// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A server: scheme, host and port.
public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// Whether connections are encrypted.
    public var isSecure: Bool
    /// Name or address, without brackets.
    public var host: String
    /// nil for the scheme's own.
    public var port: Int?
    /// What goes before every path, without `/` at its end; empty or starting with `/`.
    public var basePath: String

    /// Names a server.
    public init(isSecure: Bool, host: String, port: Int? = nil, basePath: String = "") {
        self.isSecure = isSecure
        self.host = host
        self.port = port == (isSecure ? 443 : 80) ? nil : port
        self.basePath = basePath
    }

    /// Reads a URL such as `http://127.0.0.1:8333`.
    ///
    /// - Throws: `.invalidRequest` for anything but `http` or `https` with a host and at most a path.
    public init(_ text: String) throws(ObjectStoreError) {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(), let host = parts.host,
            !host.isEmpty, scheme == "http" || scheme == "https", parts.user == nil, parts.query == nil,
            parts.fragment == nil
        else {
            throw ObjectStoreError(
                .invalidRequest,
                message: "'\(text)' is no endpoint; write http://HOST:PORT or https://HOST:PORT"
            )
        }
        var path = parts.path
        while path.hasSuffix("/") { path.removeLast() }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        self.init(isSecure: scheme == "https", host: bare, port: parts.port, basePath: path)
    }

    /// The value of the `host` header.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port.map { "\(name):\($0)" } ?? name
    }

    /// The URL without a path.
    public var description: String { (isSecure ? "https://" : "http://") + authority + basePath }

    /// Whether the host is an address, so that a bucket's name cannot be put before it.
    package var isAddress: Bool {
        host.contains(":") || host.split(separator: ".").allSatisfy { UInt8($0) != nil } || host == "localhost"
    }
}
