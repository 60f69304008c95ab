"""A made-up problem that needs no data: classes on a random tree, whose means follow it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kgzsl._version import __version__
from kgzsl.bench.cells import Cell, Measured
from kgzsl.bench.lanes import run_cells
from kgzsl.bench.models import chosen, measures_of, settings_of
from kgzsl.bench.table import HEADS, BenchTable, rows_of
from kgzsl.classifier import ZeroShotClassifier
from kgzsl.decision.propagators import PROPAGATORS
from kgzsl.evaluation import evaluate
from kgzsl.features import MatrixFeatures
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["SYNTHETIC_MODELS", "SyntheticBench", "SyntheticProblem", "run_synthetic"]

SYNTHETIC_MODELS = ("graph-gp", "eszsl", "conse")
_CONCEPTS, _SEEN, _UNSEEN = 60, 20, 8
_DIM, _EXAMPLES = 16, 12


@dataclass(frozen=True, eq=False)
class SyntheticProblem:
    """A random tree, the means of its leaves and of what is above them, and samples around the means.

    Features of a concept are a noisy half of its mean, so they say something and not all.
    """

    graph: KnowledgeGraph
    features: MatrixFeatures
    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    samples: dict[str, NDArray[np.float64]]

    @classmethod
    def draw(cls, seed: int) -> "SyntheticProblem":
        """The problem of a seed."""
        rng = np.random.default_rng([seed, 6])
        num = _CONCEPTS + _SEEN + _UNSEEN
        ids = [f"c{place:03d}" for place in range(num)]
        # a concept lies below an earlier one; the last ones are the classes, and nothing lies below those
        parent = [int(rng.integers(0, min(place, _CONCEPTS))) for place in range(1, num)]
        means = rng.standard_normal((num, _DIM))
        for place in range(1, num):
            means[place] += means[parent[place - 1]]
        edges = pl.DataFrame({"head": ids[1:], "tail": [ids[place] for place in parent]})
        graph = KnowledgeGraph.from_tables(
            pl.DataFrame({"id": ids}), edges.with_columns(relation=pl.lit("is_a")), name=f"synthetic-{seed}"
        )
        half = means[:, : _DIM // 2] + 0.5 * rng.standard_normal((num, _DIM // 2))
        classes = [ids[_CONCEPTS + place] for place in rng.permutation(_SEEN + _UNSEEN)]
        samples = {id_: means[int(id_[1:])] + 1.5 * rng.standard_normal((_EXAMPLES, _DIM)) for id_ in sorted(classes)}
        return cls(
            graph,
            MatrixFeatures(half.astype(np.float32), ids=ids),
            tuple(sorted(classes[:_SEEN])),
            tuple(sorted(classes[_SEEN:])),
            samples,
        )

    def rows(self, classes: Sequence[str], part: slice) -> tuple[NDArray[np.float64], list[str]]:
        """Some samples of each of these classes, and their labels."""
        tables = [self.samples[name][part] for name in classes]
        return np.concatenate(tables), [
            name for name, table in zip(classes, tables, strict=True) for _ in range(len(table))
        ]


@dataclass(frozen=True)
class SyntheticBench:
    """Which models meet how many made-up problems."""

    seeds: int = 3
    models: tuple[str, ...] = SYNTHETIC_MODELS
    name: str = "synthetic"

    def protocol(self) -> dict[str, Any]:
        """The shape of the problems, and the rules."""
        return {
            "benchmark": self.name,
            "kgzsl": __version__,
            "shape": [_CONCEPTS, _SEEN, _UNSEEN, _DIM, _EXAMPLES],
            "models": settings_of(SYNTHETIC_MODELS),
            "measures": list(HEADS),
            "calibration": "stacking",
            "ties": "against the prediction",
        }

    def cells(self) -> list[Cell]:
        """Every model on the problem of every seed."""
        return [Cell(model, (), seed) for model in self.models for seed in range(self.seeds)]

    def measure(self, cell: Cell) -> Measured:
        """Two thirds of the samples of seen classes train; the rest, and all of unseen classes, are tested."""
        problem = _drawn(cell.seed)
        clf = ZeroShotClassifier(
            problem.graph,
            features=problem.features,
            propagator=PROPAGATORS.load(cell.method)(),
            unseen=problem.unseen,
            calibration="stacking",
            random_state=cell.seed,
        )
        started = time.perf_counter()
        kept = 2 * _EXAMPLES // 3
        clf.fit(*problem.rows(problem.seen, slice(kept)))
        seconds = time.perf_counter() - started
        tested = problem.rows(problem.seen, slice(kept, None)), problem.rows(problem.unseen, slice(None))
        return Measured(measures_of(evaluate(clf, *tested[0], *tested[1], coverage=None)), seconds)


@lru_cache(maxsize=4)
def _drawn(seed: int) -> SyntheticProblem:
    return SyntheticProblem.draw(seed)


def run_synthetic(
    *,
    seeds: int = 3,
    models: Sequence[str] | None = None,
    jobs: int = 1,
    results: Path | None = None,
    tell: Callable[[str], None] | None = None,
    show_progress: bool | None = None,
) -> BenchTable:
    """Measure models on made-up problems, a new one a seed: no data is needed, and seconds are enough.

    >>> from kgzsl.bench import run_synthetic
    >>> table = run_synthetic(seeds=1, models=["conse"])
    >>> [row.model for row in table.rows]
    ['conse']
    """
    benchmark = SyntheticBench(seeds, tuple(chosen("model", models, SYNTHETIC_MODELS)))
    found = run_cells(benchmark, jobs=jobs, results=results, tell=tell, show_progress=show_progress)
    facts = (
        f"made-up classes on a random tree: {_SEEN} seen and {_UNSEEN} unseen classes of {_EXAMPLES} samples, "
        f"{seeds} problem(s); per-class accuracy in %; chance top-1 {100 / _UNSEEN:.1f}, top-5 {500 / _UNSEEN:.1f}"
    )
    return BenchTable(rows_of(found), facts, variants=())
