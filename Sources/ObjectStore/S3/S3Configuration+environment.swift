// SPDX-License-Identifier: Apache-2.0

import Foundation

extension S3Store.Configuration {
    /// What the usual variables and the user's profile say about a bucket's server.
    ///
    /// `AWS_REGION`, `AWS_DEFAULT_REGION`, `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, `AWS_CA_BUNDLE`, `AWS_PROFILE`,
    /// and the profile's `region`, `endpoint_url` and `ca_bundle`.
    ///
    /// - Parameters:
    ///   - bucket: The bucket.
    ///   - environment: The process's environment, or what stands for it.
    ///   - home: The user's directory, that holds `.aws`.
    ///   - profile: A profile that the user named.
    /// - Returns: The configuration; change what the user says on the command line.
    /// - Throws: `.invalidRequest` for an endpoint that is no URL.
    public static func from(
        bucket: String,
        environment: [String: String],
        home: String,
        profile: String? = nil
    ) async throws -> S3Store.Configuration {
        let context = CredentialContext(environment: environment, home: home, transport: try HTTPTransport())
        let name = profile ?? context.variable("AWS_PROFILE") ?? context.variable("AWS_DEFAULT_PROFILE") ?? "default"
        let values = try await context.profiles().profile(name) ?? [:]
        var configuration = S3Store.Configuration(bucket: bucket)
        configuration.region =
            context.variable("AWS_REGION") ?? context.variable("AWS_DEFAULT_REGION") ?? values["region"]
        let ignoresEndpoints = context.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")?.lowercased() == "true"
        let url =
            context.variable("AWS_ENDPOINT_URL_S3") ?? context.variable("AWS_ENDPOINT_URL") ?? values["endpoint_url"]
        if let url, !ignoresEndpoints { configuration.endpoint = try Endpoint(url) }
        configuration.certificateAuthority = context.variable("AWS_CA_BUNDLE") ?? values["ca_bundle"]
        return configuration
    }
}
