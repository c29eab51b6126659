// SPDX-License-Identifier: Apache-2.0

import ACEStep
import FoundationEssentials
import Torch

/// What this machine offers and lacks.
public struct SystemReport: Sendable, Codable {
    /// How a finding is to be taken.
    public enum Status: String, Sendable, Codable {
        /// There and usable.
        case good
        /// Worth knowing.
        case note
        /// Needed and not there.
        case missing
    }

    /// One thing that was looked at.
    public struct Finding: Sendable, Codable {
        /// What was looked at.
        public let what: String
        /// How to take it.
        public let status: Status
        /// What was found.
        public let detail: String
        /// What to do, where something is to be done.
        public let advice: String?
    }

    /// Everything that was looked at.
    public let findings: [Finding]

    /// Looks around, and at the checkpoint at `model` if one is given.
    public static func make(model: String? = nil, variant: String? = nil) -> SystemReport {
        var findings = [processor, memory, libtorch, cuda, cache]
        if let model { findings.append(checkpoint(model, variant: variant)) }
        return SystemReport(findings: findings)
    }

    private static var processor: Finding {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let fast = (try? ComputeChoice.hasFastBFloat16) ?? true  // without libtorch, its own line says what is missing
        let integers = (try? Int8Matrix.isSupported) ?? false
        return Finding(
            what: "processor",
            status: .good,
            detail: "\(cores) cores, bfloat16 products \(fast ? "in hardware" : "not in hardware"), "
                + (integers
                    ? "int8 products in hardware: --dtype int8 is fast here" : "no fast int8 products (no VNNI)"),
            advice: fast ? nil : "--dtype auto computes in float32 here, which is faster on this processor"
        )
    }

    private static var memory: Finding {
        let gigabytes = Double(ProcessInfo.processInfo.physicalMemory) / 1e9
        return Finding(
            what: "memory",
            status: .good,
            detail: "\(Int(gigabytes.rounded())) GB",
            advice: gigabytes < 8 ? "the 2B models need about 8 GB" : nil
        )
    }

    private static var libtorch: Finding {
        do {
            return Finding(
                what: "libtorch",
                status: .good,
                detail: "\(try TorchRuntime.version)",
                advice: nil
            )
        } catch {
            return Finding(
                what: "libtorch",
                status: .missing,
                detail: "\(error)",
                advice:
                    "run `make build` in the source tree, or set LIBTORCH to a directory with lib/ of libtorch 2.11.0"
            )
        }
    }

    private static var cuda: Finding {
        let isThere = (try? Device.isCUDAAvailable) ?? false  // without libtorch there is no CUDA either
        return Finding(
            what: "CUDA",
            status: .note,
            detail: isThere ? "available" : "no device; computing on the processor",
            advice: nil
        )
    }

    private static var cache: Finding {
        let path = CacheDirectory.path
        return Finding(
            what: "cache",
            status: .note,
            detail: FileManager.default.fileExists(atPath: path) ? path : "\(path) (not there yet)",
            advice: nil
        )
    }

    private static func checkpoint(_ path: String, variant: String?) -> Finding {
        do {
            let files = try ModelFiles(path: path, variant: variant)
            let configuration = try ModelConfiguration(files: files)
            let stored = try MusicModel.storedType(files: files)
            return Finding(
                what: "checkpoint",
                status: .good,
                detail: "\(files.name): \(configuration.variant.rawValue), \(configuration.layers) layers of "
                    + "\(configuration.transformer.hidden), \(stored.name), \(files.layout.rawValue) layout",
                advice: nil
            )
        } catch {
            return Finding(what: "checkpoint", status: .missing, detail: "\(error)", advice: nil)
        }
    }
}
