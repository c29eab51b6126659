// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What the system knows about this process.
enum ProcessFigures {
    /// The most memory that was resident so far, in bytes.
    static var peakResidentBytes: Double {
        var usage = rusage()
        #if canImport(Glibc)
        let (whom, unit) = (__rusage_who_t(RUSAGE_SELF.rawValue), 1024.0)
        #else
        let (whom, unit) = (RUSAGE_SELF, 1.0)
        #endif
        guard unsafe getrusage(whom, &usage) == 0 else { return 0 }
        return Double(usage.ru_maxrss) * unit
    }

    /// Seconds since the process was started, dynamic linking included; 0 where the system does not say.
    @Sendable static func age() -> Double {
        guard let stat = FileManager.default.contents(atPath: "/proc/self/stat"),
            let uptime = FileManager.default.contents(atPath: "/proc/uptime")
        else { return 0 }
        // The command's name is in parentheses and may hold blanks: fields are counted after the last one.
        let fields = String(decoding: stat, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
        let now = String(decoding: uptime, as: UTF8.self).split(separator: " ").first.flatMap { Double($0) }
        guard fields.count > 19, let ticks = Double(fields[19]), let now else { return 0 }
        return now - ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
