// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The reason of the last failed system call of this thread.
struct SystemError: CustomStringConvertible {
    /// The number, as in `errno`.
    let code: Int32

    /// Takes `errno`; call it before anything else can change it.
    init() {
        code = errno
    }

    /// The system's words, for example "No space left on device".
    var description: String {
        // strerror's buffer belongs to the thread in glibc and musl, and to a constant table for known codes on Darwin.
        unsafe String(cString: strerror(code))
    }

    /// Whether a failed open means that nothing is there.
    var isMissing: Bool { code == ENOENT || code == ENOTDIR }

    /// Whether an open was refused because the path is a symbolic link.
    var isSymbolicLink: Bool { code == ELOOP }

    /// Whether the call was interrupted by a signal and should be made again.
    var isInterruption: Bool { code == EINTR }
}
