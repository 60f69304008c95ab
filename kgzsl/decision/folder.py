"""A folder that is written whole or not at all, and read only if nothing in it has changed."""

import hashlib
import json
import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from kgzsl.errors import DataMissingError, IntegrityError, OutputExistsError, VersionError
from kgzsl.replacing import PATIENCE, is_in_hand, new_folder, put_back

__all__ = ["MANIFEST", "checked_files", "swapped_in"]

MANIFEST = "manifest.json"
_SAVING = RLock()  # of two threads that save without `overwrite`, one finds the folder of the other
_ADVICE = "the model was cut short or altered; save it again or take another copy"


def _names(folder: Path) -> list[str]:
    """Everything in the folder but folders themselves and the manifest, links among it, whatever they lead to."""
    found = []
    for parent, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        found += [(Path(parent) / name).relative_to(folder).as_posix() for name in [*files, *links]]
    return sorted(name for name in found if name != MANIFEST)


def _seal(entries: dict[str, str], number: int) -> str:
    return hashlib.sha256(json.dumps([number, entries], sort_keys=True).encode()).hexdigest()


def _write_manifest(folder: Path, number: int) -> None:
    entries = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in _names(folder)}
    content = {"format": number, "sha256": entries, "seal": _seal(entries, number)}
    (folder / MANIFEST).write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")


def _is_complete(folder: Path) -> bool:
    return (folder / MANIFEST).is_file()


def _put_back(folder: Path) -> None:
    put_back(folder, is_complete=_is_complete, even_from_running=True)


@contextmanager
def swapped_in(folder: Path, number: int, *, overwrite: bool, known: Collection[str]) -> Iterator[Path]:
    """A new folder to write into, that takes the place of `folder` when the block ends without an error.

    The manifest with every file's sha256 is written last. A crash at any moment leaves the old folder or the new one,
    whole, under its name or beside it, where `checked_files` finds it. Raises `OutputExistsError` for a folder that is
    there, unless `overwrite` is given and it holds nothing but the files in `known`.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100  # Path.absolute keeps "..", resolve follows links
    with _SAVING:
        _require_free(folder, overwrite, known)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with new_folder(folder) as partial:
            yield partial
            _write_manifest(partial, number)


def _require_free(folder: Path, overwrite: bool, known: Collection[str]) -> None:
    _put_back(folder)
    if folder.is_symlink():
        raise IntegrityError(folder, expected="a folder", found="a symbolic link", advice="save to the folder itself")
    if not folder.exists():
        return
    if not overwrite:
        raise OutputExistsError(folder, "is there already; overwrite=True replaces a saved model")
    # another process may take the folder away between two of these lines: then there is nothing in it
    others = [folder.name] if folder.is_file() else [name for name in _names(folder) if name not in known]
    if others:
        raise OutputExistsError(
            folder,
            f"holds {len(others):,} file(s) that are no part of a model, such as {others[0]!r}: "
            "it is not replaced; choose another folder",
        )


def checked_files(folder: Path, number: int) -> dict[str, bytes]:
    """Content of every file, by its path in the folder, after all checksums were compared.

    Where another process replaces the folder meanwhile, its new content is read.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        _put_back(folder)
        with _held(folder) as before:
            try:
                return _read(folder, number)
            except (DataMissingError, IntegrityError, FileNotFoundError) as error:
                is_settled = not is_in_hand(folder) and _identity(folder) == before
                if is_settled or time.monotonic() > deadline:
                    if isinstance(error, FileNotFoundError) and not isinstance(error, DataMissingError):
                        raise IntegrityError(folder, expected="its files", found=str(error), advice=_ADVICE) from error
                    raise


@contextmanager
def _held(folder: Path) -> Iterator[tuple[int, int] | None]:
    """What the folder is known by; while the block runs, no other folder can have the same."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        yield None
        return
    try:
        status = os.fstat(handle)
        yield status.st_dev, status.st_ino
    finally:
        os.close(handle)


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _read(folder: Path, number: int) -> dict[str, bytes]:
    if not folder.is_dir():
        raise DataMissingError(folder, "no saved model here; expected the folder that save() wrote")
    if not _is_complete(folder):
        raise IntegrityError(folder, expected=MANIFEST, found="none", advice="an incomplete save, or no model at all")
    _require_plain(folder, MANIFEST)
    entries = _manifest(folder / MANIFEST, number)
    odd = sorted(set(_names(folder)) ^ set(entries))
    if odd:
        raise IntegrityError(
            folder / odd[0], expected="the files of the manifest", found=f"missing or extra: {odd}", advice=_ADVICE
        )
    content = {}
    for name, expected in entries.items():
        _require_plain(folder, name)
        content[name] = (folder / name).read_bytes()
        found = hashlib.sha256(content[name]).hexdigest()
        if found != expected:
            raise IntegrityError(folder / name, expected=f"sha256 {expected[:12]}", found=found[:12], advice=_ADVICE)
    return content


def _require_plain(folder: Path, name: str) -> None:
    """`IntegrityError` for a link or a pipe; links inside the folder could lead anywhere."""
    path = folder / name
    if any(part.is_symlink() for part in [path, *path.parents][: len(Path(name).parts)]):
        raise IntegrityError(path, expected="a file", found="a symbolic link", advice=_ADVICE)
    if not path.is_file():
        raise IntegrityError(path, expected="a file", found="something else", advice=_ADVICE)


def _manifest(path: Path, number: int) -> dict[str, str]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found, entries, seal = content["format"], dict(content["sha256"]), content["seal"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IntegrityError(path, expected="a manifest", found=str(error), advice=_ADVICE) from error
    if found != number and isinstance(found, int):
        raise VersionError(path, found=found, supported=f"format {number}")
    if seal != _seal(entries, number):
        raise IntegrityError(path, expected="an unchanged manifest", found="another checksum", advice=_ADVICE)
    return entries
