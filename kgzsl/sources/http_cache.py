"""Answers of a web service kept on disk, for several processes at once and through a kill."""

import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Kept", "ResponseCache", "user_cache_folder"]

_FORMAT: Final = 2
_PARTIAL: Final = ".partial-"
_ABANDONED_SECONDS: Final = 3600.0


@dataclass(frozen=True)
class Kept:
    """An answer as it was kept: the status it came with, and its text."""

    status: int
    text: str


def user_cache_folder() -> Path:
    """Where this user's caches lie: `KGZSL_CACHE`, else `kgzsl` in `XDG_CACHE_HOME` or `~/.cache`."""
    if named := os.environ.get("KGZSL_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "kgzsl"


class ResponseCache:
    """A file for each address, or other key, written whole or not at all.

    File names are hashes, and files hold no address, so none, and no password in one, reaches the disk. A file
    is written beside its place, flushed, and moved over it: a reader finds the old answer, the new one or none, also
    after a kill. What does not match its own checksum is not there. Where nothing can be written, nothing is kept. Age
    is told by the clock; an answer from the future is too old.
    """

    def __init__(self, folder: str | Path, *, clock: Callable[[], float] = time.time) -> None:
        self.folder = Path(folder)
        self._clock = clock
        self._sweep()

    def get(self, url: str, *, max_age: float) -> Kept | None:
        """The answer kept for an address, if it is at most `max_age` seconds old."""
        try:
            entry = json.loads(self._path(url).read_bytes())
            kept = Kept(int(entry["status"]), str(entry["text"]))
            whole = entry["format"] == _FORMAT and entry["sha256"] == _sealed(url, entry["time"], kept)
            age = self._clock() - float(entry["time"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return kept if whole and 0 <= age <= max_age else None

    def put(self, url: str, kept: Kept) -> None:
        """Keep an answer, in place of an older one."""
        path = self._path(url)
        now = self._clock()
        entry = {"format": _FORMAT, "time": now, "sha256": _sealed(url, now, kept)}
        entry |= {"status": kept.status, "text": kept.text}
        partial = path.with_name(f"{_PARTIAL}{os.getpid()}-{secrets.token_hex(8)}")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with partial.open("xb") as file:
                    file.write(json.dumps(entry).encode())
                    file.flush()
                    os.fsync(file.fileno())
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)

    def _path(self, url: str) -> Path:
        name = _digest(url)
        return self.folder / name[:2] / f"{name}.json"

    def _sweep(self) -> None:
        """Remove what killed writers left an hour ago or earlier."""
        with suppress(OSError):
            for partial in self.folder.glob(f"*/{_PARTIAL}*"):
                if time.time() - partial.stat().st_mtime > _ABANDONED_SECONDS:
                    partial.unlink(missing_ok=True)


def _sealed(key: str, time: float, kept: Kept) -> str:
    """A checksum of all that an answer says, for which key, and when."""
    return _digest(json.dumps([key, time, kept.status, kept.text]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
