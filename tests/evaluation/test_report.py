"""The whole protocol on a classifier made of a table, against the plain measures."""

import json
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

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


def test_the_page_keeps_its_notes_in_the_card_and_its_numbers_to_the_right(measured):
    html = measured._repr_html_()
    assert html.count('<section class="kx">') == html.count("</section>") == 4
    assert html.count('class="kx-title"') == 1
    assert "<p><small>Hit@k and hierarchical precision: means over classes. Ties count" in html
    assert f'<td>H   harmonic mean of u and s</td><td class="kx-num">{100 * measured.harmonic_mean:.1f}</td><td' in html


def test_every_footnote_has_its_number(measured):
    text = str(measured)
    for name, value in (("T1 ", measured.t1), ("u ", measured.u), ("s ", measured.s), ("H ", measured.harmonic_mean)):
        (line,) = [line for line in text.splitlines() if line.startswith(name)]
        assert f" {100 * value:.1f}  " in line


def test_strongest_and_weakest_are_told_of_three_classes_or_more(measured):
    """Two unseen classes have samples here; of four, two are the strongest and the other two the weakest."""
    assert "strongest" not in str(measured) + measured._repr_html_()
    rows = [{"label": f"n{row}", "name": name, "side": "unseen", "num_samples": 1, "accuracy": 0.0,
             "accuracy_own_side": row / 4} for row, name in enumerate(["fox", None, "elm", "\x1b[31m"])]  # fmt: skip
    text = str(replace(measured, per_class=pl.DataFrame(rows)))
    assert "strongest unseen (T1 among unseen): n3 (\\x1b[31m) 75.0, n2 (elm) 50.0\n" in text
    assert "weakest unseen (T1 among unseen): n0 (fox) 0.0, n1 25.0\n" in text


def test_classes_are_named_as_the_graph_does(measured):
    class Offsets(GraphScorer):
        def class_labels(self, label_space):
            return np.array([f"n-{label}" for label in super().class_labels(label_space)])

        def decision_function(self, X, *, label_space):
            return super().decision_function(X, label_space=label_space)

    report = evaluate(Offsets(), *samples())
    assert dict(zip(report.per_class["label"], report.per_class["name"], strict=True)) == {
        f"n-{label}": label for label in COLUMNS
    }
    assert "n-&lt;oak&gt; (&lt;oak&gt;)" in report._repr_html_()
    assert evaluate(TableScorer(), *samples()).per_class["name"].null_count() == len(COLUMNS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clf": None}, "classifier with class_labels and decision_function, .* NoneType has none"),
        ({"clf": LogisticRegression()}, "classifier with class_labels, such as"),
        ({"ks": 5}, r"ks is a list of cut-offs such as \(1, 5\), not 5"),
        ({"ks": ["a"]}, "k is an integer"),
        ({"y_seen": None}, "y_seen is a list of labels, one a row of X_seen, not None"),
        ({"y_unseen": "fox"}, "y_unseen is a list of labels, .* not str 'fox'"),
        ({"X_seen": None}, "X_seen has shape"),
        ({"protocol": 3}, "protocol is a dictionary of facts about the split, not 3"),
    ],
)
def test_arguments_of_another_kind_are_refused_with_what_is_needed(change, message):
    names = ("X_seen", "y_seen", "X_unseen", "y_unseen")
    given = {"clf": TableScorer(), **dict(zip(names, samples(), strict=True)), **change}
    with pytest.raises(InputFormatError, match=message):
        evaluate(**given)
