// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Foundation

/// What is wrong with the folders that a run names.
package enum PlaceCheck {
    private static let audioEndings: Set<String> = ["wav", "mp3", "flac", "ogg", "opus", "m4a", "aac"]

    /// Looks at the folders, without reading a tensor.
    ///
    /// - Parameter settings: the run's settings.
    /// - Returns: problems and warnings.
    package static func check(_ settings: TrainingSettings) -> SettingsCheck {
        var check = SettingsCheck()
        checkDataset(settings, &check)
        checkModel(settings.model, &check)
        checkOutput(settings.output, &check)
        if let path = settings.resume.path, !FileManager.default.fileExists(atPath: path) {
            check.refuse("--resume-from \(path): nothing is there")
        }
        return check
    }

    private static func checkDataset(_ settings: TrainingSettings, _ check: inout SettingsCheck) {
        guard let directory = settings.data.directory else {
            check.refuse("--dataset-dir is missing: the folder that `lumina preprocess` wrote")
            return
        }
        guard let files = contents(directory) else {
            check.refuse("--dataset-dir \(directory): there is no such folder")
            return
        }
        let endings = files.map { file in file.split(separator: ".").last.map { $0.lowercased() } ?? "" }
        let hasTensors = zip(files, endings).contains { file, ending in
            ending == "safetensors" || ending == "pt" && !file.hasSuffix(".tmp.pt")
        }
        if !hasTensors, !files.contains("manifest.json") {
            let isRaw = endings.contains(where: audioEndings.contains)
            check.refuse(
                isRaw
                    ? "--dataset-dir \(directory) holds audio, not tensors: preprocess it first "
                        + "(lumina preprocess --audio-dir \(directory) --tensor-output DIR)"
                    : "--dataset-dir \(directory) holds no tensors (*.safetensors or *.pt)"
            )
        }
        checkOrigin(directory, files, settings, &check)
    }

    /// Tensors hold conditions of the variant that encoded them.
    private static func checkOrigin(
        _ directory: String,
        _ files: [String],
        _ settings: TrainingSettings,
        _ check: inout SettingsCheck
    ) {
        guard files.contains("preprocess_meta.json"), let wanted = settings.model.variant else { return }
        // The file is a help to people; one that cannot be read says nothing.
        guard let object = try? JSONFile.read(directory + "/preprocess_meta.json"),
            let made = object["model_variant"].flatMap(String.read), !made.isEmpty
        else { return }
        func plain(_ name: String) -> String { name.lowercased().replacing("acestep-v15-", with: "") }
        if plain(made) != plain(wanted) {
            check.warn(
                "the tensors in \(directory) were made with '\(made)', the model is '\(wanted)': preprocess again"
            )
        }
    }

    private static func checkModel(_ model: BaseSettings, _ check: inout SettingsCheck) {
        if model.precision == .float16 {
            check.refuse("--precision fp16 is not trained in: its range is too small for gradients; bf16 or fp32 are")
        }
        guard let path = model.checkpoint else { return }
        guard FileManager.default.fileExists(atPath: path) else {
            check.refuse("--model \(path): nothing is there")
            return
        }
        guard let variant = model.variant, let files = contents(path) else { return }
        let folders = files.filter { $0.hasPrefix("acestep-v15-") }.sorted()
        guard !folders.isEmpty, !folders.contains(variant), !folders.contains("acestep-v15-" + variant) else { return }
        check.refuse("\(path) holds no model '\(variant)'; there are \(folders.prefix(8).joined(separator: ", "))")
    }

    private static func checkOutput(_ output: OutputSettings, _ check: inout SettingsCheck) {
        guard let directory = output.directory, !directory.isEmpty else {
            check.refuse("--output-dir is missing: the folder for the run's results")
            return
        }
        var isDirectory = false
        if FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), !isDirectory {
            check.refuse("--output-dir \(directory) is a file")
        }
    }

    private static func contents(_ directory: String) -> [String]? {
        // Nil is the answer where there is no folder.
        try? FileManager.default.contentsOfDirectory(atPath: directory)
    }
}
