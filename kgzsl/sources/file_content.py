"""What a file holds: its bytes, unpacked within bounds, and its text."""

import codecs
import zlib
from pathlib import Path

from kgzsl.errors import DataMissingError, IntegrityError, LimitExceededError, SourceError
from kgzsl.sources.limits import Limits

__all__ = ["file_bytes", "head_bytes", "text_of"]

_GZIP = b"\x1f\x8b"
_HTML = (b"<!doctype html", b"<html")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CHUNK = 1 << 20


def file_bytes(path: str | Path, *, limits: Limits) -> bytes:
    """All bytes of a file, of a gzip file what it holds; at most `limits.gzip_ratio` times its own size.

    `DataMissingError` if there is no such file, `IntegrityError` if gzip data end early or do not match their
    checksum, `SourceError` if it is empty or an HTML page.
    """
    content = _stored(path)
    if content.startswith(_GZIP):
        content = _unpacked(content, path, most=limits.gzip_ratio * len(content) + _CHUNK)
    if not content:
        raise SourceError(path, "the file is empty")
    start = content[:200].lstrip().lower()
    if start.startswith(_HTML):
        raise SourceError(path, f"looks like an HTML page (starts {content[:40].strip()!r}), not like a graph")
    return content


def head_bytes(path: str | Path, *, size: int = 4096) -> bytes:
    """The first bytes of a file, of a gzip file the first of what it holds."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(size)
    except OSError as error:
        raise _missing(path, error) from error
    if not head.startswith(_GZIP):
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head, size)
    except zlib.error as error:
        raise IntegrityError(path, expected="gzip data", found=str(error)) from error


def _stored(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise _missing(path, error) from error


def _missing(path: str | Path, error: Exception) -> DataMissingError:
    """A path that cannot be read, in a sentence; a path with a NUL is a ValueError."""
    reason = getattr(error, "strerror", None) or str(error)
    return DataMissingError(path, f"cannot be read: {reason}")


def _unpacked(packed: bytes, path: str | Path, *, most: int) -> bytes:
    """All members of a gzip file; never more than `most` bytes are made."""
    parts: list[bytes] = []
    held = 0
    while packed:
        stream = zlib.decompressobj(wbits=31)
        while not stream.eof:
            try:
                part = stream.decompress(packed, _CHUNK)
            except zlib.error as error:
                raise IntegrityError(path, expected="gzip data", found=str(error), advice="get it again") from error
            packed = stream.unconsumed_tail
            if not part and not packed and not stream.eof:
                raise IntegrityError(
                    path, expected="complete gzip data", found=f"an end after {held:,} bytes", advice="get it again"
                )
            parts.append(part)
            held += len(part)
            if held > most:
                raise LimitExceededError(path, limit="gzip_ratio", allowed=f"{most:,} bytes", found=f"over {held:,}")
        packed = stream.unused_data.lstrip(b"\0")
    return b"".join(parts)


def text_of(content: bytes, location: str | Path) -> str:
    """UTF-8 text, without a byte order mark; `SourceError` names the line that is not UTF-8."""
    if content.startswith(_UTF16):
        raise SourceError(location, "starts with a UTF-16 byte order mark; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = content[error.start : error.start + 8]
        raise SourceError(location, f"byte {error.start:,} is not UTF-8: {found!r}", line=line) from error
