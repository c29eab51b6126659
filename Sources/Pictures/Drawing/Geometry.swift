// SPDX-License-Identifier: Apache-2.0

/// A place in a drawing; y grows downwards.
package struct Point: Sendable, Equatable {
    /// From the left.
    package var x: Double
    /// From the top.
    package var y: Double

    /// A place.
    package init(_ x: Double, _ y: Double) { (self.x, self.y) = (x, y) }
}

/// An upright rectangle.
package struct Box: Sendable, Equatable {
    /// The left edge.
    package var x: Double
    /// The upper edge.
    package var y: Double
    /// Its width, never below 0.
    package var width: Double
    /// Its height, never below 0.
    package var height: Double

    /// A rectangle; sides below 0 are 0.
    package init(_ x: Double, _ y: Double, _ width: Double, _ height: Double) {
        (self.x, self.y, self.width, self.height) = (x, y, max(0, width), max(0, height))
    }

    /// The right edge.
    package var right: Double { x + width }
    /// The lower edge.
    package var bottom: Double { y + height }
    /// The middle.
    package var center: Point { Point(x + width / 2, y + height / 2) }

    /// The rectangle with its edges moved inwards.
    package func inset(left: Double = 0, top: Double = 0, right: Double = 0, bottom: Double = 0) -> Box {
        Box(x + left, y + top, width - left - right, height - top - bottom)
    }
}
