"""Explanations asked for through the classifier: what its decisions carry beyond the numbers."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

import kgzsl
from kgzsl.errors import ExplanationError

PAIRS = ["horse equine", "zebra equine", "tiger feline", "lion feline", "equine mammal", "feline mammal", "oak plant"]


@pytest.fixture(scope="module")
def animals():
    return kgzsl.KnowledgeGraph.from_networkx(nx.MultiDiGraph([(*pair.split(), "is_a") for pair in PAIRS]))


@pytest.fixture(scope="module")
def classifier(animals):
    return kgzsl.ZeroShotClassifier(animals, unseen=["zebra", "lion"]).fit([[1, 0], [0, 1]], ["horse", "tiger"])


def test_the_fingerprint_is_that_of_the_graph_that_was_given(animals, classifier):
    e = classifier.explain([1.0, 0.1])
    assert e.fingerprint == animals.fingerprint
    assert e.decision.graph.fingerprint != animals.fingerprint
    assert f"graph {animals.name}@{animals.fingerprint[:6]} ·" in str(e)


def test_with_a_class_added_later_additions_are_said(animals):
    clf = kgzsl.ZeroShotClassifier(animals, unseen=["zebra", "lion"]).fit([[1, 0], [0, 1]], ["horse", "tiger"])
    clf.add_class("okapi", edges=[("okapi", "is_a", "equine")], definition="an equine")
    e = clf.explain([1.0, 0.1], target="okapi", against="lion")
    assert f"graph {animals.name}@{animals.fingerprint[:6]} and additions ·" in str(e)
    e.verify()


def test_the_heading_says_what_was_predicted_and_what_was_chosen(classifier):
    x = [1.0, 0.1]
    assert classifier.predict([x]) == ["zebra"]
    assert "next: horse" in str(classifier.explain(x))
    assert "   against lion " in str(classifier.explain(x, against="lion"))
    chosen = str(classifier.explain(x, target="tiger", against="lion"))
    assert "why tiger rather than lion, though zebra was predicted" in chosen
    assert "beaten by: zebra" in str(classifier.explain(x, target="horse"))


def test_a_probability_that_the_scores_do_not_give_is_named(classifier):
    e = classifier.explain([1.0, 0.1], against=None)
    probability = classifier.predict_proba([[1.0, 0.1]]).max()
    assert e.probability == pytest.approx(probability)
    assert np.exp(e.decision.target.score - e.decision.log_partition) == pytest.approx(probability)
    e.verify()
    decision = replace(e.decision, target=replace(e.decision.target, probability=0.9))
    with pytest.raises(ExplanationError, match="probability of zebra"):
        replace(e, probability=0.9, decision=decision).verify()
