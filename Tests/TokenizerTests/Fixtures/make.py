#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write tokenizer.json (Qwen's, cut to a few thousand merges) and cases.json (texts and the library's ids).

    Tests/TokenizerTests/Fixtures/make.py QWEN_TOKENIZER.json

Wants Python with `tokenizers` and the tokenizer.json of any Qwen 2 or 3 model.
"""
import base64
import copy
import itertools
import json
import pathlib
import random
import struct
import sys

sys.dont_write_bytecode = True
import corpus  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
PLANES, BLOCK = (0, 1, 2, 3, 14), 1024
FORMS = ("{0}\n", "a{0}b", " {0} ", "1{0}2{0}", "'{0}!{0}x", "{0}{0}  {0}\u0301\u0323 ", "\t{0}-{0}\r\n")
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
          r"\s+(?!\S)|\s+")
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def cut(full):
    """The byte alphabet, the first merges, and those that the corpus's sentences need."""
    vocabulary, merges = full["model"]["vocab"], full["model"]["merges"]
    merges = [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in merges]
    made_by = {a + b: i for i, (a, b) in enumerate(merges)}
    tokenizer = Tokenizer.from_str(json.dumps(full))
    wanted = {made_by[t] for s in corpus.SENTENCES for t in tokenizer.encode(s).tokens if t in made_by}
    wanted |= set(range(2000))
    while True:
        more = {made_by[p] for i in wanted for p in merges[i] if p in made_by} - wanted
        if not more:
            break
        wanted |= more
    kept = [merges[i] for i in sorted(wanted)]
    tokens = sorted((t for t, i in vocabulary.items() if i < 256), key=vocabulary.get) + [a + b for a, b in kept]
    added = [dict(id=len(tokens) + i, content=c, single_word=False, lstrip=False, rstrip=False, normalized=False,
                  special=True) for i, c in enumerate(SPECIAL)]
    small = {k: full[k] for k in ("version", "normalizer", "pre_tokenizer", "decoder")}
    template = [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": SPECIAL[0], "type_id": 0}}]
    post = {"type": "TemplateProcessing", "single": template,
            "pair": [template[0], {"Sequence": {"id": "B", "type_id": 0}}, template[1]],
            "special_tokens": {SPECIAL[0]: {"id": SPECIAL[0], "ids": [len(tokens)], "tokens": [SPECIAL[0]]}}}
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
             "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
             "vocab": {t: i for i, t in enumerate(tokens)}, "merges": [f"{a} {b}" for a, b in kept]}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, **small,
            "post_processor": post, "model": model}


def variants(base):
    """Other steps that a file may ask for: a name, and what replaces parts of the file (a path and a value)."""
    split, level = base["pre_tokenizer"]["pretokenizers"]
    sequence = lambda pattern, **other: {"type": "Sequence", "pretokenizers": [
        {**split, "pattern": {"Regex": pattern}, **other.pop("split", {})}, {**level, **other}]}
    size = len(base["model"]["vocab"])
    added = lambda *tokens: [dict(id=size + i, single_word=False, lstrip=False, rstrip=False, normalized=False,
                                  special=False) | t for i, t in enumerate(tokens)]
    pieces = lambda *names: [{"Sequence": {"id": n, "type_id": 0}} if n in "AB" else
                             {"SpecialToken": {"id": n, "type_id": 0}} for n in names]
    template = {"type": "TemplateProcessing", "single": pieces("[x]", "A", "[y]", "[x]"), "pair": pieces("A", "B"),
                "special_tokens": {"[x]": {"id": "[x]", "ids": [size, 7], "tokens": ["?", "?"]},
                                   "[y]": {"id": "[y]", "ids": [size + 2], "tokens": ["?"]}}}
    byte_level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    return {
        "Qwen": {},
        "Llama 3's digits": {"pre_tokenizer": sequence(LLAMA3)},
        "GPT-2": {"pre_tokenizer": {**byte_level, "add_prefix_space": False}},
        "GPT-2 with a space put first": {"pre_tokenizer": byte_level, "post_processor": byte_level},
        "GPT-2's pattern in a Split": {"pre_tokenizer": sequence(GPT2)},
        "a space put before each word": {"pre_tokenizer": sequence(LLAMA3, add_prefix_space=True, use_regex=True)},
        "matches removed and gaps kept": {"pre_tokenizer": sequence(LLAMA3, split={"behavior": "Removed", "invert": True})},
        "no splitting": {"pre_tokenizer": {**level}},
        "no normalizer": {"normalizer": None},
        "a sequence of one normalizer": {"normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}]}},
        "whole tokens before merges": {"model.ignore_merges": True, "model.merges": base["model"]["merges"][:300]},
        "merges as pairs": {"model.merges": [m.split(" ") for m in base["model"]["merges"]]},
        "added tokens that strip": {"added_tokens": added(
            dict(content="<mask>", lstrip=True, rstrip=True), dict(content="  "), dict(content="<|im_end|>", lstrip=True),
            dict(content="<|im_start|>", rstrip=True, special=True), dict(content="<mask>s")), "post_processor": None},
        "tokens of white space after one that strips": {"added_tokens": added(
            dict(content="<mask>", rstrip=True), dict(content="  ")), "post_processor": None},
        "tokens of white space that strip": {"added_tokens": added(
            dict(content="<mask>", rstrip=True), dict(content="  ", lstrip=True, rstrip=True)), "post_processor": None},
        "added tokens in normalized text": {"added_tokens": added(
            dict(content="e\u0301t\u00e9", normalized=True), dict(content="\u00c5z", normalized=True),
            dict(content="\u212bz"), dict(content="x y", normalized=True, lstrip=True)), "post_processor": None},
        "a template on both sides": {"post_processor": {"type": "Sequence", "processors": [byte_level, template]}},
    }


def patched(base, patch):
    file = copy.deepcopy(base)
    for path, value in patch.items():
        *outer, last = path.split(".")
        target = file
        for key in outer:
            target = target[key]
        target[last] = value
    return file


def packed(ids):
    return base64.b64encode(struct.pack(f"<{len(ids)}H", *ids)).decode()


def sample(tokenizer, rng, share):
    """A few texts of each kind."""
    some = lambda texts, count: rng.sample(texts := list(texts), min(len(texts), int(count * share)))
    return [
        "", *some(corpus.SENTENCES, 21), *some(corpus.contraction_texts(), 60), *some(corpus.rule_texts(), 250),
        *some(corpus.noise_texts(rng, 600, longest=14), 600), *some(corpus.token_texts(tokenizer, rng, 30), 60),
        *some(corpus.added_token_texts(tokenizer, rng, 60), 60),
        *some((a + "<mask>" + b + c for a, b, c in itertools.product(
            ("", "x", " ", "  \n", "\u3000", "<|im_start|> "), ("", "s", " ", " <mask> ", "  x", "     b"),
            ("", " <|im_end|>", "<|im_start|>  y", " e\u0301te\u0301 A\u030az \u212bz x y"))), 60)]


def word_lengths(tokenizer, text):
    """Bytes in each word; the library spells each byte as one character."""
    return [len(word) for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text)]


