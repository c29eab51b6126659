# SPDX-License-Identifier: Apache-2.0
"""What parity.py runs: checkpoints, requests, adapters, and the quick and the full list of cases."""
import dataclasses
import itertools
import random


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """The arguments of checkpoint.make, and how the result lies on disk."""

    size: str = "tiny"
    variant: str = "turbo"
    xl: bool = False
    seed: int = 0
    dtype: str = "float32"
    layout: str = "original"
    tokenizer: str = "qwen"
    layers: int = 0
    shards: int = 1
    null_scale: float = 1.0

    def slug(self):
        shown = [self.size, ("xl-" if self.xl else "") + self.variant, f"s{self.seed}"]
        shown += [self.layout] if self.layout != "original" else []
        shown += ["bf16"] if self.dtype == "bfloat16" else []
        shown += [f"{self.tokenizer}-vocabulary"] if self.tokenizer != "qwen" else []
        shown += [f"{self.layers}-layers"] if self.layers else []
        shown += [f"{self.shards}-shards"] if self.shards > 1 else []
        shown += [f"null{self.null_scale:g}"] if self.null_scale != 1 else []
        return "-".join(shown)


@dataclasses.dataclass(frozen=True)
class Case:
    """One comparison. `adapters` is ((kind, weight), …); `timbre_token`: the XL convention of ACE-Step, not diffusers'."""

    checkpoint: Checkpoint
    request: str
    adapters: tuple = ()
    compute: str = "float32"
    timbre_token: bool = False

    def name(self):
        blend = "".join(f" +{kind}={weight:g}" for kind, weight in self.adapters)
        marks = (" token" if self.timbre_token else "") + (" bf16" if self.compute == "bfloat16" else "")
        return f"{self.checkpoint.slug()} {self.request}{blend}{marks}"


def request(duration, steps, seed, tags="jazz, piano trio", lyrics="[Instrumental]", language="unknown", shift=3.0, guidance=1.0,
            **metas):
    return {"tags": tags, "lyrics": lyrics, "duration": duration, "num_inference_steps": steps, "guidance_scale": guidance,
            "shift": shift, "seed": seed, "vocal_language": language, **metas}


VERSE = "[Verse]\nRain on the window, neon in the puddles\n\n[Chorus]\nStay, stay a while"
REQUESTS = {
    "plain": request(2.0, 4, 101, bpm=120, keyscale="E minor", timesignature="4"),
    "second": request(1.0, 2, 7),
    "odd": request(1.48, 3, 1234567, bpm=63, keyscale="Bb major", timesignature="3"),
    "decimal": request(2.2, 2, 8, tags="lo-fi hip hop, 82bpm", lyrics=VERSE, language="en", bpm=82.5),
    "turbo": request(3.0, 8, 3, tags="lo-fi hip hop, warm tape", lyrics=VERSE, language="en", bpm=82, timesignature="6"),
    "empty": request(1.0, 3, 0, tags="", lyrics="", bpm=0, keyscale=""),
    "japanese": request(1.32, 3, 99, tags="シティポップ、夏の夜 🎹", lyrics="[verse]\n夜の海を見ていた\n[chorus]\nさよなら", language="ja"),
    "arabic": request(1.2, 3, 100, tags="عود، مقام حجاز", lyrics="[verse]\nيا ليل يا عين", language="ar", bpm=70),
    "mixed": request(1.0, 2, 4294967297, tags="Ünïcödé 🎸🔥 — cafe\u0301, Ω≈3\t\u00a0x", lyrics="Привет\r\n你好，世界\n안녕 👩‍👩‍👧\u200d", language="ru",
                     keyscale="C♯ minor"),
    "long-text": request(2.0, 2, 12, tags="a slow orchestral build, " * 80, lyrics="[Verse]\n" + "la la la oh la\n" * 500, language="en"),
    "shift-1": request(2.0, 5, 11, shift=1.0),
    "shift-2": request(2.0, 5, 13, shift=2.0),
    "guided": request(2.0, 6, 5, guidance=7.0, shift=1.0, lyrics=VERSE, language="en", bpm=90),
    "guided-60": request(60.0, 4, 6, guidance=7.0, shift=1.0, bpm=128, keyscale="A minor"),
    "ten": request(10.0, 4, 77),
    "thirty": request(30.04, 2, 78, tags="ambient drone"),
}
# Weights above one, negative and fractional; a blend of two; one kind with each prefix that other tools write.
FAMILIES = ["lora", "rslora", "dora", "oft", "oft-neumann", "lokr", "lokr-square", "lokr-full", "lokr-dora",
            "loha", "loha-dora"]
