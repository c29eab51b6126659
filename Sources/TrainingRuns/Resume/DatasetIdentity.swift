// SPDX-License-Identifier: Apache-2.0

import Crypto

/// What a data set is known by when a run is resumed: its samples' names, sizes and lengths.
package struct DatasetIdentity: Sendable, Equatable, Codable {
    /// How many samples.
    package var sampleCount: Int
    /// SHA-256 of the samples, in hexadecimal digits.
    package var digest: String

    private enum CodingKeys: String, CodingKey {
        case sampleCount = "samples"
        case digest = "sha256"
    }

    /// The identity of some samples in their order.
    ///
    /// - Parameter samples: each sample's name, the size of its file in bytes, and its latent frames.
    package init(samples: [(name: String, byteCount: Int, frames: Int)]) {
        sampleCount = samples.count
        var hash = SHA256()
        for sample in samples {
            // Names hold no line feed in any file system that preprocessing writes to; sizes part them anyway.
            hash.update(
                data: Array("\(sample.byteCount) \(sample.frames) \(sample.name.utf8.count) \(sample.name)\n".utf8)
            )
        }
        digest = hash.finalize().map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
