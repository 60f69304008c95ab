"""An ontology whose classes differ in their properties: what the default fit makes of it."""

import numpy as np
import polars as pl
import pytest

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.graph.knowledge_graph import KnowledgeGraph

NUM_CLASSES, NUM_PROPERTIES, NUM_KINDS, DIM = 60, 24, 6, 32


@pytest.fixture(scope="module")
def world():
    """Inputs of a class are what its kind and its properties look like, added up, plus noise; 18 classes are unseen."""
    rng = np.random.default_rng(0)
    has = rng.random((NUM_CLASSES, NUM_PROPERTIES)) < 0.2
    has[np.arange(NUM_CLASSES), rng.integers(NUM_PROPERTIES, size=NUM_CLASSES)] = True
    kind = rng.integers(NUM_KINDS, size=NUM_CLASSES)
    looks = has @ rng.normal(size=(NUM_PROPERTIES, DIM)) + rng.normal(size=(NUM_KINDS, DIM))[kind]
    classes = [f"class{place:02d}" for place in range(NUM_CLASSES)]
    edges = [(name, "is_a", f"kind{kind[place]}") for place, name in enumerate(classes)]
    edges += [(f"kind{place}", "is_a", "thing") for place in range(NUM_KINDS)]
    edges += [(classes[c], "has_property", f"property{p:02d}") for c, p in np.argwhere(has)]
    edges += [(name, "seen_in", "wild") for name in classes]
    ids = sorted({end for head, _, tail in edges for end in (head, tail)})
    table = pl.DataFrame(edges, schema=["head", "relation", "tail"], orient="row")
    kg = KnowledgeGraph.from_tables(pl.DataFrame({"id": ids}), table, name="world")
    unseen, seen = np.split(rng.permutation(NUM_CLASSES), [18])
    sample = {
        side: (
            np.vstack([looks[c] + rng.normal(size=(20, DIM)) for c in places]),
            np.repeat([classes[c] for c in places], 20),
        )
        for side, places in (("seen", seen), ("unseen", unseen))
    }
    return kg, sample


def _accuracy(world, **options):
    kg, sample = world
    X, y = sample["unseen"]
    clf = ZeroShotClassifier(kg, unseen=sorted(set(y)), **options).fit(*sample["seen"])
    return float(np.mean(clf.predict(X, label_space="unseen") == y)), clf


def test_properties_are_propagated_over_by_default(world):
    by_default, _ = _accuracy(world)
    kinds_only, _ = _accuracy(world, relations="taxonomic")
    assert by_default > 0.9
    assert kinds_only < 0.4


def test_an_explanation_names_properties(world):
    _, clf = _accuracy(world)
    explanation = clf.explain(world[1]["unseen"][0][0], label_space="unseen")
    assert "has property property" in str(explanation)
    explanation.verify()


def test_the_report_counts_what_was_not_used(world):
    _, clf = _accuracy(world)
    assert dict(clf.fit_report_.unused) == {"seen_in": 60}
    assert "relations of the classes that were not used: seen_in (60); relations= takes them in" in str(clf.fit_report_)
