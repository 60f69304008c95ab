"""Results are kept whole or not at all, and the table is that of an undisturbed run."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from kgzsl.bench.cells import Cell, Measured, protocol_hash
from kgzsl.bench.lanes import run_cells
from kgzsl.bench.store import ResultStore
from kgzsl.bench.synthetic import run_synthetic
from kgzsl.bench.table import HEADS, BenchTable, rows_of
from kgzsl.display.progress import _outer_screen
from kgzsl.errors import InputFormatError, SourceError, UnknownNameError

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Sums:
    """Measures nothing; `log` gets a line for each cell that is measured."""

    log: Path
    fail_at: int = -1
    rule: str = "sum"
    name: str = "sums"

    def protocol(self):
        return {"rule": self.rule}

    def cells(self):
        return [Cell(method, ("plain",), seed) for method in ("b", "a") for seed in range(3)]

    def measure(self, cell):
        if cell.seed == self.fail_at:
            raise InputFormatError("no such sum")
        with self.log.open("a") as file:
            file.write(f"{cell}\n")
        more = {"u": 0.5} if cell.method == "b" else {}
        return Measured({"top1": cell.seed / 10, **more}, seconds=time.perf_counter())


@dataclass(frozen=True)
class Watched(Sums):
    """Tells whether a bar would be drawn where a cell is measured."""

    def measure(self, cell):
        return Measured({"silent": float(_outer_screen() is None)}, seconds=0.0)


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def test_what_was_measured_is_not_measured_again(tmp_path):
    bench = Sums(tmp_path / "log")
    first = run_cells(bench, results=tmp_path)
    assert len(lines(bench.log)) == 6
    assert run_cells(bench, results=tmp_path) == first
    assert len(lines(bench.log)) == 6
    assert list(first) == bench.cells()


def test_results_of_another_protocol_are_not_taken(tmp_path):
    run_cells(Sums(tmp_path / "log"), results=tmp_path)
    run_cells(Sums(tmp_path / "log", rule="product"), results=tmp_path)
    assert len(lines(tmp_path / "log")) == 12
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 2


def test_a_failure_keeps_what_came_before_it(tmp_path):
    with pytest.raises(InputFormatError, match="no such sum"):
        run_cells(Sums(tmp_path / "log", fail_at=2), results=tmp_path)
    run_cells(Sums(tmp_path / "log"), results=tmp_path)
    assert sorted(lines(tmp_path / "log")) == sorted(map(str, Sums(tmp_path).cells()))


@pytest.mark.parametrize("damage", ["cut", "value", "empty", "other cell", "list"])
def test_a_damaged_result_is_measured_again(tmp_path, damage):
    bench = Sums(tmp_path / "log")
    whole = run_cells(bench, results=tmp_path)
    path, other = sorted(next(tmp_path.glob("sums-*")).glob("a_plain_*.json"))[:2]
    content = path.read_bytes()
    entry = json.loads(content)
    entry["values"]["top1"] = 0.99
    damaged = {
        "cut": content[:-20], "value": json.dumps(entry).encode(), "empty": b"", "other cell": other.read_bytes(),
        "list": b"[1]",
    }  # fmt: skip
    path.write_bytes(damaged[damage])
    again = run_cells(bench, results=tmp_path)
    assert len(lines(bench.log)) == 7
    assert str(BenchTable(rows_of(again), "", ("kind",))) == str(BenchTable(rows_of(whole), "", ("kind",)))


def test_what_a_killed_writer_left_is_cleared_away(tmp_path):
    store = ResultStore(tmp_path, "sums", {"rule": "sum"})
    store.open()
    cell = Cell("a", ("plain",), 0)
    store.put(cell, Measured({"top1": 0.5}, 1.0))
    path = next(store.folder.glob("a_plain_0-*.json"))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = path.with_name(f".{path.name}.partial-{gone.pid}-x")
    left.write_bytes(b'{"cell": ["a"')
    assert store.get(cell) == Measured({"top1": 0.5}, 1.0)
    store.put(cell, Measured({"top1": 0.5}, 1.0))
    assert not left.exists()


def test_names_of_cells_that_look_alike_are_told_apart(tmp_path):
    store = ResultStore(tmp_path, "sums", {})
    store.open()
    cells = [
        Cell("a b", (), 0),
        Cell("a", ("b",), 0),
        Cell("a/b", (), 0),
        Cell("x" * 100, (), 0),
        Cell("x" * 99, (), 0),
    ]
    for place, cell in enumerate(cells):
        store.put(cell, Measured({"top1": place / 10}, 0.0))
    assert [store.get(cell).values["top1"] for cell in cells] == [0.0, 0.1, 0.2, 0.3, 0.4]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match=r"file.*cannot be made"):
        run_cells(Sums(tmp_path / "log"), results=tmp_path / "file")


@pytest.mark.parametrize("jobs", [0, True, 1.5])
def test_jobs_are_counted_from_one(tmp_path, jobs):
    with pytest.raises(InputFormatError, match="jobs is an integer from 1 on"):
        run_cells(Sums(tmp_path / "log"), jobs=jobs)


def test_the_hash_does_not_depend_on_order():
    assert protocol_hash({"a": 1, "b": 2}) == protocol_hash({"b": 2, "a": 1}) != protocol_hash({"a": 1, "b": 3})


def test_a_table_without_seconds_is_the_same_for_the_same_results(tmp_path):
    first, second = (run_cells(Sums(tmp_path / "log")) for _ in range(2))
    tables = [BenchTable(rows_of(found), "facts", ("kind",)) for found in (first, second)]
    assert tables[0] == tables[1]
    assert str(tables[0]) == str(tables[1])
    assert "fit s" in tables[0].to_text(times=True)
    assert tables[0].to_frame().columns == ["model", "kind", "num_seeds", "top1", "u", "top1_sd", "u_sd"]
    assert str(tables[0]).splitlines()[0] == "facts; kind: plain"
    assert str(tables[0]).splitlines()[-1].split() == ["a", "10.0", "±10.0", "-"]


def test_a_table_has_a_column_for_what_rows_differ_in():
    found = {Cell("a", (kind, "means"), 0): Measured({"top1": 0.5}, 1.0) for kind in ("minilm", "text")}
    lines = str(BenchTable(rows_of(found), "facts")).splitlines()
    assert lines[0] == "facts; targets: means"
    assert [line.split() for line in lines[2:]] == [
        ["model", "features", "top-1"],
        ["a", "minilm", "50.0"],
        ["a", "text", "50.0"],
    ]
    assert BenchTable(rows_of(found), "facts").to_frame()["targets"].to_list() == ["means", "means"]


def test_the_widest_table_is_printed_whole():
    """All measures with two digits and deviations, and the seconds: no cell is cut."""
    values = [dict.fromkeys(HEADS, 0.42 + 0.1 * seed) for seed in range(2)]
    found = {Cell("prototype", (kind, "means"), seed): Measured(values[seed], 123.4)
             for kind in ("minilm", "text") for seed in range(2)}  # fmt: skip
    told = BenchTable(rows_of(found), "facts").to_text(times=True)
    assert "…" not in told
    assert max(map(len, told.splitlines())) <= 110


def test_models_of_another_benchmark_are_unknown():
    with pytest.raises(UnknownNameError, match="no model is called 'clip'"):
        run_synthetic(models=["clip"])


def test_every_benchmark_tells_what_the_choice_of_gamma_costs():
    table = run_synthetic(models=["eszsl"], seeds=1)
    assert list(table.rows[0].mean) == list(HEADS)
    assert table.rows[0].mean["best_harmonic_mean"] > table.rows[0].mean["harmonic_mean"] > 0
    assert "best H: at the best gamma in hindsight" in str(table)


PROGRAM = """
import sys, time
from dataclasses import dataclass
from pathlib import Path
from kgzsl.bench.cells import Cell, Measured
from kgzsl.bench.lanes import run_cells
from kgzsl.bench.table import BenchTable, rows_of

