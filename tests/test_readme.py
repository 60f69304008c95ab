"""What the README shows is what happens."""

import re
from pathlib import Path

import numpy as np
import pytest

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
