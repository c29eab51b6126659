// SPDX-License-Identifier: Apache-2.0

import Crypto
package import NIOCore

/// A body in S3's own chunks (`aws-chunked`), with signatures, a trailing checksum, or both.
package struct ChunkedBody: Sendable {
    /// The bytes of the object in each chunk but the last.
    package static let chunkSize = 64 << 10

    private let payload: RequestSigner.Payload
    private let trailer: Checksum?
    private let chunkSize: Int

    /// Describes a body.
    ///
    /// - Parameters:
    ///   - payload: One of the three chunked kinds.
    ///   - trailer: The checksum that follows the bytes, for the two kinds with a trailer.
    ///   - chunkSize: The bytes of the object in a chunk.
    package init(_ payload: RequestSigner.Payload, trailer: Checksum?, chunkSize: Int = ChunkedBody.chunkSize) {
        self.payload = payload
        self.trailer = trailer
        self.chunkSize = chunkSize
    }

    private var isSigned: Bool { payload != .unsignedChunksWithTrailer }

    /// The headers that go with the body.
    package func headers(size: Int) -> [(name: String, value: String)] {
        var headers = [("content-encoding", "aws-chunked"), ("x-amz-decoded-content-length", String(size))]
        if let trailer { headers.append(("x-amz-trailer", trailer.algorithm.headerName)) }
        return headers.map { (name: $0.0, value: $0.1) }
    }

    /// The size of the encoded body for an object of `size` bytes.
    package func encodedSize(of size: Int) -> Int {
        let signature = isSigned ? ";chunk-signature=".utf8.count + 64 : 0
        func chunk(_ count: Int) -> Int { String(count, radix: 16).utf8.count + signature + 2 + count + 2 }
        var total = size / chunkSize * chunk(chunkSize)
        if size % chunkSize > 0 { total += chunk(size % chunkSize) }
        total += chunk(0) - 2
        if let trailer { total += trailerLine(trailer).utf8.count + 2 }
        if trailer != nil && isSigned { total += "x-amz-trailer-signature:".utf8.count + 64 + 2 }
        return total + 2
    }

    /// The body, encoded.
    package func encoded(_ body: ByteBuffer, signer: ChunkSigner) -> ByteBuffer {
        var (rest, signer) = (body, signer)
        var output = ByteBuffer()
        output.reserveCapacity(encodedSize(of: body.readableBytes))
        while let chunk = rest.readSlice(length: min(chunkSize, rest.readableBytes)), chunk.readableBytes > 0 {
            writeHead(of: chunk, &signer, to: &output)
            output.writeImmutableBuffer(chunk)
            output.writeString("\r\n")
        }
        writeHead(of: ByteBuffer(), &signer, to: &output)
        if let trailer {
            let line = trailerLine(trailer)
            output.writeString(line + "\r\n")
            if isSigned {
                let hash = Hexadecimal.encode(SHA256.hash(data: Array((line + "\n").utf8)))
                output.writeString("x-amz-trailer-signature:" + signer.sign(trailerHash: hash) + "\r\n")
            }
        }
        output.writeString("\r\n")
        return output
    }

    private func writeHead(of chunk: ByteBuffer, _ signer: inout ChunkSigner, to output: inout ByteBuffer) {
        output.writeString(String(chunk.readableBytes, radix: 16))
        if isSigned {
            let hash = Hexadecimal.encode(unsafe chunk.withUnsafeReadableBytes { unsafe sha256($0) })
            output.writeString(";chunk-signature=" + signer.sign(chunkHash: hash))
        }
        output.writeString("\r\n")
    }

    private func sha256(_ bytes: UnsafeRawBufferPointer) -> SHA256.Digest {
        var hash = SHA256()
        unsafe hash.update(bufferPointer: bytes)
        return hash.finalize()
    }

    private func trailerLine(_ checksum: Checksum) -> String {
        checksum.algorithm.headerName + ":" + checksum.headerValue
    }
}
