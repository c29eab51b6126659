// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Standard error: progress, warnings and errors; standard output is for results.
enum Console {
    /// Whether somebody watches standard error.
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Writes a line.
    static func write(_ line: String) { raw(line + "\n") }

    /// Writes an error as users know it from other tools.
    static func error(_ message: String) { write("error: \(message)") }

    /// Writes a warning.
    static func warning(_ message: String) { write("warning: \(message)") }

    /// Writes text as it is.
    static func raw(_ text: String) {
        let bytes = Array(text.utf8)
        unsafe bytes.withUnsafeBytes { buffer in
            var sent = 0
            while sent < buffer.count {
                guard let start = buffer.baseAddress else { return }
                let count = unsafe Glibc.write(STDERR_FILENO, start + sent, buffer.count - sent)
                if count <= 0 { return }  // nobody reads: there is nobody to tell
                sent += count
            }
        }
    }
}