def fnv(numbers, state=0xCBF29CE484222325):
    for i in numbers:
        state = (state ^ i) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return state


def scalar_digests(tokenizer):
    """One number for each block of scalars in all contexts; the test makes the same texts."""
    digests = []
    for plane, block in itertools.product(PLANES, range(0x10000 // BLOCK)):
        first = plane << 16 | block * BLOCK
        scalars = [chr(c) for c in range(first, first + BLOCK) if not 0xD800 <= c < 0xE000]
        state = fnv([])
        for form in FORMS:
            text = "".join(form.replace("{0}", c) for c in scalars)
            state = fnv(word_lengths(tokenizer, text), fnv(tokenizer.encode(text).ids, state))
        digests.append(f"{state:016x}")
    return digests


def main():
    base = cut(json.loads(pathlib.Path(sys.argv[1]).read_text()))
    # Foundation's JSON reader drops a U+FEFF that follows an escape unless it is one too.
    dump = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("\ufeff", "\\ufeff")
    tokenizer = Tokenizer.from_str(dump(base))
    groups = []
    for number, (name, patch) in enumerate(variants(base).items()):
        variant = Tokenizer.from_str(dump(patched(base, patch)))
        texts = sample(variant, random.Random(number), 1 if number == 0 else 0.1)
        as_pairs = name == "merges as pairs"  # too long a patch to write down: the test makes it
        cases = []
        for text in texts:
            ids = variant.encode(text).ids
            decoded = variant.decode(ids, skip_special_tokens=True)
            cases.append([text, packed(ids), f"{fnv(word_lengths(variant, text)):x}"] + [decoded] * (decoded != text))
        groups.append({"name": name, "patch": {} if as_pairs else patch, "mergesAsPairs": as_pairs, "cases": cases})
    rng = random.Random(99)
    bytes_ = [bytes(rng.choices([0x41, 0x80, 0xBF, 0xC0, 0xC3, 0xE0, 0xA0, 0xED, 0xEF, 0xF0, 0x90, 0xF4, 0x8F, 0xFF], k=n % 9))
              for n in range(300)]
    ill_formed = [[b.hex(), packed(tokenizer.encode(b.decode("utf-8", "replace")).ids)] for b in bytes_]
    truncated = []
    for length in (1, 2, 3, 7, 20, 21, 22, 1000):
        tokenizer.enable_truncation(length)
        truncated.append([length, packed(tokenizer.encode(corpus.SENTENCES[0]).ids)])
    tokenizer.no_truncation()
    digests = {"planes": PLANES, "blockLength": BLOCK, "forms": FORMS, "digests": scalar_digests(tokenizer)}
    (HERE / "tokenizer.json").write_text(dump(base) + "\n")
    (HERE / "cases.json").write_text(dump({"groups": groups, "illFormed": ill_formed, "truncated": truncated,
                                           "truncatedText": corpus.SENTENCES[0], "scalars": digests}) + "\n")


if __name__ == "__main__":
    main()
