// SPDX-License-Identifier: Apache-2.0

/// Where a version comes from: what one needs to repeat or to judge it.
public struct Lineage: Sendable, Hashable, Codable {
    /// The base model's name, as `adapter_config.json` has it unless given.
    public var baseModel: String?
    /// The digest of the base's weights, `sha256:…`.
    public var baseDigest: String?
    /// The data set: a reference or a digest.
    public var dataset: String?
    /// The digest of the data set, `sha256:…`.
    public var datasetDigest: String?
    /// The version that this one was trained from.
    public var parent: Int?
    /// The training code, such as `git:3fa71d3`.
    public var code: String?
    /// The run, as the user's tracker calls it.
    public var run: String?
    /// SHA-256 of `training_args.json`, whose values are compared by `diff`.
    public var trainingArguments: String?
    /// Figures of the run: `loss`, `fad`, ….
    public var metrics: [String: Double]?

    /// Nothing is known.
    public init() {}

    /// Whether nothing is known.
    public var isEmpty: Bool { self == Lineage() }

    private enum CodingKeys: String, CodingKey {
        case baseModel = "base_model"
        case baseDigest = "base_sha256"
        case dataset
        case datasetDigest = "dataset_sha256"
        case parent, code, run
        case trainingArguments = "training_args_sha256"
        case metrics
    }
}
