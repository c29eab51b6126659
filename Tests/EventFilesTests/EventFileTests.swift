// SPDX-License-Identifier: Apache-2.0

import EventFiles
import Foundation
import TestSupport
import Testing

@Suite("Event files")
struct EventFileTests {
    @Test("Checksums are CRC-32C, turned by 15 bits and moved")
    func checksums() {
        // CRC-32C of "123456789" is e3069283.
        let code: UInt32 = 0xE306_9283
        #expect(EventRecord.checksum(Array("123456789".utf8)) == (code >> 15 | code << 17) &+ 0xA282_EAD8)
        let record = EventRecord.encode([1, 2, 3])
        #expect(record.count == 12 + 3 + 4)
        #expect(Array(record[0..<8]) == [3, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test("A file begins with its version and holds what was added, each step in a record")
    func scalars() throws {
        let directory = try TemporaryDirectory()
        let folder = directory.path(of: "runs/deep")
        var path = ""
        do {
            let file = try EventFile(directory: folder, host: "a/host", time: 1_700_000_000.5)
            path = file.path
            try file.add(scalars: [("train/loss", 0.5), ("train/lr", 3e-4)], step: 10, time: 1_700_000_001)
            try file.add(scalars: [("val_loss", .nan)], step: 11, time: 1_700_000_002)
        }
        #expect(path.hasPrefix(folder + "/events.out.tfevents.1700000000.a-host."))
        let records = try RecordReader.records(path).map(RecordReader.fields)
        #expect(records.count == 3)
        #expect(records[0][3]?.first?.text == "brain.Event:2")
        #expect(records[0][1]?.first?.double == 1_700_000_000.5)
        #expect(records[1][2]?.first?.integer == 10)
        guard case .bytes(let summary)? = records[1][5]?.first else {
            throw RecordReader.Failure(description: "no summary")
        }
        let values = try #require(try RecordReader.fields(summary)[1]).map { field -> [Int: [RecordReader.Field]] in
            guard case .bytes(let bytes) = field else { return [:] }
            return try RecordReader.fields(bytes)
        }
        #expect(values.map { $0[1]?.first?.text } == ["train/loss", "train/lr"])
        #expect(values.map { $0[2]?.first?.float } == [0.5, 3e-4])
    }

    @Test("A run that continues gets a file of its own that says where it goes on")
    func continuing() throws {
        let directory = try TemporaryDirectory()
        let first = try EventFile(directory: directory.path, host: "h", time: 5)
        let second = try EventFile(directory: directory.path, continuingAt: 21, host: "h", time: 5)
        #expect(first.path != second.path)
        #expect(try directory.names().count == 2)
        let records = try RecordReader.records(second.path).map(RecordReader.fields)
        #expect(records.count == 2)
        #expect(records[1][2]?.first?.integer == 21)
        guard case .bytes(let log)? = records[1][7]?.first else {
            throw RecordReader.Failure(description: "no session")
        }
        #expect(try RecordReader.fields(log)[1]?.first?.integer == 1)
    }

    @Test("A folder that cannot be made is an error that names it")
    func unwritable() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("x", to: "file")
        let error = #expect(throws: EventFileError.self) { try EventFile(directory: file + "/runs") }
        #expect(error?.description.contains(file + "/runs") == true)
    }
}

@Suite("Histograms")
struct HistogramTests {
    @Test("Every number lies in one bucket, below its upper end")
    func buckets() throws {
        var generator = SeededGenerator(seed: 3)
        let values = (0..<5000).map { _ in
            Float.random(in: -1...1, using: &generator) * Float.random(in: 0...1, using: &generator)
        }
        let histogram = try #require(Histogram(values))
        #expect(histogram.count == 5000)
        #expect(histogram.buckets.reduce(0) { $0 + $1.count } == 5000)
        #expect(histogram.buckets.first?.count == 0, "the first bucket's lower end must not be infinity")
        #expect(zip(histogram.buckets, histogram.buckets.dropFirst()).allSatisfy { $0.limit < $1.limit })
        for (lower, bucket) in zip(histogram.buckets, histogram.buckets.dropFirst()) {
            let expected = values.filter { Double($0) >= lower.limit && Double($0) < bucket.limit }.count
            #expect(bucket.count == Double(expected))
        }
        #expect(histogram.minimum == Double(values.min() ?? 0))
        #expect(histogram.maximum == Double(values.max() ?? 0))
        #expect(abs(histogram.sum - values.reduce(0) { $0 + Double($1) }) < 1e-9)
        #expect(abs(histogram.sumOfSquares - values.reduce(0) { $0 + Double($1) * Double($1) }) < 1e-9)
    }

    @Test("Extremes find a bucket; what is not finite is left out")
    func extremes() throws {
        let histogram = try #require(
            Histogram([0, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude, .nan, .infinity])
        )
        #expect(histogram.count == 4)
        #expect(histogram.buckets.reduce(0) { $0 + $1.count } == 4)
        #expect(Histogram([Float.nan, .infinity]) == nil)
        #expect(Histogram([Float]()) == nil)
        let single = try #require(Histogram([Float](repeating: 2, count: 3)))
        #expect(single.buckets.map(\.count) == [0, 3])
    }

    @Test("A file holds a histogram's buckets")
    func file() throws {
        let directory = try TemporaryDirectory()
        let histogram = try #require(Histogram([Float(0.1), 0.2, 0.3]))
        let file = try EventFile(directory: directory.path)
        try file.add(histograms: [("weights", histogram)], step: 4)
        let records = try RecordReader.records(file.path).map(RecordReader.fields)
        guard case .bytes(let summary)? = records.last?[5]?.first,
            case .bytes(let value)? = try RecordReader.fields(summary)[1]?.first,
            case .bytes(let message)? = try RecordReader.fields(value)[5]?.first
        else { throw RecordReader.Failure(description: "no histogram") }
        let fields = try RecordReader.fields(message)
        #expect(fields[3]?.first?.double == 3)
        #expect(fields[6]?.first.map(RecordReader.doubles) == histogram.buckets.map(\.limit))
        #expect(fields[7]?.first.map(RecordReader.doubles) == histogram.buckets.map(\.count))
    }
}
