"""WordNet's database files as columns: what the bytes say, nothing concluded from it.

The format is wndb(5WN): `data.noun`, `data.verb`, `data.adj`, `data.adv` hold one synset a line, `index.*` one word a
line. Lines are read by their own offset field, so files with CRLF ends or a byte order mark read like any other.
"""

import gc
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from kgzsl.errors import DataMissingError, SourceError
from kgzsl.sources.wordnet_terms import LEXICOGRAPHER_FILES, PARTS, POINTERS, VERB_FRAMES

__all__ = ["Index", "Synsets", "collector_paused", "database_folder", "read_index", "read_synsets"]

_OFFSET_DIGITS = 8
PART_LETTERS = frozenset("nvasr")
_LEX_IDS = {f"{number:x}": str(number) for number in range(256)}
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]*")
_MARKED = re.compile(r"(.+?)\([^()]*\)$")


@dataclass(slots=True)
class Synsets:
    """One data file: a place in every synset column per line, and one in every pointer column per pointer."""

    header: str = ""
    offsets: list[str] = field(default_factory=list)
    lexnames: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    words: list[list[str]] = field(default_factory=list)
    markers: list[list[str]] = field(default_factory=list)
    """Words that bear a syntactic marker, with it: `galore(ip)`."""
    lex_ids: list[list[str]] = field(default_factory=list)
    glosses: list[str] = field(default_factory=list)
    frames: list[Sequence[tuple[int, int]]] = field(default_factory=list)
    """(frame number, word number, 0 for all words) for each synset."""
    pointer_counts: list[int] = field(default_factory=list)
    symbols: list[str] = field(default_factory=list)
    target_offsets: list[str] = field(default_factory=list)
    target_parts: list[str] = field(default_factory=list)
    target_words: list[str] = field(default_factory=list)
    """Four hexadecimal digits: number of the source word, number of the target word; 0000 for whole synsets."""
    num_moved: int = 0
    num_crlf: int = 0


@dataclass(slots=True)
class Index:
    """One index file: the synsets of each word, most frequent sense first."""

    senses: dict[str, list[str]] = field(default_factory=dict)
    num_crlf: int = 0


@contextmanager
def collector_paused() -> Iterator[None]:
    """Python's garbage collector off for a moment: half of the reading time went into its walks over new lists."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def database_folder(directory: str | Path) -> Path:
    """The folder that holds the eight files: the given one, or its `dict`; `DataMissingError` names what is absent."""
    given = Path(directory)
    names = [f"{kind}.{suffix}" for suffix in PARTS for kind in ("data", "index")]
    for folder in (given, given / "dict"):
        if (folder / "data.noun").is_file():
            absent = [name for name in names if not (folder / name).is_file()]
            if not absent:
                return folder
            raise DataMissingError(folder, f"has no {', '.join(absent)}; WordNet is four data.* and four index.*")
    reason = "has no data.noun" if given.is_dir() else "is not a folder"
    raise DataMissingError(
        given, f"{reason}; expected a folder of WordNet 3 database files (data.*, index.*), as in Debian's wordnet-base"
    )


def _decoded(path: Path) -> tuple[list[str], int]:
    """All lines without their ends, and how many ended with CRLF."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataMissingError(path, f"cannot be read: {error.strerror}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(path, f"byte {error.start} is not UTF-8 ({data[error.start]:#04x})", line=line) from error
    num_crlf = text.count("\r\n")
    lines = text.replace("\r\n", "\n").split("\n")
    if not text:
        raise SourceError(path, "the file is empty")
    if lines.pop():
        raise SourceError(path, "the last line has no end, so the file is cut short", line=len(lines) + 1)
    return lines, num_crlf


