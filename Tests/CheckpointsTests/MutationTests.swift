// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import TestSupport
import Testing

/// Random damage to valid files: a reader either throws its own error or describes only bytes that are there.
struct MutationTests {
    // Each round has a file of its own: writing one again makes some file systems wait for the disk.
    private static let roundCount = 500

    /// Flips, overwrites, inserts or removes a few bytes, or cuts the file off.
    private func mutate(_ original: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
            let position = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1: bytes[position] = UInt8.random(in: 0...255, using: &generator)
            case 2: bytes[position] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
            case 3: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: position)
            case 4: bytes.remove(at: position)
            default: bytes.removeLast(Int.random(in: 0...min(64, bytes.count), using: &generator))
            }
        }
        return bytes
    }

    @Test("A damaged safetensors file is refused or read within its bounds", arguments: ["types", "odd", "none"])
    func safetensors(name: String) throws {
        let original = try Fixture.bytes("\(name).safetensors")
        let directory = try TemporaryDirectory()
        var generator = SeededGenerator(seed: 1)
        var refused = 0
        for round in 0..<Self.roundCount {
            let bytes = mutate(original, &generator)
            let path = try directory.write(bytes, to: "\(round).safetensors")
            do {
                let file = try SafetensorsFile(path: path)
                var sum = 0
                for tensor in file.tensors.values {
                    #expect(tensor.byteRange.upperBound <= bytes.count)
                    #expect(tensor.shape.reduce(1, *) * tensor.dtype.byteCount == tensor.byteRange.count)
                    sum += tensor.byteRange.count
                    let read = try unsafe file.withBytes(of: tensor.name) { buffer in unsafe [UInt8](buffer) }
                    #expect(read == Array(bytes[tensor.byteRange]))
                }
                #expect(sum == (file.tensors.values.map(\.byteRange.lowerBound).min().map { bytes.count - $0 } ?? 0))
            } catch is CheckpointError {
                refused += 1
            }
        }
        #expect(refused > Self.roundCount / 4)
    }

    @Test(
        "A damaged torch archive is refused or read within its bounds",
        arguments: ["tensor", "strided", "types", "state_dict", "training_state"]
    )
    func archive(name: String) throws {
        let original = try Fixture.bytes("\(name).pt")
        let directory = try TemporaryDirectory()
        var generator = SeededGenerator(seed: 2)
        var refused = 0
        for round in 0..<Self.roundCount {
            let bytes = mutate(original, &generator)
            let path = try directory.write(bytes, to: "\(round).pt")
            do {
                let archive = try TorchArchive(path: path)
                for (name, tensor) in archive.tensors {
                    #expect(tensor.storageByteRange.upperBound <= bytes.count)
                    #expect(tensor.storageByteRange.contains(tensor.byteRange) || tensor.byteRange.isEmpty)
                    let copy = try archive.contiguousBytes(name)
                    #expect(copy.count == tensor.elementCount * tensor.dtype.byteCount)
                }
            } catch {
                // Typed: the reader throws nothing but CheckpointError.
                refused += 1
            }
        }
        #expect(refused > Self.roundCount / 10)
    }
}
