// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation

extension TrainingSample {
    /// The formats of files of tensors.
    public enum Format: String, Sendable, CaseIterable {
        /// Ours: the tensors, and the metadata as JSON in the header.
        case safetensors
        /// PyTorch's, as ACE-Step and Side-Step write and read it.
        case pt

        /// The format that a name's extension says; nil if it says none.
        public init?(path: String) {
            guard let format = Self.allCases.first(where: { path.hasSuffix("." + $0.rawValue) }) else { return nil }
            self = format
        }
    }

    /// Reads a song's tensors into memory; those of Side-Step and ACE-Step too.
    ///
    /// - Parameter path: a file whose name ends in `.safetensors` or `.pt`.
    /// - Throws: As ``SampleFile/init(path:)``.
    public init(path: String) throws {
        let file = try SampleFile(path: path)
        var tensors: [Key: Tensor] = [:]
        for key in Key.allCases {
            tensors[key] = Tensor(
                dtype: file.dtype(of: key),
                shape: file.shape(of: key),
                bytes: try unsafe file.withBytes(of: key) { unsafe [UInt8]($0) }
            )
        }
        try self.init(tensors: tensors, metadata: file.metadata, path: path)
    }

    /// Writes the song's tensors, whole or not at all; equal content gives equal bytes.
    ///
    /// - Throws: `CheckpointError` if the file cannot be written.
    public func write(to path: String, format: Format) throws {
        switch format {
        case .safetensors:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let text = String(decoding: try encoder.encode(metadata), as: UTF8.self)
            try SafetensorsWriter.write(
                to: path,
                tensors: tensors.map { TensorSpecification(name: $0.rawValue, dtype: $1.dtype, shape: $1.shape) },
                metadata: ["format": "pt", SampleFile.metadataField: text]
            ) { name in Key(rawValue: name).flatMap { tensors[$0] }?.bytes ?? [] }
        case .pt:
            let members = Key.allCases.compactMap { key in
                tensors[key].map { tensor in
                    TorchArchiveWriter.Member(
                        key.rawValue,
                        .tensor(.init(dtype: tensor.dtype, shape: tensor.shape, bytes: tensor.bytes))
                    )
                }
            }
            try TorchArchiveWriter.write(members + [.init("metadata", metadata.archived)], to: path)
        }
    }
}

extension SampleMetadata {
    /// Reads the header's field; metadata are for people, and tensors without them, or with others, can be learnt from.
    init(header text: String?) {
        // What cannot be read counts as absent, as said above.
        let stored = text.flatMap { try? JSONDecoder().decode(SampleMetadata.self, from: Data($0.utf8)) }
        self = stored ?? SampleMetadata()
    }

    /// The dictionary of a torch archive.
    var archived: TorchArchiveWriter.Value {
        func text(_ value: String?) -> TorchArchiveWriter.Value { value.map { .string($0) } ?? .none }
        var members: [TorchArchiveWriter.Member] = [
            .init("audio_path", .string(audioPath)), .init("filename", .string(filename)),
            .init("caption", .string(caption)), .init("lyrics", .string(lyrics)), .init("duration", .integer(duration)),
            .init("bpm", bpm.map { .integer($0) } ?? .none), .init("keyscale", .string(keyscale)),
            .init("timesignature", .string(timesignature)), .init("genre", .string(genre)),
            .init("is_instrumental", .boolean(isInstrumental)), .init("custom_tag", .string(customTag)),
            .init("prompt_override", text(promptOverride)), .init("repeat", .integer(`repeat`)),
        ]
        if prompt != nil { members.append(.init("prompt", text(prompt))) }
        if fingerprint != nil { members.append(.init("fingerprint", text(fingerprint))) }
        if soundFingerprint != nil { members.append(.init("sound_fingerprint", text(soundFingerprint))) }
        if let soundSeconds { members.append(.init("sound_seconds", .integer(soundSeconds))) }
        return .dictionary(members)
    }

    /// Reads the dictionary of a torch archive; what is missing or of another type has its default.
    init(archived value: PickleValue) {
        self.init()
        audioPath = value["audio_path"]?.stringValue ?? ""
        filename = value["filename"]?.stringValue ?? ""
        caption = value["caption"]?.stringValue ?? ""
        lyrics = value["lyrics"]?.stringValue ?? ""
        duration = value["duration"]?.floatValue.flatMap { Int(exactly: $0.rounded(.towardZero)) } ?? 0
        bpm = value["bpm"]?.integerValue
        keyscale = value["keyscale"]?.stringValue ?? ""
        timesignature = value["timesignature"]?.stringValue ?? ""
        genre = value["genre"]?.stringValue ?? ""
        if case .boolean(let flag) = value["is_instrumental"] { isInstrumental = flag }
        customTag = value["custom_tag"]?.stringValue ?? ""
        promptOverride = value["prompt_override"]?.stringValue
        `repeat` = max(1, value["repeat"]?.integerValue ?? 1)
        prompt = value["prompt"]?.stringValue
        fingerprint = value["fingerprint"]?.stringValue
        soundFingerprint = value["sound_fingerprint"]?.stringValue
        soundSeconds = value["sound_seconds"]?.integerValue
    }
}
