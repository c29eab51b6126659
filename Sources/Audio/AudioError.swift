// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What can go wrong with sound and sound files.
///
/// Every message names the file and the way out.
public enum AudioError: Error, Sendable, Equatable {
    /// The rate, channel count and samples do not describe a sound.
    case invalidBuffer(String)
    /// A sample is NaN or infinite.
    case notFinite(value: String, channel: Int, frame: Int)
    /// The file's name does not end in the extension of a format that can be written.
    case unknownExtension(path: String)
    /// The format exists but cannot hold this sound, or this machine's libsndfile cannot write it.
    case unsupported(format: AudioFormat, reason: String)
    /// The sound does not fit in the 4 GiB that a WAV file can hold.
    case tooLargeForWAV(byteCount: Int)
    /// A metadata text contains a NUL byte, at which every reader would cut it.
    case invalidMetadata(field: String)
    /// The file cannot be opened or read; `code` is the system's errno.
    case cannotRead(path: String, code: Int32)
    /// The file cannot be written; `code` is the system's errno.
    case cannotWrite(path: String, code: Int32)
    /// The path names a directory, a device or a pipe.
    case notARegularFile(path: String)
    /// The bytes are not sound in a format that can be read.
    case malformed(path: String, reason: String)
    /// The file is whole and of a format that is not read.
    case foreignFormat(path: String, name: String)
    /// The file ends before its sound does.
    case truncated(path: String, reason: String)
    /// The file holds no sound at all.
    case empty(path: String)
    /// The file holds more sound than the caller allows.
    case tooLong(path: String, sampleLimit: Int)
    /// libsndfile failed while encoding.
    case encoderFailed(format: AudioFormat, reason: String)
    /// The task was cancelled; nothing was left behind.
    case cancelled
}

extension AudioError: CustomStringConvertible {
    /// One sentence: what is wrong with which file, and what to do.
    public var description: String {
        switch self {
        case .invalidBuffer(let reason):
            "not a valid sound: \(reason)"
        case .notFinite(let value, let channel, let frame):
            "the sound has the sample \(value) at frame \(frame) of channel \(channel): the computation that made it "
                + "overflowed; try float32, a lower guidance or smaller adapter weights"
        case .unknownExtension(let path):
            "cannot tell the audio format of '\(path)': its name must end in \(AudioFormat.extensionList)"
        case .unsupported(let format, let reason):
            "cannot write \(format.name): \(reason)"
        case .tooLargeForWAV(let byteCount):
            "the sound needs \(byteCount) bytes, and a WAV file holds at most \(WAVLayout.maximumByteCount): "
                + "write .flac, or split it"
        case .invalidMetadata(let field):
            "the metadata field '\(field)' contains a NUL byte: remove it"
        case .cannotRead(let path, let code):
            "cannot read '\(path)': \(Self.reason(code))"
        case .cannotWrite(let path, let code):
            "cannot write '\(path)': \(Self.writeAdvice(path: path, code: code))"
        case .notARegularFile(let path):
            "'\(path)' is not a regular file: name a sound file"
        case .malformed(let path, let reason):
            "cannot read '\(path)' as sound: \(reason)"
        case .foreignFormat(let path, let name):
            "'\(path)' is \(name), which is not read here: convert it, such as with ffmpeg -i '\(path)' "
                + "'\(path).flac'"
        case .truncated(let path, let reason):
            "'\(path)' was cut off: \(reason); copy or export it again"
        case .empty(let path):
            "'\(path)' holds no sound, not a single frame"
        case .tooLong(let path, let sampleLimit):
            "'\(path)' holds more than \(sampleLimit) samples, the limit set for it: read a range of its frames, or split it"
        case .encoderFailed(let format, let reason):
            "encoding \(format.name) failed: \(reason)"
        case .cancelled:
            "cancelled"
        }
    }

    private static func reason(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }

    private static func writeAdvice(path: String, code: Int32) -> String {
        let directory = FilePathParts(path).directory
        return switch code {
        case ENOENT: "the directory '\(directory)' does not exist; create it first"
        case EACCES, EPERM, EROFS: "\(reason(code)) in the directory '\(directory)'; choose another place"
        case ENOSPC, EDQUOT: "\(reason(code)); free some space, or choose another place"
        case ENOTDIR: "a part of '\(directory)' is not a directory; choose another place"
        default: reason(code)
        }
    }
}
