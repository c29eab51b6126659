// SPDX-License-Identifier: Apache-2.0

/// Runs the pickle of a torch archive on a closed list of opcodes and names.
///
/// A pickle is a program for a stack machine. This one can build plain values, containers and tensors that are views of
/// the archive's storages, and nothing else: no name leads to code, and what is not on the lists of ``PickleOpcode`` and
/// ``PickleGlobal`` ends the run with an error.
struct PickleMachine {
    /// Where the storages are.
    let archive: ZipDirectory
    /// What every member's name begins with, for example `archive/`.
    let prefix: String
    /// Every object built so far.
    var heap = PickleHeap()
    /// The objects being worked on, the latest last.
    var stack: [PickleIndex] = []
    /// The stack's heights at each open MARK.
    var marks: [Int] = []
    /// The offset of the next byte, from the start of the file.
    var position: Int
    let end: Int
    private var memo: [Int: PickleIndex] = [:]

    /// The longest pickle that is run; the elements are not in it.
    static let maximumByteCount = 32 << 20

    /// Prepares to run the archive's `data.pkl`.
    init(_ archive: ZipDirectory, prefix: String) throws(CheckpointError) {
        let range = try archive.range(of: prefix + "data.pkl")
        guard range.count <= Self.maximumByteCount else {
            throw CheckpointError(
                .unsupported,
                path: archive.file.path,
                reason: "its pickle has \(range.count) bytes, more than the \(Self.maximumByteCount) that are read"
            )
        }
        self.archive = archive
        self.prefix = prefix
        position = range.lowerBound
        end = range.upperBound
    }

    /// Runs the pickle to its STOP and returns the object it leaves.
    mutating func run() throws(CheckpointError) -> PickleIndex {
        while true {
            let code = try byte()
            guard let opcode = PickleOpcode(rawValue: code) else {
                let name = "0x" + String(code, radix: 16)
                throw failure(.unsupported, "opcode \(name) is refused; only tensors and plain values are read")
            }
            if opcode == .stop { break }
            try execute(opcode)
            if heap.isFull || stack.count > PickleHeap.maximumCount || memo.count > PickleHeap.maximumCount {
                throw failure(.unsupported, "it builds more than \(PickleHeap.maximumCount) objects")
            }
        }
        let root = try pop()
        guard stack.isEmpty, marks.isEmpty, position == end else {
            throw failure(.malformed, "something is left over after its end")
        }
        return root
    }

    /// An error at the current position.
    func failure(_ kind: CheckpointError.Kind, _ reason: String) -> CheckpointError {
        CheckpointError(kind, path: archive.file.path, reason: "pickle at byte \(position): \(reason)")
    }

    private mutating func execute(_ opcode: PickleOpcode) throws(CheckpointError) {
        switch opcode {
        case .stop: break
        case .proto: try checkProtocol()
        case .frame: _ = try take(8)
        case .mark: marks.append(stack.count)
        case .pop: _ = try pop()
        case .popMark: _ = try popToMark()
        case .duplicate: stack.append(try top())
        case .none: push(.value(.none))
        case .newTrue: push(.value(.boolean(true)))
        case .newFalse: push(.value(.boolean(false)))
        case .binInt: push(.value(.integer(Int(try integer(Int32.self)))))
        case .binInt1: push(.value(.integer(Int(try byte()))))
        case .binInt2: push(.value(.integer(Int(try integer(UInt16.self)))))
        case .long1: push(.value(.integer(try longInteger())))
        case .binFloat: push(.value(.float(Double(bitPattern: UInt64(bigEndian: try integer(UInt64.self))))))
        case .shortBinUnicode, .shortBinString: push(.value(.string(try text(Int(try byte())))))
        case .binUnicode, .binString: push(.value(.string(try text(Int(try integer(UInt32.self))))))
        case .binUnicode8: push(.value(.string(try text(Int(clamping: try integer(UInt64.self))))))
        case .shortBinBytes: push(.value(.bytes(try bytes(Int(try byte())))))
        case .binBytes: push(.value(.bytes(try bytes(Int(try integer(UInt32.self))))))
        case .emptyList: push(.list([]))
        case .emptyTuple: push(.tuple([]))
        case .emptyDictionary: push(.dictionary([]))
        case .append: try append([pop()])
        case .appends: try append(popToMark())
        case .tuple1: try pushTuple(1)
        case .tuple2: try pushTuple(2)
        case .tuple3: try pushTuple(3)
        case .tuple: push(.tuple(try popToMark()))
        case .setItem: try setItems(pop(2))
        case .setItems: try setItems(popToMark())
        case .binGet: try recall(Int(try byte()))
        case .longBinGet: try recall(Int(try integer(UInt32.self)))
        case .binPut: memo[Int(try byte())] = try top()
        case .longBinPut: memo[Int(try integer(UInt32.self))] = try top()
        case .memoize: memo[memo.count] = try top()
        case .global: try pushGlobal(module: line(), name: line())
        case .stackGlobal: try pushStackGlobal()
        case .reduce: try reduce()
        case .build: try build()
        case .binPersistentID: try pushStorage()
        }
    }

    private mutating func recall(_ key: Int) throws(CheckpointError) {
        guard let index = memo[key] else {
            throw failure(.malformed, "it recalls object \(key), which it never stored")
        }
        stack.append(index)
    }
}
