// SPDX-License-Identifier: Apache-2.0

public import ACEStep
import FoundationEssentials

/// A request as a JSON file: `tags`, `lyrics`, `duration`, `num_inference_steps`, `guidance_scale`, `shift`, `seed`,
/// `vocal_language`, `bpm`, `keyscale`, `timesignature`, `batch`, and `adapters: [{"ref", "weight", "span", "groups"}]`.
public struct RequestFile: Sendable, Equatable {
    /// What the music should be like.
    public let request: MusicRequest
    /// The adapters it asks for; nil leaves the choice to the caller.
    public let adapters: [AdapterReference]?
    /// Fields that mean nothing here, sorted.
    public let unknownFields: [String]

    /// Reads the file at `path`.
    ///
    /// - Throws: ``EngineError/request(file:reason:)``.
    public init(path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw EngineError.request(file: path, reason: "cannot be read")
        }
        guard data.count <= 16 << 20 else {
            throw EngineError.request(file: path, reason: "is \(data.count) bytes, too large for a request")
        }
        try self.init(json: data, file: path)
    }

    /// Reads a request's JSON.
    ///
    /// - Parameters:
    ///   - json: a JSON object of the fields that ``RequestFile`` lists.
    ///   - file: what to call the JSON in errors.
    /// - Throws: ``EngineError/request(file:reason:)`` that names the field.
    init(json: Data, file: String) throws {
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: json)
        } catch let error as EngineError {
            throw EngineError.request(file: file, reason: error.description)
        } catch let error as DecodingError {
            throw EngineError.request(
                file: file,
                reason: Self.reason(error, isObject: (try? Self.names(in: json)) != nil)
            )
        }
        var request = MusicRequest(tags: fields.tags ?? "")
        request.lyrics = fields.lyrics ?? ""
        request.duration = fields.duration ?? request.duration
        request.steps = fields.steps
        request.guidance = fields.guidance
        request.shift = fields.shift
        request.seed = fields.seed.flatMap { $0 < 0 ? nil : UInt64($0) }
        let written = WrittenNumbers(json)
        request.bpm = fields.bpm.flatMap { Self.number(written["bpm"] ?? $0.text) }
        request.keyScale = fields.keyScale
        request.timeSignature = written["timesignature"] ?? fields.timeSignature?.text
        request.vocalLanguage = fields.vocalLanguage ?? request.vocalLanguage
        request.batch = fields.batch ?? request.batch
        request.guidanceInterval = GuidanceInterval(
            start: fields.guidanceStart ?? 0,
            end: fields.guidanceEnd ?? 1
        )
        self.request = request
        adapters = fields.adapters?.map(\.reference)
        unknownFields = try Self.names(in: json).filter { Fields.CodingKeys(stringValue: $0) == nil }.sorted()
    }

    /// Nil where the text is no number or not above zero: then the prompt says "N/A".
    private static func number(_ text: String) -> WrittenNumber? {
        WrittenNumber(text).flatMap { $0.value > 0 ? $0 : nil }
    }

    private static func names(in json: Data) throws -> [String] {
        struct Names: Decodable {
            struct Name: CodingKey {
                let stringValue: String
                let intValue: Int? = nil
                init?(stringValue: String) { self.stringValue = stringValue }
                init?(intValue: Int) { nil }
            }
            let all: [String]
            init(from decoder: any Decoder) throws {
                all = try decoder.container(keyedBy: Name.self).allKeys.map(\.stringValue)
            }
        }
        return try JSONDecoder().decode(Names.self, from: json).all
    }

    private static func reason(_ error: DecodingError, isObject: Bool) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            if !path.isEmpty { return "field '\(path)' has the wrong type" }
            // Of a number that is not whole the decoder says neither the field nor that the rest is well.
            return isObject
                ? "a number is not whole, or too large, where a whole one is due (steps, seed, batch)"
                : "is not a JSON object"
        case .keyNotFound(let key, _): return "field '\(key.stringValue)' is missing"
        @unknown default: return "is not a request"
        }
    }
}

/// The fields as the file names them.
private struct Fields: Decodable {
    enum CodingKeys: String, CodingKey {
        case tags, lyrics, duration, shift, seed, bpm, batch, adapters
        case steps = "num_inference_steps"
        case guidance = "guidance_scale"
        case keyScale = "keyscale"
        case timeSignature = "timesignature"
        case vocalLanguage = "vocal_language"
        case guidanceStart = "cfg_interval_start"
        case guidanceEnd = "cfg_interval_end"
    }

    var tags: String?
    var lyrics: String?
    var duration: Double?
    var steps: Int?
    var guidance: Double?
    var shift: Double?
    var seed: Int64?
    var bpm: WrittenValue?
    var keyScale: String?
    var timeSignature: WrittenValue?
    var vocalLanguage: String?
    var batch: Int?
    var guidanceStart: Double?
    var guidanceEnd: Double?
    var adapters: [RequestedAdapter]?
}

/// A value that may be written as a number or as text.
private struct WrittenValue: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let whole = try? container.decode(Int.self) {  // not a whole number: tried as another type next
            text = String(whole)
        } else if let number = try? container.decode(Double.self) {  // not a number: must be text
            text = "\(number)"
        } else {
            text = try container.decode(String.self)
        }
    }
}
