"""Text classification in plain files: a label and a text a line, as in the TREC questions."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from kgzsl.errors import DataMissingError, InputFormatError, LimitExceededError, SourceError, listing
from kgzsl.evaluation.data_checks import coded, files_sha256, require_file, require_size
from kgzsl.evaluation.data_set import Dataset

__all__ = ["TEXT_SUFFIXES", "looks_like_lines", "read_text_lines"]

TEXT_SUFFIXES = (".txt", ".label", ".tsv")
_MOST_LINE = 1 << 20


def read_text_lines(path: str | Path, *, separator: Literal["auto", "tab", "blank"] = "auto") -> Dataset:
    """Read a file of lines `label text`, or a folder of such files, each of them a split that bears its name.

    The label ends at the first tab, or at the first blank where the first line has no tab, as in TREC's
    `COARSE:fine question ...` (Li and Roth 2002). Lines are UTF-8, or Latin-1 where a file is not UTF-8, which
    `report["latin1_files"]` counts; blank lines are counted as well. The result has `texts` and no features:
    `data.encoded(model.encode)` adds them. Raises `SourceError` with the line for a line without a label or without a
    text, and `LimitExceededError` for one of more than 1 MiB.
    """
    if separator not in {"auto", "tab", "blank"}:
        raise InputFormatError(f"separator is 'auto', 'tab' or 'blank', not {separator!r}")
    place = Path(path)
    files = _files(place)
    report = {"blank_lines": 0, "latin1_files": 0}
    labels: list[str] = []
    texts: list[str] = []
    splits = {}
    for file in files:
        start = len(labels)
        for label, text in _pairs(file, separator, report):
            labels.append(label)
            texts.append(text)
        if len(labels) == start:
            raise SourceError(file, "no line with a label and a text")
        if place.is_dir():
            splits[file.stem] = np.arange(start, len(labels), dtype=np.int64)
    if len(set(splits)) != (len(files) if place.is_dir() else 0):
        raise SourceError(place, f"two files of one name: {listing([file.name for file in files])}")
    classes, places = coded(labels, place)
    return Dataset(
        classes=classes,
        labels=places,
        splits=splits,
        texts=tuple(texts),
        source=str(path),
        sha256=files_sha256(files),
        report=report,
    )


def looks_like_lines(file: Path) -> bool:
    """Whether the first line is a label of the TREC form, or a label, a tab and a text."""
    with file.open("rb") as stream:
        first = stream.readline(_MOST_LINE).decode("latin-1").rstrip("\r\n")
    label, _, text = first.partition("\t") if "\t" in first else first.partition(" ")
    return bool(label and text and ("\t" in first or ":" in label))


def _files(place: Path) -> Sequence[Path]:
    if not place.is_dir():
        return [require_file(place, "a file with a label and a text a line")]
    found = sorted(file for file in place.iterdir() if file.is_file() and file.suffix.lower() in TEXT_SUFFIXES)
    if not found:
        raise DataMissingError(place, f"no text files in this folder; expected {listing(TEXT_SUFFIXES)}")
    return [require_file(file, "a label and a text a line") for file in found]


def _pairs(file: Path, separator: str, report: dict[str, int]) -> Iterator[tuple[str, str]]:
    require_size(file, file.stat().st_size)
    content = file.read_bytes()
    if b"\0" in content[:_MOST_LINE]:
        raise SourceError(file, "holds NUL bytes, so it is no text")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
        report["latin1_files"] += 1
    lines = text.replace("\r\n", "\n").split("\n")
    mark = {"tab": "\t", "blank": " ", "auto": "\t" if "\t" in lines[0] else " "}[separator]
    for number, line in enumerate(lines, start=1):
        if len(line) > _MOST_LINE:
            raise LimitExceededError(
                file, limit=f"line {number}", allowed=f"{_MOST_LINE:,} characters", found=f"{len(line):,}",
                advice="give a text of its own line to each sample",
            )  # fmt: skip
        if not line.strip():
            report["blank_lines"] += number < len(lines)  # the end of the last line is none
            continue
        label, _, rest = line.partition(mark)
        if not label.strip() or not rest.strip():
            what = "a tab" if mark == "\t" else "a blank"
            raise SourceError(file, f"expected a label, {what} and a text, not {line[:60]!r}", line=number)
        yield label.strip(), rest.strip()
