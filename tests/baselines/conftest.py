"""Fixtures of the baseline tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest

from kgzsl.contracts import Supervision
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


@dataclass(frozen=True)
class Learnable:
    """Twelve seen and four unseen classes whose inputs are a linear image of their features, with noise."""

    index: GraphIndex
    features: np.ndarray
    supervision: Supervision
    test: np.ndarray
    labels: np.ndarray
    unseen: list[str]

    def part(self, classes: Sequence[int]) -> Supervision:
        """The supervision of some of the seen classes, by place."""
        rest = np.asarray(classes)
        kept = np.isin(self.supervision.labels, rest)
        return replace(
            self.supervision,
            classes=tuple(self.supervision.classes[c] for c in rest),
            weights=self.supervision.weights[rest],
            inputs=self.supervision.inputs[kept],
            labels=np.searchsorted(rest, self.supervision.labels[kept]),
        )


@pytest.fixture(scope="session")
def learnable(index_of) -> Callable[..., Learnable]:
    """Gives such a problem, with features that are numbers or, "binary", 0 and 1."""

    def unit(rows):
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def make(seed=0, *, kind="prototype", binary=False, num_features=5, dim=7, per_class=10, noise=0.2):
        rng = np.random.default_rng(seed)
        ids = [f"c{place:02d}" for place in range(16)]
        features = rng.normal(size=(16, num_features))
        features = (features > 0).astype(float) if binary else unit(features)
        centres = features @ rng.normal(size=(num_features, dim))
        origin, labels = centres[:12].mean(axis=0), np.repeat(np.arange(12), per_class)
        test_labels = np.repeat(np.arange(4), per_class)
        inputs = centres[labels] + noise * rng.normal(size=(len(labels), dim))
        test = centres[12 + test_labels] + noise * rng.normal(size=(len(test_labels), dim))
        if kind == "prototype":
            inputs, test = unit(inputs - origin), unit(test - origin)
            weights = unit(np.stack([inputs[labels == c].mean(axis=0) for c in range(12)]))
        else:
            inputs, test = (np.c_[rows, np.ones(len(rows))] for rows in (inputs, test))
            means = centres[:12] - origin
            weights = unit(np.c_[means, -means @ origin - np.sum(means**2, axis=1) / 2])
        supervision = Supervision(
            tuple(ids[:12]), weights.astype(np.float32), kind, inputs.astype(np.float32), labels, show_progress=False
        )
        return Learnable(
            index_of(ids),
            features.astype(np.float32),
            supervision,
            test.astype(np.float32),
            test_labels,
            ids[12:],
        )

    return make
