"""The benchmark of questions runs, and a wrong answer of either side is seen."""

import importlib
import json
import subprocess
import sys
from itertools import cycle
from pathlib import Path

import pytest

from kgzsl.graph.concepts import Concepts
from kgzsl.graph.knowledge_graph import KnowledgeGraph

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def queries(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("queries")


@pytest.fixture
def nouns(queries):
    up = [("animal", "entity"), ("cat", "animal"), ("dog", "animal"), ("pet", "animal"), ("dog", "pet"), ("cat", "pet")]
    concepts = [{"id": id_, "pos": "n"} for id_ in sorted({end for edge in up for end in edge})]
    kg = KnowledgeGraph.from_tables(
        concepts, [(a, "is_a", b) for a, b in up] + [("dog", "instance_of", "entity"), ("dog", "has_part", "pet")]
    )
    return queries.Nouns(kg)


@pytest.mark.slow
def test_it_runs_and_its_answers_agree():
    command = [sys.executable, str(FOLDER / "queries.py"), "--quick", "--json", "--peers", "wn,networkx,pyoxigraph"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout
    rows = json.loads(done.stdout)
    assert [row["remark"] for row in rows if not row["questions"]] == [
        "skipped: filling wn's database takes long; not in --quick"
    ]
    asked = [row for row in rows if row["questions"]]
    assert {(row["question"], row["state"]) for row in asked} >= {
        ("shortest path", "new"),
        ("two-hop neighbourhood", "again"),
        ("5 shortest paths", "new"),
        ("1,000 x 1,000 wup", "new"),
    }
    assert all(row["ours"] > 0 and row["different"] == 0 for row in asked)


def test_an_unknown_peer_is_refused():
    command = [sys.executable, str(FOLDER / "queries.py"), "--peers", "sqlite"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "no peer sqlite; there are nltk, wn" in done.stderr


def test_every_question_has_a_check_and_every_goal_a_question(queries):
    assert set(queries.ASKED) <= set(queries.SAME)
    assert {job for _, job in (*queries.GOALS, *queries.COUNTS)} <= set(queries.ASKED)


def test_numbers_that_differ_are_seen(queries, nouns):
    assert queries.is_close(nouns, ("cat", "dog"), 0.5, 0.5 + 1e-12)
    assert not queries.is_close(nouns, ("cat", "dog"), 0.5, 0.5 + 1e-6)
    assert not queries.is_close(nouns, ("cat", "dog", "pet"), [0.5, 0.6], [0.5])


def test_concepts_that_differ_are_seen(queries, nouns):
    found = nouns.graph.ancestors("cat")
    assert queries.are_same_concepts(nouns, ("cat",), found, {"animal", "entity", "pet"})
    assert not queries.are_same_concepts(nouns, ("cat",), found, {"animal", "entity"})
    assert not queries.are_same_concepts(nouns, ("cat",), found[:2], {"animal", "entity", "pet"})
    near = nouns.graph.neighbors("cat", relations="taxonomic")
    assert queries.are_same_concepts(nouns, ("cat",), near, {"animal": 1, "pet": 1})
    assert not queries.are_same_concepts(nouns, ("cat",), near, {"animal": 1, "pet": 2})


def test_common_ancestors_that_differ_are_seen(queries, nouns):
    found = nouns.graph.lowest_common_ancestors("cat", "dog")
    assert queries.are_deepest(nouns, ("cat", "dog"), found, {"pet"})
    assert not queries.are_deepest(nouns, ("cat", "dog"), found, {"animal"})
    assert not queries.are_deepest(nouns, ("cat", "dog"), Concepts(), {"pet"})


def test_paths_that_differ_are_seen(queries, nouns):
    ends, ours = ("cat", "dog"), nouns.graph.paths("cat", "dog", k=2, relations="taxonomic")
    assert queries.are_paths(nouns, ends, ours, [["cat", "pet", "dog"], ["cat", "animal", "dog"]])
    for wrong in (
        [["cat", "pet", "dog"]],
        [["cat", "pet", "dog"], ["cat", "pet", "dog"]],
        [["cat", "pet", "dog"], ["cat", "entity", "dog"]],
        [["cat", "pet", "dog"], ["cat", "pet", "animal", "dog"]],
        [["cat", "pet", "dog"], ["dog", "animal", "cat"]],
    ):
        assert not queries.are_paths(nouns, ends, ours, wrong), wrong


def test_a_wrong_answer_ends_the_run_with_status_1(queries, nouns, monkeypatch, capsys):
    peer = queries.Peer("liar", str, {"ancestors": lambda a: {"entity"}})
    monkeypatch.setattr(queries, "load_graph", lambda name: nouns.graph)
    monkeypatch.setattr(queries.query_peers, "networkx", lambda nouns: peer)
    monkeypatch.setattr(queries, "matrices", lambda *_, **__: ())
    monkeypatch.setattr(queries, "NUM_MET", 3)
    monkeypatch.setattr(queries, "measured", bounded(queries.measured))
    monkeypatch.setattr(sys, "argv", ["queries.py", "--quick", "--peers", "networkx"])
    assert queries.main() == 1
    said = capsys.readouterr().out
    assert "ANSWERS DIFFER" in said
    assert "differs: cat:" in said or "differs: dog:" in said or "differs: pet:" in said


def bounded(measured):
    """Few questions, since the graph is small and no two are alike."""

    class Four:
        def __init__(self, asked):
            self.met = asked.met

        def of(self, job, state, seed):
            return cycle([(id_,) for id_ in ("cat", "dog", "pet", "animal")])

    return lambda nouns, asked, *rest: measured(nouns, Four(asked), *rest)
