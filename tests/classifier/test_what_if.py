"""Predictions on a graph that says something else."""

import networkx as nx
import numpy as np
import pytest

import kgzsl
from kgzsl.display.rounding import percent
from kgzsl.errors import InputFormatError, KgzslError

PAIRS = [
    "horse equine",
    "zebra equine",
    "donkey equine",
    "tiger feline",
    "lion feline",
    "equine mammal",
    "feline mammal",
]


@pytest.fixture(scope="module")
def kg():
    edges = [(*pair.split(), "is_a") for pair in [*PAIRS, "striped pattern", "tiger striped"]]
    return kgzsl.KnowledgeGraph.from_networkx(nx.MultiDiGraph(edges))


@pytest.fixture(scope="module", params=["graph-gp", "sgcn"])
def clf(kg, request):
    rng = np.random.default_rng(0)
    propagator = request.param
    if propagator == "sgcn":
        from kgzsl.propagation.sgcn import SGCN

        propagator = SGCN(hidden=6, epochs=5)
    return kgzsl.ZeroShotClassifier(kg, propagator=propagator, unseen=["zebra", "donkey", "lion"]).fit(
        rng.normal(size=(6, 4)), ["horse", "tiger"] * 3
    )


X = np.random.default_rng(1).normal(size=4)


def test_a_removed_fact_gives_what_a_smaller_graph_gives(clf):
    fact = ("zebra", "is_a", "equine")
    answer = clf.what_if(X, remove=[fact], label_space="unseen")
    view = clf.problem_.views[0]
    without = view.graph.remove_edges([fact])
    weights = clf.problem_.model.weights(without.index, view.features, concepts=["zebra"])[0]
    place = answer.problem.classes.places(["zebra"])[0]
    np.testing.assert_allclose(answer.problem.weights[place], weights, atol=1e-6)
    assert answer.labels == ("donkey", "lion", "zebra") or set(answer.labels) == {"donkey", "lion", "zebra"}
    assert answer.after.sum() == pytest.approx(1.0)


def test_an_added_fact_brings_concepts_along(kg, clf):
    assert "striped" in clf.problem_.views[0].graph  # tiger is
    answer = clf.what_if(X, add=[("zebra", "is_a", "striped")], label_space="unseen")
    before = dict(zip(answer.labels, answer.before, strict=True))
    assert before == pytest.approx(
        dict(zip(answer.labels, clf.predict_proba(X[None], label_space="unseen")[0], strict=True))
    )
    assert not np.allclose(answer.before, answer.after)


def test_an_edit_and_its_opposite_leave_everything_as_it_was(clf):
    fact = ("zebra", "is_a", "equine")
    answer = clf.what_if(X, remove=[fact], add=[fact])
    np.testing.assert_allclose(answer.before, answer.after, atol=1e-6)
    assert not answer.is_changed


def test_the_classifier_itself_stays_as_it_was(clf):
    before = clf.predict_proba(X[None])
    clf.what_if(X, remove=[("zebra", "is_a", "equine")])
    np.testing.assert_array_equal(clf.predict_proba(X[None]), before)
    assert ("zebra", "is_a", "equine") in [(e.head, e.relation, e.tail) for e in clf.graph_.edges("zebra")]


def test_the_second_decision_can_be_explained(clf):
    explanation = clf.what_if(X, remove=[("zebra", "is_a", "equine")], label_space="unseen").explain()
    explanation.verify()
    cited = {(edge.head, edge.tail) for row in explanation.by("facts") for edge in row.facts}
    assert ("zebra", "equine") not in cited


def test_it_shows_classes_by_how_much_they_move(clf):
    table = clf.what_if(X, remove=[("zebra", "is_a", "equine")]).to_table()
    moves = [abs(after - before) for _, before, after in table]
    assert table.columns == ("class", "before", "after")
    assert moves == sorted(moves, reverse=True)


def test_facts_that_are_not_there_cannot_be_removed(clf):
    with pytest.raises(KgzslError):
        clf.what_if(X, remove=[("zebra", "is_a", "feline")])
    with pytest.raises(InputFormatError, match="nothing is edited"):
        clf.what_if(X)
    with pytest.raises(InputFormatError, match="remove is a list"):
        clf.what_if(X, remove="zebra")


def test_it_reads_as_a_sentence_with_labels_and_shares():
    concepts = [{"id": f"q{number}", "label": label} for number, label in enumerate(["horse", "zebra", "ass", "pony"])]
    concepts += [{"id": "e", "label": "equine"}, {"id": "s", "label": "stripes"}]
    edges = [(f"q{number}", "is_a", "e") for number in range(4)] + [("q1", "has_property", "s"), ("q1", "eats", "q2")]
    kg = kgzsl.KnowledgeGraph.from_tables(concepts, edges, name="equines")
    rng = np.random.default_rng(0)
    model = kgzsl.ZeroShotClassifier(kg, unseen=["zebra"]).fit(rng.normal(size=(9, 4)), ["q0", "q2", "q3"] * 3)
    answer = model.what_if(X, remove=[("q1", "is_a", "e")])
    share, was = answer.after.max(), answer.before[answer.after.argmax()]
    verdict = str(answer).partition(": ")[2]
    assert str(answer).startswith("without “zebra is a kind of equine”: ")
    assert verdict.endswith(f" ({percent(share)}, was {percent(was)})")
    assert {"horse", "zebra", "ass", "pony"} & set(verdict.split())
    html = answer._repr_html_()
    assert all(f"{name} <small>q{number}</small>" in html for number, name in enumerate(["horse"]))
    assert f'<td class="kx-num">{percent(float(was))}'.replace(">9", "&gt;9") in html or "&lt;1 %" in html
    unread = model.what_if(X, remove=[("q1", "eats", "q2")])
    assert str(unread).endswith("; the model does not look at eats)")
    assert "does not look at" not in str(answer)
