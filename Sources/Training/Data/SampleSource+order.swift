// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import TrainingData
package import TrainingRuns

extension SampleSource {
    /// The songs as far as their order goes.
    package var samples: [DataOrder.Sample] {
        files.map { DataOrder.Sample(name: Self.name(of: $0.path), frames: $0.frames) }
    }

    /// What the data set is known by when a run is resumed.
    package var identity: DatasetIdentity {
        DatasetIdentity(
            samples: files.map { (name: Self.name(of: $0.path), byteCount: $0.file.byteCount, frames: $0.frames) }
        )
    }

    /// Latent frames of a second, as the first song has them.
    package var framesPerSecond: Double {
        guard let file = files.first, file.metadata.duration > 0 else { return DataSettings.framesPerSecond }
        return Double(file.frames) / Double(file.metadata.duration)
    }

    private static func name(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
