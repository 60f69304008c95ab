"""The whole protocol on a classifier made of a table, against the plain measures."""

import json
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from kgzsl.errors import InputFormatError, SplitError
from kgzsl.evaluation import ausuc, evaluate, hits_at_k, seen_unseen_accuracy
from kgzsl.evaluation import scorer as scorer_module
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import SHARED_RELATIONS

SEEN, UNSEEN = ["cat", "dog", "<oak>"], ["fox", "elm", "yew"]
COLUMNS = ["fox", "cat", "dog", "elm", "<oak>", "yew"]


@dataclass
class TableScorer:
    """Scores are the inputs themselves, one column a class, less gamma for seen ones."""

    gamma_: float = 0.25
    random_state: int = 7

    def class_labels(self, label_space):
        return np.array({"all": COLUMNS, "seen": SEEN, "unseen": UNSEEN}[label_space])

    def decision_function(self, X, *, label_space):
        moved = X - self.gamma_ * np.isin(COLUMNS, SEEN)
        return moved if label_space == "all" else moved[:, [COLUMNS.index(label) for label in UNSEEN]]


class GraphScorer(TableScorer):
    @property
    def graph_(self):
        is_a = next(r for r in SHARED_RELATIONS.values() if r.name == "is_a")
        edges = [("fox", "animal"), ("cat", "animal"), ("elm", "tree"), ("yew", "tree"), ("<oak>", "tree")]
        ids = sorted({end for edge in edges for end in edge} | {"dog"})
        return KnowledgeGraph.from_tables(
            pl.DataFrame([{"id": id_, "alternate_ids": [f"n-{id_}"]} for id_ in ids]),
            pl.DataFrame([{"head": a, "relation": "is_a", "tail": b} for a, b in edges]),
            [is_a],
            name="toy",
        )

    @property
    def concepts_(self):
        return tuple(COLUMNS)


def samples(seed=0, num=60):
    """Seen and unseen samples; no sample of yew and none of dog."""
    rng = np.random.default_rng(seed)
    y_seen, y_unseen = rng.choice(["cat", "<oak>"], num).tolist(), rng.choice(["fox", "elm"], num).tolist()
    X = [rng.normal(size=(num, 6)) + 1.5 * (np.array(COLUMNS) == np.array(y)[:, None]) for y in (y_seen, y_unseen)]
    return X[0], y_seen, X[1], y_unseen


@pytest.fixture(scope="module")
def measured():
    return evaluate(GraphScorer(), *samples(), protocol={"split": "made up"})


def test_every_measure_is_the_plain_one(measured):
    X_seen, y_seen, X_unseen, y_unseen = samples()
    clf = TableScorer()
    unseen_scores = clf.decision_function(X_unseen, label_space="unseen")
    places = [UNSEEN.index(label) for label in y_unseen]
    assert measured.t1 == hits_at_k(unseen_scores, places, 1)
    assert measured.hits == {k: hits_at_k(unseen_scores, places, k) for k in (1, 2, 5, 10)}

    raw = np.concatenate([X_seen, X_unseen])
    labels = [COLUMNS.index(label) for label in [*y_seen, *y_unseen]]
    is_seen = np.isin(COLUMNS, SEEN)
    s, u = seen_unseen_accuracy(raw, labels, is_seen, gamma=0.25)
    assert (measured.s, measured.u) == (pytest.approx(s, abs=1e-12), pytest.approx(u, abs=1e-12))
    assert measured.harmonic_mean == pytest.approx(2 * s * u / (s + u))
    assert measured.ausuc == pytest.approx(ausuc(raw, labels, is_seen), abs=1e-12)
    assert measured.gamma == 0.25
    all_scores = clf.decision_function(X_unseen, label_space="all")
    assert measured.hits_all[2] == hits_at_k(all_scores, [COLUMNS.index(label) for label in y_unseen], 2)


def test_classes_without_samples_are_counted_and_part_of_no_mean(measured):
    assert measured.counts == {
        "num_seen_classes": 3, "num_seen_samples": 60, "num_seen_absent": 1,
        "num_unseen_classes": 3, "num_unseen_samples": 60, "num_unseen_absent": 1,
    }  # fmt: skip
    assert measured.per_class["label"].to_list() == ["<oak>", "cat", "dog", "elm", "fox", "yew"]
    assert measured.per_class.filter(pl.col("num_samples") == 0)["label"].to_list() == ["dog", "yew"]
    by_side = measured.per_class.group_by("side", maintain_order=True).agg(
        pl.col("accuracy", "accuracy_own_side").mean()
    )
    assert by_side["accuracy"].to_list() == pytest.approx([measured.s, measured.u])
    assert by_side["accuracy_own_side"][1] == pytest.approx(measured.t1)


def test_hierarchical_precision_needs_a_graph_and_enough_candidates(measured):
    assert list(measured.hierarchical_precision) == [1, 2]
    assert measured.hierarchical_precision[1] == pytest.approx(measured.t1)
    assert measured.protocol["hierarchy"] == "taxonomic"
    without = evaluate(TableScorer(), *samples())
    assert without.hierarchical_precision == {}
    assert (without.protocol["hierarchy"], without.protocol["graph_fingerprint"]) == (None, None)


