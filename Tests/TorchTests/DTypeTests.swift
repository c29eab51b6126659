// SPDX-License-Identifier: Apache-2.0
import Testing
import Torch

@Suite("DType and Device")
struct DTypeTests {
    @Test("Raw values, names and sizes are libtorch's", arguments: DType.allCases)
    func agreesWithLibtorch(dtype: DType) throws {
        let theirs = try #require(try dtype.inLibtorch)
        #expect(theirs.name == dtype.name)
        #expect(theirs.byteCount == dtype.byteCount)
        let tensor = try Tensor.zeros([3], dtype: dtype)
        #expect(tensor.dtype == dtype)
        #expect(tensor.byteCount == 3 * dtype.byteCount)
        #expect(try tensor.bytes().count == 3 * dtype.byteCount)
    }

    @Test(
        "The lowest value survives the dtype, and the next lower does not",
        arguments: [
            DType.float32, .float64, .float16, .bfloat16,
        ]
    )
    func lowest(dtype: DType) throws {
        let lowest = try Tensor.full([1], dtype.lowest, dtype: dtype)
        #expect(try lowest.doubles() == [dtype.lowest])
        #expect(try (lowest * 2).isfinite().item() == 0)
    }

    @Test("Devices are read from text as people write them")
    func parsing() {
        #expect(Device(parsing: "cpu") == .cpu)
        #expect(Device(parsing: "cuda") == .cuda(0))
        #expect(Device(parsing: "cuda:1")?.description == "cuda:1")
        for text in ["", "CPU", "cuda:", "cuda:x", "cuda:-1", "cuda:+1", "cuda:200", "mps", "cuda:1 "] {
            #expect(Device(parsing: text) == nil, "\(text)")
        }
    }

    @Test("A tensor on a device that is not there is an error")
    func noSuchDevice() throws {
        #expect(throws: TorchError.self) { try Tensor.zeros([1], device: .cuda(100)) }
    }
}
