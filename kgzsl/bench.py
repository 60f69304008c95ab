"""Every model on the same photographs, in one table."""

import time
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.decision.propagators import PROPAGATORS
from kgzsl.display.progress import progress
from kgzsl.display.text import text_table, wrap
from kgzsl.errors import DataMissingError, SourceError, UnknownNameError
from kgzsl.evaluation import evaluate
from kgzsl.features import MatrixFeatures
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.catalog import load_graph

__all__ = ["BenchRow", "BenchTable", "TinyImageNet", "run_tiny_imagenet"]

MODELS: Mapping[str, bool] = {
    "graph-gp": False,
    "sgcn": True,
    "dgp": True,
    "dgpm": True,
    "gcnz": True,
    "eszsl": False,
    "conse": False,
}
"""Name of each model, and whether chance takes part in its fit."""

_MEASURES = ("top1", "top5", "u", "s", "harmonic_mean", "ausuc")


@dataclass(frozen=True, eq=False)
class TinyImageNet:
    """Features of photographs of Tiny ImageNet's classes, 130 seen and 35 unseen; class labels are WordNet offsets."""

    seen: tuple[str, ...]
    unseen: tuple[str, ...]
    means: NDArray[np.float64]
    linear: NDArray[np.float64]
    train: tuple[NDArray[np.float32], NDArray[Any]]
    test_seen: tuple[NDArray[np.float32], NDArray[Any]]
    test_unseen: tuple[NDArray[np.float32], NDArray[Any]]
    sentences: MatrixFeatures

    @classmethod
    def read(cls, folder: Path) -> "TinyImageNet":
        """Read `features.npz` (photographs, class means, the network's last layer) and `minilm.npz` from a folder."""
        photos, texts = _arrays(folder / "features.npz"), _arrays(folder / "minilm.npz")
        linear = np.hstack([photos["classifier_weight"], photos["classifier_bias"][:, None]]).astype(np.float64)
        sides = {
            name: (photos[f"{name}_features"].astype(np.float32), photos[f"{name}_labels"])
            for name in ("seen_train", "seen_test", "unseen_test")
        }
        return cls(
            seen=tuple(photos["seen_ids"].tolist()),
            unseen=tuple(photos["unseen_ids"].tolist()),
            means=photos["seen_class_mean"].astype(np.float64),
            linear=linear,
            train=sides["seen_train"],
            test_seen=sides["seen_test"],
            test_unseen=sides["unseen_test"],
            sentences=MatrixFeatures(texts["embedding"], ids=texts["node_ids"].tolist()),
        )


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        raise DataMissingError(path, "the benchmark needs features.npz and minilm.npz in the folder given by --data")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise SourceError(path, f"not a readable .npz archive: {error}") from error


@dataclass(frozen=True)
class BenchRow:
    """One model with one kind of features: means over seeds, and standard deviations where chance took part."""

    model: str
    features: str
    targets: str
    num_seeds: int
    mean: Mapping[str, float]
    deviation: Mapping[str, float]
    seconds: float


@dataclass(frozen=True)
class BenchTable:
    """Rows in the order they were measured; prints as a table of percentages."""

    rows: tuple[BenchRow, ...]
    facts: str

    _COLUMNS = ("model", "features", "targets", "top-1", "top-5", "u", "s", "H", "AUSUC", "fit s")

    def __str__(self) -> str:
        lines = [
            [row.model, row.features, row.targets, *(_percent(row, name) for name in _MEASURES), f"{row.seconds:.1f}"]
            for row in self.rows
        ]
        facts = "\n".join(wrap(self.facts, 96))
        return f"{facts}\n\n{text_table(lines, self._COLUMNS, right=self._COLUMNS[3:], width=110)}"

    def to_frame(self) -> pl.DataFrame:
        """One row a model, accuracies in [0, 1]."""
        return pl.DataFrame(
            [
                {"model": row.model, "features": row.features, "targets": row.targets, "num_seeds": row.num_seeds}
                | dict(row.mean)
                | {f"{name}_sd": value for name, value in row.deviation.items()}
                | {"seconds": row.seconds}
                for row in self.rows
            ]
        )


