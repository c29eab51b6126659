// SPDX-License-Identifier: Apache-2.0
import CTorchTable

/// Why a tensor operation failed: its kind, the operation, and libtorch's own sentence without its backtrace.
public enum TorchError: Error, Sendable, Hashable {
    /// libtorch is missing, of another release, or does not fit this binary. The message says what to run.
    case unavailable(String)
    /// Neither the host nor the device could give the memory asked for.
    case outOfMemory(operation: String, message: String)
    /// An index or a dimension is out of range.
    case index(operation: String, message: String)
    /// A dtype or a kind of argument does not fit.
    case type(operation: String, message: String)
    /// libtorch has no kernel for this dtype or device.
    case notImplemented(operation: String, message: String)
    /// A value that can be told to be wrong before computing, such as a byte count that is not the shape's.
    case invalidArgument(operation: String, message: String)
    /// Everything else, shapes that do not match among them.
    case runtime(operation: String, message: String)
}

extension TorchError: CustomStringConvertible {
    /// A sentence for people: the operation and what libtorch said.
    public var description: String {
        switch self {
        case .unavailable(let message): message
        case .outOfMemory(let operation, let message): "\(operation): out of memory: \(message)"
        case .index(let operation, let message): "\(operation): \(message)"
        case .type(let operation, let message): "\(operation): \(message)"
        case .notImplemented(let operation, let message): "\(operation): \(message)"
        case .invalidArgument(let operation, let message): "\(operation): \(message)"
        case .runtime(let operation, let message): "\(operation): \(message)"
        }
    }

    /// Takes over an error of the table's and frees it.
    @safe init(_ operation: StaticString, consuming error: OpaquePointer, of table: UnsafePointer<CTTable>) {
        let kind = unsafe table.pointee.errorKind(error)
        let message = unsafe String(cString: table.pointee.errorMessage(error))
        unsafe table.pointee.freeError(error)
        let name = operation.description
        self =
            switch kind {
            case .outOfMemory: .outOfMemory(operation: name, message: message)
            case .index: .index(operation: name, message: message)
            case .type: .type(operation: name, message: message)
            case .notImplemented: .notImplemented(operation: name, message: message)
            case .invalidArgument: .invalidArgument(operation: name, message: message)
            case .runtime: .runtime(operation: name, message: message)
            @unknown default: .runtime(operation: name, message: message)
            }
    }
}
