// SPDX-License-Identifier: Apache-2.0

import Checkpoints
import Layers
import Torch

/// A tensor of the file to be written, whose elements are made when its turn comes.
struct ConvertedTensor {
    let dtype: StoredDType
    let shape: [Int]
    /// The elements, row-major, little-endian.
    let bytes: () throws -> [UInt8]

    /// A tensor of the source as it is stored, perhaps with its dimensions grouped otherwise.
    init(_ tensor: TensorDescription, of file: SafetensorsFile, shape: [Int]? = nil) {
        dtype = tensor.dtype
        self.shape = shape ?? tensor.shape
        bytes = { file.file.copy(tensor.byteRange) }
    }

    /// Numbers that are computed when the tensor is written.
    init(dtype: StoredDType, shape: [Int], _ compute: @escaping () throws -> Tensor) {
        self.dtype = dtype
        self.shape = shape
        bytes = { try compute().to(DType(dtype) ?? .float32).contiguous().bytes() }
    }

    /// One number.
    init(scalar: Double) {
        self.init(dtype: .float32, shape: []) { try Tensor([scalar], shape: []) }
    }
}
