"""Small things that plug-ins are tried on."""

import numpy as np
import polars as pl

from kgzsl.contracts import Supervision
from kgzsl.counts import checked_count, checked_seed
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["example_graph", "example_supervision"]

_PARENTS = {
    "animal": None,
    "bird": "animal",
    "canine": "mammal",
    "cat": "feline",
    "dog": "canine",
    "eagle": "bird",
    "feline": "mammal",
    "lion": "feline",
    "mammal": "animal",
    "owl": "bird",
    "tiger": "feline",
    "wolf": "canine",
}
_DEFINITIONS = {
    "animal": "a living thing that moves of its own will",
    "bird": "an animal with feathers and wings that lays eggs",
    "canine": "a mammal with a long muzzle that hunts in packs",
    "cat": "a small feline kept at home that purrs",
    "dog": "a canine kept at home that barks",
    "eagle": "a large bird with broad wings that hunts by day",
    "feline": "a mammal with soft paws and claws that it can draw in",
    "lion": "a large feline with a mane that hunts in prides",
    "mammal": "an animal with hair that feeds its young with milk",
    "owl": "a bird with large eyes that hunts at night",
    "tiger": "a large feline with stripes that hunts alone",
    "wolf": "a wild canine that howls and hunts in packs",
}
_SEEN = ("cat", "dog", "eagle", "lion", "owl", "wolf")


def example_graph() -> KnowledgeGraph:
    """Twelve animals with definitions and their kinds; a tiger is the class without examples.

    >>> from kgzsl.testing import example_graph
    >>> example_graph().ancestors("tiger").ids
    ('feline', 'mammal', 'animal')
    """
    concepts = pl.DataFrame({"id": list(_DEFINITIONS), "definition": list(_DEFINITIONS.values())})
    edges = [(child, "is_a", parent) for child, parent in _PARENTS.items() if parent is not None]
    table = pl.DataFrame(edges, schema=["head", "relation", "tail"], orient="row")
    return KnowledgeGraph.from_tables(concepts, table, name="animals")


def example_supervision(*, num_inputs: int = 8, dim: int = 5, random_state: int = 0) -> Supervision:
    """Six seen classes of the example graph with unit weights, and a few inputs around each.

    >>> from kgzsl.testing import example_supervision
    >>> example_supervision(num_inputs=2).inputs.shape
    (12, 5)
    """
    checked_count(num_inputs, "num_inputs")
    rng = np.random.default_rng(checked_seed(random_state))
    weights = rng.normal(size=(len(_SEEN), checked_count(dim, "dim")))
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    labels = np.repeat(np.arange(len(_SEEN)), num_inputs)
    inputs = weights[labels] + 0.1 * rng.normal(size=(len(labels), dim))
    inputs /= np.linalg.norm(inputs, axis=1, keepdims=True)
    return Supervision(
        classes=_SEEN,
        weights=weights.astype(np.float32),
        kind="prototype",
        inputs=inputs.astype(np.float32),
        labels=labels,
        show_progress=False,
    )
