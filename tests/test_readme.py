"""What the README shows is what happens."""

import gzip
import re
import shutil
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

import kgzsl

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def _blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def inputs():
    """Features of six seen kinds of hoofed animals and of photographs nobody labelled."""
    seen = ["horse.n.01", "domestic_ass.n.01", "giraffe.n.01", "cow.n.01", "tiger.n.02", "lion.n.01"]
    rng = np.random.default_rng(0)
    means = rng.normal(size=(len(seen), 16))
    X = np.repeat(means, 10, axis=0) + 0.3 * rng.normal(size=(60, 16))
    return {"X": X, "y": np.repeat(seen, 10), "X_new": X[::20], "X_seen": X, "y_seen": np.repeat(seen, 10)}


def test_the_python_example_runs(inputs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    space = {**inputs, "X_unseen": inputs["X"][:20], "y_unseen": np.repeat(["zebra.n.01", "okapi.n.01"], 10)}
    exec(compile(_blocks("python")[0], "README.md", "exec"), space)
    assert "tiger is a kind of big cat" in capsys.readouterr().out
    assert (tmp_path / "model" / "manifest.json").is_file()
    assert 0 <= space["report"].harmonic_mean <= 1


def test_the_ontology_example_goes_from_file_to_explanation(monkeypatch, capsys):
    monkeypatch.chdir(Path(__file__).resolve().parents[1])
    block = _blocks("python")[1]
    assert len([line for line in block.splitlines() if line.strip()]) <= 15
    exec(compile(block, "README.md", "exec"), {})
    said = capsys.readouterr().out
    assert "['Eurasian otter']" in said
    assert "is a kind of mammal" in said


def test_the_reasons_and_what_would_change_them_are_as_shown(monkeypatch, capsys):
    monkeypatch.chdir(Path(__file__).resolve().parents[1])
    space = {}
    exec(compile(next(block for block in _blocks("python") if "freshwater" in block), "README.md", "exec"), space)
    capsys.readouterr()
    (chapter,) = re.findall(r"^## Why, and what would change it\n(.*?)^## ", README, flags=re.MULTILINE | re.DOTALL)
    example, answers = re.findall(r"^```(?:python)?\n(.*?)^```", chapter, flags=re.MULTILINE | re.DOTALL)
    exec(compile(example, "README.md", "exec"), space)
    assert capsys.readouterr().out == answers


def test_the_questions_to_a_graph_are_answered_as_shown(capsys):
    (chapter,) = re.findall(r"^## Ask the graph\n(.*?)^## ", README, flags=re.MULTILINE | re.DOTALL)
    example, answers = re.findall(r"^```(?:python)?\n(.*?)^```", chapter, flags=re.MULTILINE | re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})
    assert capsys.readouterr().out == answers


def test_the_first_two_commands_are_complete():
    commands = re.findall(r"^    (.*\.venv/bin.*)$", README, flags=re.MULTILINE)
    assert len(commands) == 2
    assert commands[0].endswith("kgzsl demo")
    assert "pytest" in commands[1]


def _block_with(word):
    (block,) = [block for block in _blocks("python") if word in block]
    return block


def test_every_source_is_read_as_shown(tmp_path, monkeypatch):
    """All but the endpoint, which needs a server: a graph stands in for its answer."""
    monkeypatch.chdir(tmp_path)
    root = Path(__file__).resolve().parents[1]
    shutil.copy(root / "graphs" / "freshwater-1.0" / "ontology.ttl", tmp_path / "ontology.ttl")
    line = '/a/1\t/r/IsA\t/c/en/dog\t/c/en/pet\t{"weight": 1.0, "sources": []}\n'
    (tmp_path / "assertions.csv.gz").write_bytes(gzip.compress(line.encode()))
    graph = nx.MultiDiGraph([("zebra", "equine", "is_a"), ("polar_bears", "mammal", "is_a")])
    monkeypatch.setattr(kgzsl, "read_sparql", lambda *_, **__: kgzsl.load_graph("freshwater"))
    space = {"kgzsl": kgzsl, "graph": graph, "wordnet": kgzsl.load_graph("wordnet")}
    exec(compile(_block_with("read_sparql"), "README.md", "exec"), space)
    assert dict(space["found"]) == {"Zebra": "zebra", "polar_bears": "polar_bears"}
    assert "zebra" in space["both"].concept("zebra.n.01").alternate_ids
    assert kgzsl.read("out.ttl").fingerprint == space["kg"].fingerprint


def test_what_knows_when_not_to_be_sure_runs_as_shown(tmp_path, monkeypatch, capsys):
    """The folder AwA2/ is a small data set of the same form, since the real one is not ours to ship."""
    labels = np.array([0, 1, 2, 3, 0, 4])
    splits = {"trainval_loc": np.arange(4), "test_seen_loc": np.array([4]), "test_unseen_loc": np.array([5])}
    data = kgzsl.Dataset(("cat", "dog", "owl", "wolf", "fox"), np.eye(6, dtype=np.float32), labels, splits=splits)
    monkeypatch.setattr(kgzsl, "read_dataset", lambda _: data)
    kg = kgzsl.load_graph("freshwater")
    seen, unseen = kg.leaves().ids[:20], kg.leaves().ids[20:22]
    X = np.random.default_rng(0).normal(size=(60, 6))
    clf = kgzsl.ZeroShotClassifier(kg, unseen=unseen).fit(X, np.repeat(seen, 3))
    exec(compile(_block_with("predict_set"), "README.md", "exec"), {"kgzsl": kgzsl, "clf": clf, "X_new": X[::20]})
    assert "leaks of run" in capsys.readouterr().out