def read_synsets(path: Path) -> Synsets:
    """All synsets of a data file, in its order; `SourceError` names the first field that is not as it must be."""
    lines, num_crlf = _decoded(path)
    synsets = Synsets(num_crlf=num_crlf)
    header = []
    position = 0
    for number, line in enumerate(lines, start=1):
        if line.startswith(" "):
            header.append(line)
        elif line:
            try:
                _add_synset(synsets, line)
            except (ValueError, IndexError, KeyError) as error:
                raise SourceError(path, _synset_fault(line), line=number) from error
            synsets.num_moved += int(synsets.offsets[-1]) != position
        position += len(line if line.isascii() else line.encode()) + 1
    synsets.header = "\n".join(header)
    return synsets


def _add_synset(synsets: Synsets, line: str) -> None:
    """One line; a `ValueError`, `IndexError` or `KeyError` means that `_synset_fault` will find something to say."""
    head, bar, gloss = line.partition("|")
    fields = head.split()
    num_words = _whole(fields[3], 16)
    last_word = 4 + 2 * num_words
    first_pointer = last_word + 1
    num_pointers = _whole(fields[last_word])
    end = first_pointer + 4 * num_pointers
    if not (bar and num_words and len(fields) >= end and _is_offset(fields[0]) and fields[2] in PART_LETTERS):
        raise ValueError
    lexname = LEXICOGRAPHER_FILES[_whole(fields[1])]
    lex_ids = [_LEX_IDS[text] for text in fields[5:last_word:2]]
    symbols, offsets, parts, numbers = (fields[first_pointer + place : end : 4] for place in range(4))
    if not (POINTERS.keys() >= set(symbols) and PART_LETTERS.issuperset(parts) and _are_offsets(offsets)):
        raise ValueError
    if not (_HEXADECIMAL.fullmatch("".join(numbers)) and all(len(text) == 4 for text in numbers)):
        raise ValueError
    frames = _frames(fields[end:], num_words) if len(fields) > end else ()
    synsets.offsets.append(fields[0])
    synsets.lexnames.append(lexname)
    synsets.parts.append(fields[2])
    words = fields[4:last_word:2]
    marked = [word for word in words if word[-1] == ")"] if ")" in head else []
    synsets.words.append([_MARKED.sub(r"\1", word) for word in words] if marked else words)
    synsets.markers.append(marked)
    synsets.lex_ids.append(lex_ids)
    synsets.glosses.append(gloss)
    synsets.frames.append(frames)
    synsets.pointer_counts.append(num_pointers)
    synsets.symbols += symbols
    synsets.target_offsets += offsets
    synsets.target_parts += parts
    synsets.target_words += numbers


def _frames(fields: Sequence[str], num_words: int) -> list[tuple[int, int]]:
    """The count, then "+", frame number and word number of each."""
    frames = [(_whole(n), _whole(word, 16)) for n, word in zip(fields[2::3], fields[3::3], strict=True)]
    if len(fields) != 1 + 3 * _whole(fields[0]):
        raise ValueError
    if any(not 1 <= n <= len(VERB_FRAMES) or word > num_words for n, word in frames):
        raise ValueError
    return frames


def _whole(text: str, base: int = 10) -> int:
    """A number of digits alone; `int` would take signs and underscores as well."""
    if not text.isalnum():
        raise ValueError(text)
    return int(text, base)


def _synset_fault(line: str) -> str:
    """What is wrong with a line, by the name of the first field that does not fit."""
    head, bar, _ = line.partition("|")
    faults = _field_faults(iter(head.split()), "" if bar else ", before its gloss")
    fault = next((fault for fault in faults if fault), "")
    return fault or (
        "the line has more or fewer fields than it announces" if bar else "the line has no '|' and no gloss"
    )


def _number(text: str, name: str, base: int, limit: int | None = None) -> str:
    """A complaint, or nothing."""
    try:
        value = _whole(text, base)
    except ValueError:
        return f"{name} {text[:40]!r} is not a number"
    return f"{name} {text!r} is not below {limit}" if limit is not None and not 0 <= value < limit else ""


