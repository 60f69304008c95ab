"""Tiny ImageNet: every model on the same photographs, in one table."""

import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl._version import __version__
from kgzsl.bench.cells import Cell, Measured, file_sha256
from kgzsl.bench.lanes import run_cells
from kgzsl.bench.models import MODELS, chosen, found_file, measures_of, settings_of
from kgzsl.bench.table import HEADS, BenchTable, rows_of
from kgzsl.classifier import ZeroShotClassifier
from kgzsl.decision.propagators import PROPAGATORS
from kgzsl.errors import SourceError
from kgzsl.evaluation import evaluate
from kgzsl.features import MatrixFeatures
from kgzsl.sources.catalog import load_graph

__all__ = ["TinyImageNet", "TinyImageNetBench", "run_tiny_imagenet"]

FEATURES = ("minilm", "text")
_FILES = ("features.npz", "minilm.npz")
_ADVICE = "the benchmark needs features.npz and minilm.npz in the folder given by --data"


@dataclass(frozen=True, eq=False)
class TinyImageNet:
    """Features of photographs of Tiny ImageNet's classes, 130 seen and 35 unseen; class labels are WordNet offsets.

    >>> from pathlib import Path
    >>> from kgzsl.bench import TinyImageNet
    >>> TinyImageNet.read(Path("no-such-folder"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    kgzsl.errors.DataMissingError: no-such-folder/features.npz: the benchmark needs features.npz ...
    """

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
        photos, texts = (_arrays(found_file(folder, name, _ADVICE)) for name in _FILES)
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
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise SourceError(path, f"not a readable .npz archive: {error}") from error


@dataclass(frozen=True)
class TinyImageNetBench:
    """Which models, features and targets are measured, how often, and on which folder."""

    folder: Path
    seeds: int = 3
    models: tuple[str, ...] = tuple(MODELS)
    features: tuple[str, ...] = FEATURES
    targets: tuple[str, ...] = ("means",)
    name: str = "tiny-imagenet"

    def protocol(self) -> dict[str, Any]:
        """The two files, the graph, and the rules; which cells are asked for is no part of it."""
        return {
            "benchmark": self.name,
            "kgzsl": __version__,
            "files": {file: file_sha256(found_file(self.folder, file, _ADVICE)) for file in _FILES},
            "graph": load_graph("wordnet").fingerprint,
            "models": settings_of(MODELS),
            "measures": list(HEADS),
            "calibration": "stacking",
            "selection": "pretended-unseen seen classes",
            "ties": "against the prediction",
        }

    def cells(self) -> list[Cell]:
        """Models with chance in them once a seed, the others once."""
        return [
            Cell(model, (kind, side), seed)
            for kind in self.features
            for side in self.targets
            for model in self.models
            for seed in range(self.seeds if MODELS[model] else 1)
        ]

    def measure(self, cell: Cell) -> Measured:
        """Fit on the seen classes; measure on the photographs kept for that."""
        data, graph = _read(self.folder), load_graph("wordnet")
        features, targets = cell.variant
        clf = ZeroShotClassifier(
            graph,
            features="text" if features == "text" else data.sentences,
            propagator=PROPAGATORS.load(cell.method)(),
            unseen=list(data.unseen),
            calibration="stacking",
            random_state=cell.seed,
        )
        weights, kind = (data.means, "prototype") if targets == "means" else (data.linear, "linear")
        started = time.perf_counter()
        clf.fit_weights(weights, data.seen, kind=kind, X=data.train[0], y=data.train[1])  # type: ignore[arg-type]
        assert clf.fit_report_ is not None
        seconds = time.perf_counter() - started - clf.fit_report_.seconds["calibration"]
        (X_seen, y_seen), (X_unseen, y_unseen) = data.test_seen, data.test_unseen
        report = evaluate(clf, X_seen, y_seen.tolist(), X_unseen, y_unseen.tolist(), coverage=None)
        return Measured(measures_of(report), seconds)


@lru_cache(maxsize=1)
def _read(folder: Path) -> TinyImageNet:
    return TinyImageNet.read(folder)


def run_tiny_imagenet(
    folder: Path,
    *,
    seeds: int = 3,
    models: Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
    jobs: int = 1,
    results: Path | None = None,
    tell: Callable[[str], None] | None = None,
    show_progress: bool | None = None,
) -> BenchTable:
    """Fit and measure every model; those with chance in them once a seed.

    All get the seen classes' means ("means") or last-layer weights ("weights"), the graph that WordNet's hypernyms
    induce, and node features "text" (LSA of labels and definitions) or "minilm" (the given sentence embeddings).
    Accuracies are means over classes: top-1 and top-5 of unseen photographs among the unseen classes; u, s and their
    harmonic mean among all, gamma chosen on pretended-unseen seen classes. `jobs` cells are measured at a time; what
    is kept in the folder `results` is not measured again. `tell` is called with each result as it comes.

    >>> from pathlib import Path
    >>> from kgzsl.bench import run_tiny_imagenet
    >>> run_tiny_imagenet(Path("no-such-folder"), models=["prototype"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    kgzsl.errors.DataMissingError: no-such-folder/features.npz: the benchmark needs features.npz ...
    """
    benchmark = TinyImageNetBench(
        Path(folder),
        seeds,
        tuple(chosen("model", models, MODELS)),
        tuple(chosen("features", features, FEATURES)),
        tuple(chosen("targets", targets or ["means"], ("means", "weights"))),
    )
    data = _read(benchmark.folder)
    found = run_cells(benchmark, jobs=jobs, results=results, tell=tell, show_progress=show_progress)
    facts = (
        f"Tiny ImageNet features: {len(data.seen)} seen and {len(data.unseen)} unseen classes, "
        f"{len(data.test_unseen[1]):,} unseen and {len(data.test_seen[1]):,} seen test photographs; per-class "
        f"accuracy in %; chance top-1 {100 / len(data.unseen):.1f}, top-5 {500 / len(data.unseen):.1f}"
    )
    return BenchTable(rows_of(found), facts)
