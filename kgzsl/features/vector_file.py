"""Word-vector files: which form one has, and the rows of the words asked for, in one pass and little memory."""

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import numpy as np

from kgzsl.contracts import FloatArray
from kgzsl.errors import DataMissingError, IntegrityError, SourceError

__all__ = ["VectorFile"]

_LINE_LIMIT = 2**20  # bytes; the longest line of any released file is about 10 kB
_WORD_LIMIT = 2**16  # bytes of one word in a binary file
_CHUNK = 2**24
_FASTTEXT_MODEL = b"\xba\x16\x4f\x2f"
_HEADER = re.compile(rb"^(\d{1,12}) (\d{1,6})[ \t]*\r?\n")


@dataclass(frozen=True)
class VectorFile:
    """A file of word vectors, its form found from its first bytes, plain or gzip.

    form "text" is one word and `dim` numbers a line, parted by spaces or tabs: GloVe's without a first line, and that
    of word2vec, fastText (.vec) and Numberbatch with the first line `num_words dim`. form "binary" is word2vec's.
    """

    path: Path
    form: Literal["text", "binary"]
    dim: int
    num_words: int | None
    compressed: bool
    size: int

    @classmethod
    def open(cls, path: str | Path) -> "VectorFile":
        """Look at the first bytes; `SourceError` if they are no form of word vectors."""
        file = Path(path)
        if not file.is_file():
            raise DataMissingError(
                file, "no such file; expected word vectors as text, word2vec binary, or either in gzip"
            )
        with file.open("rb") as stream:
            compressed = stream.read(2) == b"\x1f\x8b"
        with _opened(file, compressed) as stream:
            first = stream.readline(_LINE_LIMIT + 1)
            second = stream.readline(_LINE_LIMIT + 1)
        if not first.strip():
            raise SourceError(file, "the first line is empty; expected a word and its numbers", line=1)
        size = file.stat().st_size
        header = _HEADER.match(first)
        if header is None or _is_row(second, 1):
            dim = _width(first)
            if first.startswith(_FASTTEXT_MODEL):
                raise SourceError(file, "a fastText model, which is not a table of vectors; take its .vec file")
            if dim is None:
                raise SourceError(file, f"not a word and its numbers: {first[:60]!r}", line=1)
            return cls(file, "text", dim, None, compressed, size)
        num_words, dim = int(header[1]), int(header[2])
        if dim == 0 or num_words == 0:
            raise SourceError(file, f"announces {num_words:,} words of {dim} numbers; there is nothing to read", line=1)
        form: Literal["text", "binary"] = "text" if _looks_like_text(second) else "binary"
        if form == "binary" and not compressed and size < len(first) + num_words * (4 * dim + 2):
            announced = f"{num_words:,} words of {dim} numbers"
            raise IntegrityError(
                file, expected=announced, found=f"{size:,} bytes, too few for them", advice="copy it again"
            )
        return cls(file, form, dim, num_words, compressed, size)

    def read(self, words: Set[str]) -> Mapping[str, FloatArray]:
        """The vectors of those of `words` that the file has, by word.

        The whole file is passed over once, and nothing else is kept. Rows of the words asked for are checked: width,
        numbers, finiteness, one row a word. The number of rows is checked where the file announces it.
        """
        wanted = {word.encode() for word in words}
        rows = self._text_rows(wanted) if self.form == "text" else self._binary_rows(wanted)
        found: dict[str, FloatArray] = {}
        for line, word, vector in rows:
            name = word.decode()
            if name in found:
                raise SourceError(self.path, f"a second row for the word {name!r}; expected one a word", line=line)
            if not np.isfinite(vector).all():
                raise SourceError(self.path, f"the vector of {name!r} is not finite", line=line)
            found[name] = vector
        return found

    def _text_rows(self, wanted: Set[bytes]) -> Iterator[tuple[int, bytes, FloatArray]]:
        first = 1 if self.num_words is None else 2
        line, row = first - 1, b""
        with _opened(self.path, self.compressed) as stream:
            if first == 2:
                stream.readline()
            while row := stream.readline(_LINE_LIMIT):
                line += 1
                end = row.find(b" ")
                word = row[:end] if end > 0 else row.split(None, 1)[0] if row.strip() else b""
                if word in wanted and (vector := self._parsed(row, word, line)) is not None:
                    yield line, word, vector
                last = row
                if row[-1] != 10 and len(row) >= _LINE_LIMIT:
                    raise SourceError(self.path, f"the line is longer than {_LINE_LIMIT:,} bytes", line=line)
        if line < first:
            raise SourceError(self.path, "the file has no rows", line=line)
        self._check_end(last, line, line - first + 1)

    def _parsed(self, row: bytes, word: bytes, line: int) -> FloatArray | None:
        """The numbers of a row; None if the word goes on after a space, as a few of GloVe's do."""
        parts = row.split()
        if len(parts) != self.dim + 1:
            if len(parts) > self.dim + 1 and not _is_number(parts[1]):
                return None
            found = f"{len(parts) - 1} numbers for {word.decode()!r}"
            raise SourceError(
                self.path, f"{found}, expected {self.dim}; the row is cut or has another width", line=line
            )
        try:
            with np.errstate(over="ignore"):
                return np.array([float(part) for part in parts[1:]]).astype(np.float32)
        except ValueError as error:
            raise SourceError(
                self.path, f"the row of {word.decode()!r} is not all numbers: {error}", line=line
            ) from error

    def _check_end(self, last: bytes, line: int, num_rows: int) -> None:
        if self.num_words is not None and num_rows != self.num_words:
            raise SourceError(
                self.path,
                f"{num_rows:,} rows where line 1 announces {self.num_words:,}; the file is truncated or altered",
                line=line,
            )
        if not _is_row(last, self.dim):
            raise SourceError(self.path, f"the last row has not {self.dim} numbers; the file is cut off", line=line)

    def _binary_rows(self, wanted: Set[bytes]) -> Iterator[tuple[int, bytes, FloatArray]]:
        width = 4 * self.dim
        longest = _WORD_LIMIT + 1 + width
        with _opened(self.path, self.compressed) as stream:
            stream.readline()
            held, place = stream.read(_CHUNK), 0
            for row in range(1, (self.num_words or 0) + 1):
                if len(held) - place < longest:
                    held, place = held[place:] + stream.read(max(_CHUNK, longest)), 0
                end = held.find(b" ", place, place + _WORD_LIMIT)
                if end < 0 or end + 1 + width > len(held):
                    reason = f"word {row:,} of {self.num_words:,} is cut off; the file is truncated or altered"
                    raise SourceError(self.path, reason)
                start = place + 1 if held[place] == 10 else place  # some writers end a row with a line feed
                word = held[start:end]
                if word in wanted:
                    yield row, word, np.frombuffer(held, "<f4", self.dim, end + 1).astype(np.float32)
                place = end + 1 + width
            if (held[place:] + stream.read(64)).strip():
                raise SourceError(self.path, f"there is more after the {self.num_words:,} words that line 1 announces")


