// SPDX-License-Identifier: Apache-2.0

/// What the pickle asks to be called or rebuilt. Each name has its own answer; there is no general one.
extension PickleMachine {
    /// GLOBAL: puts what a name stands for on the stack.
    mutating func pushGlobal(module: String, name: String) throws(CheckpointError) {
        guard let global = PickleGlobal(module: module, name: name) else {
            let full = CheckpointError.quoted("\(module).\(name)")
            throw failure(.unsupported, "\(full) is refused; only tensors and plain values are read")
        }
        push(.global(global))
    }

    /// STACK_GLOBAL: the same, with module and name from the stack.
    mutating func pushStackGlobal() throws(CheckpointError) {
        let names = try pop(2)
        guard case .value(.string(let module)) = heap[names[0]], case .value(.string(let name)) = heap[names[1]] else {
            throw failure(.malformed, "the name of a global is no string")
        }
        try pushGlobal(module: module, name: name)
    }

    /// BINPERSID: `("storage", class, key, location, element count)` becomes the storage of that key.
    mutating func pushStorage() throws(CheckpointError) {
        guard case .tuple(let fields) = heap[try pop()], fields.count == 5,
            case .value(.string("storage")) = heap[fields[0]],
            case .global(.storage(let dtype)) = heap[fields[1]],
            case .value(.string(let key)) = heap[fields[2]],
            case .value(.integer(let elementCount)) = heap[fields[4]]
        else { throw failure(.malformed, "a persistent id is not that of a storage") }
        let range = try archive.range(of: "\(prefix)data/\(key)")
        let (byteCount, overflow) = elementCount.multipliedReportingOverflow(by: dtype?.byteCount ?? 1)
        guard !overflow, byteCount == range.count else {
            let name = CheckpointError.quoted(key)
            let announced = "\(elementCount) elements of \(dtype?.byteCount ?? 1) bytes"
            throw failure(
                .malformed,
                "storage \(name) is announced as \(announced), the archive has \(range.count) bytes"
            )
        }
        push(.storage(dtype, range))
    }

    /// REDUCE: calls a global with a tuple of arguments.
    mutating func reduce() throws(CheckpointError) {
        let call = try pop(2)
        guard case .global(let global) = heap[call[0]], case .tuple(let arguments) = heap[call[1]] else {
            throw failure(.malformed, "it calls something that is no function")
        }
        switch global {
        case .orderedDictionary:
            guard arguments.isEmpty else { throw wrongArguments("OrderedDict") }
            push(.dictionary([]))
        case .rebuildTensor, .rebuildTypedTensor:
            push(.value(.tensor(try tensor(arguments, isTyped: global == .rebuildTypedTensor))))
        case .rebuildParameter:
            guard arguments.count == 3, case .value(.tensor(let tensor)) = heap[arguments[0]] else {
                throw wrongArguments("_rebuild_parameter")
            }
            push(.value(.tensor(tensor)))
        case .size:
            guard arguments.count == 1, case .tuple = heap[arguments[0]] else { throw wrongArguments("Size") }
            stack.append(arguments[0])
        case .encode:
            push(.value(.bytes(try latin1(arguments))))
        case .storage, .dtype:
            throw failure(.malformed, "it calls something that is no function")
        }
    }

    /// BUILD: an OrderedDict may carry attributes (a state dict's `_metadata`), which are dropped.
    mutating func build() throws(CheckpointError) {
        _ = try pop()
        guard case .dictionary = heap[try top()] else {
            throw failure(.unsupported, "it sets the state of an object that is not a dictionary")
        }
    }

    private func wrongArguments(_ function: String) -> CheckpointError {
        failure(.malformed, "\(function) is called with the wrong arguments")
    }

    /// `(storage, offset, size, stride, requires_grad, hooks)`, then the dtype if typed, then possibly metadata.
    private func tensor(_ arguments: [PickleIndex], isTyped: Bool) throws(CheckpointError) -> ArchivedTensor {
        let required = isTyped ? 7 : 6
        guard (required...required + 1).contains(arguments.count),
            case .storage(let storageType, let range) = heap[arguments[0]],
            case .value(.integer(let offset)) = heap[arguments[1]],
            let shape = integers(arguments[2]),
            let strides = integers(arguments[3])
        else { throw wrongArguments("_rebuild_tensor") }
        var dtype = storageType ?? .uint8
        if isTyped {
            guard case .global(.dtype(let given)) = heap[arguments[6]] else {
                throw wrongArguments("_rebuild_tensor_v3")
            }
            dtype = given
        }
        do {
            return try ArchivedTensor(
                dtype: dtype,
                shape: shape,
                strides: strides,
                storageOffset: offset,
                storageByteRange: range
            )
        } catch {
            throw failure(.malformed, "a tensor is impossible: \(error.reason)")
        }
    }

    private func integers(_ index: PickleIndex) -> [Int]? {
        guard case .tuple(let elements) = heap[index], elements.count <= TensorDescription.maximumRank else {
            return nil
        }
        var result: [Int] = []
        for element in elements {
            guard case .value(.integer(let value)) = heap[element] else { return nil }
            result.append(value)
        }
        return result
    }

    private func latin1(_ arguments: [PickleIndex]) throws(CheckpointError) -> [UInt8] {
        guard arguments.count == 2, case .value(.string(let text)) = heap[arguments[0]],
            case .value(.string("latin1")) = heap[arguments[1]]
        else { throw wrongArguments("encode") }
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard let byte = UInt8(exactly: scalar.value) else { throw wrongArguments("encode") }
            bytes.append(byte)
        }
        return bytes
    }
}
