// SPDX-License-Identifier: Apache-2.0

/// Which songs of a dataset are prompted with their genre in place of their caption.
public enum GenreSelection {
    /// The positions, in the sorted list of songs, of those prompted with their genre.
    ///
    /// - Parameters:
    ///   - count: how many songs there are.
    ///   - percentage: the share to select, 0 to 100; the number is rounded down.
    /// - Returns: as many positions as the share says.
    public static func positions(count: Int, percentage: Int) -> Set<Int> {
        var order = Array(0..<count)
        var random = PythonRandom(seed: 42)
        random.shuffle(&order)
        return Set(order.prefix(count * min(max(percentage, 0), 100) / 100))
    }
}
