"""Cells measured side by side, each in one of several processes that take the next one when they are free."""

import multiprocessing
import os
import threading
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from kgzsl.bench.cells import Benchmark, Cell, Measured
from kgzsl.bench.store import ResultStore
from kgzsl.display.progress import progress, silent
from kgzsl.errors import InputFormatError, KgzslError, ResourceLimitError

__all__ = ["run_cells"]

Tell = Callable[[str], None]


def run_cells(
    benchmark: Benchmark,
    *,
    jobs: int = 1,
    results: Path | None = None,
    tell: Tell | None = None,
    show_progress: bool | None = None,
) -> dict[Cell, Measured]:
    """Measure what is not in the folder `results` yet, `jobs` cells at a time, and give all of it.

    Each result is kept as soon as there is one. Matrix products are computed on one thread, whatever `jobs` is, so
    that the same cell gives the same digits in every process. None as `results` keeps nothing.

    >>> from kgzsl.bench.synthetic import SyntheticBench
    >>> found = run_cells(SyntheticBench(seeds=1, models=("conse",)))
    >>> [str(cell) for cell in found]
    ['conse 0']
    """
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise InputFormatError(f"jobs is an integer from 1 on, not {jobs!r}")
    cells = list(benchmark.cells())
    store = None if results is None else ResultStore(results, benchmark.name, benchmark.protocol())
    if store is not None:
        store.open()
    found = {} if store is None else {cell: kept for cell in cells if (kept := store.get(cell)) is not None}
    left = [cell for cell in cells if cell not in found]
    if found and tell is not None:
        tell(f"{len(found):,} of {len(cells):,} results were there already, {len(left):,} are left")
    with progress(len(left), benchmark.name, show=show_progress) as advance:

        def take(cell: Cell, measured: Measured) -> None:
            found[cell] = measured
            advance(note=str(cell))
            if tell is not None:
                told = ", ".join(f"{name} {100 * value:.1f}" for name, value in measured.values.items())
                tell(f"{cell}: {told}; {measured.seconds:.1f} s")

        if jobs == 1 or len(left) < 2:
            for cell in left:
                take(cell, _measured(benchmark, cell, store))
        else:
            _side_by_side(benchmark, left, min(jobs, len(left)), store, take)
    return {cell: found[cell] for cell in cells}


def _measured(benchmark: Benchmark, cell: Cell, store: ResultStore | None) -> Measured:
    with threadpool_limits(limits=1):
        measured = benchmark.measure(cell)
    if store is not None:
        store.put(cell, measured)
    return measured


def _side_by_side(
    benchmark: Benchmark,
    cells: Sequence[Cell],
    jobs: int,
    store: ResultStore | None,
    take: Callable[[Cell, Measured], None],
) -> None:
    # a new process, not a fork: threads of PyTorch and polars do not survive one
    context = multiprocessing.get_context("spawn")
    counter = context.Value("q", 0)
    lanes: dict[Connection, Any] = {}
    try:
        for _ in range(jobs):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_lane, args=(benchmark, cells, store, counter, theirs), daemon=True)
            process.start()
            theirs.close()
            lanes[ours] = process
        while lanes:
            for pipe in wait(list(lanes)):
                assert isinstance(pipe, Connection)
                _receive(pipe, lanes, cells, take)
    finally:
        for process in lanes.values():
            process.terminate()
        for pipe, process in lanes.items():
            process.join()
            pipe.close()


def _receive(
    pipe: Connection, lanes: dict[Connection, Any], cells: Sequence[Cell], take: Callable[[Cell, Measured], None]
) -> None:
    """One message of a lane: a result, its failure, or its end."""
    try:
        place, values, seconds, failure = pipe.recv()
    except EOFError:
        process = lanes.pop(pipe)
        process.join()
        pipe.close()
        if process.exitcode:
            raise ResourceLimitError(
                f"a process of the benchmark ended with code {process.exitcode} before its work was done (out of "
                "memory?); what it had finished is kept: start again, perhaps with fewer --jobs"
            ) from None
        return
    if failure is not None:
        raise failure
    take(cells[place], Measured(values, seconds))


def _lane(benchmark: Benchmark, cells: Sequence[Cell], store: ResultStore | None, counter: Any, pipe: Any) -> None:
    """Take the next cell until there is none; ends with the process that started it, even if that is killed."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        with counter.get_lock():
            place = counter.value
            counter.value += 1
        if place >= len(cells):
            return
        try:
            with silent():  # the bar of the process that started this one is on the same terminal
                measured = _measured(benchmark, cells[place], store)
        except KeyboardInterrupt:  # the parent is interrupted too, and says so
            return
        except KgzslError as error:
            pipe.send((place, {}, 0.0, error))
            return
        except Exception as error:
            said = f"{cells[place]}: {type(error).__name__}: {error}\n{traceback.format_exc()}"
            pipe.send((place, {}, 0.0, RuntimeError(said)))
            return
        pipe.send((place, dict(measured.values), measured.seconds, None))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
