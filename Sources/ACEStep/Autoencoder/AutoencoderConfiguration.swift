// SPDX-License-Identifier: Apache-2.0

/// The sizes of an Oobleck autoencoder, read from its `config.json`.
public struct AutoencoderConfiguration: Sendable, Equatable {
    /// By how much each encoder block shortens, from the waveform down.
    public let downsamplingRatios: [Int]
    /// Width of each encoder block in units of the base width.
    public let channelMultiples: [Int]
    /// The encoder's base width; its output has as many channels, a mean and a scale for each latent channel.
    public let encoderChannels: Int
    /// The decoder's base width.
    public let decoderChannels: Int
    /// Channels of the latents.
    public let latentChannels: Int
    /// Channels of the waveform.
    public let audioChannels: Int
    /// Samples in a second.
    public let sampleRate: Int

    /// Samples of one latent frame.
    public var hop: Int { downsamplingRatios.reduce(1, *) }

    private struct Raw: Decodable {
        var downsamplingRatios: [Int]?
        var channelMultiples: [Int]?
        var encoderHiddenSize: Int?
        var decoderChannels: Int?
        var decoderInputChannels: Int?
        var audioChannels: Int?
        var samplingRate: Int?
    }

    /// Reads the configuration in `directory`.
    ///
    /// - Throws: ``ModelError/configuration(file:reason:)``.
    public init(directory: String) throws {
        let file = directory + "/config.json"
        let raw = try ConfigurationFile.decode(Raw.self, from: file)
        downsamplingRatios = raw.downsamplingRatios ?? [2, 4, 4, 6, 10]
        channelMultiples = raw.channelMultiples ?? [1, 2, 4, 8, 16]
        encoderChannels = raw.encoderHiddenSize ?? 128
        decoderChannels = raw.decoderChannels ?? 128
        latentChannels = raw.decoderInputChannels ?? 64
        audioChannels = raw.audioChannels ?? 2
        sampleRate = raw.samplingRate ?? 48_000
        guard !downsamplingRatios.isEmpty, downsamplingRatios.count == channelMultiples.count,
            downsamplingRatios.count <= 16, downsamplingRatios.allSatisfy({ (1...64).contains($0) }),
            channelMultiples.allSatisfy({ (1...1024).contains($0) }), (1...65_536).contains(encoderChannels),
            (1...65_536).contains(decoderChannels), (1...4096).contains(latentChannels),
            (1...64).contains(audioChannels), (1...768_000).contains(sampleRate)
        else { throw ModelError.configuration(file: file, reason: "its sizes are not those of an Oobleck autoencoder") }
        guard downsamplingRatios.allSatisfy({ $0 % 2 == 0 }) else {
            throw ModelError.configuration(
                file: file,
                reason: "odd downsampling_ratios \(downsamplingRatios) do not keep lengths exact"
            )
        }
    }
}
