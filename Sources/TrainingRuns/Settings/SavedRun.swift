// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Foundation

/// The settings that a checkpoint's folder or an adapter's folder was made with.
package enum SavedRun {
    /// The folder that a path of `--resume-from` means: itself, or the one of the file that it names.
    ///
    /// - Parameter path: a folder or a file in it.
    /// - Returns: the folder.
    /// - Throws: `TrainingRunsError.unreadable` if nothing is there.
    package static func folder(of path: String) throws(TrainingRunsError) -> String {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw .unreadable(
                path: path,
                reason: "nothing is there; give a folder such as OUT/checkpoints/epoch_10, or a file in it"
            )
        }
        var folder = path
        while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
        guard !isDirectory else { return folder }
        guard let slash = folder.lastIndex(of: "/") else { return "." }
        return slash == folder.startIndex ? "/" : String(folder[..<slash])
    }

    /// The settings in a folder: `training_args.json`, else Side-Step's two files.
    ///
    /// - Parameters:
    ///   - folder: the folder.
    ///   - warnings: receives what cannot be used.
    /// - Returns: nil if the folder says nothing.
    /// - Throws: `TrainingRunsError.unreadable` or `.settings`.
    package static func settings(
        in folder: String,
        warnings: inout [String]
    ) throws(TrainingRunsError) -> TrainingSettings? {
        let arguments = folder + "/training_args.json"
        if FileManager.default.fileExists(atPath: arguments) {
            return try TrainingSettings(JSONFile.read(arguments), source: arguments, warnings: &warnings)
        }
        let configuration = folder + "/training_config.json"
        guard FileManager.default.fileExists(atPath: configuration) else { return nil }
        var settings = try TrainingSettings(JSONFile.read(configuration), source: configuration, warnings: &warnings)
        let adapter = folder + "/sidestep_adapter_config.json"
        if FileManager.default.fileExists(atPath: adapter) {
            try settings.merge(renamed(JSONFile.read(adapter)), source: adapter, warnings: &warnings)
        }
        return settings
    }

    /// The adapter's shape under the names of options; the family follows from what the file knows.
    private static func renamed(_ object: JSONObject) -> JSONObject {
        var result = JSONObject()
        let isKronecker = object["decompose_both"] != nil
        let prefix =
            object["block_size"] != nil ? "oft_" : object["linear_dim"] == nil ? "" : isKronecker ? "lokr_" : "loha_"
        switch prefix {
        case "oft_": result.set("adapter_type", .string("oft"))
        case "lokr_": result.set("adapter_type", .string("lokr"))
        case "loha_": result.set("adapter_type", .string("loha"))
        default: result.set("adapter_type", .string(object["use_dora"] == .bool(true) ? "dora" : "lora"))
        }
        // PEFT's list is the resolved one: with dots it says all about attention, and the MLP's names are in it.
        let shared: Set<String> = ["target_modules", "attention_type", "target_mlp", "adapter_type", "use_dora"]
        for key in object.keys {
            guard let value = object[key] else { continue }
            if key == "use_dora" { continue }
            result.set(shared.contains(key) || prefix.isEmpty ? key : prefix + key, value)
        }
        for inert in ["full_matrix", "bypass_mode", "rs_lora", "unbalanced_factorization"] {
            result.remove(prefix + inert)
        }
        return result
    }
}
