"""A file or a folder takes the place of another, so that a crash at any moment loses neither the old nor the new."""

import glob
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

__all__ = ["new_folder", "recover", "replace_file"]

_LONGEST_NAME: Final = 100  # bytes; a name may have 255, and ours are longer than the one they stand for
_GIVEN_UP_SECONDS: Final = 3600.0


def replace_file(target: Path, content: bytes) -> None:
    """Put a complete file in place of `target`, on disk before it is seen."""
    handle, name = tempfile.mkstemp(prefix=_prefix(target, "partial"), dir=target.parent)
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.chmod(0o666 & ~_mask())
        partial.replace(target)
        _sync(target.parent)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to write into, that takes the place of `target` when the block ends without an error.

    It is renamed to "ready" once all of it is on disk; then the old folder steps aside, and it takes the name. What a
    kill between two of these steps leaves, `recover` puts in order.
    """
    partial = Path(tempfile.mkdtemp(prefix=_prefix(target, "partial"), dir=target.parent))
    ready, aside = (partial.with_name(partial.name.replace(".partial-", f".{role}-")) for role in ("ready", "old"))
    try:
        yield partial
        for file in partial.iterdir():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
        partial.chmod(0o777 & ~_mask())
        partial.rename(ready)
        if target.exists():
            target.rename(aside)
        try:
            ready.rename(target)
        except BaseException:
            if aside.exists():
                aside.rename(target)
            raise
        _sync(target.parent)
    finally:
        for left in (partial, ready, aside):
            if left != aside or target.exists():
                shutil.rmtree(left, ignore_errors=True)


def recover(target: Path) -> None:
    """Put right what a killed writer left: an absent folder comes back, the new one or else the old; the rest goes.

    What a process that still runs has in hand is left to it.
    """
    if not target.parent.is_dir():
        return
    left = {role: [path for path in _beside(target, role) if not _is_in_hand(path)] for role in _ROLES}
    for path in [*left["ready"], *left["old"]]:
        if not os.path.lexists(target):
            with suppress(OSError):  # another reader was faster, or this folder may not be written
                path.rename(target)
    for path in [path for paths in left.values() for path in paths]:
        if os.path.lexists(target) or ".partial-" in path.name:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            with suppress(OSError):
                path.unlink(missing_ok=True)


_ROLES: Final = ("ready", "old", "partial")


def _prefix(target: Path, role: str) -> str:
    """How the name begins of what this process keeps beside `target`; it ends at random."""
    return f"{_stem(target)}.{role}-{os.getpid()}-"


def _stem(target: Path) -> str:
    name = target.name
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return f".{name}"


def _beside(target: Path, role: str) -> list[Path]:
    return sorted(target.parent.glob(f"{glob.escape(_stem(target))}.{role}-*"))


def _is_in_hand(path: Path) -> bool:
    """Whether the process that made it may still be at work."""
    number = path.name.rpartition(".")[2].split("-")[1]
    if not number.isdecimal():
        return True  # none of ours
    if os.name != "posix":  # elsewhere to ask for a process may end it
        with suppress(OSError):
            return time.time() - path.stat().st_mtime < _GIVEN_UP_SECONDS
        return True
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _mask() -> int:
    """What new files may not be: mkstemp makes them for their owner alone, unlike `open`."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync(folder: Path) -> None:
    """Make a rename last; where a folder cannot be opened (Windows), the rename alone has to do."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
