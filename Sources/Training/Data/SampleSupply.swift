// SPDX-License-Identifier: Apache-2.0

import TrainingData
package import TrainingRuns

/// Where the loop takes its pieces of music from.
package protocol SampleSupply: AnyObject {
    /// The pieces as far as their order goes.
    var samples: [DataOrder.Sample] { get }
    /// What the data set is known by when a run is resumed.
    var identity: DatasetIdentity { get }
    /// Latent frames of a second.
    var framesPerSecond: Double { get }
    /// Whether a batch holds pieces of one length only, so that none is filled up.
    var groupsByLength: Bool { get }

    /// Reads one visit.
    ///
    /// - Parameter visit: a piece and its frames.
    /// - Returns: tensors of their own.
    /// - Throws: `TorchError` if there is no memory for them, and what a file that went away throws.
    func sample(_ visit: DataOrder.Visit) throws -> SampleTensors

    /// The file of a piece, for messages.
    func path(of index: Int) -> String

    /// Starts to read what will be visited; nil where there is nothing to gain.
    ///
    /// - Parameters:
    ///   - visits: in the order of the loop.
    ///   - count: how many visits ahead of the loop.
    /// - Returns: what reads.
    func readAhead(_ visits: [DataOrder.Visit], count: Int) -> ReadAhead?
}

extension SampleSource {
    /// Songs are as long as they are.
    package var groupsByLength: Bool { false }

    /// The file of a song.
    package func path(of index: Int) -> String { files[index].path }

    /// Starts to read what will be visited.
    package func readAhead(_ visits: [DataOrder.Visit], count: Int) -> ReadAhead? {
        ReadAhead(visits: visits, files: files, ahead: count)
    }
}