@contextmanager
def _opened(path: Path, compressed: bool) -> Iterator[IO[bytes]]:
    """The bytes of a file, decompressed; a broken gzip stream is a `SourceError`."""
    try:
        if compressed:
            with path.open("rb") as raw, gzip.GzipFile(fileobj=raw) as unpacked:
                yield unpacked  # type: ignore[misc]
        else:
            with path.open("rb") as stream:
                yield stream
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(path, f"the gzip stream is cut off or broken: {error}") from error


def _is_number(part: bytes) -> bool:
    try:
        float(part)
    except ValueError:
        return False
    return True


def _width(line: bytes) -> int | None:
    """How many numbers follow the word, or None if this is no such line."""
    parts = line.split()
    return len(parts) - 1 if len(parts) > 1 and all(map(_is_number, parts[1:])) else None


def _is_row(line: bytes, dim: int) -> bool:
    parts: Sequence[bytes] = line.split()
    return (
        len(parts) > dim and all(map(_is_number, parts[-dim:])) and not (len(parts) > dim + 1 and _is_number(parts[1]))
    )


def _looks_like_text(line: bytes) -> bool:
    """Whether the line after a header is text: it ends, is valid UTF-8 and its second word is a number."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    parts = line.split()
    return b"\x00" not in line and len(parts) > 1 and _is_number(parts[1])
