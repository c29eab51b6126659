// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Foundation
import TestSupport
import Testing

struct SafetensorsFileTests {
    @Test("Every type that Python wrote is read with its shape and bytes")
    func types() throws {
        let file = try SafetensorsFile(path: Fixture.path("types.safetensors"))
        #expect(file.names == Fixture.types.map(\.name).sorted())
        for (name, dtype) in Fixture.types {
            let tensor = try file.description(name)
            #expect(tensor.dtype == dtype)
            #expect(tensor.shape == [2, 3])
            #expect(tensor.elementCount == 6)
            let bytes = try unsafe file.withBytes(of: name) { buffer in unsafe [UInt8](buffer) }
            #expect(bytes == Fixture.zeroToFive(dtype))
        }
    }

    @Test("Scalars, empty tensors, escaped names and metadata are read as Python wrote them")
    func oddities() throws {
        let file = try SafetensorsFile(path: Fixture.path("odd.safetensors"))
        #expect(file.metadata == ["network \u{266A}": "line\nquote\" \\ \u{1} /"])
        #expect(try file.description("scalar").shape == [])
        #expect(try file.description("scalar").elementCount == 1)
        #expect(try file.description("empty").shape == [0, 4])
        #expect(try file.description("empty").byteRange.isEmpty)
        #expect(try file.description("quote\" back\\slash tab\t \u{E9} \u{4E2D}").dtype == .int64)
    }

    @Test("A file without tensors is legal")
    func noTensors() throws {
        let file = try SafetensorsFile(path: Fixture.path("none.safetensors"))
        #expect(file.names.isEmpty)
        #expect(file.metadata.isEmpty)
    }

    @Test("White space, any order of members and members of the future are legal")
    func liberties() throws {
        let header = """
             {\r\n\t"a" : { "data_offsets":[ 0 , 4 ], "x": [{"y": [], "z": {}}, -1.5e+3, "}", null, true, false], \
            "shape":[1], "dtype":"F32" } }   \n
            """.drop { $0 == " " }
        let directory = try TemporaryDirectory()
        let path = try directory.write(Fixture.safetensors(String(header), dataByteCount: 4), to: "a.safetensors")
        #expect(try SafetensorsFile(path: path).description("a").shape == [1])
    }

    @Test("A JSON escape gives the same name as the character itself")
    func escapes() throws {
        let header = #"{"\u0061\u00e9\ud83d\ude00\/\b\f\n\r\t\"\\":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#
        let directory = try TemporaryDirectory()
        let path = try directory.write(Fixture.safetensors(header), to: "a.safetensors")
        #expect(try SafetensorsFile(path: path).names == ["a\u{E9}\u{1F600}/\u{8}\u{C}\n\r\t\"\\"])
    }

    @Test("A tensor that does not lie on a multiple of its element size says so")
    func alignment() throws {
        let header =
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}"#
        let padded = header + String(repeating: " ", count: 8 - header.utf8.count % 8)
        let directory = try TemporaryDirectory()
        let path = try directory.write(Fixture.safetensors(padded, dataByteCount: 5), to: "a.safetensors")
        let file = try SafetensorsFile(path: path)
        #expect(try file.description("a").isAligned)
        #expect(try !file.description("b").isAligned)
    }

    @Test("A tensor that is not there is an error that names it and the file")
    func missingTensor() throws {
        let path = try Fixture.path("none.safetensors")
        let file = try SafetensorsFile(path: path)
        let error = try #require(throws: CheckpointError.self) { try file.description("lora_A.weight") }
        #expect(error.kind == .tensorMissing)
        #expect(error.tensor == "lora_A.weight")
        #expect(error.description.contains(path) && error.description.contains("'lora_A.weight'"))
    }

    @Test("Two thousand tensors are all found")
    func manyTensors() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path(of: "many.safetensors")
        let tensors = (0..<2000).map {
            TensorSpecification(name: "decoder.layers.\($0).self_attn.q_proj.weight", dtype: .bfloat16, shape: [1, 1])
        }
        try SafetensorsWriter.write(to: path, tensors: tensors) { _ in [0, 0] }
        let file = try SafetensorsFile(path: path)
        #expect(file.names == tensors.map(\.name).sorted())
        let ranges = file.tensors.values.map(\.byteRange).sorted { $0.lowerBound < $1.lowerBound }
        #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
    }

    @Test("Opening five gigabytes brings none of them into memory")
    func largeFile() throws {
        let directory = try TemporaryDirectory()
        let byteCount = 5 << 30
        let header = #"{"a":{"dtype":"BF16","shape":[\#(byteCount / 2)],"data_offsets":[0,\#(byteCount)]}}"#
        let path = try directory.write(Fixture.safetensors(header), to: "large.safetensors")
        // Sparse: the file system stores only the header.
        #expect(unsafe truncate(path, off_t(8 + header.utf8.count + byteCount)) == 0)
        let before = Self.residentBytes()
        let file = try SafetensorsFile(path: path)
        #expect(try file.description("a").byteRange.count == byteCount)
        // Other tests run beside this one and take some, but not as much.
        #expect(Self.residentBytes() - before < byteCount / 2)
    }

    /// What of this process is in memory; 0 where the system does not say.
    private static func residentBytes() -> Int {
        guard let statistics = FileManager.default.contents(atPath: "/proc/self/statm") else { return 0 }
        let fields = String(decoding: statistics, as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
}
