// SPDX-License-Identifier: Apache-2.0

extension Style {
    /// The style that a caption names, or a genre; nil if it names none or several.
    package init?(namedIn text: String) {
        let lower = text.lowercased()
        let named = Self.allCases.filter { lower.contains($0.rawValue) }
        guard named.count == 1 else { return nil }
        self = named[0]
    }
}
