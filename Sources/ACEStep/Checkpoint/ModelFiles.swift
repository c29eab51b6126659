// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// Where the parts of a checkpoint lie on disk.
///
/// Three ways to give a checkpoint are understood: the directory of the original bundle (`acestep-v15-*`, `vae`,
/// `Qwen3-Embedding-0.6B` side by side), one model directory (its `vae` and text encoder inside or beside it), and a
/// diffusers directory (`transformer`, `condition_encoder`, `vae`, `text_encoder`, `tokenizer`).
public struct ModelFiles: Sendable, Equatable {
    /// How tensors are named and spread over files.
    public enum Layout: String, Sendable {
        /// One `model.safetensors` for everything but the text encoder and the VAE.
        case original
        /// One directory for each component, as diffusers writes them.
        case diffusers
    }

    /// How tensors are named and spread over files.
    public let layout: Layout
    /// The model's name: its directory's.
    public let name: String
    /// The directory of the diffusion transformer (diffusers: the `transformer` directory).
    public let transformer: String
    /// The directory of the condition encoder; the same as `transformer` in the original layout.
    public let conditionEncoder: String
    /// The directory of the tokenizer of audio; the same as `transformer` in the original layout, nil where there is none.
    public let audioTokenizer: String?
    /// The directory of the detokenizer of audio; the same as `transformer` in the original layout, nil where there is none.
    public let audioDetokenizer: String?
    /// The directory of the Oobleck autoencoder.
    public let autoencoder: String
    /// The directory of the Qwen3 text encoder.
    public let textEncoder: String
    /// The path of `tokenizer.json`.
    public let tokenizer: String
    /// The path of `silence_latent.pt` or `silence_latent.safetensors`; nil where the condition encoder's file holds the tensor.
    public let silence: String?

    /// The directory name of the text encoder in the original bundle.
    static let textEncoderName = "Qwen3-Embedding-0.6B"

    /// Finds the parts of the checkpoint at `path`.
    ///
    /// - Parameters:
    ///   - path: a directory that holds `acestep-v15-*` directories, one such directory, or a diffusers directory.
    ///   - variant: which model, where the directory holds several: `turbo`, `base`, `sft`, `xl-turbo`, … or the
    ///     directory's whole name.
    /// - Throws: ``ModelError`` that names what is missing and where it was looked for.
    public init(path: String, variant: String? = nil) throws {
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        guard Self.isDirectory(path) else {
            throw ModelError.notACheckpoint(
                path: path,
                reason: Self.exists(path) ? "it is a file, not a directory" : "there is no such directory"
            )
        }
        if Self.isDirectory(path + "/transformer") {
            self = try Self.diffusers(path)
        } else {
            let models = Self.models(in: path)
            if !models.isEmpty {
                let name = try Self.choose(variant, among: models, path: path)
                self = try Self.original(path + "/" + name, name: name)
            } else if Self.hasWeights(path) {
                self = try Self.original(path, name: Self.lastComponent(path))
            } else {
                throw ModelError.notACheckpoint(
                    path: path,
                    reason: "it has neither acestep-v15-* directories, nor model.safetensors, nor transformer/"
                )
            }
        }
    }

    private init(
        layout: Layout,
        name: String,
        transformer: String,
        conditionEncoder: String,
        audioTokenizer: String?,
        audioDetokenizer: String?,
        autoencoder: String,
        textEncoder: String,
        tokenizer: String,
        silence: String?
    ) {
        self.layout = layout
        self.name = name
        self.transformer = transformer
        self.conditionEncoder = conditionEncoder
        self.audioTokenizer = audioTokenizer
        self.audioDetokenizer = audioDetokenizer
        self.autoencoder = autoencoder
        self.textEncoder = textEncoder
        self.tokenizer = tokenizer
        self.silence = silence
    }

    private static func original(_ directory: String, name: String) throws -> ModelFiles {
        let parent = Self.parent(directory)
        let places = [directory, parent]
        let text = try find(textEncoderName, in: places, what: "text encoder (\(textEncoderName)/)")
        return ModelFiles(
            layout: .original,
            name: name,
            transformer: directory,
            conditionEncoder: directory,
            audioTokenizer: directory,
            audioDetokenizer: directory,
            autoencoder: try find("vae", in: places, what: "autoencoder (vae/)"),
            textEncoder: text,
            tokenizer: try find("tokenizer.json", in: [text], what: "tokenizer.json"),
            silence: try findSilence(in: places)
        )
    }

    private static func diffusers(_ directory: String) throws -> ModelFiles {
        let text = try find("text_encoder", in: [directory], what: "text_encoder/")
        return ModelFiles(
            layout: .diffusers,
            name: lastComponent(directory),
            transformer: directory + "/transformer",
            conditionEncoder: try find("condition_encoder", in: [directory], what: "condition_encoder/"),
            audioTokenizer: optional("audio_tokenizer", in: directory),
            audioDetokenizer: optional("audio_token_detokenizer", in: directory),
            autoencoder: try find("vae", in: [directory], what: "vae/"),
            textEncoder: text,
            tokenizer: try find("tokenizer.json", in: [directory + "/tokenizer", text], what: "tokenizer.json"),
            silence: nil
        )
    }

    private static func choose(_ variant: String?, among models: [String], path: String) throws -> String {
        guard let variant else {
            guard models.count == 1 else {
                throw ModelError.variant(asked: nil, available: models.map(shortName), path: path)
            }
            return models[0]
        }
        guard let match = models.first(where: { $0 == variant || shortName($0) == variant }) else {
            throw ModelError.variant(asked: variant, available: models.map(shortName), path: path)
        }
        return match
    }

    private static let modelPrefix = "acestep-v15-"

    private static func shortName(_ name: String) -> String { String(name.dropFirst(modelPrefix.count)) }

    private static func models(in path: String) -> [String] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []  // unreadable: no models
        return entries.filter { $0.hasPrefix(modelPrefix) && hasWeights(path + "/" + $0) }.sorted()
    }

    private static func hasWeights(_ directory: String) -> Bool {
        ["model.safetensors", "model.safetensors.index.json", "config.json"].contains { exists(directory + "/" + $0) }
    }

    private static func find(_ name: String, in places: [String], what: String) throws -> String {
        for place in places where exists(place + "/" + name) { return place + "/" + name }
        throw ModelError.missingPart(name: what, lookedIn: places)
    }

    private static func optional(_ name: String, in place: String) -> String? {
        exists(place + "/" + name) ? place + "/" + name : nil
    }

    /// The tensor as upstream ships it, or in a format that needs no pickle.
    private static func findSilence(in places: [String]) throws -> String {
        for name in ["silence_latent.safetensors", "silence_latent.pt"] {
            for place in places where exists(place + "/" + name) { return place + "/" + name }
        }
        throw ModelError.missingPart(name: "silence_latent.pt", lookedIn: places)
    }

    private static func lastComponent(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    private static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    private static func isDirectory(_ path: String) -> Bool {
        var directory: Bool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &directory) && directory
    }
}
