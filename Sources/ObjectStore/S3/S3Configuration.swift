// SPDX-License-Identifier: Apache-2.0

extension S3Store {
    /// Which bucket, where, and how to talk to it.
    public struct Configuration: Sendable {
        /// Where the bucket's name goes.
        public enum Addressing: Sendable, Hashable {
            /// In the host for Amazon's own servers if the name allows it, else in the path.
            case automatic
            /// `https://HOST/BUCKET/KEY`.
            case path
            /// `https://BUCKET.HOST/KEY`.
            case virtualHost
        }

        /// What a signature says about a body.
        public enum PayloadSigning: Sendable, Hashable {
            /// The body's hash over plain connections; a checksum alone over encrypted ones.
            case automatic
            /// Always the body's hash.
            case hash
            /// Chunks with a signature each.
            case chunks
            /// Chunks with a signature each and a signed trailing checksum.
            case chunksWithTrailer
            /// Chunks without signatures and a trailing checksum; for encrypted connections.
            case unsignedChunksWithTrailer
        }

        /// The bucket.
        public var bucket: String
        /// nil: asked from the server, starting at `us-east-1`.
        public var region: String?
        /// nil: Amazon's for the region.
        public var endpoint: Endpoint?
        /// Where the bucket's name goes.
        public var addressing: Addressing
        /// What signatures say about bodies.
        public var payloadSigning: PayloadSigning
        /// When to send again.
        public var retry: RetryPolicy
        /// The most connections to the server.
        public var connectionCount: Int
        /// How long making a connection may take.
        public var connectTimeout: Duration
        /// How long a connection may be silent.
        public var idleTimeout: Duration
        /// A PEM file with the certificates to trust instead of the system's.
        public var certificateAuthority: String?
        /// Addresses to use for host names.
        public var addresses: [String: String]
        /// The largest object that the server copies in one request: S3's 5 GiB.
        package var largestCopy = 5 << 30
        /// The size of the ranges in which larger ones are copied.
        package var copyPartSize = 512 << 20

        /// Names a bucket, with defaults for the rest.
        public init(
            bucket: String,
            region: String? = nil,
            endpoint: Endpoint? = nil,
            addressing: Addressing = .automatic,
            payloadSigning: PayloadSigning = .automatic,
            retry: RetryPolicy = RetryPolicy(),
            connectionCount: Int = 32,
            connectTimeout: Duration = .seconds(3),
            idleTimeout: Duration = .seconds(15),
            certificateAuthority: String? = nil,
            addresses: [String: String] = [:]
        ) {
            self.bucket = bucket
            self.region = region
            self.endpoint = endpoint
            self.addressing = addressing
            self.payloadSigning = payloadSigning
            self.retry = retry
            self.connectionCount = connectionCount
            self.connectTimeout = connectTimeout
            self.idleTimeout = idleTimeout
            self.certificateAuthority = certificateAuthority
            self.addresses = addresses
        }

        var transport: HTTPTransport.Configuration {
            var transport = HTTPTransport.Configuration()
            transport.connectionCount = connectionCount
            transport.connectTimeout = connectTimeout
            transport.idleTimeout = idleTimeout
            // Reading a system's bundle of certificates takes longer than a small request without encryption.
            if endpoint?.isSecure != false { transport.certificateAuthority = certificateAuthority }
            transport.addresses = addresses
            return transport
        }

        /// Server and path for a key in a region; the path is not yet encoded.
        func address(_ key: String?, region: String) -> (endpoint: Endpoint, path: String) {
            var server = endpoint ?? Endpoint(isSecure: true, host: Self.amazonHost(region))
            let base = server.basePath
            server.basePath = ""
            if isVirtualHost(server) {
                server.host = bucket + "." + server.host
                return (server, base + "/" + (key ?? ""))
            }
            return (server, base + "/" + bucket + (key.map { "/" + $0 } ?? ""))
        }

        private static func amazonHost(_ region: String) -> String {
            "s3.\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : "")
        }

        private func isVirtualHost(_ server: Endpoint) -> Bool {
            switch addressing {
            case .path: false
            case .virtualHost: true
            case .automatic:
                // A name with dots does not match the certificate's `*.s3.…`.
                !server.isAddress && server.host.contains(".amazonaws.com") && Self.isHostLabel(bucket)
            }
        }

        private static func isHostLabel(_ name: String) -> Bool {
            name.utf8.allSatisfy { (48...57).contains($0) || (97...122).contains($0) || $0 == 45 }
        }

        /// Checks the bucket's name before it becomes part of a host or a path.
        func check() throws(ObjectStoreError) {
            let isValid =
                3...255 ~= bucket.utf8.count && !bucket.contains("..")
                && bucket.utf8.allSatisfy {
                    (48...57).contains($0) || (97...122).contains($0) || (65...90).contains($0)
                        || [45, 46, 95].contains($0)
                }
            if !isValid {
                throw ObjectStoreError(
                    .noSuchBucket,
                    location: "s3://" + String(bucket.prefix(64)),
                    message: "a bucket's name has 3 to 63 letters, digits, '-' and '.'"
                )
            }
        }
    }
}
