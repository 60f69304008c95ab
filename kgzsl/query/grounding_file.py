"""Decisions about class labels, kept in a JSON file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kgzsl.errors import DataMissingError, SourceError
from kgzsl.query.grounding_result import Grounding
from kgzsl.replacing import replace_file

__all__ = ["read_overrides", "write_overrides"]

_MOST_BYTES = 64 * 1024 * 1024


def read_overrides(location: str | Path) -> dict[str, str]:
    """The decisions in a file that `write_overrides` wrote and you may have edited: concept id by label.

    A label with a list or null is not decided yet and is left out, so that grounding goes on to list it.
    `SourceError` names the line of broken JSON, a label given twice, and a value that is none of these.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import kgzsl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "overrides.json")
    ...     _ = file.write_text('{"crane": "crane.n.04", "jay": null}')
    ...     kgzsl.read_overrides(file)
    {'crane': 'crane.n.04'}
    """
    path = Path(location)
    if not path.is_file():
        raise DataMissingError(path, "no such file of overrides; Grounding.write_overrides writes one")
    if path.stat().st_size > _MOST_BYTES:
        raise SourceError(path, f"{path.stat().st_size:,} bytes is too long for a file of overrides")
    try:
        held = json.loads(path.read_bytes().decode("utf-8-sig"), object_pairs_hook=_Pairs)
    except json.JSONDecodeError as error:
        raise SourceError(path, f"not JSON: {error.msg}", line=error.lineno) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise SourceError(path, f"not JSON in UTF-8: {error}") from error
    if not isinstance(held, _Pairs):
        raise SourceError(path, f'expected an object {{"label": "concept id"}}, found {type(held).__name__}')
    decided: dict[str, str] = {}
    seen: set[str] = set()
    for label, value in held:
        if label in seen:
            raise SourceError(path, f"label {label!r:.80} is given twice; keep one")
        seen.add(label)
        if isinstance(value, str):
            decided[label] = value
        elif value is not None and not (type(value) is list and all(isinstance(id_, str) for id_ in value)):
            raise SourceError(path, f"label {label!r:.80} has {value!r:.80}; expected a concept id, a list or null")
    return decided


class _Pairs(list[tuple[str, Any]]):
    """An object's members in order, repeated names included."""


def write_overrides(grounding: Grounding | Mapping[str, str], location: str | Path) -> None:
    """Write every decision to a JSON file: the concept id by label, however it was found.

    A label left open has the list of its candidates (or nearest ids): replace the list by one of them. Reading the
    file back gives the same grounding without any policy. The file is replaced whole or not at all.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import kgzsl
    >>> found = kgzsl.ground(kgzsl.load_graph("wordnet"), ["zebra", "tiger"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kgzsl.write_overrides(found, Path(folder, "overrides.json"))
    ...     print(Path(folder, "overrides.json").read_text(), end="")
    {
     "zebra": "zebra.n.01",
     "tiger": [
      "tiger.n.01",
      "tiger.n.02"
     ]
    }
    """
    path = Path(location)
    if isinstance(grounding, Grounding):
        held: dict[str, Any] = {
            row.label: row.concept or [id_ for id_, _ in row.candidates] or list(row.nearest) for row in grounding.rows
        }
    else:
        held = dict(grounding)
    text = json.dumps(held, ensure_ascii=False, indent=1)
    if any("\ud800" <= character <= "\udfff" for character in text):  # half a character has no bytes
        text = json.dumps(held, indent=1)
    replace_file(path, f"{text}\n".encode())
