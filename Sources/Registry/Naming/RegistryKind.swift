// SPDX-License-Identifier: Apache-2.0

/// What is kept under a name: three families that share one protocol and differ in their folders.
public enum RegistryKind: String, Sendable, Hashable, Codable, CaseIterable {
    /// Adapters, in `lora/`.
    case lora
    /// Base checkpoints, in `models/`.
    case models
    /// Data sets, in `datasets/`.
    case datasets

    /// The folder of the flat views, which people sync by hand.
    public var flatRoot: String { rawValue }

    /// The folder of the logs and of the immutable trees, beside the flat views so that no sync picks them up.
    public var logRoot: String { rawValue + "-registry" }

    /// What one of them is called in a sentence.
    public var noun: String {
        switch self {
        case .lora: "adapter"
        case .models: "model"
        case .datasets: "data set"
        }
    }
}
