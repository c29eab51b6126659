// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import Registry
import Testing

@Suite("Names")
struct NameTests {
    @Test(
        "Names lie where the users' layout has them",
        arguments: [
            ("multi-style-gen-c", "lora/multi-style-gen-c/"), ("loo-blues", "lora/loo-subsets/loo-blues/"),
            ("warm-pads-exp-01", "lora/experimental/warm-pads-exp-01/"), ("my.thing", "lora/my.thing/"),
            ("genre-gen-c-exp-12", "lora/experimental/genre-gen-c-exp-12/"),
        ]
    )
    func layout(_ name: String, _ folder: String) throws {
        #expect(try KeyLayout(kind: .lora).flatPrefix(RegistryName(name)) == folder)
    }

    @Test("Models and data sets have no folders between, and a prefix goes before all")
    func kinds() throws {
        let name = try RegistryName("loo-blues")
        #expect(try KeyLayout(kind: .models, prefix: "team/a/").flatPrefix(name) == "team/a/models/loo-blues/")
        #expect(try KeyLayout(kind: .datasets).logRoot == "datasets-registry/")
    }

    @Test(
        "Names that could leave their folder or forge text are refused",
        arguments: [
            "", ".", "..", "a/b", "../x", "a\\b", "a b", "a\u{0}b", "a\nb", ".hidden", "-option", "a..b", "ü", "a@b",
            "a:b", "a=b",
            "x.safetensors", "end.", String(repeating: "a", count: 101), "\u{202E}txt", "a%2fb", "*",
        ]
    )
    func hostile(_ name: String) {
        #expect(throws: RegistryError.self) { try RegistryName(name) }
    }

    @Test("A refused name does not put control characters into the message")
    func message() throws {
        let error = #expect(throws: RegistryError.self) { try RegistryName("a\u{1B}[2J\nerror: b") }
        let text = try #require(error).description
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 })
    }

    @Test(
        "A name outside the convention gets a name that fits",
        arguments: [
            ("blend", "blend-exp-01"), ("Warm_Pads", "warm-pads-exp-01"), ("warm-exp-1", "warm-exp-01"),
            ("final", "final-gen-a"),
        ]
    )
    func suggestion(_ name: String, _ suggestion: String) throws {
        let checked = try RegistryName(name)
        let error = #expect(throws: RegistryError.self) {
            try NameConvention.check(checked, kind: .lora, isForced: false)
        }
        #expect(try #require(error).message.contains(suggestion))
        try NameConvention.check(checked, kind: .lora, isForced: true)
        try NameConvention.check(checked, kind: .models, isForced: false)
    }

    @Test("The layout's own folders are nobody's name", arguments: ["experimental", "loo-subsets", "Experimental"])
    func reserved(_ name: String) throws {
        let checked = try RegistryName(name)
        #expect(throws: RegistryError.self) { try NameConvention.check(checked, kind: .lora, isForced: true) }
    }

    @Test("Versions are written 3 or v3")
    func versions() {
        #expect(VersionNumber.parse("3") == 3)
        #expect(VersionNumber.parse("v3") == 3)
        for text in ["", "v", "0", "-1", "v03x", "1.0", "٣", "99999999999", "V3"] {
            #expect(VersionNumber.parse(text) == nil, "\(text)")
        }
    }

    @Test(
        "Aliases cannot be mistaken for versions",
        arguments: [
            "3", "v3", "v0", "v", "v99999999999", "", "Prod", "a b", "a/b", "1st", String(repeating: "a", count: 65),
        ]
    )
    func aliases(_ text: String) { #expect(throws: RegistryError.self) { try AliasName(text) } }

    @Test("A tree's name tells when it began, for every random number")
    func treeNames() throws {
        let date = Date(timeIntervalSince1970: 1_790_000_123.456)
        for random in [UInt64(0), .max, 0x8000_0000_0000_0000, 12_345] {
            let id = TreeID(date: date, random: (random, ~random), digest: String(repeating: "3fa7", count: 16))
            let again = try #require(TreeID(id.text))
            #expect(abs(again.date.timeIntervalSince(date)) < 0.002)
            #expect(id.text.hasSuffix("-3fa73fa73fa7"))
        }
        for text in ["", "..", "01j/../x", "a-b", String(repeating: "u", count: 26) + "-000000000000"] {
            #expect(TreeID(text) == nil)
        }
    }
}
