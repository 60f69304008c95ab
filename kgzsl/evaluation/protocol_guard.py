"""Test rows that cannot be read before the final phase, and the record of every read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import TestRowsError
from kgzsl.evaluation.data_set import IndexArray

__all__ = ["GuardedRows", "Read", "ReadLog", "TestRowsError", "rows_for_audit"]


@dataclass(frozen=True)
class Read:
    """One read of a part of a protocol: which, in which phase ("selection" or "final"), and whether it was allowed.

    `after_final` tells that test rows had been read before it, so that it could have followed from what they showed.
    """

    part: str
    phase: str
    allowed: bool
    after_final: bool


class ReadLog:
    """The phase of a protocol and what was read in it, in the order of the reads; safe between threads."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._reads: list[Read] = []
        self._depth = 0
        self._was_tested = False

    def __deepcopy__(self, memo: dict[int, Any]) -> "ReadLog":
        return self  # a copied protocol is the same protocol, and its reads count

    def __reduce__(self) -> tuple[Any, ...]:
        return (ReadLog._restored, (self.reads, self._was_tested))

    @staticmethod
    def _restored(reads: tuple[Read, ...], was_tested: bool) -> "ReadLog":
        log = ReadLog()
        log._reads, log._was_tested = list(reads), was_tested
        return log

    @property
    def reads(self) -> tuple[Read, ...]:
        """All reads so far."""
        with self._lock:
            return tuple(self._reads)

    @property
    def phase(self) -> str:
        """The phase there is now: "selection" or "final"."""
        return "final" if self._depth else "selection"

    @contextmanager
    def final(self) -> Iterator[None]:
        """Test rows may be read until the block ends; blocks may lie in each other."""
        with self._lock:
            self._depth += 1
        try:
            yield
        finally:
            with self._lock:
                self._depth -= 1

    def record(self, part: str, *, is_test: bool, num_rows: int) -> None:
        """Write a read down; `TestRowsError` if test rows are read before the final phase."""
        with self._lock:
            allowed = not is_test or self._depth > 0
            self._reads.append(Read(part, self.phase, allowed, self._was_tested))
            self._was_tested |= is_test and allowed
        if not allowed:
            raise TestRowsError(part, num_rows)


class GuardedRows:
    """Rows of a test part. Their number is open to all; the rows themselves are read in the final phase only.

    `np.asarray(rows)`, `rows[...]` and iteration all count as a read.
    """

    __slots__ = ("_log", "_rows", "part")

    def __init__(self, part: str, rows: IndexArray, log: ReadLog) -> None:
        self.part = part
        self._rows = rows
        self._log = log

    def read(self) -> IndexArray:
        """The rows, ascending; `TestRowsError` before the final phase."""
        self._log.record(self.part, is_test=True, num_rows=len(self._rows))
        return self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        rows = self.read()
        return np.array(rows, dtype=dtype) if copy or dtype is not None else rows

    def __getitem__(self, place: Any) -> Any:
        return self.read()[place]

    def __iter__(self) -> Iterator[int]:
        return iter(self.read().tolist())

    def __contains__(self, row: object) -> bool:
        return row in self.read()

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError(f"{self.part} is not compared; two protocols of equal sha256 have equal rows")

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self.part}: {len(self):,} guarded rows>"


def rows_for_audit(guarded: GuardedRows) -> IndexArray:
    """The rows without a record, for the leak auditor, which compares them with what a run used and learns nothing."""
    return guarded._rows
