// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import ObjectStore
import ObjectStoreTestSupport
import Testing

/// The examples of the S3 API reference ("Authenticating Requests", header, query, chunked and trailing forms).
@Suite("RequestSigner: published examples")
struct RequestSignerTests {
    private static let host = (name: "host", value: "examplebucket.s3.amazonaws.com")
    private static let date = Date(timeIntervalSince1970: 1_369_353_600)
    private let signer = RequestSigner(
        Credentials(accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region: "us-east-1"
    )

    private func signature(_ request: SignableRequest, _ payload: RequestSigner.Payload = .empty) -> String {
        var request = request
        return signer.sign(&request, payload: payload, at: Self.date).last
    }

    @Test("GET of a range")
    func range() {
        let request = SignableRequest(method: "GET", path: "/test.txt", headers: [Self.host, ("range", "bytes=0-9")])
        #expect(signature(request) == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test("PUT of a key with a dollar sign")
    func put() {
        let request = SignableRequest(
            method: "PUT",
            path: "/test$file.text",
            headers: [
                Self.host, ("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ]
        )
        let payload = RequestSigner.Payload.hash("44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072")
        #expect(signature(request, payload) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test("A key that is kept signs as one that is made anew, also on another day, elsewhere and for others")
    func keptKeys() {
        let keys = SigningKeys()
        let request = SignableRequest(method: "GET", path: "/a", headers: [Self.host])
        let secrets = ["one", "one", "two", "one"]
        var signatures: Set<String> = []
        for (secret, day) in secrets.flatMap({ secret in [0.0, 0, 1, 2].map { (secret, $0) } }) {
            for region in ["us-east-1", "eu-central-1"] {
                let credentials = Credentials(accessKeyID: "ID", secretAccessKey: secret)
                let date = Self.date.addingTimeInterval(day * 86_400)
                var (kept, anew) = (request, request)
                RequestSigner(credentials, region: region, keys: keys).sign(&kept, payload: .empty, at: date)
                RequestSigner(credentials, region: region).sign(&anew, payload: .empty, at: date)
                let text = kept.headers.first { $0.name == "authorization" }?.value
                #expect(text != nil && text == anew.headers.first { $0.name == "authorization" }?.value)
                signatures.insert(text ?? "")
            }
        }
        #expect(signatures.count == 2 * 3 * 2, "secrets, days and regions have keys of their own")
    }

    @Test("Headers are signed by name, trimmed, those of one name together in their order")
    func canonicalHeaders() {
        let request = SignableRequest(
            method: "GET",
            path: "/",
            headers: [
                ("x-b", "  two   words\t"), ("X-A", "2"), ("host", "h"), ("x-a", "1"), ("x-c", ""), ("x-d", " "),
                ("x-e", "ä  ö"),
            ]
        )
        #expect(request.signedHeaders == "host;x-a;x-b;x-c;x-d;x-e")
        let lines = "GET\n/\n\nhost:h\nx-a:2,1\nx-b:two words\nx-c:\nx-d:\nx-e:ä ö\n"
        #expect(request.canonicalRequest(payload: "p") == lines + "\nhost;x-a;x-b;x-c;x-d;x-e\np")
    }

    @Test("GET of a flag without a value")
    func lifecycle() {
        let request = SignableRequest(method: "GET", path: "/", query: [("lifecycle", "")], headers: [Self.host])
        #expect(signature(request) == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
    }

    @Test("GET of a listing")
    func list() {
        let request = SignableRequest(
            method: "GET",
            path: "/",
            query: [("prefix", "J"), ("max-keys", "2")],
            headers: [Self.host]
        )
        #expect(signature(request) == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test("A signature in the query")
    func presigned() {
        var request = SignableRequest(method: "GET", path: "/test.txt", headers: [Self.host])
        signer.presign(&request, at: Self.date, seconds: 86_400)
        #expect(
            request.query.last?.value == "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        )
        #expect(request.target.hasPrefix("/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA"))
    }

    private func chunkRequest(_ body: ChunkedBody, withLength: Bool) -> SignableRequest {
        var headers = [(name: "host", value: "s3.amazonaws.com"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")]
        headers += body.headers(size: 66_560)
        if withLength { headers.append(("content-length", String(body.encodedSize(of: 66_560)))) }
        return SignableRequest(method: "PUT", path: "/examplebucket/chunkObject.txt", headers: headers)
    }

    private func chunkSignatures(_ body: ByteBuffer, _ marker: String) -> [String] {
        String(buffer: body).components(separatedBy: marker).dropFirst().map { String($0.prefix(64)) }
    }

    @Test("Signed chunks, their signatures and length")
    func chunks() {
        let body = ChunkedBody(.signedChunks, trailer: nil)
        #expect(body.encodedSize(of: 66_560) == 66_824)
        var request = chunkRequest(body, withLength: true)
        let chunkSigner = signer.sign(&request, payload: .signedChunks, at: Self.date)
        #expect(chunkSigner.last == "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9")
        let encoded = body.encoded(ByteBuffer(bytes: [UInt8](repeating: 97, count: 66_560)), signer: chunkSigner)
        #expect(encoded.readableBytes == 66_824)
        #expect(
            chunkSignatures(encoded, "chunk-signature=") == [
                "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
                "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
                "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
            ]
        )
    }

    @Test("Signed chunks with a signed trailing checksum")
    func trailer() {
        let bytes = ByteBuffer(bytes: [UInt8](repeating: 97, count: 66_560))
        let checksum = ChecksumHasher.checksum(.crc32c, of: bytes)
        #expect(checksum.base64 == "sOO8/Q==")
        let body = ChunkedBody(.signedChunksWithTrailer, trailer: checksum)
        var request = chunkRequest(body, withLength: false)
        let chunkSigner = signer.sign(&request, payload: .signedChunksWithTrailer, at: Self.date)
        #expect(chunkSigner.last == "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e")
        let encoded = body.encoded(bytes, signer: chunkSigner)
        #expect(encoded.readableBytes == body.encodedSize(of: 66_560))
        #expect(
            chunkSignatures(encoded, "chunk-signature=") == [
                "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
                "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
                "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
            ]
        )
        #expect(
            chunkSignatures(encoded, "x-amz-trailer-signature:") == [
                "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"
            ]
        )
    }

    @Test("The length of chunked bodies is known before", arguments: [0, 1, 15, 65_535, 65_536, 65_537, 200_000])
    func chunkedLength(size: Int) {
        var request = SignableRequest(method: "PUT", path: "/a", headers: [Self.host])
        let chunkSigner = signer.sign(&request, payload: .signedChunks, at: Self.date)
        let bytes = ByteBuffer(bytes: patternBytes(size))
        let checksum = ChecksumHasher.checksum(.crc64nvme, of: bytes)
        for (payload, trailer) in [
            (RequestSigner.Payload.signedChunks, nil), (.signedChunksWithTrailer, checksum),
            (.unsignedChunksWithTrailer, checksum),
        ] {
            let body = ChunkedBody(payload, trailer: trailer)
            #expect(body.encoded(bytes, signer: chunkSigner).readableBytes == body.encodedSize(of: size))
        }
    }

    @Test("Secrets are not in descriptions, dumps or mirrors")
    func secrets() {
        let credentials = Credentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "hush", sessionToken: "quiet")
        var text = "\(credentials) \(String(reflecting: credentials)) \(Mirror(reflecting: credentials).children.count)"
        dump(credentials, to: &text)
        #expect(!text.contains("hush") && !text.contains("quiet") && !text.contains("AKIDEX"))
    }
}

@Suite("Timestamps and percent encoding")
struct TimestampTests {
    @Test("Dates are written and read back", arguments: [0, 951_782_400, 1_369_353_600, 1_582_934_399, 4_102_444_800])
    func dates(seconds: Int) {
        let date = Date(timeIntervalSince1970: Double(seconds))
        #expect(Timestamp.parse(Timestamp(date).compact) == date)
    }

    @Test("S3's and HTTP's spellings are read")
    func spellings() {
        let expected = Date(timeIntervalSince1970: 1_369_353_600)
        #expect(Timestamp.parse("2013-05-24T00:00:00.000Z") == expected)
        #expect(Timestamp.parse("2013-05-24T00:00:00Z") == expected)
        #expect(Timestamp.parse("Fri, 24 May 2013 00:00:00 GMT") == expected)
        #expect(Timestamp(expected).compact == "20130524T000000Z")
    }

    @Test(
        "Anything else is no date",
        arguments: ["", "yesterday", "2013-13-24T00:00:00Z", "Fri, 24 Mai 2013 00:00:00 GMT", "2013"]
    )
    func malformed(text: String) {
        #expect(Timestamp.parse(text) == nil)
    }

    @Test("Percent encoding keeps what is unreserved, and is undone")
    func percent() {
        #expect(PercentEncoding.path("a b/\u{E9}~+=") == "a%20b/%C3%A9~%2B%3D")
        #expect(PercentEncoding.component("a/b") == "a%2Fb")
        #expect(PercentEncoding.decode("a+b%2Fc%C3%A9") == "a b/c\u{E9}")
        #expect(PercentEncoding.decode("%2") == nil)
        #expect(PercentEncoding.decode("%zz") == nil)
        #expect(PercentEncoding.decode("%FF") == nil)
    }
}
