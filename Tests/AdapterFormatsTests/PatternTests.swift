// SPDX-License-Identifier: Apache-2.0

import AdapterFormats
import Foundation
import TestSupport
import Testing

@Suite("Patterns for ranks and alphas")
struct PatternTests {
    /// The alphas that modules get from an object of patterns, in file order; 1 where none matches.
    private func alphas(_ patterns: String, modules: [String]) throws -> [String: Double] {
        var tensors: [String: TensorFile.Entry] = [:]
        for module in modules { tensors.merge(AdapterDirectory.factors("base_model.model." + module)) { $1 } }
        let settings = #"{"peft_type":"LORA","lora_alpha":1,"alpha_pattern":\#(patterns)}"#
        let adapter = try AdapterDirectory().read(tensors, settings: settings)
        let pairs = adapter.modules.map {
            ($0.spelledPath.replacing("base_model.model.", with: ""), $0.lowRank?.alpha ?? -1)
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    private static let query = "layers.3.self_attn.q_proj"
    private static let other = "layers.13.self_attn.q_proj"

    /// A key, and whether it addresses `layers.3.self_attn.q_proj` and `layers.13.self_attn.q_proj`, by Python's
    /// `re.match(r"(.*\.)?(KEY)$", path)`.
    static let keys: [(key: String, query: Bool, other: Bool)] = [
        ("q_proj", true, true), ("proj", false, false), ("self_attn.q_proj", true, true),
        ("layers.3.self_attn.q_proj", true, false), ("3.self_attn.q_proj", true, false),
        (#"layers\\.3\\.self_attn\\.q_proj"#, true, false), ("^layers.3.self_attn.q_proj", true, false),
        ("layers.3.self_attn", false, false), (".*q_proj", true, true), (".*", true, true), ("", false, false),
        ("layers.[0-9].self_attn.q_proj", true, false), (#"layers\\.\\d+\\.self_attn\\.q_proj"#, true, true),
        (#"layers\\.1?3\\..*"#, true, true), ("layers.(1|2).*", false, true), ("layers.(3|4).*", true, false),
        ("(q|k)_proj", true, true), ("k_proj|q_proj", true, true), ("[^k]_proj", true, true),
        ("self_attn.._proj", true, true), (#"\\w_proj"#, true, true), ("q_proj$", true, true),
        ("q_proj\\n", false, false), ("Q_PROJ", false, false), (#"layers\\.\\d{2}\\..*"#, false, true),
        (#"(?:layers)\\.3\\..*"#, true, false), (#"(?P<n>layers)\\.3\\..*"#, true, false),
        (#".*\\bq_proj\\b"#, true, true),
    ]

    @Test("A key is a regular expression for the end of the path, from the start of one of its parts", arguments: keys)
    func matches(key: String, query: Bool, other: Bool) throws {
        let found = try alphas(#"{"\#(key)":7}"#, modules: [Self.query, Self.other])
        #expect(found[Self.query] == (query ? 7 : 1))
        #expect(found[Self.other] == (other ? 7 : 1))
    }

    @Test("The first key in file order wins, whatever the alphabet says")
    func order() throws {
        let found = try alphas(#"{"q_proj":5,"layers.3.self_attn.q_proj":9,"a":2}"#, modules: [Self.query])
        #expect(found == [Self.query: 5])
        let reversed = try alphas(#"{"layers.3.self_attn.q_proj":9,"q_proj":5}"#, modules: [Self.query, Self.other])
        #expect(reversed == [Self.query: 9, Self.other: 5])
        let twice = try alphas(#"{"q_proj":5,"k_proj":1,"q_proj":6}"#, modules: [Self.query])
        #expect(twice == [Self.query: 6])
    }

    @Test("A key in diffusers' or the original spelling finds the module in either")
    func spellings() throws {
        let found = try alphas(
            #"{"to_q":4,"self_attn.o_proj":3}"#,
            modules: [Self.query, "layers.3.self_attn.to_out.0"]
        )
        #expect(found == [Self.query: 4, "layers.3.self_attn.to_out.0": 3])
    }

    /// Keys that Python's `re` refuses, or whose syntax is not read, and words of the reason.
    static let invalid: [(key: String, reason: String)] = [
        ("(a", "'(' without ')'"), ("a)", "')' without '('"), ("*a", "nothing to repeat"), ("a**", "multiple repeat"),
        ("a{3,2}", "reversed"), ("[b-a]", "reversed"), ("[a", "'[' without ']'"), (#"a\\"#, "the pattern ends with"),
        (#"(a)\\1"#, "back references"),
        ("(?=a)", "not supported"), ("(?i)a", "not supported"), ("a*+", "possessive"), (#"\\q"#, "unknown escape"),
        ("a{99999}", "too large"), ("(a{100}){100}", "too large"),
    ]

    @Test("A key that is no expression is refused with the reason", arguments: invalid)
    func refused(key: String, reason: String) throws {
        let error = #expect(throws: AdapterFormatError.self) { try alphas(#"{"\#(key)":7}"#, modules: [Self.query]) }
        guard case .invalidPattern(let source, _, let found)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(source.hasSuffix("adapter_config.json"))
        #expect(found.contains(reason), "\(found)")
    }

    @Test("Patterns made to take exponential time take none")
    func pathological() throws {
        let module = "layers." + String(repeating: "a", count: 200) + "b"
        let clock = ContinuousClock()
        for key in ["(a+)+c", "(a|a)*c", "(a*)*c", "(.*)*(.*)*(.*)*c", "(a|aa)+$c"] {
            let start = clock.now
            let found = try alphas(#"{"\#(key)":7}"#, modules: [module])
            #expect(found == [module: 1])
            #expect(clock.now - start < .seconds(5), "\(key)")
        }
    }

    @Test("Many slow patterns for many modules run into a limit rather than on")
    func limit() throws {
        let slow = (0..<600).map { #""(a|b|c|d|e|_|[.]|[0-9]){0,100}x\#($0)":1"# }.joined(separator: ",")
        let modules = (0..<300).map { "layers.\($0)." + String(repeating: "abcde", count: 30) }
        let error = #expect(throws: AdapterFormatError.self) { try alphas("{\(slow)}", modules: modules) }
        #expect(error?.description.contains("take too long to match") == true, "\(String(describing: error))")
    }
}