@dataclass(frozen=True)
class Slow:
    name: str = "slow"
    def protocol(self):
        return {}
    def cells(self):
        return [Cell(method, (), seed) for method in ("b", "a") for seed in range(4)]
    def measure(self, cell):
        time.sleep(0.02)
        return Measured({"top1": (cell.seed + len(cell.method)) / 7}, time.perf_counter())

if __name__ == "__main__":
    folder, jobs = Path(sys.argv[1]), int(sys.argv[2])
    print(BenchTable(rows_of(run_cells(Slow(), jobs=jobs, results=folder)), "slow sums", ()))
"""


@pytest.mark.skipif(os.name != "posix", reason="kills a process by a POSIX signal")
@pytest.mark.slow
def test_killing_at_any_moment_and_starting_again_gives_the_undisturbed_table(tmp_path):
    """A real process is killed with one result there, then two, ...; the third time while two lanes are at work."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def command(folder, jobs):
        return [sys.executable, str(program), str(tmp_path / folder), str(jobs)]

    for enough, jobs in ((1, 1), (3, 1), (4, 2), (6, 1)):
        running = subprocess.Popen(command("killed", jobs), env=environment, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while len(list(tmp_path.glob("killed/*/[ab]_*.json"))) < enough and running.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        running.send_signal(signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
    again, undisturbed = (
        subprocess.run(command(folder, 1), env=environment, capture_output=True, text=True, check=True)
        for folder in ("killed", "undisturbed")
    )
    assert again.stdout == undisturbed.stdout
    assert len(undisturbed.stdout.splitlines()) == 5


def test_processes_that_share_a_terminal_leave_its_bar_alone(tmp_path):
    measured = run_cells(Watched(tmp_path / "log"), jobs=2)
    assert {cell.values["silent"] for cell in measured.values()} == {1.0}
