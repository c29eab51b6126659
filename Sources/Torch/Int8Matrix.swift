// SPDX-License-Identifier: Apache-2.0
import CTorchTable

/// A weight matrix in int8, laid out for the processor's int8 kernels, with one scale for each output.
///
/// Products with it run on VNNI. Its numbers cannot be read back; keep the original where they are needed.
public struct Int8Matrix {
    /// Features in.
    public let inputFeatures: Int
    /// Features out.
    public let outputFeatures: Int
    /// What an output's integers are multiplied by, float32 `[out]`.
    public let scales: Tensor
    /// Opaque to every operation but the product.
    private let packed: Tensor
    /// The memory that `packed` lies on, where it does not own it.
    private let memory: Tensor?

    /// Quantises and packs a matrix; the original is not kept.
    ///
    /// Each row w becomes round(w / s) with s = max|w| / 127, so that no weight moves by more than s / 2.
    ///
    /// - Parameter weight: `[out, in]`, floating point, on the CPU.
    /// - Throws: `notImplemented` where the processor lacks the instructions (``isSupported``), an error if it is no matrix
    ///   or has no elements.
    public init(quantizing weight: Tensor) throws(TorchError) {
        guard weight.rank == 2 else {
            throw Shape.invalid("Int8Matrix", "\(weight.shape) is not a matrix [out, in]")
        }
        let (values, scales) = try weight.quantizedRows()
        packed = try Tensor("Int8Matrix") { unsafe $0.pointee.packInt8($1, values.pointer) }
        memory = nil
        self.scales = scales
        (outputFeatures, inputFeatures) = (values.dimension(0), values.dimension(1))
    }

    /// Takes a matrix that was packed before, where it lies.
    ///
    /// - Parameters:
    ///   - form: what ``packedForm`` gave in this process or in one with the same libtorch on the same kind of processor.
    ///   - scales: float32, `[out]`.
    ///   - inputFeatures: features in.
    /// - Throws: `notImplemented` where the processor lacks the instructions, an error if the sizes do not agree.
    public init(_ form: PackedForm, scales: Tensor, inputFeatures: Int) throws(TorchError) {
        let outputs = scales.count
        // The kernels read whole cache lines; mapped bytes may lie anywhere.
        let bytes = form.bytes.dataAddress.isMultiple(of: 64) ? form.bytes : try form.bytes.clone()
        packed = try Tensor("Int8Matrix") {
            unsafe $0.pointee.mapPackedInt8($1, bytes.pointer, form.layout.pointer, outputs, inputFeatures)
        }
        memory = bytes
        self.scales = scales
        self.inputFeatures = inputFeatures
        outputFeatures = outputs
    }

    /// A packed matrix as bytes.
    public struct PackedForm {
        /// The numbers in the order in which the kernels read them, uint8.
        public let bytes: Tensor
        /// A description of that order, uint8: the same for all matrices of a shape.
        public let layout: Tensor

        /// Names both.
        public init(bytes: Tensor, layout: Tensor) {
            self.bytes = bytes
            self.layout = layout
        }
    }

    /// The packed numbers where they lie, to be kept on disk.
    public var packedForm: PackedForm {
        get throws(TorchError) {
            let (bytes, layout) = try Tensor.pair("packedForm") {
                unsafe $0.pointee.readPackedInt8($1, $2, packed.pointer)
            }
            return PackedForm(bytes: bytes, layout: layout)
        }
    }

    /// Whether this processor computes int8 products fast (AVX-512 VNNI).
    public static var isSupported: Bool {
        get throws(TorchError) {
            let library = try Library.loaded()
            return unsafe library.table.pointee.canMultiplyInt8()
        }
    }

    /// `x · Wᵀ + bias`, with each of x's rows quantised by its own scale.
    fileprivate func product(of x: Tensor, bias: Tensor?) throws(TorchError) -> Tensor {
        try withExtendedLifetime(memory) { () throws(TorchError) in
            try Tensor("linear(int8)") {
                unsafe $0.pointee.linearInt8($1, x.pointer, packed.pointer, scales.pointer, bias?.pointer)
            }
        }
    }
}

extension Tensor {
    /// `self · weightᵀ + bias` in int8: this tensor's rows and the weight's are integers with a scale each, their products
    /// are summed exactly, and the scales are multiplied in afterwards.
    ///
    /// A row with NaN or infinity gives NaN. There is no gradient.
    ///
    /// - Parameters:
    ///   - weight: `[out, in]`; this tensor is `[…, in]`, float32 or bfloat16.
    ///   - bias: `[out]`.
    /// - Returns: `[…, out]` in this tensor's type.
    /// - Throws: an error if shapes, dtypes or devices do not fit, or this tensor needs a gradient.
    public func linear(_ weight: Int8Matrix, bias: Tensor? = nil) throws(TorchError) -> Tensor {
        try weight.product(of: self, bias: bias)
    }

    /// Each row x as round(x / s) with the scale s = max|x| / 127.
    ///
    /// - Returns: int8 `[rows, columns]`, with the leading dimensions flattened, and float32 scales `[rows]`. A row with
    ///   NaN or infinity is zeros with a scale that is not finite; a row of zeros has the scale 0.
    /// - Throws: an error unless this is a floating-point tensor on a CPU that ``Int8Matrix/isSupported``.
    public func quantizedRows() throws(TorchError) -> (values: Tensor, scales: Tensor) {
        let (values, scales) = try Tensor.pair("quantizedRows") { unsafe $0.pointee.quantizeRows($1, $2, pointer) }
        return (values, scales)
    }
}
