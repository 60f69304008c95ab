"""A world to train networks in: classes that are the sum of their attributes, among links that say nothing (W2)."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation

__all__ = ["PlantedWorld", "planted_world"]

RELATIONS = (
    Relation("has_property", "attribute", verb="has property"),
    Relation("related_to", "association", verb="is related to"),
)
_CLASSES, _SEEN, _ATTRIBUTES, _KINDS, _THINGS = 60, 42, 24, 6, 24
_DIM, _NOISE, _TRAIN, _TEST = 24, 0.8, 10, 5


@dataclass(frozen=True, eq=False)
class PlantedWorld:
    """60 classes, 42 of them with inputs; 540 facts over 114 concepts.

    A class has three attributes, one kind and five links to things, some of which are hubs. Its mean input is the sum
    of vectors of its attributes and its kind; things put nothing into it. `features` `[num_concepts, 24]`, in the
    order of the graph's ids, are drawn for every concept. `kinds` are the relations that a model is to walk.
    """

    graph: KnowledgeGraph = field(repr=False)
    features: NDArray[np.float32] = field(repr=False)
    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    train: tuple[NDArray[np.float64], NDArray[np.str_]] = field(repr=False)
    test: tuple[NDArray[np.float64], NDArray[np.str_]] = field(repr=False)
    planted: frozenset[tuple[str, str, str]] = field(repr=False)
    kinds: tuple[str, ...] = ("association", "attribute", "taxonomic")


def planted_world(random_state: int = 0) -> PlantedWorld:
    """The world of one seed.

    >>> world = planted_world(3)
    >>> world.graph.index.num_edges, len(world.graph), len(world.seen), len(world.planted)
    (540, 114, 42, 240)
    """
    rng = np.random.default_rng(random_state)
    classes = [f"class{number:02d}" for number in range(_CLASSES)]
    attributes = [f"attribute{number:02d}" for number in range(_ATTRIBUTES)]
    kinds, things = [f"kind{n}" for n in range(_KINDS)], [f"thing{n:02d}" for n in range(_THINGS)]
    crowd = np.arange(1, _THINGS + 1) ** -0.8
    planted, noise, taken = [], [], set()
    for number, name in enumerate(classes):
        chosen = tuple(sorted(rng.choice(_ATTRIBUTES, 3, replace=False).tolist()))
        while chosen in taken:
            chosen = tuple(sorted(rng.choice(_ATTRIBUTES, 3, replace=False).tolist()))
        taken.add(chosen)
        planted += [(name, "has_property", attributes[place]) for place in chosen]
        planted.append((name, "is_a", kinds[number % _KINDS]))
        near = rng.choice(_THINGS, 5, replace=False, p=crowd / crowd.sum())
        noise += [(name, "related_to", things[place]) for place in near.tolist()]
    graph = KnowledgeGraph.from_tables([*classes, *attributes, *kinds, *things], planted + noise, RELATIONS, name="W2")
    look = {name: rng.normal(size=_DIM) for name in [*attributes, *kinds]}
    means: dict[str, NDArray[np.float64]] = {name: np.zeros(_DIM) for name in classes}
    for name, _, part in planted:
        means[name] = means[name] + look[part]
    features = (rng.normal(size=(len(graph), _DIM)) / np.sqrt(_DIM)).astype(np.float32)
    shuffled = [classes[place] for place in rng.permutation(_CLASSES).tolist()]
    seen, unseen = tuple(sorted(shuffled[:_SEEN])), tuple(sorted(shuffled[_SEEN:]))

    def inputs(names: tuple[str, ...], count: int) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
        drawn = [means[name] + _NOISE * rng.normal(size=(count, _DIM)) for name in names]
        return np.concatenate(drawn), np.repeat(names, count)

    return PlantedWorld(graph, features, seen, unseen, inputs(seen, _TRAIN), inputs(unseen, _TEST), frozenset(planted))
