// SPDX-License-Identifier: Apache-2.0

/// How wide texts are, by the font that they are painted with.
package final class TextMeasure {
    /// The font of all pictures; where it is not installed, fontconfig takes what comes nearest.
    static let family = "DejaVu Sans"

    private let surface: CairoSurface

    /// Opens the font.
    ///
    /// - Throws: ``PicturesError/drawing(reason:)``.
    package init() throws(PicturesError) {
        surface = try CairoSurface(width: 1, height: 1)
    }

    /// The width of a text.
    package func width(of text: String, size: Double, isBold: Bool = false) -> Double {
        surface.advance(of: text, size: size, isBold: isBold)
    }

    /// The text, cut and with an ellipsis where it is too wide.
    ///
    /// - Parameters:
    ///   - text: any text.
    ///   - limit: the width that there is.
    ///   - size: of the font.
    ///   - isBold: of the font.
    /// - Returns: a text that fits; only the ellipsis, or nothing, where that is all that does.
    package func fitted(_ text: String, to limit: Double, size: Double, isBold: Bool = false) -> String {
        // Nothing that fits has more letters than this; a megabyte of name costs no more than a page of it.
        var letters = Array(text.prefix(max(1, Int(limit / size * 8))))
        let isWhole = letters.count == text.count
        if isWhole, width(of: text, size: size, isBold: isBold) <= limit { return text }
        while !letters.isEmpty {
            letters.removeLast()
            let cut = String(letters).trimmingEnd + "…"
            if width(of: cut, size: size, isBold: isBold) <= limit { return cut }
        }
        return ""
    }
}

extension String {
    fileprivate var trimmingEnd: String {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
