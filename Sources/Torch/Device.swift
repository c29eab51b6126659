// SPDX-License-Identifier: Apache-2.0
import CTorchTable

/// Where a tensor's memory is and where its operations run.
public struct Device: Sendable, Hashable {
    /// A `c10::DeviceType`.
    let kind: Int32
    let index: Int32

    private static let processor: Int32 = 0
    private static let accelerator: Int32 = 1

    /// The host.
    public static let cpu = Device(kind: processor, index: 0)

    /// A CUDA device by its number.
    public static func cuda(_ index: Int = 0) -> Device {
        Device(kind: accelerator, index: Int32(clamping: index))
    }

    /// Reads "cpu", "cuda" or "cuda:1"; nil for anything else.
    public init?(parsing text: String) {
        if text == "cpu" {
            self = .cpu
            return
        }
        if text == "cuda" {
            self = .cuda()
            return
        }
        let prefix = "cuda:"
        guard text.hasPrefix(prefix) else { return nil }
        let digits = text.dropFirst(prefix.count)
        // Int accepts a sign, a device's number has none; libtorch keeps the number in 8 bits.
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let index = Int8(digits) else { return nil }
        self = .cuda(Int(index))
    }

    init(kind: Int32, index: Int32) {
        self.kind = kind
        self.index = index
    }

    /// Whether it is the host.
    public var isCPU: Bool { kind == Self.processor }

    /// Whether a CUDA device can be used: libtorch has its CUDA part, there is a driver, and it shows a device.
    public static var isCUDAAvailable: Bool {
        get throws(TorchError) { try cudaCount > 0 }
    }

    /// The number of CUDA devices that libtorch sees; 0 without its CUDA part.
    public static var cudaCount: Int {
        get throws(TorchError) {
            var count: Int32 = 0
            try Library.call("cuda") { unsafe $0.pointee.acceleratorCount(&count) }
            return Int(count)
        }
    }

    var raw: CTDevice { CTDevice(kind: kind, index: index) }

    func options(_ dtype: DType) -> CTOptions { CTOptions(dtype: dtype.rawValue, device: raw) }
}

extension Device: CustomStringConvertible {
    /// "cpu" or "cuda:0".
    public var description: String { isCPU ? "cpu" : "cuda:\(index)" }
}
