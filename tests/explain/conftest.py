"""A small world with a fitted process, and decisions in it."""

import numpy as np
import polars as pl
import pytest

from kgzsl.contracts import Supervision
from kgzsl.explain import Candidate, Decision
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.propagation.gp_settings import GPSettings
from kgzsl.propagation.graph_gp import GraphGP

MIXED = GPSettings.of(text=1, walk=1, convolved=1, walk_beta=3.0, convolved_beta=1.0, noise=0.3)


class World:
    """A graph, features drawn for it, and a process fitted on its seen classes.

    Numbers are drawn in the order of the names given; `rename` then gives every concept another id.
    """

    def __init__(
        self, edges, seen, *, labels=None, definitions=None, relations=None, settings=MIXED, dim=6, seed=0, rename=None
    ):
        triples = [
            (head, "is_a", tail) if relation is None else (head, relation, tail) for head, relation, tail in edges
        ]
        names = sorted({end for head, _, tail in triples for end in (head, tail)} | set(seen))
        rng = np.random.default_rng(seed)
        rows = dict(zip(names, rng.normal(size=(len(names), 5)).astype(np.float32), strict=True))
        targets = rng.normal(size=(len(seen), dim))
        targets /= np.linalg.norm(targets, axis=1, keepdims=True)
        target_of = dict(zip(sorted(seen), targets.astype(np.float32), strict=True))
        self.inputs = rng.normal(size=dim)
        self.inputs /= np.linalg.norm(self.inputs)

        called = {name: (rename or {}).get(name, name) for name in names}
        labels, definitions = labels or {}, definitions or {}
        concepts = pl.DataFrame(
            {
                "id": [called[name] for name in names],
                "label": [labels.get(name, name) for name in names],
                "definition": [definitions.get(name, "") for name in names],
            },
            schema={"id": pl.String, "label": pl.String, "definition": pl.String},
        )
        table = pl.DataFrame(
            [(called[head], relation, called[tail]) for head, relation, tail in triples],
            schema={"head": pl.String, "relation": pl.String, "tail": pl.String},
            orient="row",
        )
        self.kg = KnowledgeGraph.from_tables(
            concepts, table, [Relation("eats", "association", verb="eats")], name="toy"
        )
        original = {id_: name for name, id_ in called.items()}
        self.features = np.stack([rows[original[id_]] for id_ in self.kg.ids])
        classes = tuple(sorted(called[name] for name in seen))
        weights = np.stack([target_of[original[id_]] for id_ in classes])
        self.supervision = Supervision(classes, weights, "prototype")
        self.model = GraphGP(relations=relations, settings=settings).fit(self.kg.index, self.features, self.supervision)

    def candidate(self, concept, *, temperature=0.1, gamma=0.0, probability=None, offset=0.0):
        is_seen = concept in self.model.classes
        if is_seen:
            row = self.supervision.weights[self.model.classes.index(concept)].astype(np.float64)
        else:
            row = self.model.terms(self.kg.index, self.features).raw_weights(self.kg.index.positions([concept]))[0]
            row = row / np.linalg.norm(row)
        score = (row @ self.inputs - gamma * is_seen - offset) / temperature
        label = self.kg.concept(concept).label
        return Candidate(concept, label, self.kg.index, self.features, is_seen, float(score), probability, offset)

    def decision(self, target, foil=None, *, temperature=0.1, gamma=0.0, offset=0.0):
        both = [target] if foil is None else [target, foil]
        plain = [self.candidate(one, temperature=temperature, gamma=gamma, offset=offset) for one in both]
        scores = np.array([one.score for one in plain])
        odds = np.exp(scores - scores.max())
        named = [
            self.candidate(one, temperature=temperature, gamma=gamma, offset=offset, probability=float(share))
            for one, share in zip(both, odds / odds.sum() * 0.9, strict=True)
        ]
        return Decision(
            self.inputs, named[0], named[1] if foil else None, self.model, self.kg, temperature=temperature, gamma=gamma
        )


@pytest.fixture(scope="session")
def make_world():
    return World


ANIMALS = [
    ("zebra", None, "equine"),
    ("horse", None, "equine"),
    ("ass", None, "equine"),
    ("pony", None, "horse"),
    ("equine", None, "ungulate"),
    ("cow", None, "bovine"),
    ("bovine", None, "ungulate"),
    ("ungulate", None, "mammal"),
    ("tiger", None, "feline"),
    ("lion", None, "feline"),
    ("feline", None, "carnivore"),
    ("dog", None, "carnivore"),
    ("carnivore", None, "mammal"),
    ("zebra", "has_property", "striped"),
    ("tiger", "has_property", "striped"),
    ("lion", "eats", "zebra"),
    ("zebra", "has_part", "hoof"),
    ("horse", "has_part", "hoof"),
    ("zebra", "related_to", "equine"),
]
EVERY = ("taxonomic", "part", "attribute", "association")


@pytest.fixture(scope="session")
def animals():
    return World(ANIMALS, ["horse", "ass", "cow", "tiger", "dog"], relations=EVERY)
