// SPDX-License-Identifier: Apache-2.0

import Foundation
import SwiftProtobuf

/// A file of TensorBoard's in the making.
///
/// Each file is new: TensorBoard reads all files of a folder in the order of their names, so that a resumed run adds one,
/// and its first record says from which step on the older ones no longer count.
package final class EventFile {
    /// The file's path.
    package let path: String

    private let handle: FileHandle

    /// Creates a file in a folder, which is made if it is missing.
    ///
    /// - Parameters:
    ///   - directory: the folder.
    ///   - firstStep: for a run that continues: the first step that this file will hold; nil for a new run.
    ///   - host: the machine's name, which the file's name holds.
    ///   - time: seconds since 1970.
    /// - Throws: `EventFileError`.
    package init(
        directory: String,
        continuingAt firstStep: Int? = nil,
        host: String = ProcessInfo.processInfo.hostName,
        time: Double = Date().timeIntervalSince1970
    ) throws(EventFileError) {
        path = try Self.create(in: directory, host: host, time: time)
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw EventFileError(path: path, reason: "it cannot be opened for writing")
        }
        self.handle = handle
        var version = Event()
        version.wallTime = time
        version.fileVersion = "brain.Event:2"
        try write(version)
        guard let firstStep else { return }
        var restart = Event()
        restart.wallTime = time
        restart.step = Int64(firstStep)
        restart.sessionLog.status = .start
        try write(restart)
    }

    deinit {
        // What was written is in the file already; a failed close has nobody to tell.
        try? handle.close()
    }

    private static func create(in directory: String, host: String, time: Double) throws(EventFileError) -> String {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw EventFileError(path: directory, reason: "the folder cannot be made: \(error.localizedDescription)")
        }
        let name = host.replacing("/", with: "-")
        let process = ProcessInfo.processInfo.processIdentifier
        let seconds = String(Int(time))
        let stem =
            directory + "/events.out.tfevents." + String(repeating: "0", count: max(0, 10 - seconds.count))
            + "\(seconds).\(name).\(process)."
        // Two files of one process in one second differ by the number at the end.
        for number in 0..<1000 where !FileManager.default.fileExists(atPath: stem + "\(number)") {
            let path = stem + "\(number)"
            guard FileManager.default.createFile(atPath: path, contents: nil) else {
                throw EventFileError(path: path, reason: "the file cannot be created")
            }
            return path
        }
        throw EventFileError(path: stem + "0", reason: "there are a thousand files of this second")
    }

    /// Adds numbers of a step, all in one record.
    ///
    /// - Parameters:
    ///   - scalars: names and numbers.
    ///   - step: the step.
    ///   - time: seconds since 1970.
    /// - Throws: `EventFileError`.
    package func add(
        scalars: [(tag: String, value: Double)],
        step: Int,
        time: Double = Date().timeIntervalSince1970
    ) throws(EventFileError) {
        var event = Self.event(step, time)
        event.summary.value = scalars.map { scalar in
            var value = Summary.Value()
            value.tag = scalar.tag
            value.simpleValue = Float(scalar.value)
            return value
        }
        try write(event)
    }

    /// Adds histograms of a step, all in one record.
    ///
    /// - Parameters:
    ///   - histograms: names and histograms.
    ///   - step: the step.
    ///   - time: seconds since 1970.
    /// - Throws: `EventFileError`.
    package func add(
        histograms: [(tag: String, histogram: Histogram)],
        step: Int,
        time: Double = Date().timeIntervalSince1970
    ) throws(EventFileError) {
        var event = Self.event(step, time)
        event.summary.value = histograms.map { entry in
            var value = Summary.Value()
            value.tag = entry.tag
            value.histo.min = entry.histogram.minimum
            value.histo.max = entry.histogram.maximum
            value.histo.num = Double(entry.histogram.count)
            value.histo.sum = entry.histogram.sum
            value.histo.sumSquares = entry.histogram.sumOfSquares
            value.histo.bucketLimit = entry.histogram.buckets.map(\.limit)
            value.histo.bucket = entry.histogram.buckets.map(\.count)
            return value
        }
        try write(event)
    }

    private static func event(_ step: Int, _ time: Double) -> Event {
        var event = Event()
        event.wallTime = time
        event.step = Int64(step)
        return event
    }

    private func write(_ event: Event) throws(EventFileError) {
        do {
            let content: [UInt8] = try event.serializedBytes()
            try handle.write(contentsOf: Data(EventRecord.encode(content)))
        } catch {
            throw EventFileError(path: path, reason: error.localizedDescription)
        }
    }
}

/// An event file that cannot be written.
package struct EventFileError: Error, Equatable, CustomStringConvertible {
    /// The file.
    package let path: String
    /// What is wrong.
    package let reason: String

    /// Names the file and the cause.
    package var description: String { "\(path) cannot be written: \(reason)" }
}
