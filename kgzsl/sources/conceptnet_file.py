"""The bytes of a dump, unpacked and cut into blocks of whole lines."""

import bz2
import queue
import threading
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO

from kgzsl.display.progress import Advance
from kgzsl.errors import DataMissingError, LimitExceededError, SourceError
from kgzsl.sources.limits import Limits

__all__ = ["Block", "DamagedError", "dump_size", "line_blocks"]

Block = bytes | memoryview

_READ = 1 << 18
_STEP = 1 << 20
_BLOCK = 4 << 20
_GZIP, _BZIP2 = b"\x1f\x8b", b"BZh"
_OTHERS = {b"PK\x03\x04": "zip", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"PAR1": "Parquet"}
_HTML = (b"<html", b"<!doctype html")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_AHEAD = 2


class DamagedError(Exception):
    """A packed file is not whole; `byte` is how far it was read."""

    def __init__(self, reason: str, *, byte: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.byte = byte


def dump_size(path: Path) -> int:
    """Bytes on disk; `DataMissingError` without the file, `SourceError` for a folder or an empty file."""
    if path.is_dir():
        raise SourceError(path, "is a folder; give the assertions file in it, such as assertions.csv.gz")
    if not path.exists():
        raise DataMissingError(path, "there is no such dump; ConceptNet calls it conceptnet-assertions-5.7.0.csv.gz")
    size = path.stat().st_size
    if not size:
        raise SourceError(path, "the file is empty; download it again")
    return size


def line_blocks(path: Path, *, limits: Limits, advance: Advance) -> Generator[Block]:
    """Blocks of whole lines, each ended by a newline, whatever the file is packed as; read ahead in a thread.

    The packing is told by the first bytes, not by the name. `DamagedError` if a packed file ends early or does not
    match its checksum, after the whole lines before; `LimitExceededError` for a line beyond `line_bytes` or a packing
    beyond `gzip_ratio`; `SourceError` for what is no dump at all. `advance` gets the bytes read from disk.
    """
    return _read_ahead(_cut(path, _unpacked(path, limits, advance), limits))


def _unpacked(path: Path, limits: Limits, advance: Advance) -> Iterator[bytes]:
    with path.open("rb") as file:
        head = file.read(_READ)
        for magic, name in _OTHERS.items():
            if head.startswith(magic):
                raise SourceError(path, f"is a {name} file; unpack it, or pack it with gzip")
        raw = _raw(head, file, advance)
        if head.startswith(_GZIP):
            yield from _members(path, raw, _Gzip, limits)
        elif head.startswith(_BZIP2):
            yield from _members(path, raw, _Bzip2, limits)
        else:
            yield from raw


def _raw(head: bytes, file: BinaryIO, advance: Advance) -> Iterator[bytes]:
    part = head
    while part:
        yield part
        advance(len(part))
        part = file.read(_BLOCK)


class _Gzip:
    """zlib, a bounded step at a time."""

    name = "gzip"

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self.has_more = False  # without more input

    @property
    def rest(self) -> bytes | None:
        """What follows the end of the stream; None before its end."""
        return self._inner.unused_data if self._inner.eof else None

    def step(self, packed: bytes) -> bytes:
        piece = self._inner.decompress(self._inner.unconsumed_tail + packed, _STEP)
        self.has_more = not self._inner.eof and len(piece) == _STEP
        return piece


class _Bzip2:
    """bz2, a bounded step at a time."""

    name = "bzip2"

    def __init__(self) -> None:
        self._inner = bz2.BZ2Decompressor()
        self.has_more = False

    @property
    def rest(self) -> bytes | None:
        return self._inner.unused_data if self._inner.eof else None

    def step(self, packed: bytes) -> bytes:
        piece = self._inner.decompress(packed, _STEP)
        self.has_more = not self._inner.eof and not self._inner.needs_input
        return piece


def _members(path: Path, raw: Iterator[bytes], packing: type[_Gzip] | type[_Bzip2], limits: Limits) -> Iterator[bytes]:
    """The content of every member, checked against its checksum; zeros between and behind members are padding."""
    unpacker, is_open = packing(), False
    taken = given = 0
    for part in raw:
        taken += len(part)
        left = part if is_open else part.lstrip(b"\0")
        while left or unpacker.has_more:
            is_open = True
            try:
                piece = unpacker.step(left)
            except (zlib.error, OSError) as error:
                raise DamagedError(f"{packing.name} content is damaged ({error})", byte=taken) from error
            given += len(piece)
            if given > limits.expansion_slack + limits.gzip_ratio * taken:
                found = f"more than {given // taken}"
                raise LimitExceededError(path, limit="gzip_ratio", allowed=limits.gzip_ratio, found=found)
            yield piece
            left = b""
            if unpacker.rest is not None:
                left = unpacker.rest.lstrip(b"\0")
                unpacker, is_open = packing(), False
    if is_open:
        raise DamagedError(f"{packing.name} content ends early", byte=taken)


def _cut(path: Path, pieces: Iterator[bytes], limits: Limits) -> Iterator[Block]:
    """Join pieces into blocks that end with a line."""
    waiting: list[bytes] = []
    size = unfinished = 0  # bytes that wait, and those among them after the last newline
    is_first = True
    damage: DamagedError | None = None
    while True:
        try:
            piece = next(pieces, None)
        except DamagedError as error:
            piece, damage = None, error
        if piece is not None:
            if is_first and (piece := piece.removeprefix(_BYTE_ORDER_MARK)):
                is_first = False
                _refuse_html(path, piece)
            waiting.append(piece)
            size += len(piece)
            newline = piece.rfind(b"\n")
            unfinished = len(piece) - newline - 1 if newline >= 0 else unfinished + len(piece)
            if unfinished > limits.line_bytes:
                found = f"more than {limits.line_bytes}"
                raise LimitExceededError(path, limit="line_bytes", allowed=limits.line_bytes, found=found)
            if size < _BLOCK or newline < 0:
                continue
        if piece is None:
            break
        # up to the first newline of the last piece, then what is whole of the rest, which is not copied
        first, cut = piece.find(b"\n") + 1, len(piece) - unfinished
        yield b"".join([*waiting[:-1], piece[:first]])
        yield memoryview(piece)[first:cut]
        waiting, size = [piece[cut:]], unfinished
    if is_first:
        raise damage or SourceError(path, "the file is empty; download it again")
    rest = b"".join(waiting)
    if damage is not None:
        yield rest[: size - unfinished]
        raise damage
    yield rest + b"\n" if unfinished else rest


def _refuse_html(path: Path, piece: bytes) -> None:
    start = piece[:512].lstrip().lower()
    for mark in _HTML:
        if start.startswith(mark):
            raise SourceError(path, f"looks like an HTML page (starts {mark.decode()!r}); download the dump again")


def _read_ahead(blocks: Iterator[Block]) -> Generator[Block]:
    """The same blocks, the next ones made while one is worked on; the thread ends with the generator."""
    ready: queue.Queue[Block | BaseException | None] = queue.Queue(maxsize=_AHEAD)
    stopped = threading.Event()

    def put(item: Block | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=0.05)
            except queue.Full:
                continue
            return

    def work() -> None:
        try:
            for block in blocks:
                put(block)
                if stopped.is_set():
                    return
            put(None)
        except BaseException as error:
            put(error)

    thread = threading.Thread(target=work, name="kgzsl read-ahead", daemon=True)
    try:
        thread.start()  # inside: an interrupt may come while it waits for the thread
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        if thread.is_alive():
            thread.join()
