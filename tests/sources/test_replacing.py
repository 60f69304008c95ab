"""What a kill leaves beside a graph that is being replaced, and how the next read or write puts it in order."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap

import pytest

from kgzsl.errors import DataMissingError
from kgzsl.replacing import recover
from kgzsl.sources.reading import read
from kgzsl.sources.writing import read_parquet, write_graph

# writes an old graph, then kills itself while a new one takes its place: before the n-th rename, fsync or chmod of all
KILLED = """
import os, signal, sys
from pathlib import Path
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.writing import write_graph

old, new = (KnowledgeGraph.from_tables([name], [], name=name) for name in ("old", "new"))
target = Path(sys.argv[1])
if not target.exists():
    write_graph(old, target)
left = int(sys.argv[2])

def counted(real):
    def call(*given, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **named)
    return call

for owner, name in ((Path, "rename"), (Path, "replace"), (Path, "chmod"), (os, "fsync"), (os, "rmdir")):
    setattr(owner, name, counted(getattr(owner, name)))
write_graph(new, target, overwrite=True)
"""


def killed(target, place):
    program = [sys.executable, "-c", textwrap.dedent(KILLED), str(target), str(place)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


@pytest.mark.parametrize("name", ["graph.parquet", "graph.ttl"])
def test_a_kill_at_any_step_leaves_the_old_or_the_new_graph(tmp_path, name, toy_graph):
    outcomes = []
    for place in range(20):
        folder = tmp_path / str(place)
        folder.mkdir()
        if not killed(folder / name, place):
            break
        outcomes.append((read(folder / name).name, len(os.listdir(folder))))  # noqa: PTH208
        write_graph(toy_graph, folder / name, overwrite=True)
        assert os.listdir(folder) == [name]  # noqa: PTH208
        assert read(folder / name).fingerprint == toy_graph.fingerprint
    assert place < 19
    assert [outcome[0] for outcome in outcomes] == sorted((outcome[0] for outcome in outcomes), reverse=True)
    assert {outcome[0] for outcome in outcomes} == {"old", "new"}


def gone():
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


@pytest.fixture
def stored(tmp_path, toy_graph):
    """A graph's folder, and a function that moves it to where a writer of that number keeps it."""
    folder = write_graph(toy_graph, tmp_path / "toy")

    def kept(role, number, name="toy"):
        return folder.with_name(f".{name}.{role}-{number}-abc")

    return folder, kept


@pytest.mark.parametrize("reader", [read, read_parquet])
@pytest.mark.parametrize("role", ["ready", "old"])
def test_a_graph_that_stepped_aside_comes_back(stored, toy_graph, role, reader):
    folder, kept = stored
    folder.rename(kept(role, gone()))
    assert reader(folder).fingerprint == toy_graph.fingerprint
    assert os.listdir(folder.parent) == ["toy"]  # noqa: PTH208


def test_the_new_graph_goes_before_the_old_one(stored, toy_graph):
    folder, kept = stored
    number = gone()
    write_graph(toy_graph.subgraph(["cat"]), kept("ready", number), format="parquet")
    folder.rename(kept("old", number))
    assert read(folder).ids == ("cat",)
    recover(folder)
    assert os.listdir(folder.parent) == ["toy"]  # noqa: PTH208


def test_what_is_half_written_never_comes_back(stored):
    folder, kept = stored
    folder.rename(kept("partial", gone()))
    with pytest.raises(DataMissingError):
        read(folder)
    assert os.listdir(folder.parent) == []  # noqa: PTH208


@pytest.mark.parametrize("role", ["partial", "ready", "old"])
def test_what_a_running_process_has_in_hand_is_left_to_it(stored, role):
    folder, kept = stored
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        folder.rename(kept(role, process.pid))
        with pytest.raises(DataMissingError):
            read(folder)
        assert kept(role, process.pid).is_dir()
        process.communicate(b"\n")


def test_leftovers_of_other_graphs_are_not_taken(stored, toy_graph):
    folder, kept = stored
    others = [kept("old", gone(), name="toy.old"), folder.with_name(".toy.old-mine"), folder.with_name(".toy2.old-1-a")]
    for other in others:
        shutil.copytree(folder, other)
    shutil.rmtree(folder)
    with pytest.raises(DataMissingError):
        read(folder)
    assert all(other.is_dir() for other in others)


def test_names_that_begin_alike_are_told_apart_however_long(tmp_path, toy_graph):
    one, other = (tmp_path / ("x" * 200 + end) for end in "ab")
    for path in (one, other):
        write_graph(toy_graph, path, format="parquet")
        write_graph(toy_graph.subgraph(["cat"]), path, format="parquet", overwrite=True)
    shutil.rmtree(one)
    with pytest.raises(DataMissingError):
        read_parquet(one)
    assert read_parquet(other).ids == ("cat",)
