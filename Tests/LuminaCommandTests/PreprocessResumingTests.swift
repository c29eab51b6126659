// SPDX-License-Identifier: Apache-2.0

import Foundation
import ObjectStore
import ObjectStoreTestSupport
import TestSupport
import Testing
import TrainingData

@Suite("lumina preprocess, killed and from buckets", .enabled(if: SlowSuite.isOn, "set LUMINA_SLOW=1"), .serialized)
struct PreprocessResumingTests {
    /// Files that a run has finished, in either pass.
    private static func progress(_ output: TemporaryDirectory) -> Int {
        ["", "/.preprocessing/latents"].reduce(0) { sum, folder in
            // There may be no folder yet.
            let names = (try? FileManager.default.contentsOfDirectory(atPath: output.path + folder)) ?? []
            return sum + names.count { !$0.hasPrefix(".") }
        }
    }

    @Test(
        "However often a run is killed, it goes on to the same bytes",
        arguments: [[], ["--sample-posterior", "--seed", "7"], ["--format", "pt", "--compat", "side-step"]]
    )
    func killed(options: [String]) async throws {
        let (model, songs) = (try EncoderFixture.checkpoint(), try Preprocessing.songs(copies: 2))
        let (whole, broken) = (try TemporaryDirectory(), try TemporaryDirectory())
        #expect(try await Preprocessing.run(model, songs.path, to: whole.path, options).status == 0)
        var kills = 0
        while true {
            let start = Self.progress(broken)
            let outcome = try await Preprocessing.run(
                model,
                songs.path,
                to: broken.path,
                options,
                interruption: .init { _ in Self.progress(broken) >= start + 4 }
            )
            if outcome.status == 0 { break }
            #expect(outcome.status == -SIGKILL, "\(outcome.errors)")
            kills += 1
            guard kills < 30 else { break }
        }
        // How often depends on how busy the machine is.
        #expect((1..<30).contains(kills), "killed \(kills) times")
        let (expected, found) = (try Preprocessing.results(whole.path), try Preprocessing.results(broken.path))
        #expect(expected.count == 12 && found == expected)
        #expect(try broken.names() == whole.names())
    }

    @Test("Songs and their list come from a bucket, tensors go to one, and only changes travel")
    func bucket() async throws {
        let store = try await Buckets.shared.store(.seaweedfs, versioned: false)
        let (model, songs) = (try EncoderFixture.checkpoint(), try Preprocessing.songs())
        let (cache, local) = (try TemporaryDirectory(), try TemporaryDirectory())
        #expect(try await Preprocessing.run(model, songs.path, to: local.path).status == 0)
        let prefix = "sets/" + UUID().uuidString
        try await TransferEngine().uploadTree(songs.path, to: store, prefix: prefix + "/music")
        let bucket = try await Buckets.shared.bucket(.seaweedfs, versioned: false)
        let environment = [
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testsecret", "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:18433", "LUMINA_CACHE": cache.path,
        ]
        let (music, tensors) = ("s3://\(bucket)/\(prefix)/music", "s3://\(bucket)/\(prefix)/tensors")
        func run(_ more: [String] = []) async throws -> [String: Any] {
            let options = more + ["--json"]
            let outcome = try await Preprocessing.run(model, music, to: tensors, options, environment: environment)
            #expect(outcome.status == 0, "\(outcome.errors)")
            return try outcome.json()
        }
        func fetched() async throws -> TemporaryDirectory {
            let directory = try TemporaryDirectory()
            try await TransferEngine().downloadTree(store, prefix: prefix + "/tensors", to: directory.path)
            return directory
        }
        let counted = try await LuminaProcess.run(["dataset", "stats", music, "--json"], environment: environment)
        #expect(try counted.json()["songs"] as? Int == 6, "\(counted.errors)")
        let checked = try await LuminaProcess.run(["dataset", "check", music], environment: environment)
        #expect(checked.status == 0 && checked.output.contains("6 songs, 0 errors"), "\(checked)")
        #expect(try await run()["processed"] as? Int == 6)
        let first = try await fetched()
        #expect(try Set(Preprocessing.results(first.path).keys) == Set(Preprocessing.results(local.path).keys))
        for name in try Preprocessing.results(first.path).keys {
            let (file, other) = (first.path(of: name), local.path(of: name))
            #expect(try TrainingSample(path: file).tensors == TrainingSample(path: other).tensors)
            let place = try SampleFile(path: file).metadata.audioPath
            #expect(place.hasPrefix(music + "/"), "\(place)")
        }
        #expect(try await run()["skipped"] as? Int == 6)
        // Another machine finds in the bucket what this one has made.
        try FileManager.default.removeItem(atPath: cache.path(of: "tensors"))
        #expect(try await run()["skipped"] as? Int == 6)
        // A list beside the songs, which names two of them.
        let list = """
            [{"filename": "song_00.wav", "caption": "zero"}, {"audio_path": "more/song_01.flac", "caption": "one"}]
            """
        try songs.write(list, to: "dataset.json")
        try await TransferEngine().uploadTree(songs.path, to: store, prefix: prefix + "/music")
        let listed = try await run(["--dataset-json", music + "/dataset.json"])
        #expect(listed["total"] as? Int == 2 && listed["processed"] as? Int == 2)
        #expect((listed["strangers"] as? [String])?.count == 4)
        let last = try await fetched()
        #expect(try TrainingSample(path: last.path(of: "song_00.safetensors")).metadata.caption == "zero")
    }
}
