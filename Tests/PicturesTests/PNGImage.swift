// SPDX-License-Identifier: Apache-2.0

import CCairo
import Pictures

/// The pixels of a PNG file, read by cairo's own reader.
struct PNGImage {
    let width: Int
    let height: Int
    /// 0xRRGGBB, row by row.
    let pixels: [UInt32]

    private struct Reader {
        var bytes: [UInt8]
        var position = 0
    }

    /// Reads a file; nil for one that cairo refuses.
    init?(_ bytes: [UInt8]) {
        var reader = Reader(bytes: bytes)
        let made = unsafe withUnsafeMutablePointer(to: &reader) { reader in
            unsafe cairo_image_surface_create_from_png_stream(
                { closure, data, count in
                    guard let reader = unsafe closure?.assumingMemoryBound(to: Reader.self), let data = unsafe data
                    else { return CAIRO_STATUS_READ_ERROR }
                    let start = unsafe reader.pointee.position
                    guard unsafe start + Int(count) <= reader.pointee.bytes.count else {
                        return CAIRO_STATUS_READ_ERROR
                    }
                    for offset in 0..<Int(count) { unsafe data[offset] = reader.pointee.bytes[start + offset] }
                    unsafe reader.pointee.position += Int(count)
                    return CAIRO_STATUS_SUCCESS
                },
                reader
            )
        }
        guard let surface = unsafe made, unsafe cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS,
            let data = unsafe cairo_image_surface_get_data(surface)
        else { return nil }
        defer { unsafe cairo_surface_destroy(surface) }
        width = Int(unsafe cairo_image_surface_get_width(surface))
        height = Int(unsafe cairo_image_surface_get_height(surface))
        let stride = Int(unsafe cairo_image_surface_get_stride(surface))
        var pixels: [UInt32] = []
        for row in 0..<height {
            for column in 0..<width {
                let word = unsafe UnsafeRawPointer(data + row * stride)
                    .loadUnaligned(fromByteOffset: 4 * column, as: UInt32.self)
                pixels.append(word & 0xFFFFFF)
            }
        }
        self.pixels = pixels
    }

    /// The colour at a place of the drawing, which has two pixels a unit.
    subscript(_ x: Double, _ y: Double) -> UInt32 { pixels[Int(2 * y) * width + Int(2 * x)] }

    /// How many pixels have a colour.
    func count(_ color: UInt32) -> Int { pixels.count { $0 == color } }

    /// The rectangle, in units, around the pixels of a colour; nil if there is none.
    func bounds(of color: UInt32) -> Box? {
        let places = pixels.indices.filter { pixels[$0] == color }
        guard let first = places.first, let last = places.last else { return nil }
        let columns = places.map { $0 % width }
        let (left, right) = (columns.min() ?? 0, columns.max() ?? 0)
        return Box(
            Double(left) / 2,
            Double(first / width) / 2,
            Double(right + 1 - left) / 2,
            Double(last / width + 1 - first / width) / 2
        )
    }
}
