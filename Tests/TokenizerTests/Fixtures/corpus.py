# SPDX-License-Identifier: Apache-2.0
"""Texts on which a tokenizer is compared with the `tokenizers` library: every scalar, every rule, and noise."""
import itertools
import random
import unicodedata

SPACES = [*map(chr, (9, 10, 11, 12, 13, 28, 29, 30, 31, 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200C), 0x2028, 0x2029,
                     0x202F, 0x205F, 0x2060, 0x3000, 0x180E, 0xFEFF))]
SCALARS = [*range(0xD800), *range(0xE000, 0x110000)]
SENTENCES = """A warm lo-fi piano loop, 84 bpm, with vinyl crackle and brushed drums; it's mellow, isn't it?
# Caption\nDark synthwave, pulsing bass, 128 BPM\n# Metas\n- bpm: 128\n- timesignature: 4\n- keyscale: F♯ minor\n- duration: 183.5 seconds
[Verse 1]\nWe'LL be RUNNIN' through the NIGHT, I'VE got you\nDon't let go — don't let go!\n\n[Chorus]\nOoh-ooh-ooh, yeah (yeah)
Über den Wolken muß die Freiheit wohl grenzenlos sein… »Straße« ‚nein‘
L'été s'achève déjà, où est-ce que tu vas ? Ça ira, cœur naïf.
¿Dónde está el niño? ¡Mañana será otro día! Corazón, 3½ años.
Zażółć gęślą jaźń, pchnąć w tę łódź jeża lub ośm skrzyń fig.
Příliš žluťoučký kůň úpěl ďábelské ódy. Nechť již hříšné saxofony ďáblů rozzvučí síň.
Съешь же ещё этих мягких французских булок, да выпей чаю. Їжак єсть ґанок.
Ξεσκεπάζω τὴν ψυχοφθόρα βδελυγμία. Τάχιστη αλώπηξ βαφής ψημένη γη
שלום עולם, בְּרֵאשִׁית בָּרָא אֱלֹהִים. إِنَّ اللَّهَ جَمِيلٌ ٱلْحَمْدُ ١٢٣٤٥ ۱۲۳
नमस्ते दुनिया, क्षत्रिय १२३४ कृष्णः। বাংলা গান ১২৩ தமிழ் பாடல் ೧೨೩ ಕನ್ನಡ മലയാളം ไทยแลนด์ เพลงรัก ๑๒๓ ລາວ မြန်မာ ខ្មែរ
月光下的城市，霓虹灯闪烁着，我们在夜里奔跑。一二三四五，ＡＢＣ１２３　全角
さくら さくら 弥生の空は 見わたす限り。ｶﾞﾝﾊﾞﾚ ガンバレ が がんばれ①②③
사랑해요 나의 노래 한국어 가사 각각 닭고기 ㄱㄴㄷ
Tiếng Việt: Trăm năm trong cõi người ta, chữ tài chữ mệnh khéo là ghét nhau. Tie\u0302\u0301ng Vie\u0323\u0302t
def f(x):\n\treturn {\n\t\t'a': x**2,  # comment\r\n\t\t"b": [1, 2, 3][::-1]\n\t}\n\n\nprint(f(0x1F))   \n
https://example.org/a?b=c&d=%20#e foo_bar-baz@qux.co.uk C:\\Temp\\x $1,234.56 €99 1e-5 3.14159 2026-11-21T03:51:07Z
👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 🇩🇪🇯🇵 ☺️ ✌🏿 1️⃣ #️⃣ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🤷🏻‍♀️ ❤️‍🔥 Z̴͖͕͝a̵͝l̸̡̈́g̷͠ö̶́
ﬁ ﬂ ﬀ ſt ſ K Å Ω ℌ Ⅳ ⅷ ½ ² ³ ¹ ª º µ ß ẞ İ ı ǅ ŉ ﷺ Ａ ㎏ ㍿ ⓐ 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟙𝟚𝟛 𐍈 𓀀 𒀀 ᚠᛇ ᎣᏏᏲ ᐃᓄᒃ ᠮᠣᠩᠭᠣᠯ བོད་ ⴰⵎⴰⵣⵉⵖ ߒߞߏ ꦗꦮ""".split("\n")


def scalar_texts(planes):
    """Every scalar alone between line ends, and in the contexts that the patterns distinguish."""
    for first in range(0, len(SCALARS), 64):
        block = [chr(c) for c in SCALARS[first:first + 64]]
        if ord(block[0]) >> 16 in planes:
            for form in ("{0}\n", "a{0}b", " {0} ", "1{0}2{0}", "'{0}!{0}x", "{0}{0}  {0}\u0301\u0323 ", "\t{0}-{0}\r\n"):
                yield "".join(form.format(c) for c in block)
            for c in block[::16]:
                yield c


def contraction_texts():
    letters = "stmdrevlSTMDREVLſKaée \n'"
    for a, b in itertools.product(letters, repeat=2):
        yield f"I'{a}{b} you'{a}{b}{a}x '{a}\n''{b}{a} ’{a}{b} '{a}"


