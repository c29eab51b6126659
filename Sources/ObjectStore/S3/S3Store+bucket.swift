// SPDX-License-Identifier: Apache-2.0

import NIOCore

extension S3Store {
    private struct VersioningStatus: Decodable {
        var status: String?
        private enum CodingKeys: String, CodingKey { case status = "Status" }
    }

    /// Whether old versions are kept.
    public func versioning() async throws -> Versioning {
        let call = S3Client.Call(operation: "ask for versioning of", method: "GET", query: [("versioning", "")])
        let answer = try await client.send(call)
        switch try decode(VersioningStatus.self, answer, call.operation, nil, root: "VersioningConfiguration").status {
        case "Enabled": return .enabled
        case "Suspended": return .suspended
        default: return .off
        }
    }

    /// Switches versions on, or suspends them; it takes the right to configure the bucket.
    ///
    /// - Throws: `.invalidRequest` for `.off`: S3 cannot go back to it.
    public func setVersioning(_ versioning: Versioning) async throws {
        guard versioning != .off else {
            throw ObjectStoreError(
                .invalidRequest,
                operation: "configure",
                location: location,
                message: "versioning can be suspended, not switched off"
            )
        }
        let status = versioning == .enabled ? "Enabled" : "Suspended"
        let body = ByteBuffer(
            string: "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                + "<Status>\(status)</Status></VersioningConfiguration>"
        )
        _ = try await client.send(
            S3Client.Call(operation: "configure", method: "PUT", query: [("versioning", "")], body: .bytes(body))
        )
    }

    /// Makes the bucket; one that is there and ours is no error.
    public func createBucket() async throws {
        var call = S3Client.Call(operation: "make the bucket", method: "PUT")
        if region != "us-east-1" {
            call.body = .bytes(
                ByteBuffer(
                    string: "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                        + "<LocationConstraint>\(region)</LocationConstraint></CreateBucketConfiguration>"
                )
            )
        }
        do {
            _ = try await client.send(call)
        } catch let error as ObjectStoreError where error.code == "BucketAlreadyOwnedByYou" {
            return
        }
    }
}
