// SPDX-License-Identifier: Apache-2.0

public import ACEStep
import FoundationEssentials

/// A request as a JSON file: `tags`, `lyrics`, `duration`, `num_inference_steps`, `guidance_scale`, `shift`, `seed`,
/// `vocal_language`, `bpm`, `keyscale`, `timesignature`, `batch`, and `adapters: [{"ref": …, "weight": …}]`.
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

    /// - Parameter file: what to call the JSON in errors.
    init(json: Data, file: String) throws {
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: json)
        } catch let error as DecodingError {
            throw EngineError.request(file: file, reason: Self.reason(error))
        }
        var request = MusicRequest(tags: fields.tags ?? "")
        request.lyrics = fields.lyrics ?? ""
        request.duration = fields.duration ?? request.duration
        request.steps = fields.num_inference_steps
        request.guidance = fields.guidance_scale
        request.shift = fields.shift
        request.seed = fields.seed.flatMap { $0 < 0 ? nil : UInt64($0) }
        request.bpm = fields.bpm?.number
        request.keyScale = fields.keyscale
        request.timeSignature = fields.timesignature?.text
        request.vocalLanguage = fields.vocal_language ?? request.vocalLanguage
        request.batch = fields.batch ?? request.batch
        request.guidanceInterval = GuidanceInterval(
            start: fields.cfg_interval_start ?? 0,
            end: fields.cfg_interval_end ?? 1
        )
        self.request = request
        adapters = fields.adapters?.map { AdapterReference($0.ref, weight: $0.weight ?? 1) }
        unknownFields = try Self.names(in: json).filter { Fields.CodingKeys(stringValue: $0) == nil }.sorted()
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

    private static func reason(_ error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? "is not a JSON object" : "field '\(path)' has the wrong type"
        case .keyNotFound(let key, _): return "field '\(key.stringValue)' is missing"
        @unknown default: return "is not a request"
        }
    }
}

/// The fields as the file names them.
private struct Fields: Decodable {
    struct Adapter: Decodable {
        var ref: String
        var weight: Double?
    }

    enum CodingKeys: String, CodingKey {
        case tags, lyrics, duration, num_inference_steps, guidance_scale, shift, seed, bpm, keyscale, timesignature
        case vocal_language, batch, cfg_interval_start, cfg_interval_end, adapters
    }

    var tags: String?
    var lyrics: String?
    var duration: Double?
    var num_inference_steps: Int?
    var guidance_scale: Double?
    var shift: Double?
    var seed: Int64?
    var bpm: WrittenValue?
    var keyscale: String?
    var timesignature: WrittenValue?
    var vocal_language: String?
    var batch: Int?
    var cfg_interval_start: Double?
    var cfg_interval_end: Double?
    var adapters: [Adapter]?
}

/// A value that may be written as a number or as text.
private struct WrittenValue: Decodable {
    let text: String

    /// Nil where the text is no number or not above zero: then the prompt says "N/A".
    var number: WrittenNumber? { WrittenNumber(text).flatMap { $0.value > 0 ? $0 : nil } }

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
