// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import ObjectStoreTestSupport
import Testing

@Suite("RequestSigner beside botocore", .enabled(if: SlowSuite.isOn, "set LUMINA_SLOW=1"))
struct SigningOracleTests {
    private struct Vector: Decodable {
        var method: String
        var path: String
        var query: [[String]]
        var headers: [[String]]
        var region: String
        var accessKey: String
        var secretKey: String
        var token: String?
        var date: Int
        var presign: Bool
        var seconds: Int
        var payload: String
        var signature: String
    }

    @Test("10,000 random requests are signed as botocore signs them")
    func random() throws {
        let seed = ProcessInfo.processInfo.environment["LUMINA_SEED"] ?? "7"
        let output = try SlowSuite.output(
            of: SlowSuite.python,
            [SlowSuite.root + "/Scripts/signing-vectors", "10000", seed]
        )
        var compared = 0
        for line in output.split(separator: UInt8(ascii: "\n")) {
            let vector = try JSONDecoder().decode(Vector.self, from: Data(line))
            #expect(signature(vector) == vector.signature, "\(String(decoding: line, as: UTF8.self))")
            compared += 1
        }
        #expect(compared == 10_000)
    }

    private func signature(_ vector: Vector) -> String? {
        let credentials = Credentials(
            accessKeyID: vector.accessKey,
            secretAccessKey: vector.secretKey,
            sessionToken: vector.token
        )
        let signer = RequestSigner(credentials, region: vector.region)
        let date = Date(timeIntervalSince1970: Double(vector.date))
        var request = SignableRequest(
            method: vector.method,
            path: vector.path,
            query: vector.query.map { ($0[0], $0[1]) },
            headers: vector.headers.map { ($0[0], $0[1]) }
        )
        if vector.presign {
            signer.presign(&request, at: date, seconds: vector.seconds)
            return request.query.last?.value
        }
        let payload: RequestSigner.Payload = vector.payload == "UNSIGNED-PAYLOAD" ? .unsigned : .hash(vector.payload)
        return signer.sign(&request, payload: payload, at: date).last
    }
}
