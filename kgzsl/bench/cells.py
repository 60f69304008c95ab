"""What a benchmark is made of: cells that can be measured one by one, in any order and in any process."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Benchmark", "Cell", "Measured", "file_sha256", "protocol_hash"]


@dataclass(frozen=True, order=True)
class Cell:
    """One model, the variant of the problem it meets, and a seed or the number of a split.

    >>> from kgzsl.bench import Cell
    >>> print(Cell("sgcn", ("text", "means"), 0))
    sgcn text means 0
    """

    method: str
    variant: tuple[str, ...]
    seed: int

    def __str__(self) -> str:
        return " ".join((self.method, *self.variant, str(self.seed)))


@dataclass(frozen=True)
class Measured:
    """What a cell came to: accuracies by name, in [0, 1], and how long the fit took.

    >>> from kgzsl.bench import Measured
    >>> Measured({"top1": 0.5}, seconds=1.5).values["top1"]
    0.5
    """

    values: Mapping[str, float]
    seconds: float


class Benchmark(Protocol):
    """A plain value that other processes can be handed; data is read where it is needed.

    >>> from kgzsl.bench import Cell, Measured, run_cells
    >>> class Coins:
    ...     name = "coins"
    ...     def protocol(self):
    ...         return {"sides": 2}
    ...     def cells(self):
    ...         return [Cell("guess", (), 0)]
    ...     def measure(self, cell):
    ...         return Measured({"top1": 0.5}, seconds=0.0)
    >>> run_cells(Coins())[Cell("guess", (), 0)].values
    {'top1': 0.5}
    """

    @property
    def name(self) -> str:
        """What the command calls it."""
        ...

    def protocol(self) -> dict[str, Any]:
        """Everything that a result depends on beside its cell, as values JSON can hold."""
        ...

    def cells(self) -> Sequence[Cell]:
        """What is to be measured, in the order of the table."""
        ...

    def measure(self, cell: Cell) -> Measured:
        """Measure one cell; the same cell always gives the same values."""
        ...


def protocol_hash(protocol: Mapping[str, Any]) -> str:
    """Tells two protocols apart, whatever the order of their entries.

    >>> protocol_hash({"a": 1, "b": [2]}) == protocol_hash({"b": [2], "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(protocol, sort_keys=True).encode()).hexdigest()


def file_sha256(path: Any) -> str:
    """Checksum of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
