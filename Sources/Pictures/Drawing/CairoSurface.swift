// SPDX-License-Identifier: Apache-2.0

import CCairo

/// A sheet of cairo's and the pen on it.
@safe
final class CairoSurface {
    private let surface: OpaquePointer
    private let context: OpaquePointer

    /// A white sheet.
    ///
    /// - Parameters:
    ///   - width: pixels of a row.
    ///   - height: rows.
    /// - Throws: ``PicturesError/drawing(reason:)`` if there is no memory for it.
    init(width: Int, height: Int) throws(PicturesError) {
        guard let surface = unsafe cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(width), Int32(height)),
            let context = unsafe cairo_create(surface)
        else { throw .drawing(reason: "out of memory") }
        unsafe self.surface = unsafe surface
        unsafe self.context = unsafe context
        // Glyphs of one shape wherever they stand, and grey edges, which look the same on every screen.
        let options = unsafe cairo_font_options_create()
        unsafe cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE)
        unsafe cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF)
        unsafe cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY)
        unsafe cairo_set_font_options(context, options)
        unsafe cairo_font_options_destroy(options)
        unsafe cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
        try check()
    }

    deinit {
        unsafe cairo_destroy(context)
        unsafe cairo_surface_destroy(surface)
    }

    private func check() throws(PicturesError) {
        let status = unsafe cairo_status(context)
        guard status == CAIRO_STATUS_SUCCESS else {
            throw .drawing(reason: unsafe String(cString: cairo_status_to_string(status)))
        }
    }

    // MARK: Text

    /// How far the pen moves over a text.
    func advance(of text: String, size: Double, isBold: Bool) -> Double {
        select(size: size, isBold: isBold)
        var extents = cairo_text_extents_t()
        unsafe cairo_text_extents(context, text, &extents)
        return extents.x_advance
    }

    private func select(size: Double, isBold: Bool) {
        let weight = isBold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL
        unsafe cairo_select_font_face(context, TextMeasure.family, CAIRO_FONT_SLANT_NORMAL, weight)
        unsafe cairo_set_font_size(context, size)
    }

    // MARK: Shapes

    /// Paints a drawing over the whole sheet.
    ///
    /// - Parameters:
    ///   - drawing: what is painted.
    ///   - scale: pixels for a unit.
    /// - Throws: ``PicturesError/drawing(reason:)``.
    func paint(_ drawing: Drawing, scale: Double) throws(PicturesError) {
        unsafe cairo_scale(context, scale, scale)
        paint(.rectangle(Box(0, 0, drawing.width, drawing.height), fill: Palette.background, stroke: nil))
        for shape in drawing.shapes { paint(shape) }
        try check()
    }

    private func paint(_ shape: Shape) {
        switch shape {
        case .line(let points, let style):
            trace(points)
            stroke(style)
        case .area(let points, let color):
            trace(points)
            unsafe cairo_close_path(context)
            fill(color)
        case .rectangle(let box, let color, let style):
            unsafe cairo_rectangle(context, box.x, box.y, box.width, box.height)
            if let color { fill(color, keepsPath: style != nil) }
            if let style { stroke(style) }
        case .disc(let center, let radius, let color):
            unsafe cairo_new_sub_path(context)
            unsafe cairo_arc(context, center.x, center.y, radius, 0, 2 * .pi)
            fill(color)
        case .text(let label): paint(label)
        case .image(let raster, let box): paint(raster, box)
        case .clipped(let box, let shapes):
            unsafe cairo_save(context)
            unsafe cairo_rectangle(context, box.x, box.y, box.width, box.height)
            unsafe cairo_clip(context)
            for shape in shapes { paint(shape) }
            unsafe cairo_restore(context)
        }
    }

    private func trace(_ points: [Point]) {
        unsafe cairo_new_path(context)
        for point in points { unsafe cairo_line_to(context, point.x, point.y) }
    }

    private func choose(_ color: Color) {
        unsafe cairo_set_source_rgba(
            context,
            Double(color.red) / 255,
            Double(color.green) / 255,
            Double(color.blue) / 255,
            color.opacity
        )
    }

    private func fill(_ color: Color, keepsPath: Bool = false) {
        choose(color)
        if keepsPath { unsafe cairo_fill_preserve(context) } else { unsafe cairo_fill(context) }
    }

    private func stroke(_ stroke: Stroke) {
        choose(stroke.color)
        unsafe cairo_set_line_width(context, stroke.width)
        unsafe cairo_set_dash(context, stroke.dashes, Int32(stroke.dashes.count), 0)
        unsafe cairo_stroke(context)
    }

    private func paint(_ label: Label) {
        unsafe cairo_save(context)
        unsafe cairo_translate(context, label.place.x, label.place.y)
        unsafe cairo_rotate(context, -label.angle * .pi / 180)
        let width = advance(of: label.text, size: label.size, isBold: label.isBold)
        let shift =
            switch label.anchor {
            case .start: 0.0
            case .middle: -width / 2
            case .end: -width
            }
        unsafe cairo_move_to(context, shift, 0)
        choose(label.color)
        unsafe cairo_show_text(context, label.text)
        unsafe cairo_restore(context)
    }

    // MARK: Pixels

    private func paint(_ raster: Raster, _ box: Box) {
        // A pixel that cannot be made is no reason to lose the rest; cairo's status tells.
        guard let image = try? CairoSurface(raster) else { return }
        unsafe cairo_save(context)
        unsafe cairo_rectangle(context, box.x, box.y, box.width, box.height)
        unsafe cairo_clip(context)
        unsafe cairo_translate(context, box.x, box.y)
        unsafe cairo_scale(context, box.width / Double(raster.width), box.height / Double(raster.height))
        unsafe cairo_set_source_surface(context, image.surface, 0, 0)
        unsafe cairo_pattern_set_filter(cairo_get_source(context), CAIRO_FILTER_NEAREST)
        unsafe cairo_paint(context)
        unsafe cairo_restore(context)
    }

    /// A sheet that shows pixels one to one.
    ///
    /// - Parameter raster: the pixels.
    /// - Throws: ``PicturesError/drawing(reason:)`` if there is no memory for it.
    convenience init(_ raster: Raster) throws(PicturesError) {
        try self.init(width: raster.width, height: raster.height)
        unsafe cairo_surface_flush(surface)
        let stride = Int(unsafe cairo_image_surface_get_stride(surface))
        guard let bytes = unsafe cairo_image_surface_get_data(surface) else { throw .drawing(reason: "no pixels") }
        for row in 0..<raster.height {
            for column in 0..<raster.width {
                let color = raster.pixels[row * raster.width + column]
                let word = UInt32(color.red) << 16 | UInt32(color.green) << 8 | UInt32(color.blue)
                unsafe UnsafeMutableRawPointer(bytes + row * stride)
                    .storeBytes(of: word, toByteOffset: 4 * column, as: UInt32.self)
            }
        }
        unsafe cairo_surface_mark_dirty(surface)
    }

    /// The sheet as the bytes of a PNG file, the same for the same sheet.
    ///
    /// - Returns: the file.
    /// - Throws: ``PicturesError/drawing(reason:)``.
    func png() throws(PicturesError) -> [UInt8] {
        let file = PNGBytes()
        let status = unsafe cairo_surface_write_to_png_stream(
            surface,
            { closure, data, count in
                guard let closure = unsafe closure, let data = unsafe data else { return CAIRO_STATUS_WRITE_ERROR }
                let file = unsafe Unmanaged<PNGBytes>.fromOpaque(closure).takeUnretainedValue()
                unsafe file.bytes.append(contentsOf: UnsafeBufferPointer(start: data, count: Int(count)))
                return CAIRO_STATUS_SUCCESS
            },
            Unmanaged.passUnretained(file).toOpaque()
        )
        guard status == CAIRO_STATUS_SUCCESS else {
            throw .drawing(reason: unsafe String(cString: cairo_status_to_string(status)))
        }
        return file.bytes
    }
}

/// What has been written of a PNG file.
private final class PNGBytes {
    var bytes: [UInt8] = []
}

extension Drawing {
    /// The picture as the bytes of a PNG file.
    ///
    /// - Parameter scale: pixels for a unit; 2 is sharp on screens and in print.
    /// - Returns: the file; the same for the same drawing, scale and fonts.
    /// - Throws: ``PicturesError/drawing(reason:)``.
    package func png(scale: Double = 2) throws(PicturesError) -> [UInt8] {
        let surface = try CairoSurface(
            width: Int((width * scale).rounded(.up)),
            height: Int((height * scale).rounded(.up))
        )
        try surface.paint(self, scale: scale)
        return try surface.png()
    }
}
