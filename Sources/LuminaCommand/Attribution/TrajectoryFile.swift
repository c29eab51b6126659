// SPDX-License-Identifier: Apache-2.0

import Attribution
import Checkpoints
import Engine
import FoundationEssentials

/// The trajectories of a prompt, one for each seed, as a safetensors file: `latents` of `[seeds, steps, frames, channels]`.
enum TrajectoryFile {
    private static let name = "latents"

    /// Writes traces of one size.
    static func write(_ traces: [LatentTrace], to path: String) throws {
        guard let first = traces.first else { preconditionFailure("a study has seeds") }
        let folder = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
        try FileManager.default.createDirectory(atPath: String(folder), withIntermediateDirectories: true)
        let shape = [traces.count, first.steps.count, first.frames, first.channels]
        let tensor = TensorSpecification(name: name, dtype: .float32, shape: shape)
        try SafetensorsWriter.stream(to: path, tensors: [tensor]) { _, writer in
            for trace in traces {
                for step in trace.steps { try unsafe writer.append(step.span.bytes) }
            }
        }
    }

    /// Reads a file.
    static func read(_ path: String) throws -> [Trajectory] {
        let file = try SafetensorsFile(path: path)
        let shape = try file.description(name).shape
        guard shape.count == 4, try file.description(name).dtype == .float32, shape.allSatisfy({ $0 > 0 }) else {
            throw AttributionError.file(path: path, reason: "it holds no trajectories; make them again with --redo")
        }
        let (steps, size) = (shape[1], shape[2] * shape[3])
        return try unsafe file.withBytes(of: name) { bytes in
            try (0..<shape[0]).map { seed in
                try Trajectory(
                    frames: shape[2],
                    channels: shape[3],
                    steps: (0..<steps).map { step in
                        let start = (seed * steps + step) * size
                        return (start..<start + size).map {
                            unsafe bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)
                        }
                    }
                )
            }
        }
    }
}

extension Trajectory {
    /// A trace as points.
    init(_ trace: LatentTrace) throws {
        try self.init(frames: trace.frames, channels: trace.channels, steps: trace.steps)
    }
}
