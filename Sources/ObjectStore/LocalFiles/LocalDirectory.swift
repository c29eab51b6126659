// SPDX-License-Identifier: Apache-2.0

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Names in the local file system: made, moved, linked and removed, each in one step or not at all.
///
/// Every call blocks: use it on `FileThreads` only.
package enum LocalDirectory {
    /// Makes a directory and those above it; one that is there is no error.
    package static func create(_ path: String) throws(ObjectStoreError) {
        if unsafe mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let parent = parent(of: path) else {
            throw .localFile(errno, doing: "make the directory", path: path)
        }
        try create(parent)
        if unsafe mkdir(path, 0o755) != 0 && errno != EEXIST {
            throw .localFile(errno, doing: "make the directory", path: path)
        }
    }

    /// What a path names, without following a link; nil when nothing is there.
    package static func status(_ path: String) throws(ObjectStoreError) -> FileStatus? {
        var information = stat()
        if unsafe lstat(path, &information) == 0 { return FileStatus(information) }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw .localFile(errno, doing: "examine", path: path)
    }

    /// The names in a directory, without order; none when there is no such directory.
    package static func names(_ path: String) throws(ObjectStoreError) -> [String] {
        guard let stream = unsafe opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw .localFile(errno, doing: "list", path: path)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                unsafe tuple.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
                    unsafe String(cString: $0)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Moves a file over another, if there is one.
    package static func rename(_ source: String, to destination: String) throws(ObjectStoreError) {
        if systemRename(source, destination) != 0 {
            throw .localFile(errno, doing: "put in place", path: destination)
        }
    }

    /// Gives a file a second name.
    ///
    /// - Returns: false when the name is taken.
    package static func link(_ source: String, to destination: String) throws(ObjectStoreError) -> Bool {
        if systemLink(source, destination) == 0 { return true }
        if errno == EEXIST { return false }
        throw .localFile(errno, doing: "link", path: destination)
    }

    /// Makes a symbolic link; one that is there is replaced in one step.
    package static func setSymbolicLink(_ path: String, to target: String) throws(ObjectStoreError) {
        let temporary = path + ".tmp-" + String(UInt64.random(in: 0 ... .max), radix: 36)
        if unsafe symlink(target, temporary) != 0 { throw .localFile(errno, doing: "link", path: path) }
        do throws(ObjectStoreError) {
            try rename(temporary, to: path)
        } catch {
            try remove(temporary)
            throw error
        }
    }

    /// Removes a file; one that is not there is no error.
    package static func remove(_ path: String) throws(ObjectStoreError) {
        if unsafe unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR {
            throw .localFile(errno, doing: "remove", path: path)
        }
    }

    /// Removes an empty directory.
    ///
    /// - Returns: false when it is not empty or not there.
    package static func removeEmpty(_ path: String) -> Bool { unsafe rmdir(path) == 0 }

    /// Removes a directory and what is in it; links are removed, not followed.
    package static func removeTree(_ path: String) throws(ObjectStoreError) {
        guard let status = try status(path) else { return }
        if status.kind != .directory { return try remove(path) }
        for name in try names(path) { try removeTree(path + "/" + name) }
        _ = removeEmpty(path)
    }

    /// Waits until a directory's names are on the disk.
    ///
    /// File systems that cannot are left alone.
    package static func synchronize(_ path: String) throws(ObjectStoreError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { throw .localFile(errno, doing: "flush", path: path) }
        defer { close(descriptor) }
        if fsync(descriptor) != 0 && errno != EINVAL && errno != ENOTSUP {
            throw .localFile(errno, doing: "flush", path: path)
        }
    }

    /// The directory that holds a path; nil for `/` and bare names.
    package static func parent(of path: String) -> String? {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex else { return nil }
        return String(path[..<slash])
    }
}

private func systemRename(_ source: String, _ destination: String) -> Int32 { unsafe rename(source, destination) }
private func systemLink(_ source: String, _ destination: String) -> Int32 { unsafe link(source, destination) }

extension ObjectStoreError {
    /// A failed call of the operating system.
    package static func localFile(_ number: Int32, doing: String, path: String) -> ObjectStoreError {
        let reason = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
        switch number {
        case ENOSPC, EDQUOT:
            return ObjectStoreError(
                .noSpace,
                operation: doing,
                key: path,
                message: "\(reason); free some space or choose another directory"
            )
        case EROFS, EACCES, EPERM:
            return ObjectStoreError(
                .localFile,
                operation: doing,
                key: path,
                message: "\(reason); check who owns it and whether it is read-only"
            )
        case ENOTDIR, EISDIR, ENOTEMPTY:
            return ObjectStoreError(
                .invalidKey,
                operation: doing,
                key: path,
                message: "\(reason); a directory cannot hold a file and a folder of one name"
            )
        case ENAMETOOLONG: return ObjectStoreError(.invalidKey, operation: doing, key: path, message: reason)
        case ENOENT: return ObjectStoreError(.notFound, operation: doing, key: path, message: reason)
        default: return ObjectStoreError(.localFile, operation: doing, key: path, message: reason)
        }
    }
}
