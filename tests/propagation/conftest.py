"""Small taxonomies and problems over them, shared by the tests of graph networks."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import polars as pl
import pytest
import torch

import kgzsl.propagation.convolution  # noqa: F401  # loads PyTorch Geometric, which warns when a test does it first
from kgzsl.contracts import Supervision
from kgzsl.graph.index import GraphIndex
from kgzsl.graph.knowledge_graph import KnowledgeGraph


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other cost more than they bring on small matrices and busy machines."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def concept(number: int) -> str:
    return f"c{number:03}"


@pytest.fixture(scope="session")
def index_of() -> Callable[..., GraphIndex]:
    """An index with concepts c000, c001, ... and `is_a` edges between the numbers given."""

    def build(num_concepts: int, edges: Sequence[tuple[int, int]]) -> GraphIndex:
        rows = [(concept(head), "is_a", concept(tail)) for head, tail in sorted(set(edges)) if head != tail]
        table = pl.DataFrame(rows, schema=dict.fromkeys(("head", "relation", "tail"), pl.String), orient="row")
        names = pl.DataFrame({"id": [concept(number) for number in range(num_concepts)]})
        return KnowledgeGraph.from_tables(names, table, name="random").index

    return build


@pytest.fixture(scope="session")
def tree_of(index_of: Callable[..., GraphIndex]) -> Callable[..., GraphIndex]:
    """A random taxonomy: every concept but the first has a parent before it, some have two."""

    def build(num_concepts: int, seed: int = 0) -> GraphIndex:
        rng = np.random.default_rng(seed)
        edges = [(child, int(rng.integers(0, child))) for child in range(1, num_concepts)]
        edges += [(child, int(rng.integers(0, child))) for child in range(4, num_concepts, 4)]
        return index_of(num_concepts, edges)

    return build


@pytest.fixture(scope="session")
def problem_of(tree_of: Callable[..., GraphIndex]) -> Callable[..., tuple[GraphIndex, np.ndarray, Supervision]]:
    """A taxonomy, random features, and random targets for the first classes of a random order."""

    def build(num_concepts: int = 30, num_seen: int = 6, width: int = 5, dim: int = 4, seed: int = 0):
        index = tree_of(num_concepts, seed)
        rng = np.random.default_rng(seed)
        features = rng.standard_normal((num_concepts, width)).astype(np.float32)
        classes = tuple(sorted(concept(number) for number in rng.permutation(num_concepts)[:num_seen]))
        weights = rng.standard_normal((num_seen, dim)).astype(np.float32)
        weights /= np.linalg.norm(weights, axis=1, keepdims=True)
        return index, features, Supervision(classes, weights, "prototype", show_progress=False)

    return build
