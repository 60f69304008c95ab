"""One folder takes the place of another, so that a crash at any moment loses neither."""

import glob
import hashlib
import os
import shutil
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import RLock

__all__ = ["SAVING", "clear_leftovers", "is_being_saved", "recover", "role_path", "sync", "take_place"]

SAVING = RLock()
"""Held while this process saves a model, or puts one back: its folders beside the model bear the process's number."""

ATTEMPTS = 8

PATIENCE = 1.0
"""Seconds after which a save that another process has in hand counts as given up; renames take far less."""

FORGOTTEN = 86_400.0
"""Seconds after which what a process elsewhere left, of which nobody here can see whether it runs, is nobody's."""


@cache
def numbering() -> str:
    """Whose numbers of processes these are: containers that share a disk may each have a process 1."""
    try:
        space = Path("/proc/self/ns/pid").readlink().name
    except OSError:  # a system without namespaces
        space = ""
    return hashlib.sha256(f"{socket.gethostname()} {space}".encode()).hexdigest()[:8]


def role_path(folder: Path, role: str) -> Path:
    """Where this process keeps a folder beside `folder`: "partial", "ready" to take its place, or the "old" one."""
    return folder.parent / f".{folder.name}.{role}-{os.getpid()}@{numbering()}"


def _siblings(folder: Path, role: str) -> list[Path]:
    return sorted(folder.parent.glob(f".{glob.escape(folder.name)}.{role}-*"))


def _is_running(path: Path) -> bool:
    """Whether the process that a folder is of still runs, as far as can be seen from here."""
    process, _, where = _owner(path).partition("@")
    if where and where != numbering():
        try:
            return time.time() - path.stat().st_mtime < FORGOTTEN
        except OSError:  # moved on by its process, or removed
            return True
    try:
        os.kill(int(process), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _is_mine(path: Path) -> bool:
    return _owner(path) in (str(os.getpid()), f"{os.getpid()}@{numbering()}")


def sync(path: Path) -> None:
    """Force a file, or a folder's list of names, onto the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _owner(path: Path) -> str:
    return path.name.rpartition("-")[2]


def _abandoned(folder: Path, role: str) -> list[Path]:
    """What is left of this process, which saves one model at a time, and of those that are gone."""
    return [path for path in _siblings(folder, role) if _is_mine(path) or not _is_running(path)]


def is_being_saved(folder: Path) -> bool:
    """Whether a process that runs has something of the folder beside it."""
    return any(_is_running(path) for role in ("partial", "ready", "old") for path in _siblings(folder, role))


def clear_leftovers(folder: Path, *roles: str) -> None:
    """Remove what is left beside the folder by nobody who still needs it.

    A "ready" or an "old" folder goes only where the folder itself is there, looked at after the list was made: who is
    on the list has ended, so that nobody on it can take the folder away any more.
    """
    abandoned = {role: _abandoned(folder, role) for role in roles}
    in_place = folder.exists()
    for role, paths in abandoned.items():
        for left in paths if in_place or role == "partial" else []:
            shutil.rmtree(left, ignore_errors=True)


def take_place(ready: Path, folder: Path) -> None:
    """Let the complete folder `ready` stand in the place of `folder`; if it cannot, the old one stays.

    Of several processes at once, the last one wins.
    """
    aside = role_path(folder, "old")
    try:
        _exchange(ready, folder, aside)
    except BaseException:
        if not folder.exists() and aside.exists():
            with suppress(OSError):
                aside.rename(folder)
        if folder.exists():
            shutil.rmtree(ready, ignore_errors=True)
        raise
    sync(folder.parent)
    clear_leftovers(folder, "old", "ready")


def _exchange(ready: Path, folder: Path, aside: Path) -> None:
    for attempt in range(ATTEMPTS):
        try:
            if folder.exists():
                shutil.rmtree(aside, ignore_errors=True)
                folder.rename(aside)
            ready.rename(folder)
        except OSError:
            # another process put its folder here, or took this one away, between two lines
            if attempt == ATTEMPTS - 1 or not ready.exists():
                raise
            time.sleep(0.001 * attempt)
        else:
            return


def recover(folder: Path, is_complete: Callable[[Path], bool]) -> None:
    """Put back what a crash between two renames left beside an absent folder: the new one, else the old one.

    A process that is still at it is waited for.
    """
    deadline = time.monotonic() + PATIENCE
    while not folder.exists():
        left = [path for role in ("ready", "old") for path in _siblings(folder, role) if is_complete(path)]
        if not left:
            return
        if any(not _is_mine(path) and _is_running(path) for path in left) and time.monotonic() < deadline:
            time.sleep(0.01)
            continue
        with SAVING, suppress(FileNotFoundError):  # another reader was faster
            if not folder.exists():
                left[0].rename(folder)
