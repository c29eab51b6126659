// SPDX-License-Identifier: Apache-2.0

import CSndFile
import Synchronization

/// An open SNDFILE: the only code that touches libsndfile's pointer.
///
/// Blocks of samples are interleaved.
@safe
final class SoundFile {
    private let handle: OpaquePointer
    /// The input or output behind the handle, which must outlive it.
    private let backing: AnyObject
    private var isOpen = true

    /// libsndfile keeps the reason of a failed open in one global: opening and asking are one step.
    private static let opening = Mutex(())

    /// The library's version, for messages.
    static var libraryVersion: String { unsafe String(cString: sf_version_string()) }

    /// Why a file did not open.
    struct OpenFailure: Error {
        let reason: String
    }

    private init(backing: AnyObject, _ open: () -> OpaquePointer?) throws(OpenFailure) {
        let (opened, reason) = unsafe Self.opening.withLock { _ in
            let opened = unsafe open()
            return unsafe (opened, opened == nil ? String(cString: sf_strerror(nil)) : "")
        }
        guard let handle = unsafe opened else { throw OpenFailure(reason: reason) }
        unsafe self.handle = handle
        self.backing = backing
    }

    /// Opens a decoder that reads from `input`; `information` receives what the header says.
    convenience init(reading input: SoundFileInput, _ information: inout SF_INFO) throws(OpenFailure) {
        var callbacks = SoundFileInput.callbacks
        let context = unsafe Unmanaged.passUnretained(input).toOpaque()
        try unsafe self.init(backing: input) {
            unsafe sf_open_virtual(&callbacks, Int32(SFM_READ), &information, context)
        }
    }

    /// Opens an encoder that writes to `output`.
    convenience init(writing output: SoundFileOutput, _ information: SF_INFO) throws(OpenFailure) {
        var information = information
        var callbacks = SoundFileOutput.callbacks
        let context = unsafe Unmanaged.passUnretained(output).toOpaque()
        try unsafe self.init(backing: output) {
            unsafe sf_open_virtual(&callbacks, Int32(SFM_WRITE), &information, context)
        }
    }

    deinit { close() }

    /// Flushes and closes.
    ///
    /// - Returns: Whether the encoder could finish.
    @discardableResult
    func close() -> Bool {
        guard isOpen else { return true }
        isOpen = false
        return unsafe sf_close(handle) == 0
    }

    /// libsndfile's last error on this file; nil if there is none.
    var failure: String? {
        guard unsafe sf_error(handle) != Int32(SF_ERR_NO_ERROR) else { return nil }
        return unsafe String(cString: sf_strerror(handle))
    }

    /// Sets the effort of a lossy encoder, 0 (largest, best) to 1.
    func setCompressionLevel(_ level: Double) {
        var level = level
        _ = unsafe sf_command(handle, Int32(SFC_SET_COMPRESSION_LEVEL), &level, Int32(MemoryLayout<Double>.size))
    }

    /// A text of the file; nil if it has none.
    func text(_ field: AudioMetadata.Field) -> String? {
        guard let text = unsafe sf_get_string(handle, field.soundFileCode) else { return nil }
        return unsafe String(cString: text)
    }

    /// Stores a text, which must come before the first sample.
    ///
    /// - Returns: Whether the format takes it.
    func setText(_ field: AudioMetadata.Field, _ text: String) -> Bool {
        unsafe sf_set_string(handle, field.soundFileCode, text) == 0
    }

    /// Moves to a frame.
    ///
    /// - Returns: Whether it could.
    func seek(toFrame frame: Int) -> Bool { unsafe sf_seek(handle, sf_count_t(frame), Int32(SF_SEEK_SET)) >= 0 }

    /// Decodes up to `frameCount` frames into `block`, which must have room for them.
    ///
    /// - Returns: The frames decoded, 0 at the end.
    func read(into block: inout [Float], frameCount: Int, channels: Int) -> Int {
        precondition(block.count >= frameCount * channels, "the block is smaller than what is to be read")
        return Int(unsafe sf_readf_float(handle, &block, sf_count_t(frameCount)))
    }

    /// Encodes a block of samples.
    ///
    /// - Returns: Whether all of it was taken.
    func write(_ block: [Float]) -> Bool {
        unsafe sf_write_float(handle, block, sf_count_t(block.count)) == sf_count_t(block.count)
    }

    /// Encodes a block of integers, whose value is in the top bits.
    ///
    /// - Returns: Whether all of it was taken.
    func write(_ block: [Int32]) -> Bool {
        unsafe sf_write_int(handle, block, sf_count_t(block.count)) == sf_count_t(block.count)
    }
}

extension AudioMetadata.Field {
    /// libsndfile's number for the field.
    var soundFileCode: Int32 {
        let code =
            switch self {
            case .title: SF_STR_TITLE
            case .artist: SF_STR_ARTIST
            case .comment: SF_STR_COMMENT
            case .software: SF_STR_SOFTWARE
            case .date: SF_STR_DATE
            }
        return Int32(code)
    }
}
