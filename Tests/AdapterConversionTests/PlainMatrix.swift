// SPDX-License-Identifier: Apache-2.0

import Checkpoints

/// A matrix of doubles with the few operations that the tools' formulas need, written out without libtorch.
///
/// What the product computes with tensors is held against this.
struct PlainMatrix: Equatable {
    let rows: Int
    let columns: Int
    var values: [Double]

    init(_ rows: Int, _ columns: Int, _ values: [Double]) {
        (self.rows, self.columns, self.values) = (rows, columns, values)
    }

    init(_ rows: Int, _ columns: Int, _ value: (Int, Int) -> Double) {
        self.init(rows, columns, (0..<rows * columns).map { value($0 / columns, $0 % columns) })
    }

    /// A float32 tensor of a file, all dimensions but the first folded into one.
    init?(_ name: String, in file: SafetensorsFile) {
        guard let tensor = file.tensors[name], tensor.dtype == .float32 else { return nil }
        let values = (0..<tensor.elementCount).map { index in
            let offset = tensor.byteRange.lowerBound + 4 * index
            return Double(Float(bitPattern: file.file.integer(at: offset, as: UInt32.self)))
        }
        let rows = tensor.shape.first ?? 1
        self.init(rows, values.count / rows, values)
    }

    subscript(row: Int, column: Int) -> Double { values[row * columns + column] }

    static func * (a: PlainMatrix, b: PlainMatrix) -> PlainMatrix {
        PlainMatrix(a.rows, b.columns) { row, column in (0..<a.columns).reduce(0) { $0 + a[row, $1] * b[$1, column] } }
    }

    static func * (a: PlainMatrix, scale: Double) -> PlainMatrix {
        PlainMatrix(a.rows, a.columns, a.values.map { $0 * scale })
    }

    static func + (a: PlainMatrix, b: PlainMatrix) -> PlainMatrix {
        PlainMatrix(a.rows, a.columns, zip(a.values, b.values).map { $0 + $1 })
    }

    static func - (a: PlainMatrix, b: PlainMatrix) -> PlainMatrix { a + b * -1 }

    func elementwise(_ other: PlainMatrix) -> PlainMatrix {
        PlainMatrix(rows, columns, zip(values, other.values).map { $0 * $1 })
    }

    func kronecker(_ other: PlainMatrix) -> PlainMatrix {
        PlainMatrix(rows * other.rows, columns * other.columns) { row, column in
            self[row / other.rows, column / other.columns] * other[row % other.rows, column % other.columns]
        }
    }

    var transposed: PlainMatrix { PlainMatrix(columns, rows) { self[$1, $0] } }

    /// The largest magnitude.
    var largest: Double { values.map(\.magnitude).max() ?? 0 }

    /// The norm of each row.
    var rowNorms: [Double] {
        (0..<rows).map { row in (0..<columns).reduce(0) { $0 + self[row, $1] * self[row, $1] }.squareRoot() }
    }

    /// The norm of each group of `width` columns, over all rows: an input channel with its kernel.
    func channelNorms(width: Int) -> [Double] {
        (0..<columns / width).map { channel in
            (0..<rows).reduce(0) { sum, row in
                (0..<width).reduce(sum) { $0 + self[row, channel * width + $1] * self[row, channel * width + $1] }
            }.squareRoot()
        }
    }

    func scalingRows(_ factors: [Double]) -> PlainMatrix {
        PlainMatrix(rows, columns) { self[$0, $1] * factors[$0] }
    }

    func scalingChannels(_ factors: [Double], width: Int) -> PlainMatrix {
        PlainMatrix(rows, columns) { self[$0, $1] * factors[$1 / width] }
    }
}
