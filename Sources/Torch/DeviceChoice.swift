// SPDX-License-Identifier: Apache-2.0

/// Why there is no device of a name.
public enum DeviceChoiceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A name that is no device's.
    case unknown(String)
    /// A GPU, where none can be used.
    case noCUDA

    /// A sentence with the way out.
    public var description: String {
        switch self {
        case .unknown(let name): "unknown device '\(name)'; use auto, cpu, cuda or cuda:1"
        case .noCUDA:
            "there is no CUDA device here, or libtorch was installed without CUDA; `lumina doctor` says which"
        }
    }
}

extension Device {
    /// The device that a name means; `auto` takes a GPU where there is one.
    ///
    /// - Parameter name: `auto`, `cpu`, `cuda` or `cuda:1`.
    /// - Throws: ``DeviceChoiceError`` for a device that is unknown or not there; `TorchError` if libtorch cannot be opened.
    public init(choosing name: String) throws {
        if name == "auto" {
            self = try Device.isCUDAAvailable ? .cuda() : .cpu
            return
        }
        guard let device = Device(parsing: name) else { throw DeviceChoiceError.unknown(name) }
        guard try device.isCPU || Device.isCUDAAvailable else { throw DeviceChoiceError.noCUDA }
        self = device
    }
}
