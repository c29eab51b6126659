// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import Tokenizer

@Suite("Files that are not a tokenizer.json, or not one that can be followed")
struct HostileFileTests {
    /// A file with one broken place, and what the complaint must say.
    struct Broken: Sendable, CustomTestStringConvertible {
        var change: @Sendable (inout MinimalTokenizer) -> Void
        var field: String
        var complaint: String

        init(_ field: String, _ complaint: String, _ change: @escaping @Sendable (inout MinimalTokenizer) -> Void) {
            self.field = field
            self.complaint = complaint
            self.change = change
        }

        var testDescription: String { "\(field) \(complaint)" }
    }

    private static func token(_ id: Int, _ content: String, _ more: String = "") -> String {
        "[{\"id\":\(id),\"content\":\(content)\(more)}]"
    }

    private static func sequence(_ steps: String) -> String {
        #"{"type":"Sequence","pretokenizers":["# + steps + "]}"
    }

    private static func split(_ pattern: String, _ more: String = #""behavior":"Isolated""#) -> String {
        sequence(#"{"type":"Split","pattern":{"# + pattern + "}," + more + #"},{"type":"ByteLevel","use_regex":false}"#)
    }

    private static func template(_ single: String, _ specials: String = #"{"e":{"ids":[0]}}"#) -> String {
        #"{"type":"TemplateProcessing","single":["# + single + #"],"special_tokens":"# + specials + "}"
    }

    static let invalid: [Broken] = [
        Broken("model.type", "is not a string") { $0.modelType = "null" },
        Broken("model.vocab", "an id that is no integer") { $0.moreVocabulary = #","ab":"256""# },
        Broken("model.vocab", "an id that is no integer") { $0.moreVocabulary = #","ab":256.5"# },
        Broken("model.vocab", "an id that is no integer") { $0.moreVocabulary = #","ab":99999999999999999999"# },
        Broken("model.vocab", "gives 'abc' the id 258; 258 tokens") { $0.moreVocabulary = #","ab":256,"abc":258"# },
        Broken("model.vocab", "gives 'ab' the id -1") { $0.moreVocabulary = #","ab":-1"# },
        Broken("model.vocab", "gives 'ab' the id") { $0.moreVocabulary = #","ab":4294967552"# },
        Broken("model.vocab", "gives the id 256 to two tokens") { $0.moreVocabulary = #","ab":256,"abc":256"# },
        Broken("model.vocab", "the token 'ab' twice") { $0.moreVocabulary = #","ab":256,"ab":257"# },
        Broken("model.vocab", "the token 'ab' twice") { $0.moreVocabulary = #","ab":256,"\u0061b":257"# },
        Broken("model.merges", "is not a list") { $0.merges = "{}" },
        Broken("model.merges[0]", "joins 'a' and 'x', which are not all") { $0.merges = #"["a x"]"# },
        Broken("model.merges[0]", "joins 'abx' and 'c', which are not all") { $0.merges = #"["abx c"]"# },
        Broken("model.merges[0]", "is not two tokens") { $0.merges = #"["ab"]"# },
        Broken("model.merges[0]", "is not two tokens") { $0.merges = #"["a b c"]"# },
        Broken("model.merges[0]", "is not two tokens") { $0.merges = #"[" b"]"# },
        Broken("model.merges[0]", "is not two tokens") { $0.merges = #"["a "]"# },
        Broken("model.merges[0]", "is not two tokens") { $0.merges = #"[["a"]]"# },
        Broken("model.merges[0]", "is not two tokens") { $0.merges = #"[["a","b","c"]]"# },
        Broken("model.merges[0]", "is not two tokens") { $0.merges = #"[["a",1]]"# },
        Broken("model.merges[0]", "is not two tokens") { $0.merges = #"[["","ab"]]"# },
        Broken("model.merges[0]", "is not two tokens") { $0.merges = "[7]" },
        Broken("model.merges[1]", "repeats the pair 'a' and 'b'") { $0.merges = #"["a b",["a","b"]]"# },
        Broken("model.ignore_merges", "is not true or false") { $0.options = #""ignore_merges":1,"# },
        Broken("version", "is not a string") { $0.version = "1" },
        Broken("added_tokens[0]", "is not an object") { $0.addedTokens = "[3]" },
        Broken("added_tokens[0].id", "is not an integer") {
            $0.addedTokens = token(0, #""x""#).replacing("0", with: "null")
        },
        Broken("added_tokens[0].content", "is not a string") { $0.addedTokens = token(258, "5") },
        Broken("added_tokens[0].content", "is empty") { $0.addedTokens = token(258, #""""#) },
        Broken("added_tokens[0].lstrip", "is not true or false") {
            $0.addedTokens = token(258, #""x y""#, #","lstrip":0"#)
        },
        Broken("added_tokens[0]", "gives '<x>' the id 300, where 258 is its place") {
            $0.addedTokens = token(300, #""<x>""#)
        },
        Broken("added_tokens[0]", "gives 'ab' the id 258, where 256 is its place") {
            $0.addedTokens = token(258, #""ab""#)
        },
        Broken("added_tokens[1]", "repeats the token '<x>'") {
            $0.addedTokens = #"[{"id":258,"content":"<x>"},{"id":258,"content":"<x>"}]"#
        },
        Broken("added_tokens[1]", "becomes the same text as another token") {
            $0.normalizer = #"{"type":"NFC"}"#
            $0.addedTokens = #"[{"id":258,"content":"\u00e9z"},{"id":259,"content":"e\u0301z"}]"#
        },
        Broken("pre_tokenizer", "is not an object") { $0.preTokenizer = "[]" },
        Broken("pre_tokenizer.type", "is not a string") { $0.preTokenizer = "{}" },
        Broken("pre_tokenizer.pretokenizers", "is not a list") { $0.preTokenizer = #"{"type":"Sequence"}"# },
        Broken("pre_tokenizer.pretokenizers[0].behavior", "is not a string") {
            $0.preTokenizer = split("\"Regex\":\"\(gpt2)\"", #""x":1"#)
        },
        Broken("post_processor.single", "the text $A 0 times") { $0.postProcessor = template("") },
        Broken("post_processor.single", "the text $A 2 times") {
            $0.postProcessor = template(#"{"Sequence":{"id":"A"}},{"Sequence":{"id":"A"}}"#)
        },
        Broken("post_processor.single[0].Sequence", "names the text 'B'") {
            $0.postProcessor = template(#"{"Sequence":{"id":"B"}}"#)
        },
        Broken("post_processor.special_tokens.x", "is missing") {
            $0.postProcessor = template(#"{"SpecialToken":{"id":"x"}}"#)
        },
        Broken("post_processor.special_tokens.e.ids[0]", "is 258; the tokens are 0 to 257") {
            $0.postProcessor = template(#"{"SpecialToken":{"id":"e"}}"#, #"{"e":{"ids":[258]}}"#)
        },
    ]

    private static let gpt2 = #"'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"#

    static let unsupported: [Broken] = [
        Broken("version", "'2.0'") { $0.version = #""2.0""# },
        Broken("model.type", "'WordPiece'") { $0.modelType = #""WordPiece""# },
        Broken("model.byte_fallback", "true") { $0.options = #""byte_fallback":true,"# },
        Broken("model.dropout", "set") { $0.options = #""dropout":0.1,"# },
        Broken("model.end_of_word_suffix", "'</w>'") { $0.options = #""end_of_word_suffix":"</w>","# },
        Broken("model.continuing_subword_prefix", "'@@'") { $0.options = #""continuing_subword_prefix":"@@","# },
        Broken("normalizer", "'NFKC'") { $0.normalizer = #"{"type":"NFKC"}"# },
        Broken("normalizer.normalizers[1]", "'Lowercase'") {
            $0.normalizer = #"{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Lowercase"}]}"#
        },
        Broken("pre_tokenizer", "null") { $0.preTokenizer = "null" },
        Broken("pre_tokenizer", "'Whitespace'") { $0.preTokenizer = #"{"type":"Whitespace"}"# },
        Broken("pre_tokenizer", "a Sequence of 0 steps") { $0.preTokenizer = sequence("") },
        Broken("pre_tokenizer.pretokenizers[0]", "'Digits'") {
            $0.preTokenizer = sequence(#"{"type":"Digits"},{"type":"ByteLevel"}"#)
        },
        Broken("pre_tokenizer.pretokenizers[0]", "a fixed string") { $0.preTokenizer = split(#""String":" ""#) },
        Broken("pre_tokenizer.pretokenizers[0].pattern.Regex", #"the pattern \w+"#) {
            $0.preTokenizer = split(#""Regex":"\\w+""#)
        },
        Broken("pre_tokenizer.pretokenizers[0]", "behavior 'Removed', invert false") {
            $0.preTokenizer = split("\"Regex\":\"\(gpt2)\"", #""behavior":"Removed""#)
        },
        Broken("post_processor", "'BertProcessing'") { $0.postProcessor = #"{"type":"BertProcessing"}"# },
        Broken("post_processor", "2 templates") {
            $0.postProcessor = #"{"type":"Sequence","processors":["# + template("") + "," + template("") + "]}"
        },
        Broken("decoder", "null") { $0.decoder = "null" },
        Broken("decoder", "not ByteLevel") { $0.decoder = #"{"type":"WordPiece"}"# },
        Broken("added_tokens[0].single_word", "true") {
            $0.addedTokens = token(258, #""<x>""#, #","single_word":true"#)
        },
    ]

    @Test("A field that is wrong is named, with the file and the rule", arguments: invalid)
    func invalidFieldIsNamed(_ broken: Broken) {
        var file = MinimalTokenizer()
        broken.change(&file)
        let error = #expect(throws: TokenizerError.self) { try file.read() }
        guard case .invalidField("t.json", broken.field, let problem) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(problem.contains(broken.complaint))
        #expect(error?.description.hasPrefix("'t.json': '\(broken.field)' \(problem)") == true)
    }

    @Test("A step that cannot be followed exactly is refused by name", arguments: unsupported)
    func unsupportedStepIsRefused(_ broken: Broken) {
        var file = MinimalTokenizer()
        broken.change(&file)
        let error = #expect(throws: TokenizerError.self) { try file.read() }
        guard case .unsupported("t.json", broken.field, let found, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found.contains(broken.complaint))
        #expect(error?.description.contains("'\(broken.field)' is \(found)") == true)
    }

    @Test(
        "A missing section is named",
        arguments: [
            ("model", #""model": "#, #""other": "#),
            ("pre_tokenizer", #""pre_tokenizer": "#, #""other": "#),
            ("decoder", #""decoder": "#, #""other": "#),
            ("model.type", #""type":"BPE","#, ""),
            ("model.vocab", #""vocab":"#, #""other":"#),
            ("model.merges", #""merges":"#, #""other":"#),
        ]
    )
    func missingSectionIsNamed(_ field: String, key: String, replacement: String) {
        var file = MinimalTokenizer()
        if field == "model.vocab" { file.merges = "[]" }
        let json = file.json.replacing(key, with: replacement)
        #expect(throws: TokenizerError.invalidField(path: "t.json", field: field, problem: "is missing")) {
            try BytePairTokenizer(json: Array(json.utf8), path: "t.json")
        }
    }

    @Test("A byte without a token is named, since its text would be lost")
    func missingByteIsNamed() {
        let json = MinimalTokenizer().json.replacing(#""Ā":0,"#, with: #""zz":0,"#)
        let problem = "has no token for the byte 0"
        #expect(throws: TokenizerError.invalidField(path: "t.json", field: "model.vocab", problem: problem)) {
            try BytePairTokenizer(json: Array(json.utf8), path: "t.json")
        }
    }

    @Test("A path that cannot be read says why")
    func unreadablePathSaysWhy() throws {
        let folder = FileManager.default.temporaryDirectory
        #expect(throws: TokenizerError.cannotRead(path: "/nowhere/t.json", reason: "No such file or directory")) {
            try BytePairTokenizer(path: "/nowhere/t.json")
        }
        let reason = "it is not a file; name the tokenizer.json itself"
        for path in [folder.path, "/dev/zero"] {
            #expect(throws: TokenizerError.cannotRead(path: path, reason: reason)) { try BytePairTokenizer(path: path) }
        }
        let large = folder.appending(path: "tokenizer-\(UUID().uuidString).json")
        #expect(FileManager.default.createFile(atPath: large.path, contents: nil))
        defer { try? FileManager.default.removeItem(at: large) }
        try FileHandle(forWritingTo: large).truncate(atOffset: 200 << 20)  // a hole: takes no room
        let error = #expect(throws: TokenizerError.self) { try BytePairTokenizer(path: large.path) }
        #expect(error?.description.contains("209715200 bytes, more than the 134217728 allowed") == true)
    }
}