WEIGHTS = [-1.0, 0.0, 0.3, 1.0, 2.0]
# All five families at once, in several strengths.
MIXES = [tuple(zip(("lora", "dora", "oft", "lokr", "loha"), weights)) for weights in
         ((0.2, 0.2, 0.2, 0.2, 0.2), (0.7, -0.3, 0.5, 1.0, 0.3), (-1.0, 0.0, 0.3, 1.0, 2.0), (2.0, 0.3, -1.0, 0.3, 1.0))]
BLENDS = [(("lora", 0.7), ("rslora", 0.3)), (("lora", -0.5),), (("pattern", 1.5), ("lora-mlp", -0.25), ("lora", 0.4))]


def random_request(seed):
    """A request that nobody chose: length, steps, shift, seed, metas and words in several scripts."""
    generator = random.Random(seed)
    pick = generator.choice
    words = ["jazz", "ドラム", "弦樂", "гитара", "عود", "naïve", "🎷", "lo-fi", "128bpm", "don't", "  ", "\n", "§", "K-pop", "বাঁশি"]
    text = lambda count: " ".join(pick(words) for _ in range(generator.randrange(count)))
    metas = {"bpm": pick([None, 60, 133, 97.5]), "keyscale": pick([None, "C major", "F♯ minor"]), "timesignature": pick([None, "3", 4])}
    return request(generator.randrange(25, 150) / 25, generator.randrange(1, 7), generator.randrange(2**63), text(12), text(60),
                   pick(["en", "zh", "unknown"]), pick([1.0, 2.0, 3.0, 1.37]), pick([1.0, 1.0, 3.5, 7.0]),
                   **{key: value for key, value in metas.items() if value is not None})


def quick():
    """A subset for each change: under two minutes on two cores."""
    turbo = Checkpoint(seed=21)
    cases = [Case(turbo, name) for name in ("odd", "decimal", "mixed")]
    cases += [Case(turbo, "odd", ((kind, 1.0),)) for kind in ("lora", "lora-mlp", "rslora", "pattern")]
    cases += [Case(turbo, "odd", blend) for blend in BLENDS[:2]]
    cases += [
        Case(Checkpoint(variant="base", seed=22, null_scale=40, tokenizer="small"), "guided"),
        Case(Checkpoint(variant="sft", seed=23, layout="diffusers", null_scale=40, tokenizer="small"), "guided"),
        Case(Checkpoint(xl=True, seed=24, dtype="bfloat16", tokenizer="small", shards=2), "plain"),
        Case(Checkpoint(xl=True, seed=24, dtype="bfloat16", tokenizer="small", shards=2), "plain", timbre_token=True),
    ]
    return cases


def families(seed=41):
    """Every family at every weight, and mixes of all five, in both compute types."""
    spec = Checkpoint(seed=seed)
    blends = [((kind, weight),) for kind in FAMILIES for weight in WEIGHTS] + MIXES
    return [Case(spec, "odd", blend, compute) for compute in ("float32", "bfloat16") for blend in blends]


def full():
    cases = quick()
    for size, seed in (("tiny", 31), ("small", 32)):
        turbo = Checkpoint(size, seed=seed)
        cases += [Case(turbo, name) for name in REQUESTS if not name.startswith("guided")]
        kinds = ("lora", "lora-mlp", "rslora", "pattern", "dora", "oft", "oft-neumann", "lora-decoder", "lora-default",
                 "lora-diffusers", "lora-comfyui", "lora-kohya")
        cases += [Case(turbo, "turbo", ((kind, 1.0),)) for kind in kinds]
        cases += [Case(turbo, "turbo", blend) for blend in BLENDS]
        cases += [Case(turbo, f"random-{seed * 100 + index}") for index in range(8)]
        for variant, xl, layout in itertools.product(("base", "sft"), (False, True), ("original", "diffusers")):
            other = Checkpoint(size, variant, xl, seed + 50, layout=layout)
            cases += [Case(other, "guided"), Case(other, "odd"), Case(other, "guided", (("lora", 0.8),))]
        cases += [Case(Checkpoint(size, variant, seed=seed + 60), "guided-60") for variant in ("base", "sft")]
        stored = Checkpoint(size, seed=seed + 70, dtype="bfloat16")
        cases += [Case(stored, "turbo"), Case(stored, "turbo", (("lora", 1.0),)), Case(stored, "turbo", compute="bfloat16")]
        xl = Checkpoint(size, xl=True, seed=seed + 80)
        cases += [Case(xl, "japanese"), Case(xl, "japanese", timbre_token=True), Case(xl, "plain", (("rslora", 0.5),))]
        cases += [Case(Checkpoint(size, seed=seed + 90, layers=5), "plain")]
    return list(dict.fromkeys(cases + families()))


def fields_of(name):
    """The request called `name`; `random-N` is made from N."""
    return random_request(int(name[7:])) if name.startswith("random-") else REQUESTS[name]