def test_protocol_says_how_it_was_done(measured):
    protocol = measured.protocol
    assert protocol["candidates"] == {"t1": 3, "u, s": 6}
    assert (protocol["random_state"], protocol["graph"], protocol["split"]) == (7, "toy", "made up")
    assert len(protocol["graph_fingerprint"]) == 64
    assert protocol["labels_sha256"]["seen"] != protocol["labels_sha256"]["unseen"]


def test_batches_change_nothing(measured, monkeypatch):
    monkeypatch.setattr(scorer_module, "_SCORES_AT_ONCE", 40)
    assert evaluate(GraphScorer(), *samples(), protocol={"split": "made up"}).to_dict() == measured.to_dict()


def test_report_turns_into_json_a_row_and_text(measured):
    assert json.loads(json.dumps(measured.to_dict()))["hits"]["5"] == 1.0
    row = measured.to_frame()
    assert row.height == 1
    assert row["hit@2"].item() == measured.hits[2]
    assert row["num_unseen_absent"].item() == 1
    text = str(measured)
    assert max(map(len, text.splitlines())) <= 96
    assert f"{100 * measured.ausuc:.1f}" in text
    assert "2 class(es) without samples" in text


def test_html_escapes_labels(measured):
    html = measured._repr_html_()
    assert "&lt;oak&gt;" in html
    assert "<oak>" not in html


def test_micro_averages_hits_only():
    data = samples()
    macro, micro = (evaluate(TableScorer(), *data, average=average) for average in ("macro", "micro"))
    assert micro.hits[1] != macro.hits[1]
    assert (micro.t1, micro.u, micro.s) == (macro.t1, macro.u, macro.s)


def test_a_scorer_without_gamma_reports_none():
    assert evaluate(TableScorer(gamma_=0.0), *samples()).gamma == 0.0
    scorer = TableScorer(gamma_=0.0)

    class Plain:
        class_labels = staticmethod(scorer.class_labels)
        decision_function = staticmethod(scorer.decision_function)

    measured = evaluate(Plain(), *samples())
    assert measured.gamma is None
    assert measured.to_frame()["gamma"].item() is None


def test_labels_may_be_anything_the_graph_resolves(measured):
    X_seen, y_seen, X_unseen, y_unseen = samples()
    renamed = evaluate(
        GraphScorer(), X_seen, [f"n-{y}" for y in y_seen], X_unseen, np.array([f"n-{y}" for y in y_unseen]),
        protocol={"split": "made up"},
    )  # fmt: skip
    assert renamed.to_dict() == measured.to_dict()


def test_a_class_outside_the_graph_leaves_hierarchical_precision_out_and_is_named():
    class Grown(GraphScorer):
        concepts_ = ("fox", "cat", "dog", "elm", "<oak>", "added later")

    report = evaluate(Grown(), *samples())
    assert report.hierarchical_precision == {}
    assert (report.protocol["hierarchy"], report.protocol["not_in_graph"]) == (None, ["added later"])


def test_a_label_on_the_wrong_side_is_a_split_error():
    X_seen, y_seen, X_unseen, y_unseen = samples()
    with pytest.raises(SplitError, match="y_unseen has 2 seen") as caught:
        evaluate(TableScorer(), X_seen, y_seen, X_unseen, ["cat", "dog", *y_unseen[2:]])
    assert caught.value.overlap == ("cat", "dog")
    with pytest.raises(SplitError, match="y_seen has 1 unseen"):
        evaluate(TableScorer(), X_seen, ["yew", *y_seen[1:]], X_unseen, y_unseen)


def test_all_unknown_labels_are_listed_at_once():
    X_seen, y_seen, X_unseen, y_unseen = samples()
    with pytest.raises(InputFormatError, match=r"3 label\(s\): 'ash', 'catt', 'gnu'"):
        evaluate(TableScorer(), X_seen, ["catt", *y_seen[1:]], X_unseen, ["gnu", "ash", *y_unseen[2:]])


@pytest.mark.parametrize("side", [0, 2])
def test_lengths_and_emptiness_are_checked(side):
    data = list(samples())
    with pytest.raises(InputFormatError, match=r"60 rows and y_.* 59 labels"):
        evaluate(TableScorer(), *data[: side + 1], data[side + 1][1:], *data[side + 2 :])
    with pytest.raises(InputFormatError, match="no samples of"):
        evaluate(TableScorer(), *data[:side], np.zeros((0, 6)), [], *data[side + 2 :])
    with pytest.raises(InputFormatError, match="shape"):
        evaluate(TableScorer(), *data[:side], np.zeros(60), *data[side + 1 :])


def test_scores_of_the_wrong_shape_are_the_scorers_fault():
    class Wrong(TableScorer):
        def decision_function(self, X, *, label_space):
            return super().decision_function(X, label_space="all")

    with pytest.raises(InputFormatError, match=r"shape \(60, 6\) for 60 samples and 3 classes"):
        evaluate(Wrong(), *samples())
