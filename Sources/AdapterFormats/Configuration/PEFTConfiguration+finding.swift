// SPDX-License-Identifier: Apache-2.0

extension PEFTConfiguration {
    /// Whether PEFT wrote the settings, so that its defaults apply.
    package var isPEFT: Bool { type != nil }

    /// Whether the settings are those of a PEFT OFT.
    package var isRotation: Bool { type?.uppercased() == "OFT" }

    /// Finds the settings of the adapter at a location.
    ///
    /// They are in `adapter_config.json`, else in what diffusers or kohya put into the file's metadata. Nil if there are
    /// none.
    ///
    /// - Throws: `AdapterFormatError` if settings are there but cannot be used.
    package static func find(at location: AdapterLocation, metadata: [String: String]) throws -> PEFTConfiguration? {
        if let path = location.configuration {
            return try PEFTConfiguration(SmallFile.readObject(path), source: path)
        }
        if let text = metadata["lora_adapter_metadata"] {
            return try diffusers(text, source: "\(location.weights), metadata 'lora_adapter_metadata'")
        }
        guard let text = metadata["ss_network_alpha"], let alpha = Double(text) else { return nil }
        var object = JSONObject()
        object.set("lora_alpha", .number(alpha))
        return try PEFTConfiguration(object, source: "\(location.weights), metadata 'ss_network_alpha'")
    }

    /// Diffusers writes one object for all models of a pipeline, with the model's name in front of each key.
    private static func diffusers(_ text: String, source: String) throws -> PEFTConfiguration {
        guard text.utf8.count <= SmallFile.maximumByteCount else {
            throw AdapterFormatError.limitExceeded(source: source, reason: "\(text.utf8.count) bytes")
        }
        let object = try JSONParser.parseObject(Array(text.utf8), source: source)
        let transformer = object.removingPrefix("transformer.")
        return try PEFTConfiguration(transformer.isEmpty ? object : transformer, source: source)
    }
}

extension AdapterLocation {
    /// Whether Side-Step's own files lie beside the adapter, or where it puts them above its `final`.
    package var isSideStepOutput: Bool {
        [directory, Self.parent(of: directory)].contains { directory in
            Self.isFile(Self.join(directory, "sidestep_adapter_config.json"))
        }
    }
}
