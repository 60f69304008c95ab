"""A file or a folder takes the place of another, so that a crash at any moment loses neither the old nor the new.

A writer keeps beside the target what it has in hand, under names that tell the number of its process: "partial" while
it is written, "ready" once all of it is on disk, "old" for what stepped aside. What a writer left that was killed, the
next reader or writer puts in order.
"""

import errno
import hashlib
import os
import re
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["PATIENCE", "clear_leftovers", "is_in_hand", "new_folder", "put_back", "recover", "replace_file"]

PATIENCE = 1.0
"""Seconds after which what another process has in hand counts as given up; renames take far less."""

ATTEMPTS: Final = 8
FORGOTTEN: Final = 86_400.0
"""Seconds after which what a process elsewhere left, of which nobody here can see whether it runs, is nobody's."""

_UNSEEN: Final = 3600.0
"""The same for processes of this machine, where one cannot ask for them."""

_LONGEST_NAME: Final = 200  # bytes; a name may have 255, and ours are longer than the one they stand for
_NO_SYNC: Final = (errno.EINVAL, errno.ENOTSUP)
_AT_WORK: set[str] = set()
"""The writers at work in this process; what bears its number and is none of theirs was left."""


@cache
def numbering() -> str:
    """Whose numbers of processes these are: containers that share a disk may each have a process 1."""
    try:
        space = Path("/proc/self/ns/pid").readlink().name
    except OSError:  # a system without namespaces
        space = ""
    return hashlib.sha256(f"{socket.gethostname()} {space}".encode()).hexdigest()[:8]


@dataclass(frozen=True)
class _Left:
    """Something beside a target; `owner` is who wrote it: the number of a process, where that is, and a mark."""

    path: Path
    role: str
    owner: str
    process: int
    where: str


def _stem(target: Path) -> str:
    name = target.name
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return f".{name}"


def _beside(target: Path, *roles: str) -> list[_Left]:
    """What writers keep beside a target, in the order of the roles; files that are named otherwise are not ours."""
    try:
        names = sorted(os.listdir(target.parent))  # noqa: PTH208  # Path.iterdir makes a path of each of them first
    except OSError:
        return []
    stem = _stem(target)
    form = re.compile(rf"({'|'.join(roles)})-(([0-9]+)(?:@(\w+))?(?:-\w+)?)")
    found = [
        _Left(target.parent / name, match[1], match[2], int(match[3][:20]), match[4] or "")
        for name in names
        if name.startswith(f"{stem}.") and (match := form.fullmatch(name, len(stem) + 1))
    ]
    return sorted(found, key=lambda left: roles.index(left.role))


@contextmanager
def _own_paths(target: Path) -> Iterator[tuple[Path, Path, Path]]:
    """Where this writer keeps what is partial, ready and old while the block runs."""
    owner = f"{os.getpid()}@{numbering()}-{os.urandom(4).hex()}"
    partial, ready, aside = (
        target.parent / f"{_stem(target)}.{role}-{owner}" for role in ("partial", "ready", "old")
    )  # fmt: skip
    _AT_WORK.add(owner)
    try:
        yield partial, ready, aside
    finally:
        _AT_WORK.discard(owner)


def _is_ours(left: _Left) -> bool:
    """Whether another thread of this process is at work on it."""
    return left.owner in _AT_WORK and left.process == os.getpid()


