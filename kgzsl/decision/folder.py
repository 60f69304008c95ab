"""A folder that is written whole or not at all, and read only if nothing in it has changed."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kgzsl.errors import DataMissingError, IntegrityError, VersionError

__all__ = ["MANIFEST", "checked_files", "swapped_in"]

MANIFEST = "manifest.json"
_ADVICE = "the model was cut short or altered; save it again or take another copy"


def _siblings(folder: Path, role: str) -> list[Path]:
    return sorted(folder.parent.glob(f".{folder.name}.{role}-*"))


def _is_running(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _sync(path: Path) -> None:
    """Force a file, or a folder's list of names, onto the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _names(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST)


def _seal(entries: dict[str, str], number: int) -> str:
    return hashlib.sha256(json.dumps([number, entries], sort_keys=True).encode()).hexdigest()


def _write_manifest(folder: Path, number: int) -> None:
    entries = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in _names(folder)}
    content = {"format": number, "sha256": entries, "seal": _seal(entries, number)}
    (folder / MANIFEST).write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")
    for name in [*entries, MANIFEST]:
        _sync(folder / name)
    for inner in [p for p in folder.rglob("*") if p.is_dir()]:
        _sync(inner)
    _sync(folder)


@contextmanager
def swapped_in(folder: Path, number: int) -> Iterator[Path]:
    """A new folder to write into, that takes the place of `folder` when the block ends without an error.

    The manifest with every file's sha256 is written last; then the old folder steps aside and the new one takes its
    name. A crash at any moment leaves the old folder or the new one, whole, under its name or beside it, where
    `checked_files` finds it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    for stale in _siblings(folder, "partial"):
        if not _is_running(stale.name.rpartition("-")[2]):
            shutil.rmtree(stale, ignore_errors=True)
    partial = folder.parent / f".{folder.name}.partial-{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        _write_manifest(partial, number)
        ready = folder.parent / f".{folder.name}.ready-{os.getpid()}"
        partial.rename(ready)
        _take_place(ready, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _take_place(ready: Path, folder: Path) -> None:
    aside = folder.parent / f".{folder.name}.old-{os.getpid()}"
    if folder.is_symlink():
        raise IntegrityError(folder, expected="a folder", found="a symbolic link", advice="save to the folder itself")
    if folder.exists():
        folder.rename(aside)
    ready.rename(folder)
    _sync(folder.parent)
    for left in [*_siblings(folder, "old"), *_siblings(folder, "ready")]:
        shutil.rmtree(left, ignore_errors=True)


def _recover(folder: Path) -> None:
    """Put back what a crash between two renames left beside the folder: the new model, else the old one."""
    for role in ("ready", "old"):
        for left in _siblings(folder, role):
            if (left / MANIFEST).is_file():
                left.rename(folder)
                return


def checked_files(folder: Path, number: int) -> dict[str, bytes]:
    """Content of every file, by its path in the folder, after all checksums were compared."""
    if not folder.exists():
        _recover(folder)
    if not folder.is_dir():
        raise DataMissingError(folder, "no saved model here; expected the folder that save() wrote")
    if not (folder / MANIFEST).is_file():
        raise IntegrityError(folder, expected=MANIFEST, found="none", advice="an incomplete save, or no model at all")
    entries = _manifest(folder, number)
    present = set(_names(folder))
    if present != set(entries):
        odd = sorted(present ^ set(entries))
        raise IntegrityError(
            folder / odd[0], expected="the files of the manifest", found=f"missing or extra: {odd}", advice=_ADVICE
        )
    content = {}
    for name, expected in entries.items():
        path = folder / name
        if any(part.is_symlink() for part in [path, *path.parents][: len(Path(name).parts)]):
            raise IntegrityError(path, expected="a file", found="a symbolic link", advice=_ADVICE)
        content[name] = path.read_bytes()
        found = hashlib.sha256(content[name]).hexdigest()
        if found != expected:
            raise IntegrityError(path, expected=f"sha256 {expected[:12]}", found=found[:12], advice=_ADVICE)
    return content


def _manifest(folder: Path, number: int) -> dict[str, str]:
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found, entries, seal = content["format"], dict(content["sha256"]), content["seal"]
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(path, expected="a manifest", found=str(error), advice=_ADVICE) from error
    if found != number and isinstance(found, int):
        raise VersionError(path, found=found, supported=f"format {number}")
    if seal != _seal(entries, number):
        raise IntegrityError(path, expected="an unchanged manifest", found="another checksum", advice=_ADVICE)
    return entries
