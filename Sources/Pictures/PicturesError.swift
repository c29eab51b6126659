// SPDX-License-Identifier: Apache-2.0

/// What can go wrong with a picture.
package enum PicturesError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A size that no picture can have.
    case size(width: Double, height: Double)
    /// The library that draws refused.
    case drawing(reason: String)
    /// A file cannot be written.
    case unwritable(path: String, reason: String)

    /// What is wrong, with what, and the way out.
    package var description: String {
        switch self {
        case .size(let width, let height):
            "a picture of \(width) × \(height) cannot be drawn; each side must be 1 to \(Int(Drawing.largestSide))"
        case .drawing(let reason): "the picture cannot be drawn: cairo says '\(reason)'"
        case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)"
        }
    }
}
