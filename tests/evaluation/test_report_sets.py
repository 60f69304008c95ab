"""Sets in a report of an evaluation, and the interval of the area under its curve."""

import json
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.errors import InputFormatError
from kgzsl.evaluation import ausuc, ausuc_interval, evaluate, set_measures
from kgzsl.evaluation import report_sets as sets_module
from kgzsl.evaluation.report_page import report_page
from kgzsl.features import MatrixFeatures
from kgzsl.graph.knowledge_graph import KnowledgeGraph

NUM_SEEN, NUM_UNSEEN, EACH, DIM = 16, 5, 10, 12
SEEN = [f"class{place:02d}" for place in range(NUM_SEEN)]
UNSEEN = [f"class{place:02d}" for place in range(NUM_SEEN, NUM_SEEN + NUM_UNSEEN)]


@pytest.fixture(scope="module")
def problem():
    """(graph, features, training samples, test samples of either side): classes of four families."""
    rng = np.random.default_rng(0)
    ids = [*SEEN, *UNSEEN]
    edges = [(name, "is_a", f"family{place % 4}") for place, name in enumerate(ids)]
    edges += [(f"family{place}", "is_a", "thing") for place in range(4)]
    graph = KnowledgeGraph.from_tables([{"id": end} for end in sorted({e for a, _, b in edges for e in (a, b)})], edges)
    means = {f"family{place}": rng.standard_normal(DIM) for place in range(4)} | {"thing": np.zeros(DIM)}
    means |= {name: means[family] + 0.7 * rng.standard_normal(DIM) for name, _, family in edges if name in ids}
    features = MatrixFeatures(np.stack([means[id_] for id_ in graph.ids]).astype(np.float32), list(graph.ids))

    def drawn(names):
        labels = np.repeat(names, EACH)
        return np.stack([means[name] for name in labels]) + rng.standard_normal((len(labels), DIM)), labels.tolist()

    return graph, features, drawn(SEEN), (*drawn(SEEN), *drawn(UNSEEN))


@pytest.fixture(scope="module")
def clf(problem):
    graph, features, train, _ = problem
    return ZeroShotClassifier(graph, features=features, unseen=UNSEEN, calibration="stacking").fit(*train)


@pytest.fixture(scope="module")
def report(clf, problem):
    return evaluate(clf, *problem[3], ks=[1])


def plain(clf, X, labels, space, *, hierarchical, coverage=0.9):
    """`set_measures` of the sets as a table of booleans."""
    columns = clf.class_labels(space).tolist()
    found = clf.predict_set(X, coverage=coverage, label_space=space, hierarchical=hierarchical)
    table = np.array([[name in row for name in columns] for row in found.labels])
    return set_measures(table, [columns.index(label) for label in labels]), found


@pytest.mark.parametrize("kind", ["flat", "hierarchical"])
@pytest.mark.parametrize("question", ["unseen", "u", "s"])
def test_coverage_and_sizes_are_those_of_the_sets(clf, problem, report, kind, question):
    X_seen, y_seen, X_unseen, y_unseen = problem[3]
    X, y = (X_seen, y_seen) if question == "s" else (X_unseen, y_unseen)
    space = "unseen" if question == "unseen" else "all"
    measured, found = plain(clf, X, y, space, hierarchical=kind == "hierarchical")
    row = report.sets.row(by_predicate=(pl.col("kind") == kind) & (pl.col("question") == question), named=True)
    assert row["stated"] == 0.9
    assert row["coverage"] == pytest.approx(measured.coverage, abs=1e-12)
    assert row["size"] == pytest.approx(measured.size, abs=1e-12)
    assert row["words"] == pytest.approx(found.num_words.mean(), abs=1e-12)  # as many samples of each class
    assert row["num_empty"] == measured.num_empty
    assert row["low"] <= row["coverage"] <= row["high"]


def test_sets_stand_in_text_page_json_and_row(report):
    (flat,) = [line for line in str(report).splitlines() if line.startswith("flat, seen among all")]
    covered = report.sets.row(by_predicate=(pl.col("kind") == "flat") & (pl.col("question") == "s"), named=True)
    assert f"{100 * covered['coverage']:.1f}" in flat
    assert "hierarchical, unseen among all" in report_page(report, title="sets")
    assert json.loads(json.dumps(report.to_dict()))["sets"] == report.sets.to_dicts()
    assert report.to_frame()["coverage_flat_s"].item() == covered["coverage"]
    assert report.to_frame()["size_flat_s"].item() == covered["size"]


def test_batches_of_sets_change_nothing(clf, problem, report, monkeypatch):
    monkeypatch.setattr(sets_module, "_SCORES_AT_ONCE", 100)
    assert evaluate(clf, *problem[3], ks=[1]).sets.equals(report.sets)


def test_another_coverage_is_kept_as_stated(clf, problem, report):
    half = evaluate(clf, *problem[3], ks=[1], coverage=0.5).sets
    assert half["stated"].unique().to_list() == [0.5]
    assert (half["size"] < report.sets["size"]).all()