def rule_texts():
    for n in (1, 2, 3, 4, 5, 7):
        for c in ("a", "1", " ", "\n", "!", "é", "漢", "٣", "\u3000", "\r\n", "\u0301", "👍", "'s", "가", "\u1100"):
            for before, after in itertools.product(("", "x", " ", "\n", "?"), repeat=2):
                yield before + c * n + after


def noise_texts(rng, count, longest=60):
    """Random strings from pools that mix badly."""
    marks = [chr(c) for c in SCALARS if unicodedata.combining(chr(c))]
    composed = [chr(c) for c in SCALARS if not 0xAC00 <= c < 0xD7A4 and unicodedata.normalize("NFD", chr(c)) != chr(c)]
    pieces = [p for c in composed for p in unicodedata.normalize("NFD", c)]
    jamo = [chr(c) for c in (*range(0x1100, 0x1200), *range(0xA960, 0xA97D), *range(0xD7B0, 0xD7FC), *range(0xAC00, 0xD7A4, 97))]
    emoji = [*"👨👩👧👦🏽🏿🚀❤🔥🌈🏳☺✌🇩🇪🇯🇵#1*", "\u200d", "\ufe0f", "\u20e3", "\U000e0067", "\U000e007f"]
    digits = [chr(c) for c in SCALARS if unicodedata.category(chr(c))[0] == "N"]
    ascii_ = [chr(c) for c in range(128)]
    letters = [chr(c) for c in SCALARS if unicodedata.category(chr(c))[0] == "L"]
    everything = [chr(c) for c in SCALARS if c < 0x20000 or 0xE0000 <= c < 0xE0200]
    pools = [SPACES + ["a", "1", "!", "\n", "\r"], [*"ae oAE"] + marks, pieces, composed + marks, jamo, emoji,
             digits + ["a", " ", "."], ascii_, letters + [" ", "'"], everything, [*"'sStTreRvVmMlLdDſ \n"],
             [*" \n\r\t!a1"], [*"ab"], marks, [*" '.,-!?\n"] + [*"theandofinyou"]]
    for _ in range(count):
        pool = rng.choice(pools)
        if rng.random() < 0.2:
            pool = pool + rng.choice(pools)
        yield "".join(rng.choices(pool, k=rng.randint(1, longest)))


def sentence_texts(rng, count):
    yield from SENTENCES
    yield from (s.upper() for s in SENTENCES)
    for form in ("NFD", "NFC", "NFKD"):
        yield from (unicodedata.normalize(form, s) for s in SENTENCES)
    words = [w for s in SENTENCES for w in s.split(" ")]
    for _ in range(count):
        yield "".join(rng.choice(words) + rng.choice([" ", " ", " ", "", "  ", "\n", "\r\n", "\t", ", ", "\u00a0", "-"])
                      for _ in range(rng.randint(2, 40)))


def token_texts(tokenizer, rng, count):
    """Random sequences of the vocabulary's own tokens: what the merges can make of each other's pieces."""
    size = tokenizer.get_vocab_size(with_added_tokens=False)
    for _ in range(count):
        ids = [rng.randrange(size) for _ in range(rng.randint(1, 30))]
        yield tokenizer.decode(ids)
        yield rng.choice(["", " ", "\n"]).join(tokenizer.decode([i]).strip() for i in ids)


def added_token_texts(tokenizer, rng, count):
    added = [t.content for t in tokenizer.get_added_tokens_decoder().values()]
    if not added:
        return
    around = ["", " ", "  ", "\n", "a", " b", "c ", "é", "e\u0301", "\u0301", "'", "s", "<", "<|", "|>", "\u3000", "</", "1"]
    for _ in range(count):
        parts = []
        for _ in range(rng.randint(1, 8)):
            token = rng.choice(added)
            if rng.random() < 0.25:
                cut = rng.randrange(len(token))
                token = token[:cut] + rng.choice(["", " ", token]) + token[cut + 1:]
            parts += [rng.choice(around), token, rng.choice(around)]
        yield "".join(parts)


def long_texts():
    for c in ("a", "ab", " ", "\n", "1", "!", "é", "漢", "的", "\u0301", "\u0323\u0301", "👍", "a ", "the ", "\t\n", "<|im_start|", "'"):
        yield c * 3000
    yield "a" * 100_000
    yield "e" + "\u0301\u0323" * 2000
    yield "=" * 8192 + "-" * 5001


def texts(tokenizer, seed, count, planes=(0, 1, 2, 3, 14)):
    rng = random.Random(seed)
    yield ""
    yield from scalar_texts(planes)
    yield from contraction_texts()
    yield from rule_texts()
    yield from noise_texts(rng, count)
    yield from sentence_texts(rng, count // 10)
    yield from token_texts(tokenizer, rng, count // 10)
    yield from added_token_texts(tokenizer, rng, count // 10)
    yield from long_texts()
