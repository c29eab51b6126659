// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// Objects with names, versions and conditional writes: an S3 bucket, a directory, or memory.
///
/// Three stores pass one suite of tests. What they promise:
///
/// - A write is seen whole or not at all, by the very next read (`head`, `get`, `list`).
/// - Conditions are checked and applied in one step: of many writers with `.ifAbsent`, one succeeds and the others get
///   `.preconditionFailed` (or `.conflict`, after which the same write may be tried again).
/// - With versions on, nothing is lost by `put`, `copy` or `delete` without a version: old versions stay until they are
///   deleted by name.
/// - Every failure is an `ObjectStoreError` that names the key; cancellation is a `CancellationError`.
/// - Retries happen below this protocol. After `.timedOut`, `.connectionFailed` and `.serverFailure` a write may or may
///   not have happened; ask the store.
public protocol ObjectStore: Sendable {
    /// The store's place for messages and logs: `s3://bucket`, `file:///directory`, `memory:`.
    var location: String { get }

    /// Reads an object's properties.
    ///
    /// - Throws: `.notFound` when there is none, or when the version is a delete marker.
    func head(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectInfo

    /// Opens an object for reading.
    ///
    /// - Throws: `.notFound`, `.invalidRange` when the range starts beyond the end, `.preconditionFailed`,
    ///   `.notModified`.
    func get(_ key: ObjectKey, _ options: GetOptions) async throws -> ObjectBody

    /// Writes an object in one request.
    ///
    /// - Throws: `.preconditionFailed` when the condition does not hold (for `.ifMatch` also where there is no object),
    ///   `.conflict`.
    func put(_ key: ObjectKey, _ body: ByteBuffer, _ options: PutOptions) async throws -> WrittenObject

    /// Writes an object in one request, from a file; stores that can read it while they send.
    ///
    /// - Throws: As for bytes; `.changedDuringTransfer` when the file is cut meanwhile.
    func put(_ key: ObjectKey, _ body: FileSlice, _ options: PutOptions) async throws -> WrittenObject

    /// Starts an upload in parts. `options.condition` is for `completeMultipart` and not looked at here.
    func createMultipart(_ key: ObjectKey, _ options: PutOptions) async throws -> MultipartUpload

    /// Sends one part; a number sent again replaces the part.
    ///
    /// - Throws: `.noSuchUpload`.
    func uploadPart(_ upload: MultipartUpload, number: Int, _ body: ByteBuffer) async throws -> UploadedPart

    /// Sends one part from a file; stores that can read it while they send.
    ///
    /// - Throws: As for bytes; `.changedDuringTransfer` when the file is cut meanwhile.
    func uploadPart(_ upload: MultipartUpload, number: Int, _ body: FileSlice) async throws -> UploadedPart

    /// The parts that the store has, by number.
    ///
    /// - Throws: `.noSuchUpload`.
    func listParts(_ upload: MultipartUpload) async throws -> [UploadedPart]

    /// Makes the parts, in order of their numbers, the object.
    ///
    /// - Throws: `.invalidRequest` for a part that is missing, differs or is too small; `.preconditionFailed`,
    ///   `.conflict` (start the whole upload again), `.noSuchUpload`.
    func completeMultipart(
        _ upload: MultipartUpload,
        parts: [UploadedPart],
        _ options: CompleteOptions
    ) async throws -> WrittenObject

    /// Gives an upload up; one that is not there is no error.
    func abortMultipart(_ upload: MultipartUpload) async throws

    /// Copies an object inside the store.
    ///
    /// - Throws: `.notFound`, `.preconditionFailed`, `.conflict`.
    func copy(_ source: ObjectKey, to destination: ObjectKey, _ options: CopyOptions) async throws -> WrittenObject

    /// Deletes an object; with versions on, that writes a delete marker. A key without an object is no error.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - version: Deletes this version (or removes this delete marker) for good.
    ///   - ifMatch: Only if the object is this one.
    /// - Returns: The version deleted, or the delete marker's.
    /// - Throws: `.preconditionFailed`.
    func delete(_ key: ObjectKey, version: VersionID?, ifMatch: ETag?) async throws -> DeletedObject

    /// Lists a page of objects, in the order of the keys' bytes.
    ///
    /// Some S3 servers sort folder by folder instead (`a/1` before `a-b`), and then even lose keys between pages where a
    /// name is followed by a byte below `/`. Do not rely on the order across such names.
    func list(_ options: ListOptions) async throws -> ListPage

    /// Lists a page of versions.
    ///
    /// - Throws: `.unsupported` where the store keeps none and cannot say so by an empty page.
    func listVersions(_ options: VersionListOptions) async throws -> VersionPage

    /// Whether the store keeps old versions.
    func versioning() async throws -> Versioning

    /// Makes a version the current one again, by copying it over the object. Its pairs are kept.
    func restore(_ key: ObjectKey, version: VersionID) async throws -> WrittenObject
}

extension ObjectStore {
    /// Writes an object from a file that is read into memory.
    public func put(_ key: ObjectKey, _ body: FileSlice, _ options: PutOptions) async throws -> WrittenObject {
        try await put(key, try await body.bytes(), options)
    }

    /// Sends one part from a file that is read into memory.
    public func uploadPart(_ upload: MultipartUpload, number: Int, _ body: FileSlice) async throws -> UploadedPart {
        try await uploadPart(upload, number: number, try await body.bytes())
    }

    /// Makes a version the current one again, by copying it over the object.
    ///
    /// Its pairs are kept.
    public func restore(_ key: ObjectKey, version: VersionID) async throws -> WrittenObject {
        try await copy(key, to: key, CopyOptions(version: version))
    }
}