def _is_running(left: _Left) -> bool:
    """Whether the writer may still be at work, as far as can be seen from here."""
    if left.where and left.where != numbering():
        return _is_younger(left.path, FORGOTTEN)
    if left.process == os.getpid():
        return left.owner in _AT_WORK
    if os.name != "posix":  # elsewhere to ask for a process may end it
        return _is_younger(left.path, _UNSEEN)
    try:
        os.kill(left.process, 0)
    except (OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True


def _is_younger(path: Path, seconds: float) -> bool:
    try:
        return time.time() - path.stat().st_mtime < seconds
    except OSError:  # moved on by its process, or removed
        return True


def is_in_hand(target: Path) -> bool:
    """Whether a writer that still runs has something of the target beside it."""
    return any(map(_is_running, _beside(target, "partial", "ready", "old")))


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


def put_back(target: Path, *, is_complete: Callable[[Path], bool] = _is_there, even_from_running: bool = False) -> None:
    """Put back what a kill between two renames left beside an absent target: the new one, else the old one.

    A writer that is still at it is waited for, `PATIENCE` at most if it is another process. Then what it has is left
    to it, or with `even_from_running` taken: the number of a process that is gone may have passed on to another one.
    """
    deadline = time.monotonic() + PATIENCE
    while not _is_there(target):
        left = [each for each in _beside(target, "ready", "old") if is_complete(each.path)]
        running = [each for each in left if _is_running(each)]
        if any(_is_ours(each) for each in running) or (running and time.monotonic() < deadline):
            time.sleep(0.01)
            continue
        free = [each for each in left if even_from_running or each not in running]
        for each in free:
            with suppress(OSError):  # another reader was faster, or this folder may not be written
                each.path.rename(target)
                break
        else:
            if not free or time.monotonic() > deadline:
                return
            time.sleep(0.01)


def clear_leftovers(target: Path) -> None:
    """Remove what is left beside the target by nobody who still needs it.

    What is ready or old goes only where the target itself is there, looked at after the list was made: who is on the
    list has ended, so that nobody on it can take the target away any more.
    """
    abandoned = [left for left in _beside(target, "partial", "ready", "old") if not _is_running(left)]
    in_place = _is_there(target)
    for left in abandoned:
        if in_place or left.role == "partial":
            _remove(left.path)


def recover(target: Path) -> None:
    """Put right what killed writers left: an absent target comes back, the rest goes; see the two above."""
    put_back(target)
    clear_leftovers(target)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def replace_file(target: Path, content: bytes) -> None:
    """Put a complete file in place of `target`, on disk before it is seen; if it cannot, the old one stays."""
    clear_leftovers(target)
    with _own_paths(target) as (partial, _, _):
        try:
            with partial.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        finally:
            _remove(partial)
    with suppress(OSError):  # the new one is in place, and an error would say that it is not
        sync_names(target.parent)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to write into, that takes the place of `target` when the block ends without an error.

    It is renamed to "ready" once all of it is on disk; then the old folder steps aside, and it takes the name. Of
    several writers at once, the last one wins.
    """
    clear_leftovers(target)
    with _own_paths(target) as (partial, ready, aside):
        try:
            partial.mkdir()
            yield partial
            _sync_all(partial)
            partial.rename(ready)
            _take_place(ready, target, aside)
        finally:
            _remove(partial)


def _take_place(ready: Path, target: Path, aside: Path) -> None:
    """Let the complete folder `ready` stand in the place of `target`; if it cannot, the old one stays."""
    try:
        _exchange(ready, target, aside)
    except BaseException:
        if not _is_there(target) and aside.exists():
            with suppress(OSError):
                aside.rename(target)
        if _is_there(target):
            _remove(ready)
        raise
    sync_names(target.parent)
    _remove(aside)


def _exchange(ready: Path, target: Path, aside: Path) -> None:
    for attempt in range(ATTEMPTS):
        try:
            if _is_there(target):
                _remove(aside)
                target.rename(aside)
            ready.rename(target)
        except OSError:
            # another writer put its folder here, or took this one away, between two lines
            if attempt == ATTEMPTS - 1 or not ready.exists():
                raise
            time.sleep(0.001 * attempt)
        else:
            return


def _sync_all(folder: Path) -> None:
    """Force every file of a folder onto the disk, and the lists of their names."""
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            with Path(parent, name).open("rb") as file:
                os.fsync(file.fileno())
        sync_names(Path(parent))


def sync_names(folder: Path) -> None:
    """Make a rename in a folder last; where a folder cannot be opened (Windows), the rename alone has to do."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(handle)
