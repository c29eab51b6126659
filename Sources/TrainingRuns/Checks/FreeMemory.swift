// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// The memory that a process may still take.
package enum FreeMemory {
    /// Bytes that the machine can give, within the limit of the container it runs in.
    ///
    /// - Returns: nil where the system does not say.
    package static func bytes() -> Double? {
        let machine = available(text("/proc/meminfo"))
        guard let limit = container() else { return machine }
        return machine.map { min($0, limit) } ?? limit
    }

    /// `MemAvailable` of `/proc/meminfo`: what can be had without swapping, cached files included.
    ///
    /// - Parameter meminfo: the file's text.
    /// - Returns: bytes; nil where the text has no such line.
    package static func available(_ meminfo: String) -> Double? {
        for line in meminfo.split(separator: "\n") where line.hasPrefix("MemAvailable:") {
            let words = line.split(whereSeparator: \.isWhitespace)
            return words.count > 1 ? Double(words[1]).map { $0 * 1024 } : nil
        }
        return nil
    }

    /// What a container's limit leaves; files in the page cache count as free, as the kernel drops them first.
    private static func container() -> Double? {
        let folder = "/sys/fs/cgroup/"
        guard let limit = number(text(folder + "memory.max")), let used = number(text(folder + "memory.current"))
        else { return nil }
        let cached =
            text(folder + "memory.stat").split(separator: "\n").first { $0.hasPrefix("file ") }
            .flatMap { Double($0.dropFirst(5)) } ?? 0
        return max(0, limit - used + cached)
    }

    private static func number(_ text: String) -> Double? {
        Double(String(text.prefix { $0 != "\n" }))
    }

    private static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
