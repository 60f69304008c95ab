"""Small worlds with models written by hand, of which it is known what an explanation has to say (W1, W3 to W7).

Each gives decisions and the truth about them. In all of them a class's weights are what two steps of P bring to it
from the features of other concepts, P the normalised adjacency of the relations that the model listens to; that of
the other relations, and what it costs to leave a fact out, follows with pencil and paper. Nothing is trained.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgzsl.explain.decision import Candidate, Decision, Running
from kgzsl.explain.rerun import Fact
from kgzsl.graph.index import GraphIndex
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation

__all__ = [
    "WORLDS",
    "Case",
    "Listener",
    "automorphic_pair",
    "evidence_against",
    "redundant_facts",
    "shortcut",
    "twins",
    "white_box",
]

Float64 = NDArray[np.float64]
KINDS = ("association", "attribute", "taxonomic")
RELATIONS = (
    Relation("has_property", "attribute", verb="has property"),
    Relation("shows", "attribute", verb="shows"),
    Relation("related_to", "association", verb="is related to"),
)
_DIM = 8


@dataclass(frozen=True, eq=False)
class _Layer:
    operator: Any
    weight: Float64
    before: None = None
    after: None = None

    @property
    def groups(self) -> tuple[Any, ...]:
        return (self.operator,)


@dataclass(frozen=True, eq=False)
class _Network:
    rows: tuple[NDArray[np.int64], ...]
    layers: tuple[_Layer, ...]
    negative_slope: float
    normalization: str
    readout: None = None


@dataclass(frozen=True, eq=False)
class Listener:
    """Two steps of message passing, along facts of some relations only; the others it walks in vain.

    Under "row" each concept takes the mean over itself and its neighbours, under "none" the sum over neighbours alone.
    `matrices` are the weights of both layers; between them negative values are multiplied by `slope`.
    """

    heard: tuple[str, ...]
    matrices: tuple[Float64, Float64] = field(repr=False)
    normalization: str = "row"
    slope: float = 1.0
    relations: tuple[str, ...] = KINDS
    classes: tuple[str, ...] = ()
    readout: None = None

    def step(self, index: GraphIndex) -> Float64:
        """P `[num_concepts, num_concepts]`."""
        count = index.num_concepts
        joined = np.eye(count) if self.normalization == "row" else np.zeros((count, count))
        for row in range(index.num_edges):
            if index.relations[int(index.relation[row])].name in self.heard:
                head, tail = int(index.head[row]), int(index.tail[row])
                joined[head, tail] = joined[tail, head] = 1.0
        return joined / joined.sum(axis=1, keepdims=True) if self.normalization == "row" else joined

    def opened(self, index: GraphIndex, concept: str) -> _Network:
        """As the contract of networks asks."""
        step, node = self.step(index), index.position[concept]
        everyone = np.arange(index.num_concepts)
        first, last = self.matrices
        layers = (_Layer(sparse.csr_array(step), first), _Layer(sparse.csr_array(step[[node]]), last))
        return _Network((everyone, everyone, np.array([node])), layers, self.slope, self.normalization)

    def weights(self, index: GraphIndex, features: Float64, *, concepts: Sequence[str]) -> Float64:
        """Unit rows, by dense products."""
        step = self.step(index)
        hidden = step @ features @ self.matrices[0]
        raw = step @ np.where(hidden > 0, hidden, self.slope * hidden) @ self.matrices[1]
        rows = raw[[index.position[concept] for concept in concepts]]
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(lengths > 0, lengths, 1.0))


@dataclass(frozen=True, eq=False)
class Case:
    """A decision and the facts it is about; `credits` are exact Shapley values where they are known by formula."""

    decision: Decision
    facts: tuple[Fact, ...] = ()
    credits: Mapping[Fact, float] = field(default_factory=dict, repr=False)
    label: str = ""


def white_box(random_state: int = 0) -> Case:
    """W1: only "has_property" is heard, and only there and back, so that a path u - m - s carries w_s·q / ‖z_u‖.

    Each of its two facts has half of that; a fact of any other relation has exactly nothing.
    """
    rng = np.random.default_rng(random_state)
    seen, things = [f"seen{n}" for n in range(6)], [f"thing{n}" for n in range(5)]
    facts = [(name, "has_property", things[place]) for name in (*seen, "u", "v") for place in _some(rng, 5, 2)]
    other = [f"other{n}" for n in range(5)]
    facts += [(name, "related_to", other[place]) for name in (*seen, "u", "v") for place in _some(rng, 5, 3)]
    facts += [(name, "is_a", f"kind{place % 2}") for place, name in enumerate((*seen, "u", "v"))]
    graph, features = _graph(facts, {name: rng.normal(size=_DIM) for name in seen})
    x = features[graph.index.positions(seen)].sum(axis=0) + rng.normal(size=_DIM)
    model = Listener(("has_property",), (np.eye(_DIM), np.eye(_DIM)), normalization="none")
    decision = _decide(model, graph, features, x, ("u", "v"))
    return Case(decision, credits=_by_formula(decision, facts))


def _by_formula(decision: Decision, facts: Sequence[Fact]) -> dict[Fact, float]:
    """The credits of `white_box`, written down from the list of its facts."""
    joined: dict[str, list[str]] = {}
    for head, relation, tail in facts:
        if relation == "has_property":
            joined.setdefault(tail, []).append(head)
    index, credits_ = decision.target.index, dict.fromkeys(facts, 0.0)
    x = np.asarray(decision.inputs, dtype=np.float64)
    for sign, side in decision.sides():
        met = [(thing, other) for thing, heads in joined.items() if side.concept in heads for other in heads]
        rows = [np.asarray(side.features[index.position[other]]) for _, other in met]
        length = float(np.linalg.norm(np.sum(rows, axis=0)))
        for (thing, other), row in zip(met, rows, strict=True):
            half = sign * float(row @ x) / length / decision.temperature / 2
            credits_[side.concept, "has_property", thing] += half
            credits_[other, "has_property", thing] += half
    return credits_


def twins(random_state: int = 0) -> tuple[Case, Case]:
    """W3: two models that give every class the same weights; one hears properties only, the other kinds only.

    Every property has a kind with the same features, had by the same classes. A case's label is the relation heard.
    """
    rng = np.random.default_rng(random_state)
    names = [*(f"seen{n}" for n in range(8)), "u", "v"]
    has = {name: _some(rng, 6, 3) for name in names}
    facts = [(name, "has_property", f"property{place}") for name in names for place in has[name]]
    facts += [(name, "is_a", f"kind{place}") for name in names for place in has[name]]
    rows = {name: rng.normal(size=_DIM) for name in names}
    for place in range(6):
        rows[f"property{place}"] = rows[f"kind{place}"] = rng.normal(size=_DIM)
    graph, features = _graph(facts, rows)
    matrices = rng.normal(size=(_DIM, _DIM)), rng.normal(size=(_DIM, _DIM))
    x = rng.normal(size=_DIM)
    models = (Listener((heard,), matrices, slope=0.2) for heard in ("has_property", "is_a"))
    first, second = (Case(_decide(m, graph, features, x, ("u", "v")), label=m.heard[0]) for m in models)
    return first, second


def automorphic_pair(random_state: int = 0) -> Case:
    """W4: two classes that one fact tells apart; without it neither graph nor features can, so there is a tie."""
    rng = np.random.default_rng(random_state)
    names = [f"seen{n}" for n in range(6)]
    shared = _some(rng, 6, 2)
    facts = [(name, "has_property", f"property{place}") for name in names for place in _some(rng, 6, 3)]
    facts += [(name, "has_property", f"property{place}") for name in ("u", "v") for place in shared]
    free = [place for place in range(6) if place not in shared]
    apart = ("u", "has_property", f"property{free[int(rng.integers(len(free)))]}")
    facts += [(name, "is_a", "kind") for name in (*names, "u", "v")]
    rows = {name: rng.normal(size=_DIM) for name in [*names, *(f"property{n}" for n in range(6)), "kind", "u"]}
    rows["v"] = rows["u"]
    graph, features = _graph([*facts, apart], rows)
    model = Listener(
        ("has_property", "is_a"), (rng.normal(size=(_DIM, _DIM)), rng.normal(size=(_DIM, _DIM))), slope=0.2
    )
    return Case(_decide(model, graph, features, rng.normal(size=_DIM), ("u", "v")), (apart,))


def evidence_against(random_state: int = 0) -> Case:
    """W5: one of the facts of u joins it to a class whose weights point away from the input."""
    rng = np.random.default_rng(random_state)
    x = rng.normal(size=_DIM)
    rows = {f"seen{n}": x + 0.3 * rng.normal(size=_DIM) for n in range(4)}
    rows["foe"] = -2.0 * x + rng.normal(size=_DIM)
    aside = rng.normal(size=_DIM)
    rows["dull"] = aside - (aside @ x) / (x @ x) * x
    rows["u"] = rows["v"] = 0.5 * aside  # without any the margin of no facts is that of zeros, not near the others
    facts = [(f"seen{n}", "has_property", f"property{n}") for n in range(4)]
    facts += [("u", "has_property", f"property{n}") for n in range(4)]
    against = ("u", "has_property", "vice")
    facts += [against, ("foe", "has_property", "vice"), ("dull", "has_property", "grey"), ("v", "has_property", "grey")]
    facts += [("v", "related_to", "property2"), ("u", "related_to", "dull")]
    graph, features = _graph(facts, rows)
    model = Listener(("has_property",), (np.eye(_DIM), np.eye(_DIM)))
    return Case(_decide(model, graph, features, x, ("u", "v"), is_ordered=False), (against,))


def redundant_facts(random_state: int = 0) -> Case:
    """W6: what decides for u is said twice, by two relations between the same two concepts.

    A pair of concepts is joined as long as any fact joins it, in all our models and here: either fact alone does as
    well as both. They are substitutes, with equal parts in what the pair does, and each alone has no effect at all.
    """
    rng = np.random.default_rng(random_state)
    x = rng.normal(size=_DIM)
    friends = [f"friend{n}" for n in range(3)]
    rows = {name: x + 0.2 * rng.normal(size=_DIM) for name in friends}
    rows |= {"near": 0.3 * x + 0.2 * rng.normal(size=_DIM), "foe": -0.3 * x + 0.2 * rng.normal(size=_DIM)}
    rows["u"] = rows["v"] = 0.5 * rng.normal(size=_DIM)
    twice = ("u", "has_property", "striped"), ("u", "shows", "striped")
    facts = [*twice, *((name, "has_property", "striped") for name in friends), ("near", "has_property", "hoofed")]
    facts += [("v", "has_property", "hoofed"), ("u", "has_property", "wild"), ("foe", "has_property", "wild")]
    facts += [("v", "has_property", "tame"), ("near", "has_property", "tame")]
    facts += [("foe", "has_property", "tame"), ("foe", "has_property", "hoofed")]
    graph, features = _graph(facts, rows)
    model = Listener(("has_property", "shows"), (np.eye(_DIM), np.eye(_DIM)))
    return Case(_decide(model, graph, features, x, ("u", "v"), is_ordered=False), twice)


def shortcut(random_state: int = 0) -> Case:
    """W7: the features of u and v decide by themselves; those of everything around them are next to nothing."""
    rng = np.random.default_rng(random_state)
    names = [f"seen{n}" for n in range(6)]
    facts = [(name, "has_property", f"property{place}") for name in names for place in _some(rng, 6, 4)]
    facts += [("u", "has_property", f"property{place}") for place in (0, 1)]
    facts += [("v", "has_property", f"property{place}") for place in (2, 3)]
    x = rng.normal(size=_DIM)
    rows = {name: 1e-3 * rng.normal(size=_DIM) for name in [*names, *(f"property{n}" for n in range(6))]}
    rows |= {"u": x + rng.normal(size=_DIM), "v": -x + rng.normal(size=_DIM)}
    graph, features = _graph(facts, rows)
    model = Listener(("has_property",), (np.eye(_DIM), np.eye(_DIM)))
    return Case(_decide(model, graph, features, x, ("u", "v"), is_ordered=False))


def _some(rng: np.random.Generator, count: int, size: int) -> list[int]:
    return sorted(rng.choice(count, size, replace=False).tolist())


def _graph(facts: Sequence[Fact], rows: Mapping[str, Float64]) -> tuple[KnowledgeGraph, Float64]:
    """Concepts without a row of their own have zeros."""
    names = sorted({end for head, _, tail in facts for end in (head, tail)} | set(rows))
    graph = KnowledgeGraph.from_tables(names, sorted(set(facts)), RELATIONS, name="world")
    features = np.stack([rows.get(name, np.zeros(_DIM)) for name in graph.ids])
    return graph, features


def _decide(
    model: Listener,
    graph: KnowledgeGraph,
    features: Float64,
    x: Float64,
    names: Sequence[str],
    *,
    is_ordered: bool = True,
) -> Decision:
    """Between two unseen classes, at unit length and temperature 0.1; the higher one is the target if `is_ordered`."""
    inputs = x / np.linalg.norm(x)
    rows = model.weights(graph.index, features, concepts=names)
    scores = (rows @ inputs / 0.1).tolist()
    sides = [
        Candidate(name, name, graph.index, features, False, score, weights=row)
        for name, score, row in zip(names, scores, rows, strict=True)
    ]
    if is_ordered:
        sides.sort(key=lambda side: (-side.score, side.concept))
    nobody, offsets = np.empty((0, _DIM)), np.zeros(len(names))
    running = Running(tuple(names), np.zeros(len(names), bool), nobody, offsets, graph.index, features, graph)
    return Decision(inputs, sides[0], sides[1], model, graph, temperature=0.1, method="listener", running=(running,))


WORLDS: Mapping[str, Callable[[int], Any]] = {
    "W1": white_box,
    "W3": twins,
    "W4": automorphic_pair,
    "W5": evidence_against,
    "W6": redundant_facts,
    "W7": shortcut,
}
"""Generators by the name of the world; each takes a seed."""
