// swift-tools-version: 6.2
import PackageDescription

/// libtorch's include/ and lib/: $LIBTORCH, else .libtorch, which Scripts/setup links to an unpacked wheel.
let libtorch = Context.environment["LIBTORCH"] ?? Context.packageDirectory + "/.libtorch"

let package = Package(
    name: "Lumina",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Lumina", targets: ["Lumina"]),
        .executable(name: "lumina", targets: ["LuminaCommand"]),
        // Opened by dlopen at the first tensor, never linked: libtorch costs every start 113 MB and 0.3 s.
        .library(name: "CTorch", type: .dynamic, targets: ["CTorch"]),
    ],
    dependencies: [
        // The command line: parsing, help, completion.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // HTTP to S3 and model hubs: pooled connections, TLS, streaming bodies both ways.
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        // SHA-256, HMAC and MD5: signatures of requests, digests of objects.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        // S3's answers are XML.
        .package(url: "https://github.com/CoreOffice/XMLCoder", from: "0.18.2"),
        // Buffers, event loops and the thread pool for file I/O under async-http-client.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        // A custom certificate authority for an endpoint.
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
        // Retries and slow parts are worth a line in the log of whoever owns the store.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // The local catalogue of adapters: SQLite, a cache that can be deleted.
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        // TensorBoard's event files are records of protocol buffers.
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    ],
    targets: [
        // The only C++: one function per libtorch call, exported as one table.
        .target(
            name: "CTorch",
            cxxSettings: [.unsafeFlags(["-isystem", libtorch + "/include"])],
            linkerSettings: [
                .unsafeFlags(["-L", libtorch + "/lib", "-Xlinker", "-rpath", "-Xlinker", libtorch + "/lib"]),
                .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
            ]
        ),
        // The table's C header alone, so that Swift sees the functions without linking them.
        .target(name: "CTorchTable"),
        .systemLibrary(name: "CSndFile", pkgConfig: "sndfile", providers: [.apt(["libsndfile1-dev"])]),
        .systemLibrary(name: "CSoxr", pkgConfig: "soxr", providers: [.apt(["libsoxr-dev"])]),
        .systemLibrary(name: "CEBUR128", pkgConfig: "libebur128", providers: [.apt(["libebur128-dev"])]),
        // Charts as PNG: lines, fonts and pixels.
        .systemLibrary(name: "CCairo", pkgConfig: "cairo", providers: [.apt(["libcairo2-dev"])]),

        .target(name: "Torch", dependencies: ["CTorchTable"]),
        .target(name: "Checkpoints"),
        .target(name: "AdapterFormats", dependencies: ["Checkpoints"]),
        .target(
            name: "EventFiles",
            dependencies: ["Checksums", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
            exclude: ["event.proto"]
        ),
        .target(
            name: "TrainingRuns",
            dependencies: [
                "AdapterFormats", "Checkpoints", "EventFiles", .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),
        .target(name: "Audio", dependencies: ["CSndFile", "CSoxr", "CEBUR128"]),
        .target(name: "Datasets"),
        // The distances and verdicts of a study of a data set's parts, and what a study is told.
        .target(
            name: "Attribution",
            dependencies: ["AdapterFormats", "TrainingRuns", .product(name: "Crypto", package: "swift-crypto")]
        ),
        .target(name: "Pictures", dependencies: ["CCairo"]),
        .target(name: "TrainingData", dependencies: ["Checkpoints", "Datasets"]),
        .target(name: "Tokenizer"),
        // What Swift cannot say: the processor's carry-less multiplication for checksums, an early flush.
        .target(name: "CObjectStore"),
        .target(name: "Checksums", dependencies: ["CObjectStore"]),
        .target(
            name: "ObjectStore",
            dependencies: [
                "CObjectStore", "Checksums",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "XMLCoder", package: "XMLCoder"),
            ]
        ),
        .target(
            name: "Registry",
            dependencies: [
                "ObjectStore", "AdapterFormats", "Checkpoints",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        // Music whose tempo, key and style are known, and what finds them in a sound.
        .target(name: "MusicSynthesis"),
        .target(name: "MusicAnalysis", dependencies: ["MusicSynthesis"]),
        .target(name: "Layers", dependencies: ["Torch", "Checkpoints"]),
        .target(name: "ACEStep", dependencies: ["Layers", "Torch", "Tokenizer", "Checkpoints"]),
        .target(name: "Adapters", dependencies: ["AdapterFormats", "Checkpoints", "Layers", "Torch"]),
        .target(
            name: "AdapterConversion",
            dependencies: ["Adapters", "AdapterFormats", "Checkpoints", "Layers", "Torch"]
        ),
        // Adapters' training: gradients, steps, runs.
        .target(
            name: "Training",
            dependencies: [
                "ACEStep", "Adapters", "AdapterFormats", "Checkpoints", "Layers", "Tokenizer", "Torch", "TrainingData",
                "TrainingRuns",
            ]
        ),
        .target(
            name: "Engine",
            dependencies: [
                "ACEStep", "Adapters", "AdapterFormats", "Audio", "Checkpoints", "Datasets", "Layers", "Tokenizer",
                "Torch",
                "TrainingData",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            exclude: ["Resources"]
        ),
        .target(
            name: "Lumina",
            dependencies: [
                "Engine", "ACEStep", "Adapters", "AdapterFormats", "Audio", "Checkpoints", "ObjectStore", "Registry",
                "Torch",
            ]
        ),
        .executableTarget(
            name: "LuminaCommand",
            dependencies: [
                "Lumina", "Engine", "ACEStep", "AdapterConversion", "Adapters", "AdapterFormats", "Attribution", "Audio",
                "Checkpoints",
                "Datasets", "MusicAnalysis", "MusicSynthesis", "ObjectStore", "Pictures", "Registry", "Torch", "Training",
                "TrainingData", "TrainingRuns",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),

        // Programs of under 60 lines that show the library; built with everything else so that they stay true.
        .executableTarget(name: "example-blend", dependencies: ["Lumina"], path: "Examples/blend"),

        .target(name: "TestSupport", dependencies: ["Checkpoints"], path: "Tests/TestSupport"),
        .target(
            name: "ModelTestSupport", dependencies: ["ACEStep", "Checkpoints", "Layers", "Torch"],
            path: "Tests/ModelTestSupport"),
        .testTarget(name: "TorchTests", dependencies: ["Torch", "TestSupport"]),
        .testTarget(
            name: "CheckpointsTests",
            dependencies: ["Checkpoints", "TestSupport"],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(
            name: "TokenizerTests",
            dependencies: ["MusicSynthesis", "Tokenizer", "TestSupport"],
            resources: [.copy("Fixtures")]
        ),
        // A process of its own for transfers that are measured or killed.
        .executableTarget(name: "store-tool", dependencies: ["ObjectStore"], path: "Tests/StoreTool"),
        .target(
            name: "ObjectStoreTestSupport",
            dependencies: [
                "ObjectStore",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Tests/ObjectStoreTestSupport"
        ),
        .testTarget(
            name: "ObjectStoreTests",
            dependencies: [
                "Checksums", "ObjectStore", "ObjectStoreTestSupport", "TestSupport", "store-tool",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "RegistryTests",
            dependencies: [
                "Registry", "ObjectStore", "ObjectStoreTestSupport", "Checkpoints", "TestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .testTarget(name: "AudioTests", dependencies: ["Audio", "TestSupport"], resources: [.copy("Fixtures")]),
        .testTarget(
            name: "AttributionTests", dependencies: ["AdapterFormats", "Attribution", "TestSupport", "TrainingRuns"], resources: [.copy("Fixtures")]),
        .testTarget(name: "PicturesTests", dependencies: ["CCairo", "Pictures", "TestSupport"]),
        .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "TestSupport"]),
        .testTarget(
            name: "TrainingDataTests",
            dependencies: ["Checkpoints", "Datasets", "TestSupport", "TrainingData"],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(name: "MusicSynthesisTests", dependencies: ["MusicSynthesis"]),
        .testTarget(name: "MusicAnalysisTests", dependencies: ["MusicAnalysis", "MusicSynthesis"]),
        .testTarget(name: "AdapterFormatsTests", dependencies: ["AdapterFormats", "Checkpoints", "TestSupport"]),
        .testTarget(name: "EventFilesTests", dependencies: ["Checksums", "EventFiles", "TestSupport"]),
        .testTarget(
            name: "TrainingRunsTests",
            dependencies: ["AdapterFormats", "Checkpoints", "EventFiles", "TestSupport", "TrainingRuns"],
            resources: [.copy("Fixtures")]),
        .testTarget(name: "LayersTests", dependencies: ["Layers", "Torch", "Checkpoints", "TestSupport"]),
        .testTarget(
            name: "AdaptersTests",
            dependencies: ["AdapterFormats", "Adapters", "Checkpoints", "Layers", "Torch", "TestSupport"],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(
            name: "AdapterConversionTests",
            dependencies: [
                "AdapterConversion", "AdapterFormats", "Adapters", "Checkpoints", "LuminaCommand", "Torch",
                "TestSupport",
            ]
        ),
        .testTarget(
            name: "ACEStepTests",
            dependencies: [
                "ACEStep", "Adapters", "AdapterFormats", "Checkpoints", "Layers", "ModelTestSupport", "TestSupport", "Torch",
            ],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(
            name: "TrainingTests",
            dependencies: [
                "ACEStep", "AdapterFormats", "Adapters", "Checkpoints", "Layers", "Torch", "Training", "TrainingData",
                "TrainingRuns", "ModelTestSupport", "TestSupport",
            ],
            resources: [.copy("Fixtures")]
        ),
        .testTarget(
            name: "EngineTests",
            dependencies: [
                "ACEStep", "Adapters", "Audio", "Checkpoints", "Engine", "Layers", "Lumina", "Torch", "TestSupport",
            ]
        ),
        .testTarget(
            name: "LuminaCommandTests",
            dependencies: [
                "Audio", "Checkpoints", "ObjectStore", "ObjectStoreTestSupport", "TestSupport", "TrainingData",
            ]
        ),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx20
)

for target in package.targets where target.type != .system {
    let settings: [SwiftSetting] = [
        .treatAllWarnings(as: .error),
        .strictMemorySafety(),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
    // Optimising what runs once takes longer than running it: a third of a build from nothing. What tests compute with is optimised.
    let speed: [SwiftSetting] = target.type == .test ? [.unsafeFlags(["-Onone"])] : []
    target.swiftSettings = (target.swiftSettings ?? []) + settings + speed
}
