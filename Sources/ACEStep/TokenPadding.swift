// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Tokenizer

/// How a tokenizer fills up what is too short, as the `tokenizer_config.json` beside it says.
///
/// Lumina itself fills up nothing; Side-Step does.
struct TokenPadding {
    /// The token that fills up.
    let token: Int64
    /// Whether it stands before the text.
    let isLeft: Bool

    /// What Hugging Face's Qwen tokenizers take where the file says nothing.
    private static let usualToken = "<|endoftext|>"

    private struct Raw: Decodable {
        var padToken: Token?
        var paddingSide: String?
    }

    /// A token is written as text, or as an object with its text in it.
    private struct Token: Decodable {
        let text: String

        private enum Keys: String, CodingKey { case content }

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {  // else it is an object
                self.text = text
            } else {
                text = try decoder.container(keyedBy: Keys.self).decode(String.self, forKey: .content)
            }
        }
    }

    /// Reads the file.
    ///
    /// - Parameters:
    ///   - tokenizer: knows the token's number.
    ///   - path: the `tokenizer.json`, beside which the file lies; without one the usual token comes after the text.
    /// - Throws: ``ModelError/configuration(file:reason:)``.
    init(_ tokenizer: BytePairTokenizer, path: String) throws {
        let slash = path.lastIndex(of: "/")
        let file = (slash.map { String(path[...$0]) } ?? "") + "tokenizer_config.json"
        let raw =
            FileManager.default.fileExists(atPath: file) ? try ConfigurationFile.decode(Raw.self, from: file) : Raw()
        let text = raw.padToken?.text ?? Self.usualToken
        guard let id = tokenizer.id(of: text) else {
            throw ModelError.configuration(file: file, reason: "pad_token '\(text)' is no token of \(path)")
        }
        token = Int64(id)
        switch raw.paddingSide {
        case nil, "right": isLeft = false
        case "left": isLeft = true
        case let side?:
            throw ModelError.configuration(file: file, reason: "padding_side is '\(side)', expected left or right")
        }
    }

    /// Fills up.
    ///
    /// - Parameters:
    ///   - ids: tokens, no more than `length`.
    ///   - length: how many there are to be.
    /// - Returns: `length` tokens, and where in them the given ones are.
    func filled(_ ids: [Int], to length: Int) -> (ids: [Int64], real: Range<Int>) {
        let rest = [Int64](repeating: token, count: length - ids.count)
        let real = ids.map(Int64.init)
        return isLeft ? (rest + real, rest.count..<length) : (real + rest, 0..<real.count)
    }
}
