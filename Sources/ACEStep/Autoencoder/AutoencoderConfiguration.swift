// SPDX-License-Identifier: Apache-2.0

package import FoundationEssentials

/// The sizes of an Oobleck autoencoder, read from its `config.json`.
public struct AutoencoderConfiguration: Sendable, Equatable {
    /// By how much each encoder block shortens, from the waveform down.
    public let downsamplingRatios: [Int]
    /// Width behind each encoder block in units of the base width.
    public let channelMultiples: [Int]
    /// The encoder's base width; its output has a mean and a scale for each latent channel, whatever this is.
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

    /// What the file says; a field that is absent has the released models' value.
    private struct Raw: Codable {
        var downsamplingRatios: [Int]?
        var channelMultiples: [Int]?
        var encoderHiddenSize: Int?
        var encoderChannels: Int?
        var decoderChannels: Int?
        var decoderInputChannels: Int?
        var audioChannels: Int?
        var samplingRate: Int?
    }

    /// Reads the configuration in `directory`.
    ///
    /// Diffusers' `encoder_hidden_size` is both the encoder's base width and the number of channels it puts out, which are two for
    /// each latent channel. `encoder_channels`, a field of our own, gives small autoencoders a base width of its own.
    ///
    /// - Parameter directory: has the `config.json`.
    /// - Throws: ``ModelError/configuration(file:reason:)``.
    public init(directory: String) throws {
        let file = directory + "/config.json"
        do {
            try self.init(ConfigurationFile.decode(Raw.self, from: file))
        } catch let refusal as Refusal {
            throw ModelError.configuration(file: file, reason: refusal.reason)
        }
    }

    /// Names the sizes of an autoencoder that is to be made.
    ///
    /// - Parameters:
    ///   - downsamplingRatios: by how much each encoder block shortens, from the waveform down; even.
    ///   - channelMultiples: the width behind each encoder block in units of the base width.
    ///   - encoderChannels: the encoder's base width.
    ///   - decoderChannels: the decoder's base width.
    ///   - latentChannels: channels of the latents.
    ///   - audioChannels: channels of the waveform.
    ///   - sampleRate: samples in a second.
    /// - Throws: ``ModelError/configuration(file:reason:)`` for sizes that no autoencoder can have.
    package init(
        downsamplingRatios: [Int],
        channelMultiples: [Int],
        encoderChannels: Int,
        decoderChannels: Int,
        latentChannels: Int = 64,
        audioChannels: Int = 2,
        sampleRate: Int = 48_000
    ) throws {
        do {
            try self.init(
                Raw(
                    downsamplingRatios: downsamplingRatios,
                    channelMultiples: channelMultiples,
                    encoderHiddenSize: 2 * min(latentChannels, 1 << 32),
                    encoderChannels: encoderChannels,
                    decoderChannels: decoderChannels,
                    decoderInputChannels: latentChannels,
                    audioChannels: audioChannels,
                    samplingRate: sampleRate
                )
            )
        } catch let refusal as Refusal {
            throw ModelError.configuration(file: "the autoencoder's sizes", reason: refusal.reason)
        }
    }

    private struct Refusal: Error {
        let reason: String
    }

    private init(_ raw: Raw) throws {
        downsamplingRatios = raw.downsamplingRatios ?? [2, 4, 4, 6, 10]
        channelMultiples = raw.channelMultiples ?? [1, 2, 4, 8, 16]
        let hiddenSize = raw.encoderHiddenSize ?? 128
        encoderChannels = raw.encoderChannels ?? hiddenSize
        decoderChannels = raw.decoderChannels ?? 128
        latentChannels = raw.decoderInputChannels ?? 64
        audioChannels = raw.audioChannels ?? 2
        sampleRate = raw.samplingRate ?? 48_000
        for (field, value, range) in [
            ("encoder_hidden_size", hiddenSize, 1...65_536), ("encoder_channels", encoderChannels, 1...65_536),
            ("decoder_channels", decoderChannels, 1...65_536), ("decoder_input_channels", latentChannels, 1...4096),
            ("audio_channels", audioChannels, 1...64), ("sampling_rate", sampleRate, 1...768_000),
        ] where !range.contains(value) {
            throw Refusal(reason: "\(field) is \(value), not one of \(range.lowerBound) to \(range.upperBound)")
        }
        guard !downsamplingRatios.isEmpty, downsamplingRatios.count == channelMultiples.count,
            downsamplingRatios.count <= 16, downsamplingRatios.allSatisfy({ (1...64).contains($0) }),
            channelMultiples.allSatisfy({ (1...1024).contains($0) })
        else {
            throw Refusal(
                reason:
                    "downsampling_ratios \(downsamplingRatios) and channel_multiples \(channelMultiples) are not those of "
                    + "an Oobleck autoencoder: 1 to 16 of each, as many of the one as of the other"
            )
        }
        guard downsamplingRatios.allSatisfy({ $0 % 2 == 0 }) else {
            throw Refusal(reason: "odd downsampling_ratios \(downsamplingRatios) do not keep lengths exact")
        }
        guard raw.encoderChannels == nil || hiddenSize == 2 * latentChannels else {
            throw Refusal(
                reason:
                    "encoder_hidden_size is \(hiddenSize): beside encoder_channels it is the encoder's output, two for each "
                    + "of the \(latentChannels) decoder_input_channels"
            )
        }
    }

    /// The `config.json` of an autoencoder of these sizes.
    package var json: Data {
        get throws {
            let encoder = JSONEncoder()
            encoder.keyEncodingStrategy = .convertToSnakeCase
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            let raw = Raw(
                downsamplingRatios: downsamplingRatios,
                channelMultiples: channelMultiples,
                encoderHiddenSize: 2 * latentChannels,
                encoderChannels: encoderChannels == 2 * latentChannels ? nil : encoderChannels,
                decoderChannels: decoderChannels,
                decoderInputChannels: latentChannels,
                audioChannels: audioChannels,
                samplingRate: sampleRate
            )
            return try encoder.encode(raw)
        }
    }
}
