// SPDX-License-Identifier: Apache-2.0

/// What can go wrong with a study of parts.
package enum AttributionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Points that no distance can be taken of.
    case points(String)

    /// What is wrong.
    package var description: String {
        switch self {
        case .points(let reason): reason
        }
    }
}
