"""Results on disk, a file a cell: whole or not there, whenever the writer is killed."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kgzsl.bench.cells import Cell, Measured, protocol_hash
from kgzsl.errors import SourceError
from kgzsl.replacing import replace_file

__all__ = ["ResultStore"]


class ResultStore:
    """The results of one protocol, in a folder of their own that bears its hash.

    A result is written beside its place, flushed, and moved there, with a checksum over all it says. What does not
    match its checksum, its cell or its protocol is not there, and is measured again. Several processes may write at
    the same time: what two of them write for a cell differs in seconds only.
    """

    def __init__(self, folder: Path, name: str, protocol: Mapping[str, Any]) -> None:
        self.hash = protocol_hash(protocol)
        self.folder = folder / f"{name}-{self.hash[:16]}"
        self._protocol = protocol

    def open(self) -> None:
        """Make the folder, and put into it the protocol for whoever reads the results."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SourceError(self.folder, f"the folder of results cannot be made: {error.strerror}") from error
        path = self.folder / "protocol.json"
        content = json.dumps(self._protocol, sort_keys=True, indent=1).encode()
        if not path.is_file() or path.read_bytes() != content:
            replace_file(path, content)

    def get(self, cell: Cell) -> Measured | None:
        """What was measured of a cell before; None if it has to be measured."""
        path = self._path(cell)
        try:
            entry = json.loads(path.read_bytes())
            values = {str(name): float(value) for name, value in entry["values"].items()}
            found = Measured(values, float(entry["seconds"]))
            whole = entry["sha256"] == self._seal(cell, found)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return found if whole else None

    def put(self, cell: Cell, measured: Measured) -> None:
        """Keep what was measured."""
        entry = {
            "cell": [cell.method, list(cell.variant), cell.seed],
            "values": dict(measured.values),
            "seconds": measured.seconds,
            "sha256": self._seal(cell, measured),
        }
        path = self._path(cell)
        replace_file(path, json.dumps(entry, indent=1).encode())

    def _path(self, cell: Cell) -> Path:
        """A name to read, and enough of a hash that no two cells share it."""
        name = re.sub(r"[^A-Za-z0-9.+-]+", "_", str(cell))[:60]
        return self.folder / f"{name}-{_digest(repr((cell.method, cell.variant, cell.seed)))[:8]}.json"

    def _seal(self, cell: Cell, measured: Measured) -> str:
        said = [self.hash, cell.method, list(cell.variant), cell.seed, dict(measured.values), measured.seconds]
        return _digest(json.dumps(said, sort_keys=True))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
