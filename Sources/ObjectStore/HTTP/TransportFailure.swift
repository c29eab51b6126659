// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOPosix
import NIOSSL

/// Says failures of connections in this module's words.
enum TransportFailure {
    static func translated(_ error: any Error) -> any Error {
        if error is CancellationError || Task.isCancelled { return CancellationError() }
        switch error {
        case let error as ObjectStoreError: return error
        case let error as HTTPClientError: return translated(error)
        case let error as NIOConnectionError:
            return ObjectStoreError(.connectionFailed, message: "cannot connect to \(error.host):\(error.port)")
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            return ObjectStoreError(
                .connectionFailed,
                message: "the encrypted connection failed (\(error)); a private authority is given by AWS_CA_BUNDLE"
            )
        case let error as IOError:
            return ObjectStoreError(.connectionFailed, message: "the connection broke (\(error))")
        default: return ObjectStoreError(.connectionFailed, message: "the connection broke (\(error))")
        }
    }

    private static func translated(_ error: HTTPClientError) -> any Error {
        switch error {
        case .cancelled: CancellationError()
        case .connectTimeout, .readTimeout, .writeTimeout, .deadlineExceeded, .tlsHandshakeTimeout,
            .getConnectionFromPoolTimeout:
            ObjectStoreError(.timedOut, message: "nothing arrived in time (\(error.shortDescription))")
        case .invalidURL, .emptyHost:
            ObjectStoreError(.invalidRequest, message: "the request cannot be sent (\(error.shortDescription))")
        default: ObjectStoreError(.connectionFailed, message: "the connection broke (\(error.shortDescription))")
        }
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        self = .nanoseconds(
            duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
        )
    }
}