def _percent(row: BenchRow, name: str) -> str:
    spread = f" ±{100 * row.deviation[name]:.1f}" if row.num_seeds > 1 else ""
    return f"{100 * row.mean[name]:.1f}{spread}"


def run_tiny_imagenet(
    folder: Path,
    *,
    seeds: int = 3,
    models: Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
    tell: Callable[[str], None] | None = None,
) -> BenchTable:
    """Fit and measure every model; those with chance in them once a seed.

    All get the seen classes' means ("means") or last-layer weights ("weights"), the graph that WordNet's hypernyms
    induce, and node features "text" (LSA of labels and definitions) or "minilm" (the given sentence embeddings).
    Accuracies are means over classes: top-1 and top-5 of unseen photographs among the unseen classes; u, s and their
    harmonic mean among all, gamma chosen on pretended-unseen seen classes. `tell` is called with each row as it comes.
    """
    chosen = _known("model", models, MODELS)
    kinds = _known("features", features, ("minilm", "text"))
    sides = _known("targets", targets or ["means"], ("means", "weights"))
    data, graph = TinyImageNet.read(Path(folder)), load_graph("wordnet")
    plan = [(model, kind, side) for kind in kinds for side in sides for model in chosen]
    rows = []
    with progress(len(plan), "benchmark") as advance:
        for model, kind, side in plan:
            row = _measured(data, graph, model, kind, side, range(seeds if MODELS[model] else 1))
            rows.append(row)
            advance(note=f"{model}, {kind}")
            if tell is not None:
                tell(f"{model} {kind} {side}: top-1 {_percent(row, 'top1')}, {row.seconds:.1f} s a fit")
    facts = (
        f"Tiny ImageNet features: {len(data.seen)} seen and {len(data.unseen)} unseen classes, "
        f"{len(data.test_unseen[1]):,} unseen and {len(data.test_seen[1]):,} seen test photographs; per-class "
        f"accuracy in %; chance top-1 {100 / len(data.unseen):.1f}, top-5 {500 / len(data.unseen):.1f}"
    )
    return BenchTable(tuple(rows), facts)


def _known(kind: str, wanted: Iterable[str] | None, known: Iterable[str]) -> list[str]:
    names = list(known)
    for name in wanted or ():
        if name not in names:
            raise UnknownNameError(kind, name, known=names)
    return [name for name in names if not wanted or name in list(wanted)]


def _measured(
    data: TinyImageNet, graph: KnowledgeGraph, model: str, features: str, targets: str, seeds: Iterable[int]
) -> BenchRow:
    reports, seconds = [], []
    for seed in seeds:
        clf = ZeroShotClassifier(
            graph,
            features="text" if features == "text" else data.sentences,
            propagator=PROPAGATORS.load(model)(),
            unseen=list(data.unseen),
            calibration="stacking",
            random_state=seed,
        )
        weights, kind = (data.means, "prototype") if targets == "means" else (data.linear, "linear")
        started = time.perf_counter()
        clf.fit_weights(weights, data.seen, kind=kind, X=data.train[0], y=data.train[1])  # type: ignore[arg-type]
        assert clf.fit_report_ is not None
        seconds.append(time.perf_counter() - started - clf.fit_report_.seconds["calibration"])
        (X_seen, y_seen), (X_unseen, y_unseen) = data.test_seen, data.test_unseen
        reports.append(evaluate(clf, X_seen, y_seen.tolist(), X_unseen, y_unseen.tolist()))
    values = [
        {"top1": r.t1, "top5": r.hits[5], "u": r.u, "s": r.s, "harmonic_mean": r.harmonic_mean, "ausuc": r.ausuc}
        for r in reports
    ]
    table = {name: np.array([value[name] for value in values]) for name in _MEASURES}
    return BenchRow(
        model,
        features,
        targets,
        len(reports),
        {name: float(column.mean()) for name, column in table.items()},
        {name: float(column.std(ddof=1)) if len(reports) > 1 else 0.0 for name, column in table.items()},
        float(np.mean(seconds)),
    )
