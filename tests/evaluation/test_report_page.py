"""The page of an evaluation: everything on it is there, escaped, and nothing is fetched or run."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.evaluation import ausuc, brier_score, evaluate, expected_calibration_error
from kgzsl.evaluation.protocol import Protocol
from kgzsl.evaluation.report_measures import _split_groups
from kgzsl.evaluation.report_page import report_page
from kgzsl.features import MatrixFeatures


@pytest.fixture(scope="module")
def fitted(zoo):
    rows = np.stack([zoo.rows[id_] for id_ in zoo.graph.ids])
    features = MatrixFeatures(rows, ids=list(zoo.graph.ids))
    clf = ZeroShotClassifier(zoo.graph, features=features, unseen=zoo.unseen, calibration="stacking")
    return clf.fit(zoo.X[::2], zoo.y[::2])


@pytest.fixture(scope="module")
def report(zoo, fitted):
    return evaluate(fitted, zoo.X[1::2], zoo.y[1::2].tolist(), zoo.X_unseen, zoo.y_unseen.tolist())


class Tags(HTMLParser):
    """Tags that are open, and those that were closed out of turn."""

    def __init__(self):
        super().__init__()
        self.open, self.wrong, self.texts = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in {"meta", "circle", "rect", "path", "polyline", "line"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open and self.open[-1] == tag:
            self.open.pop()
        elif tag not in {"circle", "rect", "path", "polyline", "line"}:
            self.wrong.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


def test_the_page_is_whole_and_fetches_nothing(report):
    page = report_page(report, title="<zoo>", certificate=None)
    tags = Tags()
    tags.feed(page)
    assert (tags.open, tags.wrong) == ([], [])
    assert "<script" not in page
    assert not re.search(r"(src|href)=|@import|url\(", page)
    assert "<title>&lt;zoo&gt;</title>" in page
    for heading in ("at every gamma", "by distance", "probabilities hold", "over the hierarchy", "Protocol"):
        assert heading in page
    assert "there is no certificate" in page


def test_a_certificate_stands_on_the_page(zoo, report):
    labels = [*zoo.y.tolist(), *zoo.y_unseen.tolist()]
    rows = np.arange(len(zoo.y))
    protocol = Protocol.from_indices(
        labels, train=rows[::2], test_seen=rows[1::2], test_unseen=np.arange(len(zoo.y), len(labels)), name="zoo split"
    )
    page = report_page(report, title="zoo", certificate=protocol.certificate)
    assert "zoo split" in page
    assert protocol.sha256 in page


def test_probabilities_are_measured_on_those_the_classifier_gives(zoo, fitted, report):
    truth = [fitted.class_labels("unseen").tolist().index(label) for label in zoo.y_unseen.tolist()]
    proba = fitted.predict_proba(zoo.X_unseen, label_space="unseen")
    assert report.probability["ece_unseen"] == pytest.approx(expected_calibration_error(proba, truth))
    assert report.probability["brier_unseen"] == pytest.approx(brier_score(proba, truth))
    assert report.probability["nll_unseen"] == pytest.approx(-np.mean(np.log(proba[np.arange(len(truth)), truth])))
    assert sorted(report.reliability) == ["s", "u", "unseen"]


def test_the_confusion_counts_every_sample_once_and_agrees_with_accuracy(zoo, report):
    assert report.confusion["num_samples"].sum() == len(zoo.y[1::2]) + len(zoo.y_unseen)
    right = dict(
        report.confusion.filter(report.confusion["label"] == report.confusion["answer"])
        .select("label", "num_samples")
        .iter_rows()
    )
    for row in report.per_class.to_dicts():
        assert right.get(row["label"], 0) / row["num_samples"] == pytest.approx(row["accuracy"])


def test_accuracy_by_distance_adds_up_to_t1_and_u(report):
    table = report.by_distance
    assert table["num_classes"].sum() == 4
    assert (table["t1"] * table["num_classes"]).sum() / 4 == pytest.approx(report.t1)
    assert (table["u"] * table["num_classes"]).sum() / 4 == pytest.approx(report.u)


def test_intervals_hold_the_value_and_are_wider_over_classes(report):
    rows = report.intervals.to_dicts()
    assert [(row["measure"], row["over"]) for row in rows] == [
        (name, over) for over in ("classes", "samples") for name in ("t1", "s", "u", "harmonic_mean", "ausuc")
    ]
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows)
    named = {row["measure"]: row["value"] for row in rows}
    assert named == {
        "t1": report.t1,
        "s": pytest.approx(report.s),
        "u": pytest.approx(report.u),
        "harmonic_mean": pytest.approx(report.harmonic_mean),
        "ausuc": pytest.approx(report.ausuc),
    }


def test_hit_rates_have_both_averages_of_both_candidate_sets(report):
    rates = {(row["candidates"], row["average"], row["k"]): row["value"] for row in report.hit_rates.to_dicts()}
    assert rates["unseen", "macro", 1] == report.t1
    assert rates["unseen", "macro", 2] == report.hits[2]
    assert rates["all", "macro", 2] == report.hits_all[2]
    assert len(rates) == 16


def test_the_curve_of_the_page_is_the_one_that_ausuc_is_the_area_of(zoo, fitted, report):
    X = np.concatenate([zoo.X[1::2], zoo.X_unseen])
    labels = [fitted.classes_.tolist().index(label) for label in [*zoo.y[1::2].tolist(), *zoo.y_unseen.tolist()]]
    is_seen = np.isin(fitted.classes_, fitted.seen_classes_)
    assert report.ausuc == pytest.approx(ausuc(fitted.decision_function(X), labels, is_seen))


def test_a_linear_classifier_without_probabilities_has_no_diagram(zoo, fitted):
    class Bare:
        class_labels = staticmethod(fitted.class_labels)
        decision_function = staticmethod(fitted.decision_function)

    bare = evaluate(Bare(), zoo.X[1::2], zoo.y[1::2].tolist(), zoo.X_unseen, zoo.y_unseen.tolist())
    assert (bare.probability, bare.reliability, bare.by_distance, bare.mistake_height) == ({}, {}, None, {})
    page = report_page(bare, title="bare")
    assert "probabilities hold" not in page
    assert "over the hierarchy" not in page


def test_groups_split_the_largest_first_and_stay_within_the_most():
    ways = [(-1, 0, 1, 4), (-1, 0, 1, 5), (-1, 0, 1, 6), (-1, 0, 2, 7), (-1, 0, 2, 8), (-1, 3)]
    assert _split_groups(ways, 1) == [-1] * 6
    assert _split_groups(ways, 2) == [0, 0, 0, 0, 0, 3]
    assert _split_groups(ways, 3) == [1, 1, 1, 2, 2, 3]
    assert _split_groups(ways, 5) == [4, 5, 6, 2, 2, 3]
    assert _split_groups(ways, 99) == [4, 5, 6, 7, 8, 3]
