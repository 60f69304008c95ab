"""Two hundred explanations on real photographs and WordNet."""

import math

import numpy as np
import pytest

import kgzsl
from kgzsl.contracts import Supervision
from kgzsl.explain import Candidate, Decision, explain
from kgzsl.explain.views import VIEWS
from kgzsl.propagation.gp_settings import GPSettings
from kgzsl.propagation.graph_gp import GraphGP

SETTINGS = GPSettings.of(text=1, walk=1, convolved=1, walk_beta=30.0, convolved_beta=10.0, noise=1.0)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def problem(shared_data):
    """Graph, node features, model, the unseen classes and prepared photographs of them."""
    arrays = np.load(shared_data("tiny-imagenet/features.npz"))
    sentences = np.load(shared_data("tiny-imagenet/minilm.npz"))
    wordnet = kgzsl.load_graph("wordnet")
    seen, unseen = (
        np.array([wordnet.resolve(str(id_)) for id_ in arrays[name]]) for name in ("seen_ids", "unseen_ids")
    )
    kg = wordnet.induced([*seen.tolist(), *unseen.tolist()])
    row_of = {wordnet.resolve(str(id_)): row for row, id_ in enumerate(sentences["node_ids"])}
    features = sentences["embedding"][[row_of[id_] for id_ in kg.ids]].astype(np.float32)
    means = arrays["seen_class_mean"].astype(np.float64)
    order = np.argsort(seen)
    supervision = Supervision(
        tuple(seen[order].tolist()), unit(means - means.mean(axis=0))[order].astype(np.float32), "prototype"
    )
    model = GraphGP(settings=SETTINGS).fit(kg.index, features, supervision)
    photographs = unit(arrays["unseen_test_features"].astype(np.float64) - means.mean(axis=0))
    return kg, features, model, unseen.tolist(), photographs


def test_shares_add_up_on_two_hundred_photographs_and_classes(problem):
    kg, features, model, unseen, photographs = problem
    terms = model.terms(kg.index, features)
    classes = [*unseen, *model.classes]
    random = np.random.default_rng(0)
    for number in range(200):
        x = photographs[random.integers(len(photographs))]
        concept = classes[random.integers(len(classes))]
        is_seen = concept in model.classes
        raw = terms.raw_weights(kg.index.positions([concept]))
        row = terms.targets[model.classes.index(concept)] if is_seen else unit(raw)[0]
        score = float(row @ x) / 0.05
        candidate = Candidate(concept, kg.concept(concept).label, kg.index, features, is_seen, score)
        e = explain(Decision(x, candidate, None, model, kg, temperature=0.05), k=1)
        for rows in (e.rows, *((e.by(name)) for name in VIEWS)):
            assert math.fsum(credit.credit for credit in rows) == pytest.approx(score, rel=1e-10, abs=1e-12)
        if number < 2:
            e.verify()
