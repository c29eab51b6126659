// SPDX-License-Identifier: Apache-2.0

import Crypto
import NIOCore

extension SHA256 {
    /// Takes the readable bytes of a buffer.
    mutating func update(_ buffer: ByteBuffer) {
        unsafe buffer.withUnsafeReadableBytes { unsafe update(bufferPointer: $0) }
    }
}
