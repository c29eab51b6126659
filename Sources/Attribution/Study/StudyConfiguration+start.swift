// SPDX-License-Identifier: Apache-2.0

package import AdapterFormats

extension StudyConfiguration {
    /// The configuration that `lumina attribute --init` writes: every field with what it is for, as a comment beside it.
    ///
    /// - Parameters:
    ///   - parts: the parts to write prompts for, with the tags of one of their songs.
    ///   - dataset: the folder of tensors.
    ///   - model: the checkpoint.
    /// - Returns: the file's object.
    package static func start(parts: [(name: String, tags: String)], dataset: String, model: String?) -> JSONObject {
        func object(_ members: [(String, JSONValue)]) -> JSONValue {
            var object = JSONObject()
            for (key, value) in members { object.set(key, value) }
            return .object(object)
        }
        let prompts = parts.map { part in
            object([("part", .string(part.name)), ("name", .string(part.name)), ("tags", .string(part.tags))])
        }
        let members: [(String, JSONValue)] = [
            ("_", .string("lumina attribute --config THIS; names that begin with _ are comments")),
            ("model", model.map(JSONValue.string) ?? .null),
            (
                "_model",
                .string("a checkpoint, as for generate; null is the embedded model. Also: variant, device, dtype")
            ),
            ("dataset", .string(dataset)),
            ("parts", .string("genre")),
            (
                "_parts",
                .string(
                    "\"genre\", or {\"NAME\": [\"file*.safetensors\", ...], ...}; leave_out: [NAME, ...] takes some of them"
                )
            ),
            ("adapter", .null),
            (
                "_adapter",
                .string("one that was trained on everything; null trains it. left_out_adapters: {PART: REF} likewise")
            ),
            ("train_again", .bool(false)),
            ("_train_again", .string("true also trains on everything with the next seed: how much chance alone moves")),
            (
                "training",
                object([
                    ("adapter_type", .string("lora")), ("rank", .number(16)), ("alpha", .number(32)),
                    ("learning_rate", .number(3e-4)), ("max_steps", .number(400)), ("batch_size", .number(1)),
                    ("gradient_accumulation", .number(4)), ("max_latent_length", .number(256)),
                    ("scheduler_type", .string("constant_with_warmup")), ("seed", .number(42)),
                ])
            ),
            (
                "_training",
                .string(
                    "settings of lumina train; max_steps without epochs gives every training as many steps, whatever is left out"
                )
            ),
            ("prompts", .array(prompts)),
            (
                "_prompts",
                .string("also: lyrics, duration, bpm, keyscale, timesignature, vocal_language; without part: unrelated")
            ),
            ("seeds", object([("first", .number(1)), ("count", .number(10))])),
            ("generation", object([("duration", .number(10)), ("weight", .number(1)), ("batch", .number(5))])),
            (
                "_generation",
                .string("also: num_inference_steps, guidance_scale, shift; batch: seeds denoised together")
            ),
            (
                "comparison",
                object([
                    ("points", .string("frames")), ("weights", .string("linear")), ("exact_limit", .number(1024)),
                    ("directions", .number(256)),
                ])
            ),
            (
                "_comparison",
                .string("points: frames, paths or pairs; weights: linear, uniform, {\"half_life\": 0.25} or a list")
            ),
            (
                "verdict",
                object([
                    ("rank", .string("prompts")), ("relative", .bool(true)), ("margin", .number(1.1)),
                    ("seeds", .number(0.9)),
                ])
            ),
            (
                "_verdict",
                .string(
                    "a part passes if it moves its own prompts most, by this factor, in this share of the seeds; rank: prompts or parts"
                )
            ),
            ("promote", .bool(false)),
            ("_promote", .string("true: an adapter that passes gets the alias of --registry NAME --alias ALIAS")),
            ("parallel", .number(1)),
            ("_parallel", .string("processes at once; threads: compute threads of each")),
            ("output", .string("study")),
        ]
        guard case .object(let start) = object(members) else { return JSONObject() }
        return start
    }
}
