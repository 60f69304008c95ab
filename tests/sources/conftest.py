"""A toy WordNet in the form of the real one, and the real one where it is installed."""

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

SUFFIXES = {"n": "noun", "v": "verb", "a": "adj", "s": "adj", "r": "adv"}
HEADER = "  1 This toy may be used for any purpose.  \n  2 WordNet 3.0 Copyright 2006 by nobody.  \n"


class Synset(NamedTuple):
    """One synset to write: pointers are "symbol target" or "symbol target source-word target-word"."""

    part: str
    lexfile: int
    words: Sequence[str]
    pointers: Sequence[str]
    gloss: str
    frames: Sequence[str] = ()


TOY = {
    "entity": Synset("n", 3, ["entity"], ["~ animal", "~ group", "~ speed"], "that which exists"),
    "animal": Synset("n", 5, ["animal", "living_beast"], ["@ entity", "~ cat", "#m group"], 'it moves; "it ran"'),
    "cat": Synset("n", 5, ["cat", "Felis"], ["@ animal", "~i tom", "%p paw", ";c group"], "it purrs"),
    "tom": Synset("n", 18, ["Cat", "Tom"], ["@i cat"], 'one cat; "Tom sleeps"; "O, Tom!"'),
    "group": Synset("n", 14, ["group"], ["@ entity", "%m animal", "-c cat"], "several animals"),
    "paw": Synset("n", 8, ["paw"], ["#p cat"], "its foot"),
    "speed": Synset("n", 7, ["speed"], ["@ entity", "= fast", "+ hurry 01 01", "+ hurry 01 02"], "how fast"),
    "hurry": Synset(
        "v", 38, ["hurry", "race_on"], ["* move", "> move", "+ speed 01 01", "+ speed 02 01"], "move fast",
        ["2 0", "1 2"],
    ),
    "move": Synset("v", 38, ["move"], [], "change place", ["2 0"]),
    "fast": Synset("a", 0, ["fast(a)", "quick"], ["& swift", "! slow 01 01", "= speed", "^ slow"], "not slow"),
    "slow": Synset("a", 0, ["slow"], ["! fast 01 01"], "not fast"),
    "swift": Synset("s", 0, ["quick", "galore(ip)"], ["& fast"], "very fast"),
    "quickly": Synset("r", 2, ["quickly"], ["\\ fast 01 02"], "in a quick manner"),
}  # fmt: skip


def _pointer(text: str, offsets: Mapping[str, int], toy: Mapping[str, Synset]) -> str:
    symbol, target, *words = text.split()
    part = toy[target].part if target in toy else "n"
    return f"{symbol} {offsets[target]:08d} {'a' if part == 's' else part} {''.join(words) or '0000'}"


def _data_line(offset: int, synset: Synset, offsets: Mapping[str, int], toy: Mapping[str, Synset]) -> str:
    words = " ".join(f"{word} 0" for word in synset.words)
    pointers = "".join(f" {_pointer(text, offsets, toy)}" for text in synset.pointers)
    frames = "".join(f" + {int(text.split()[0]):02d} {int(text.split()[1]):02x}" for text in synset.frames)
    head = f"{offset:08d} {synset.lexfile:02d} {synset.part} {len(synset.words):02x} {words} {len(synset.pointers):03d}"
    counted = f" {len(synset.frames):02d}{frames}" if synset.part == "v" else ""
    return f"{head}{pointers}{counted} | {synset.gloss}  \n"


def write_wordnet(folder: Path, toy: Mapping[str, Synset] = TOY) -> Path:
    """Write the synsets as database files, every offset where it says; a pointer may name an offset by digits."""
    offsets = defaultdict(int, dict.fromkeys(toy, 0))
    for _ in range(2):  # offsets have eight digits, so lines keep their length
        files = dict.fromkeys(["noun", "verb", "adj", "adv"], HEADER)
        for name, synset in toy.items():
            suffix = SUFFIXES[synset.part]
            offsets[name] = len(files[suffix].encode())
            files[suffix] += _data_line(offsets[name], synset, offsets, toy)
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, text in files.items():
        senses: dict[str, list[str]] = {}
        for name, synset in toy.items():
            for word in synset.words if SUFFIXES[synset.part] == suffix else ():
                senses.setdefault(word.partition("(")[0].lower(), []).append(f"{offsets[name]:08d}")
        lines = [
            f"{word} {suffix[0]} {len(found)} 1 @ {len(found)} 0 {' '.join(found)}  \n"
            for word, found in sorted(senses.items())
        ]
        (folder / f"data.{suffix}").write_bytes(text.encode())
        (folder / f"index.{suffix}").write_bytes((HEADER + "".join(lines)).encode())
    return folder


@pytest.fixture
def toy_wordnet(tmp_path: Path) -> Callable[..., Path]:
    """Write the toy, with some synsets replaced, into a folder and give the folder."""

    def write(**changed: Synset) -> Path:
        return write_wordnet(tmp_path / "toy-wordnet", {**TOY, **changed})

    return write


@pytest.fixture
def toy_synset() -> Callable[..., Synset]:
    """Give a synset of the toy with some fields replaced."""
    return lambda name, **changed: TOY[name]._replace(**changed)


@pytest.fixture(scope="session")
def wordnet_files() -> Path:
    """Give the folder of WordNet's real database files, or skip the test."""
    folder = Path(os.environ.get("KGZSL_WORDNET_FILES") or "/usr/share/wordnet")
    if not (folder / "data.noun").is_file():
        pytest.skip("needs WordNet's database files (Debian: wordnet-base); set KGZSL_WORDNET_FILES to their folder")
    return folder
