// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A colour of sRGB.
package struct Color: Sendable, Equatable {
    /// Red, green and blue, 0 … 255.
    package let red, green, blue: UInt8
    /// 0 is transparent, 1 opaque.
    package let opacity: Double

    /// A colour as it is written: `0x0072B2`.
    package init(_ hexadecimal: UInt32, opacity: Double = 1) {
        red = UInt8(hexadecimal >> 16 & 0xFF)
        green = UInt8(hexadecimal >> 8 & 0xFF)
        blue = UInt8(hexadecimal & 0xFF)
        self.opacity = opacity
    }

    /// A colour of OKLab (Ottosson, 2020), where equal steps look equal; what a screen cannot show is clipped.
    ///
    /// - Parameters:
    ///   - lightness: 0 black … 1 white.
    ///   - chroma: 0 grey … about 0.3.
    ///   - hue: in degrees; 30 is red, 110 yellow, 145 green, 265 blue.
    package init(lightness: Double, chroma: Double, hue: Double) {
        let (a, b) = (chroma * cos(hue * .pi / 180), chroma * sin(hue * .pi / 180))
        func cube(_ value: Double) -> Double { value * value * value }
        let l = cube(lightness + 0.3963377774 * a + 0.2158037573 * b)
        let m = cube(lightness - 0.1055613458 * a - 0.0638541728 * b)
        let s = cube(lightness - 0.0894841775 * a - 1.2914855480 * b)
        func encoded(_ linear: Double) -> UInt8 {
            let clipped = min(max(linear, 0), 1)
            let value = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * pow(clipped, 1 / 2.4) - 0.055
            return UInt8((value * 255).rounded())
        }
        red = encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s)
        green = encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s)
        blue = encoded(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)
        opacity = 1
    }

    /// The same colour, less opaque.
    package func faded(_ opacity: Double) -> Color {
        Color(UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue), opacity: opacity)
    }

    /// The colour as SVG writes it.
    var hexadecimal: String {
        "#"
            + [red, green, blue].map { part in
                let digits = String(part, radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
    }

    /// Whether dark text on it is easier to read than white text.
    var isLight: Bool { 0.299 * Double(red) + 0.587 * Double(green) + 0.114 * Double(blue) > 140 }
}

/// The colours of charts.
package enum Palette {
    /// Paper.
    package static let background = Color(0xFFFFFF)
    /// Titles and labels.
    package static let text = Color(0x1F2328)
    /// Numbers of axes, notes.
    package static let secondary = Color(0x57606A)
    /// Lines behind the data.
    package static let grid = Color(0xE3E6EA)
    /// Axes.
    package static let axis = Color(0x8B949E)
    /// Where there is no value.
    package static let missing = Color(0xF0F1F3)

    /// Colours for series, which people with any colour vision tell apart (Okabe and Ito, 2008), but for its yellow, which
    /// nobody sees on white.
    package static let series = [
        Color(0x0072B2), Color(0xD55E00), Color(0x009E73), Color(0xCC79A7), Color(0xE69F00), Color(0x56B4E9),
        Color(0x000000),
    ]

    /// The colour of the n-th series; they come again after seven.
    package static func series(_ number: Int) -> Color { series[number % series.count] }

    /// Amounts from almost white to dark blue; lightness falls evenly, so that it also reads in grey.
    ///
    /// - Parameter share: 0 … 1; what is outside counts as the nearer end.
    /// - Returns: the colour.
    package static func amount(_ share: Double) -> Color {
        let share = share.isFinite ? min(max(share, 0), 1) : 0
        return Color(
            lightness: 0.975 - 0.665 * share,
            chroma: 0.008 + 0.122 * sin(.pi * min(share * 0.75, 0.5)),
            hue: 205 + 65 * share
        )
    }
}
