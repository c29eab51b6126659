# SPDX-License-Identifier: Apache-2.0
"""tokenizer.json files: Qwen's own vocabulary, and a small one of the same kind that can be committed.

Both are byte-level BPE with Qwen's pre-tokenizer, NFC, the 26 special tokens in Qwen's order and a post-processor that
appends `<|endoftext|>`. Only the merges differ, and with them every identifier.
"""
import base64
import collections
import glob
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

END_OF_TEXT = "<|endoftext|>"
SPECIAL = [
    END_OF_TEXT, "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>", "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>",
    "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>", "<tool_response>", "</tool_response>", "<think>",
    "</think>",
]
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
    r"\s+(?!\S)|\s+"
)
# What the small vocabulary's merges are learnt from.
CORPUS = """# Instruction
Fill the audio semantic mask based on the given conditions:
# Caption
jazz, piano trio, warm upright bass and brushed drums; lo-fi hip hop with tape hiss, electric guitar, synth strings, choir
# Metas
- bpm: N/A
- timesignature: 4
- keyscale: E minor
- duration: 30 seconds
# Languages
unknown
# Lyric
[Instrumental] [Verse] [Chorus] [Bridge] [Outro]
we're singing in the morning, the rain on the window, and I'll stay a while with you
夜の海を見ていた さよなら 你好世界 안녕하세요 Привет мир музыка يا ليل يا عين café naïve über
"""


def byte_alphabet():
    """The printable character that byte-level BPE writes for each byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {**{byte: chr(byte) for byte in printable}, **{byte: chr(256 + i) for i, byte in enumerate(others)}}


def splitter():
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])


def assemble(vocabulary, merges):
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = splitter()
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {END_OF_TEXT}", pair=f"$A $B {END_OF_TEXT}",
        special_tokens=[(END_OF_TEXT, tokenizer.token_to_id(END_OF_TEXT))])
    return tokenizer


def join(symbols, pair):
    """`symbols` with each occurrence of `pair` made one symbol, from the left."""
    joined, index = [], 0
    while index < len(symbols):
        if tuple(symbols[index:index + 2]) == pair:
            joined.append(pair[0] + pair[1])
            index += 2
        else:
            joined.append(symbols[index])
            index += 1
    return tuple(joined)


def small(merge_count=300):
    """A vocabulary of 256 bytes and `merge_count` merges; ties go to the first pair in order, so it is always the same."""
    words = collections.Counter(
        tuple(word) for word, _ in splitter().pre_tokenize_str(normalizers.NFC().normalize_str(CORPUS)))
    vocabulary = {character: index for index, character in enumerate(byte_alphabet()[byte] for byte in range(256))}
    merges = []
    while len(merges) < merge_count:
        pairs = collections.Counter()
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        vocabulary.setdefault(best[0] + best[1], len(vocabulary))
        words = collections.Counter({join(word, best): count for word, count in words.items()})
    return assemble(vocabulary, merges)


def qwen_ranks():
    """Qwen's public ranks, {bytes: rank}, from the PyPI package that ships them."""
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", directory, "dashscope"], check=True)
        with zipfile.ZipFile(glob.glob(directory + "/dashscope*.whl")[0]) as wheel:
            lines = wheel.read("dashscope/resources/qwen.tiktoken").decode().split("\n")
    return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines if line)}


def parts_below(token, ranks):
    """The two parts that the merges of lower rank leave of `token`, or more if it is never made by a merge."""
    parts = [bytes([byte]) for byte in token]
    unknown = len(ranks)
    while len(parts) > 2:
        found = [ranks.get(left + right, unknown) for left, right in zip(parts, parts[1:])]
        lowest = min(found)
        if lowest >= ranks[token]:
            break
        index = found.index(lowest)
        parts[index:index + 2] = [parts[index] + parts[index + 1]]
    return parts


def qwen():
    """Qwen3's tokenizer: 151,643 ranks, then the special tokens from 151643 on."""
    ranks, alphabet = qwen_ranks(), byte_alphabet()
    text = lambda raw: "".join(alphabet[byte] for byte in raw)
    merges = []
    for token in sorted(ranks, key=ranks.get):
        parts = parts_below(token, ranks) if len(token) > 1 else []
        if len(parts) == 2:
            merges.append((text(parts[0]), text(parts[1])))
    return assemble({text(token): rank for token, rank in ranks.items()}, merges)


def cached_qwen():
    """The path of Qwen's tokenizer.json, made at the first call and kept in the user's cache directory."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "lumina-reference"
    path = cache / "qwen-tokenizer.json"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}")
        qwen().save(str(partial))
        partial.rename(path)
    return path


def load(kind):
    """The tokenizer called `qwen` or `small`."""
    return Tokenizer.from_file(str(cached_qwen())) if kind == "qwen" else small()
