"""Fixtures of the baseline tests."""

from collections.abc import Callable, Sequence

import polars as pl
import pytest

from kgzsl.graph.index import GraphIndex
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import SHARED_RELATIONS


@pytest.fixture(scope="session")
def index_of() -> Callable[[Sequence[str]], GraphIndex]:
    """Give the index of a graph in which every concept is a child of the first; baselines look at no edge."""

    def build(ids: Sequence[str]) -> GraphIndex:
        edges = pl.DataFrame([{"head": id_, "relation": "is_a", "tail": ids[0]} for id_ in ids[1:]])
        return KnowledgeGraph.from_tables(
            pl.DataFrame({"id": list(ids)}), edges, [SHARED_RELATIONS["is_a"]], name="toy"
        ).index

    return build
