// SPDX-License-Identifier: Apache-2.0
import CTorchTable

/// Runs the body without recording what a backward pass would need.
///
/// The mode belongs to the calling thread and is restored at the end, however the body ends; hence no `async`.
public func withoutGradients<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
    try withGradientMode(false, body)
}

/// Runs the body recording what a backward pass needs; a compute thread does not by itself.
///
/// The mode belongs to the calling thread and is restored at the end, however the body ends; hence no `async`.
public func withGradients<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
    try withGradientMode(true, body)
}

/// Whether operations of the calling thread are recorded for a backward pass.
public var gradientsAreEnabled: Bool {
    get throws(TorchError) {
        let library = try Library.loaded()
        return unsafe library.table.pointee.gradientsEnabled()
    }
}

/// Runs the body with products and convolutions computed in `dtype`, weights in float32 kept as they are.
///
/// The setting belongs to the calling thread and to one kind of device. If libtorch cannot be opened or refuses the
/// dtype, the body is not run.
public func autocast<Result>(
    _ dtype: DType,
    device: Device = .cpu,
    _ body: () throws(TorchError) -> Result
) throws(TorchError) -> Result {
    var previous = CTAutocastState()
    try Library.call("autocast") { unsafe $0.pointee.enterAutocast(&previous, device.kind, dtype.rawValue) }
    defer { Library.release { table in unsafe table.pointee.leaveAutocast(device.kind, previous) } }
    return try body()
}

private func withGradientMode<Result, Failure: Error>(
    _ enabled: Bool,
    _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
    // Without libtorch there is nothing to record, and the body's first operation reports what is missing.
    guard case .success(let library) = Library.opened else { return try body() }
    let previous = unsafe library.table.pointee.gradientsEnabled()
    unsafe library.table.pointee.setGradientsEnabled(enabled)
    defer { unsafe library.table.pointee.setGradientsEnabled(previous) }
    return try body()
}
