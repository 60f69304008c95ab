"""Passes over a dump of ConceptNet, each of which keeps no more than it looks for."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl

from kgzsl.display.progress import Advance, progress
from kgzsl.errors import IntegrityError
from kgzsl.sources.conceptnet_file import Block, DamagedError, dump_size, line_blocks
from kgzsl.sources.conceptnet_lines import Lines, scan_lines
from kgzsl.sources.conceptnet_reach import Reach
from kgzsl.sources.conceptnet_rows import RowChoice, Rows, checked_rows, framed_rows
from kgzsl.sources.limits import Limits
from kgzsl.sources.tally import Tally

__all__ = ["read_dump"]

_WORKERS = 2
_TAB = b"\t"
_BATCH = 8 << 20


def read_dump(
    path: Path, choice: RowChoice, *, reach: Reach | None, limits: Limits, tally: Tally, show_progress: bool | None
) -> Rows:
    """The rows of the dump that `choice` keeps; with a `reach`, those within it, found one hop a pass."""
    size = dump_size(path)
    passes = 1 if reach is None else 1 + max(reach.hops, 1)
    with progress(size * passes, f"reading {path.name}", show=show_progress) as advance:
        one_pass = partial(_rows_of, path, limits=limits, advance=advance)
        if reach is not None:
            while reach.is_growing:
                touching = replace(choice, near=reach.touching)
                reach.grow(_joined(one_pass(touching, Tally(str(path)))))
            choice = replace(choice, near=reach.within)
        return _joined(one_pass(choice, tally))


def _joined(parts: Iterator[Rows]) -> Rows:
    found = list(parts)
    return Rows(pl.concat([part.edges for part in found]), pl.concat([part.pages for part in found]))


def _rows_of(path: Path, choice: RowChoice, tally: Tally, *, limits: Limits, advance: Advance) -> Iterator[Rows]:
    """The kept rows, some megabytes of lines at a time; while these are checked, the next are looked for."""
    languages = None if choice.languages is None else [language.encode() for language in choice.languages]
    scan = partial(scan_lines, languages=languages, limits=limits, path=str(path))
    check = partial(_checked, choice=choice, tally=tally)
    batch: list[tuple[int, Lines]] = []
    waiting: deque[Future[Rows]] = deque()
    size, first = 0, 1
    try:
        with closing(line_blocks(path, limits=limits, advance=advance)) as blocks, ThreadPoolExecutor(1) as checker:
            for lines in _in_order(scan, blocks):
                batch.append((first, lines))
                size += len(lines.text)
                first += lines.num_lines
                if size >= _BATCH:
                    waiting.append(checker.submit(check, batch))
                    batch, size = [], 0
                while len(waiting) > 1:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
    except DamagedError as error:
        raise IntegrityError(
            path,
            expected="a whole dump",
            found=f"its end after {first - 1:,} rows (byte {error.byte:,}): {error.reason}",
            advice="download it again; nothing was read",
        ) from error
    yield check(batch)


def _checked(batch: Sequence[tuple[int, Lines]], *, choice: RowChoice, tally: Tally) -> Rows:
    """The rows among some scanned lines, each with the number of its first line."""
    for first, lines in batch:
        _count(lines, first, tally)
    numbers = [pl.Series(lines.numbers + first, dtype=pl.Int64) for first, lines in batch]
    text = b"".join(lines.text for _, lines in batch)
    places = pl.concat(numbers) if numbers else pl.Series([], dtype=pl.Int64)
    return checked_rows(framed_rows(text, places, tally), choice, tally)


def _count(lines: Lines, first: int, tally: Tally) -> None:
    tally.count("blank_lines", lines.num_blank)
    tally.count("rows_read", lines.num_lines - lines.num_blank)
    tally.count("skipped_other_language", lines.num_other_language)
    for place, line in lines.wrong:
        found = f"{line.count(_TAB) + 1} columns, not 5: {line[:50].decode('utf-8', 'replace')}"
        tally.fault("skipped_columns", line=first + place, found=found)


def _in_order(scan: Callable[[Block], Lines], blocks: Iterator[Block]) -> Iterator[Lines]:
    """Scan blocks in threads, give what they hold in order; those before a damage come first."""
    waiting: deque[Future[Lines]] = deque()
    damage: DamagedError | None = None
    with ThreadPoolExecutor(_WORKERS) as pool:
        while True:
            try:
                block = next(blocks, None)
            except DamagedError as error:
                block, damage = None, error
            if block is not None:
                waiting.append(pool.submit(scan, block))
            while waiting and (block is None or len(waiting) > _WORKERS):
                yield waiting.popleft().result()
            if block is None:
                break
    if damage is not None:
        raise damage