def test_no_sets_where_none_are_asked_for(clf, problem):
    without = evaluate(clf, *problem[3], ks=[1], coverage=None)
    assert (without.sets, without.no_sets) == (None, "")
    assert "conformal" not in str(without)
    assert without.to_dict()["sets"] == []


def test_a_report_says_why_there_are_no_sets(clf, problem):
    graph, features, _, tests = problem
    alone = SimpleNamespace(class_labels=clf.class_labels, decision_function=clf.decision_function)
    assert evaluate(alone, *tests, ks=[1]).no_sets == "SimpleNamespace has no predict_set"
    weights_only = ZeroShotClassifier(graph, features=features, unseen=UNSEEN)
    weights_only.fit_weights(features.encode(graph, SEEN), SEEN, kind="prototype")
    told = evaluate(weights_only, *tests, ks=[1])
    assert told.sets is None
    assert "pretended to be unseen, and the model has none" in told.no_sets
    assert "No conformal sets: this is calibrated" in str(told)
    assert told.to_dict()["no_sets"] == told.no_sets
    too_much = evaluate(clf, *tests, ks=[1], coverage=0.99)
    assert "coverage=0.99 cannot be promised" in too_much.no_sets


@pytest.mark.parametrize("coverage", [0, 1, 90, True, "0.9", float("nan")])
def test_a_coverage_is_a_share(clf, problem, coverage):
    with pytest.raises(InputFormatError, match="coverage is a number between 0 and 1"):
        evaluate(clf, *problem[3], coverage=coverage)


# -- the interval of the area ------------------------------------------------------------------------------------


def scored(seed=0, num=240, num_classes=12, num_seen=8):
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(num_classes), rng.integers(0, num_classes, num - num_classes)])
    scores = np.round(rng.standard_normal((num, num_classes)) + 1.5 * (labels[:, None] == np.arange(num_classes)), 1)
    return scores, labels, np.arange(num_classes) < num_seen


@pytest.mark.parametrize("over", ["classes", "samples"])
def test_the_area_of_draws_is_that_of_drawn_samples(over):
    """Against the definition: the classes or samples are drawn one by one, and the area of each draw is computed."""
    scores, labels, is_seen = scored()
    found = ausuc_interval(scores, labels, is_seen, over=over, num_draws=4000)
    assert found.value == ausuc(scores, labels, is_seen)
    rng, areas = np.random.default_rng(5), []
    rows_of = [np.flatnonzero(labels == name) for name in range(len(is_seen))]
    for _ in range(1500):
        if over == "samples":
            rows = np.concatenate([rng.choice(rows, len(rows)) for rows in rows_of])
            areas.append(ausuc(scores[rows], labels[rows], is_seen))
        else:
            # a class drawn twice is two classes: each copy needs a column of its own, which no sample may meet
            classes = np.concatenate([rng.choice(np.flatnonzero(side), side.sum()) for side in (is_seen, ~is_seen)])
            areas.append(area_of_classes(scores, rows_of, classes, is_seen))
    low, high = np.quantile(areas, [0.025, 0.975])
    assert found.low == pytest.approx(low, abs=0.02)
    assert found.high == pytest.approx(high, abs=0.02)


def area_of_classes(scores, rows_of, classes, is_seen):
    """The share of pairs of a seen and an unseen sample that some gamma gets right, a mean over pairs of classes."""
    total, counts = 0.0, [is_seen[classes].sum(), (~is_seen[classes]).sum()]
    sides = {}
    for name in set(classes.tolist()):
        own = scores[rows_of[name]]
        others = np.where(np.arange(len(is_seen)) == name, -np.inf, own)
        best = [others[:, side].max(axis=1) for side in (is_seen, ~is_seen)]
        contends = own[:, name] > (best[0] if is_seen[name] else best[1])
        sides[name] = own[:, name] - best[1] if is_seen[name] else best[0] - own[:, name], contends
    for a in classes[is_seen[classes]]:
        for b in classes[~is_seen[classes]]:
            (high, first), (low, second) = sides[a], sides[b]
            right = (low[None, :] < high[:, None]) & first[:, None] & second[None, :]
            total += right.mean()
    return total / (counts[0] * counts[1])


def test_an_interval_of_an_area_repeats_itself_and_narrows_with_its_level():
    scores, labels, is_seen = scored()
    wide, again, narrow = (ausuc_interval(scores, labels, is_seen, level=level) for level in (0.95, 0.95, 0.5))
    assert wide == again
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high
    with pytest.raises(InputFormatError, match="over is 'classes' or 'samples'"):
        ausuc_interval(scores, labels, is_seen, over="pairs")


def test_a_report_has_the_interval_of_its_area(report):
    rows = report.intervals.filter(pl.col("measure") == "ausuc")
    assert rows["over"].to_list() == ["classes", "samples"]
    assert rows["value"].to_list() == pytest.approx([report.ausuc] * 2, abs=1e-12)
    (line,) = [line for line in str(report).splitlines() if line.startswith("AUSUC")]
    assert line.endswith(f"{100 * rows['low'][0]:.1f} - {100 * rows['high'][0]:.1f}")
