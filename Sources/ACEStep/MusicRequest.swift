// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// What a piece of music should be like.
public struct MusicRequest: Sendable, Equatable {
    /// The description; goes into the caption verbatim.
    public var tags: String
    /// The lyrics; `[Instrumental]` for none.
    public var lyrics: String
    /// Seconds of music, 0.1 … 600.
    public var duration: Double
    /// Denoising steps; the adapter's or the variant's default if nil.
    public var steps: Int?
    /// Guidance scale; the variant's default if nil.
    public var guidance: Double?
    /// Schedule shift; the adapter's or the variant's default if nil.
    public var shift: Double?
    /// Where the noise comes from; random if nil.
    public var seed: UInt64?
    /// Beats per minute, as it was written.
    public var bpm: WrittenNumber?
    /// Key and scale, such as "C minor".
    public var keyScale: String?
    /// Beats of a bar, such as "4".
    public var timeSignature: String?
    /// The code of the lyrics' language.
    public var vocalLanguage: String
    /// How many pieces, with consecutive seeds.
    public var batch: Int
    /// What the model is told to do.
    public var instruction: String
    /// The part of the run in which guidance applies.
    public var guidanceInterval: GuidanceInterval

    /// A request with the defaults of the command line.
    public init(
        tags: String,
        lyrics: String = "[Instrumental]",
        duration: Double = 60,
        steps: Int? = nil,
        guidance: Double? = nil,
        shift: Double? = nil,
        seed: UInt64? = nil,
        bpm: WrittenNumber? = nil,
        keyScale: String? = nil,
        timeSignature: String? = nil,
        vocalLanguage: String = "unknown",
        batch: Int = 1,
        instruction: String = Prompt.textToMusic,
        guidanceInterval: GuidanceInterval = .init()
    ) {
        self.tags = tags
        self.lyrics = lyrics
        self.duration = duration
        self.steps = steps
        self.guidance = guidance
        self.shift = shift
        self.seed = seed
        self.bpm = bpm
        self.keyScale = keyScale
        self.timeSignature = timeSignature
        self.vocalLanguage = vocalLanguage
        self.batch = batch
        self.instruction = instruction
        self.guidanceInterval = guidanceInterval
    }

    /// Latent frames in a second.
    public static let framesPerSecond = 25
    /// The durations that the model can be asked for, in seconds.
    public static let durations = 0.1...600.0
    /// The number of steps that can be asked for.
    public static let stepCounts = 1...1000
    /// The number of pieces that can be asked for at once.
    public static let batchSizes = 1...16

    /// Latent frames of the piece: ceil(25 · duration), in decimal arithmetic, so that 2.2 s are 55 frames.
    public var frames: Int {
        let exact = (Decimal(string: "\(duration)") ?? Decimal(duration)) * Decimal(Self.framesPerSecond)
        let near = Int(duration * Double(Self.framesPerSecond))
        return (near - 1...near + 2).first { Decimal($0) >= exact } ?? near
    }

    /// The duration as the metas state it: whole seconds, cut.
    public var wholeSeconds: Int { Int(duration) }

    /// Checks every parameter against its range.
    ///
    /// - Throws: ``ModelError/parameter(name:value:rule:)`` for the first that is out of it.
    public func validate() throws {
        func require(_ holds: Bool, _ name: String, _ value: String, _ rule: String) throws {
            guard holds else { throw ModelError.parameter(name: name, value: value, rule: rule) }
        }
        try require(
            Self.durations.contains(duration),
            "duration",
            "\(duration)",
            "it must be 0.1 to 600 seconds"
        )
        if let steps {
            try require(Self.stepCounts.contains(steps), "steps", "\(steps)", "it must be 1 to 1000")
        }
        if let guidance {
            try require(
                guidance.isFinite && (0...100).contains(guidance),
                "guidance",
                "\(guidance)",
                "it must be 0 to 100"
            )
        }
        if let shift {
            try require(
                shift.isFinite && shift > 0 && shift <= 100,
                "shift",
                "\(shift)",
                "it must be above 0 and at most 100"
            )
        }
        try require(Self.batchSizes.contains(batch), "batch", "\(batch)", "it must be 1 to 16")
        if let bpm {
            try require(bpm.value > 0 && bpm.value <= 1000, "bpm", bpm.text, "it must be above 0, at most 1000")
        }
        let interval = guidanceInterval
        try require(
            (0...1).contains(interval.start) && (0...1).contains(interval.end) && interval.start <= interval.end,
            "guidance interval",
            "\(interval.start)…\(interval.end)",
            "it must lie in 0…1, start before end"
        )
    }
}

/// A number that keeps the way it was written: the model reads "120.5" and "120" as text.
public struct WrittenNumber: Sendable, Equatable {
    /// The text that goes into the prompt.
    public let text: String
    /// The value.
    public let value: Double

    /// A number in decimal notation; nil for anything else.
    public init?(_ text: String) {
        guard let value = Double(text), value.isFinite, text.utf8.allSatisfy({ !Self.blank.contains($0) }) else {
            return nil
        }
        self.text = text
        self.value = value
    }

    /// A whole number.
    public init(_ value: Int) {
        text = String(value)
        self.value = Double(value)
    }

    private static let blank: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
}
