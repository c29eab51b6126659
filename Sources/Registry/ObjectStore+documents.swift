// SPDX-License-Identifier: Apache-2.0

import NIOCore
import ObjectStore

extension ObjectStore {
    /// Reads a small object whole; an answer that breaks off or arrives damaged is asked for again.
    ///
    /// - Parameters:
    ///   - key: Which.
    ///   - limit: The most bytes to accept.
    /// - Returns: The bytes, and the object's properties.
    /// - Throws: What the store throws, `.notFound` among it.
    func document(_ key: ObjectKey, limit: Int) async throws -> (bytes: [UInt8], info: ObjectInfo) {
        var attempt = 0
        while true {
            // A request that fails has been repeated by the store's client; what follows the head of its answer has not.
            let body = try await get(key, GetOptions())
            do {
                return (Array(buffer: try await body.collect(upTo: limit)), body.info)
            } catch let error as ObjectStoreError
                where [.connectionFailed, .timedOut, .corrupted, .malformedResponse].contains(error.kind) && attempt < 3
            {
                attempt += 1
            }
        }
    }
}
