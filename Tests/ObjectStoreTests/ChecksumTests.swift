// SPDX-License-Identifier: Apache-2.0

import Checksums
import NIOCore
import ObjectStore
import ObjectStoreTestSupport
import Testing

@Suite("Checksums")
struct ChecksumTests {
    @Test(
        "Check values of the catalogue of CRCs",
        arguments: [
            (ChecksumAlgorithm.crc64nvme, "ae8b14860a799888"), (.crc32c, "e3069283"), (.crc32, "cbf43926"),
            (.sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
            (.sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        ]
    )
    func checkValues(algorithm: ChecksumAlgorithm, expected: String) {
        var hasher = ChecksumHasher(algorithm)
        hasher.update(bytes: Array("123456789".utf8))
        #expect(Hexadecimal.encode(hasher.finalBytes) == expected)
    }

    @Test("Pieces of any size give the value of the whole", arguments: ChecksumAlgorithm.allCases)
    func pieces(algorithm: ChecksumAlgorithm) {
        let bytes = patternBytes(10_000)
        let whole = ChecksumHasher.checksum(algorithm, of: ByteBuffer(bytes: bytes))
        for size in [1, 3, 15, 16, 17, 31, 1000] {
            var hasher = ChecksumHasher(algorithm)
            for start in stride(from: 0, to: bytes.count, by: size) {
                hasher.update(bytes: Array(bytes[start..<min(start + size, bytes.count)]))
            }
            #expect(hasher.finalized() == whole)
        }
    }

    @Test(
        "Folding and tables give the same code, at every length and alignment",
        arguments: [CyclicRedundancyCode.Polynomial.nvme64, .castagnoli32, .zip32]
    )
    func folding(polynomial: CyclicRedundancyCode.Polynomial) {
        let bytes = patternBytes(5000, seed: 8)
        for start in 0..<17 {
            for count in Array(0..<300) + [511, 512, 1024, 1025, 4095, 4900] {
                var (folded, stepped) = (CyclicRedundancyCode(polynomial), CyclicRedundancyCode(polynomial))
                unsafe bytes.withUnsafeBytes { whole in
                    let part = unsafe UnsafeRawBufferPointer(rebasing: whole[start..<start + count / 2])
                    let rest = unsafe UnsafeRawBufferPointer(rebasing: whole[start + count / 2..<start + count])
                    unsafe folded.update(part)
                    unsafe folded.update(rest)
                    unsafe stepped.step(part)
                    unsafe stepped.step(rest)
                }
                if folded != stepped { Issue.record("\(count) bytes from \(start)") }
            }
        }
    }

    @Test("The whole's CRC follows from the parts'", arguments: ChecksumAlgorithm.allCases.filter(\.isCombinable))
    func combined(algorithm: ChecksumAlgorithm) throws {
        let bytes = patternBytes(100_003)
        for cuts in [[0, 100_003], [0, 1, 100_003], [0, 50_000, 50_000, 100_003], [0, 8, 4096, 65_536, 100_003]] {
            let parts = zip(cuts, cuts.dropFirst()).map { start, end in
                let piece = ByteBuffer(bytes: bytes[start..<end])
                return (base64: ChecksumHasher.checksum(algorithm, of: piece).base64, size: end - start)
            }
            let whole = try #require(Checksum.combined(algorithm, parts: parts))
            #expect(whole == ChecksumHasher.checksum(algorithm, of: ByteBuffer(bytes: bytes)))
        }
    }

    @Test("A hash of parts is the hash of their hashes, marked with their number")
    func composite() throws {
        let parts = [ByteBuffer(string: "a"), ByteBuffer(string: "b")].map {
            (base64: ChecksumHasher.checksum(.sha256, of: $0).base64, size: 1)
        }
        let whole = try #require(Checksum.combined(.sha256, parts: parts))
        #expect(whole.compositePartCount == 2)
        #expect(whole.headerValue.hasSuffix("-2"))
        #expect(Checksum(.sha256, header: whole.headerValue) == whole)
    }

    @Test(
        "Malformed values are refused",
        arguments: ["", "AAAA", "not base64 at all", "AAAAAAAAAAA=-0", "AAAAAAAAAAA=-x"]
    )
    func malformed(text: String) {
        #expect(Checksum(.crc64nvme, header: text) == nil)
    }

    @Test("Hexadecimal text that is none is refused")
    func hexadecimal() {
        #expect(Hexadecimal.decode("00ff") == [0, 255])
        #expect(Hexadecimal.decode("0") == nil)
        #expect(Hexadecimal.decode("zz") == nil)
    }
}