def _field_faults(fields: Iterator[str], cut: str) -> Iterator[str]:
    """Walk through the fields of a synset in their order; yield "" or, where one does not fit, a complaint."""
    try:
        offset = next(fields)
        yield "" if _is_offset(offset) else f"synset offset {offset[:40]!r} is not 8 digits"
        yield _number(next(fields), "lexicographer file number", 10, len(LEXICOGRAPHER_FILES))
        part = next(fields)
        yield "" if part in PART_LETTERS else f"part of speech {part[:40]!r} is not one of n, v, a, s, r"
        num_words = next(fields)
        yield _number(num_words, "word count", 16) or ("" if int(num_words, 16) else "the synset has no words")
        for place in range(1, int(num_words, 16) + 1):
            next(fields)
            yield _number(next(fields), f"lex_id of word {place}", 16)
        count = next(fields)
        yield _number(count, "pointer count", 10)
        for place in range(1, int(count) + 1):
            pointer = list(islice(fields, 4))
            if len(pointer) < 4:
                yield f"the line ends inside pointer {place} of {int(count)}{cut}"
            yield _pointer_fault(place, *pointer)
    except StopIteration:
        yield f"the line ends too early{cut}"
        return
    rest = list(fields)
    if rest:
        yield _number(rest[0], "frame count", 10)
        yield from (_number(text, "verb frame", 10, len(VERB_FRAMES) + 1) for text in rest[2::3])
        yield from (_number(text, "word number of a verb frame", 16, int(num_words, 16) + 1) for text in rest[3::3])


def _pointer_fault(place: int, symbol: str, offset: str, part: str, words: str) -> str:
    if symbol not in POINTERS:
        return f"symbol {symbol[:40]!r} of pointer {place} is unknown"
    if not _is_offset(offset):
        return f"offset {offset[:40]!r} of pointer {place} is not 8 digits"
    if part not in PART_LETTERS:
        return f"part of speech {part[:40]!r} of pointer {place} is not one of n, v, a, s, r"
    return _number(words, f"word numbers of pointer {place}", 16) or (
        "" if len(words) == 4 else f"word numbers {words[:40]!r} of pointer {place} are not 4 digits"
    )


def _are_offsets(texts: Sequence[str]) -> bool:
    """Whether all are; asked of the joined text, one call for what would be one a pointer."""
    joined = "".join(texts)
    return len(joined) == _OFFSET_DIGITS * len(texts) and (not texts or joined.isdecimal())


def _is_offset(text: str) -> bool:
    return len(text) == _OFFSET_DIGITS and text.isdecimal()


def read_index(path: Path) -> Index:
    """The senses of every word of an index file; `SourceError` names the first field that is not as it must be."""
    lines, num_crlf = _decoded(path)
    index = Index(num_crlf=num_crlf)
    for number, line in enumerate(lines, start=1):
        if line.startswith(" ") or not line:
            continue
        fields = line.split()
        try:
            count, num_symbols = _whole(fields[2]), _whole(fields[3])
            offsets = fields[6 + num_symbols :]
            if not 0 < count == len(offsets) or not _are_offsets(offsets):
                raise ValueError
        except (ValueError, IndexError) as error:
            raise SourceError(path, _index_fault(fields), line=number) from error
        index.senses[fields[0]] = offsets
    return index


def _index_fault(fields: Sequence[str]) -> str:
    names = ("word", "part of speech", "synset count", "pointer symbol count")
    if len(fields) < len(names):
        return f"the line ends before its {names[len(fields)]}"
    fault = _number(fields[2], "synset count", 10) or _number(fields[3], "pointer symbol count", 10)
    if fault:
        return fault
    offsets = fields[6 + int(fields[3]) :]
    wrong = [text for text in offsets if not _is_offset(text)]
    if wrong:
        return f"synset offset {wrong[0][:40]!r} is not 8 digits"
    return f"the line announces {fields[2]} synsets and names {len(offsets)}"
