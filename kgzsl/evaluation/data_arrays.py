"""Arrays of a .npz, .npy or .safetensors file, read so that nothing runs and nothing unfolds without bound."""

import ast
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load as load_tensors

from kgzsl.errors import IntegrityError, KgzslError, SourceError, UnsafeInputError
from kgzsl.evaluation.data_checks import require_size

__all__ = ["npy_array", "npz_arrays", "tensor_arrays"]

_ADVICE = "get it again, or write it again"
_MOST_HEADER = 1 << 16


def npz_arrays(path: Path) -> Mapping[str, NDArray[Any]]:
    """All arrays of a `.npz` file by name; arrays of Python objects are refused, as reading them would run code."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.endswith(".npy")]
            names = [entry.filename.removesuffix(".npy") for entry in entries]
            if len(set(names)) != len(names):
                raise SourceError(path, "holds an array of one name twice")
            require_size(path, sum(entry.file_size for entry in entries))
            for entry in entries:
                with archive.open(entry) as stream:
                    _require_plain(stream, path, entry.filename, entry.file_size)
        with np.load(path, allow_pickle=False) as held:
            return {name: np.asarray(held[name]) for name in names}
    except KgzslError:
        raise
    except Exception as error:  # on damaged bytes zip and header parsers raise many kinds
        raise _broken(path, "a whole .npz file", error) from error


def npy_array(path: Path) -> NDArray[Any]:
    """The array of a `.npy` file; one of Python objects is refused, as reading it would run code."""
    try:
        size = path.stat().st_size
        require_size(path, size)
        with path.open("rb") as stream:
            _require_plain(stream, path, path.name, size)
        return np.asarray(np.load(path, allow_pickle=False))
    except KgzslError:
        raise
    except Exception as error:  # on damaged bytes zip and header parsers raise many kinds
        raise _broken(path, "a whole .npy file", error) from error


def tensor_arrays(path: Path) -> tuple[Mapping[str, NDArray[Any]], Mapping[str, str]]:
    """Tensors of a safetensors file by name, and its metadata."""
    try:
        require_size(path, path.stat().st_size)
        content = path.read_bytes()
        tensors = load_tensors(content)
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__") or {}
    except KgzslError:
        raise
    except Exception as error:  # as above, and SafetensorError
        raise _broken(path, "a whole .safetensors file", error) from error
    return {str(name): np.asarray(array) for name, array in tensors.items()}, metadata


def _require_plain(stream: IO[bytes], path: Path, name: str, size: int) -> None:
    """From the header alone: no Python objects, and as many bytes as the shape asks for."""
    version = np.lib.format.read_magic(stream)
    width = 2 if version[0] == 1 else 4
    length = int.from_bytes(stream.read(width), "little")
    if length > _MOST_HEADER:
        raise ValueError(f"{name}: a header of {length:,} bytes")
    raw = stream.read(length)
    header = ast.literal_eval(raw.decode("latin1" if version[0] < 3 else "utf-8"))
    if not isinstance(header, dict) or set(header) != {"descr", "fortran_order", "shape"}:
        raise ValueError(f"{name}: no header of an array")
    kind = np.lib.format.descr_to_dtype(header["descr"])
    if kind.hasobject:
        raise UnsafeInputError(
            f"{path}: {name} holds Python objects, which only running pickled code would bring back; save it as "
            "numbers or strings, such as array.astype(str)"
        )
    needed = kind.itemsize
    for extent in header["shape"]:
        needed *= int(extent)
    held = size - 6 - 2 - width - length
    if needed != held:
        raise ValueError(f"{name}: shape {header['shape']} of {kind} needs {needed:,} bytes, {held:,} are there")


def _broken(path: Path, expected: str, error: BaseException) -> IntegrityError:
    return IntegrityError(path, expected=expected, found=f"{type(error).__name__}: {error}"[:160], advice=_ADVICE)
