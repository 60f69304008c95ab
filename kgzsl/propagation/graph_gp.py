"""Closed-form graph convolution: a Gaussian process over the graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from kgzsl.contracts import FloatArray, State, Supervision
from kgzsl.errors import InputFormatError, IntegrityError, VersionError
from kgzsl.graph.index import GraphIndex, IntArray
from kgzsl.propagation.gp_cache import TermsCache
from kgzsl.propagation.gp_kernels import KernelSource, unit_rows
from kgzsl.propagation.gp_selection import select_settings
from kgzsl.propagation.gp_settings import GPSettings
from kgzsl.propagation.gp_terms import GPTerms, compile_terms
from kgzsl.propagation.propagated_relations import named_relations, propagated_relations

__all__ = ["FittedGraphGP", "GraphGP"]

FORMAT = 1

CHUNK = 8192
"""Concepts whose weights are computed at once: with 1,000 seen classes 65 MB a kernel."""


@dataclass(frozen=True)
class GraphGP:
    """Gives each concept the seen classifiers that walks over the graph and the concepts' texts lead to.

    Ŵ_u - m = k_uS (K_SS + λI)^-1 (W_S - m): a Gaussian process with a text kernel, a walk kernel
    (I + βL)^-1 and the text kernel convolved with it. The convolution is that of Wu et al., "Simplifying graph
    convolutional networks" (ICML 2019), of unlimited depth and solved in closed form; there is no training loop.

    `relations` are names or kinds whose edges count, in both directions and once each (None: the taxonomic ones);
    relations of kind "negative" or "annotation" are refused.
    `settings` fixes every choice; otherwise `candidates` (None: `default_candidates`) are compared on the seen classes
    alone. Each of `repeats` random splits (None: up to 4, fewer with many
    classes) cuts the seen classes into `folds`; the classes of a fold pretend to be
    unseen, and the setting with the best per-class accuracy among them wins. The leave-one-class-out cosine breaks
    ties. Without inputs, each class's own target stands in for its examples.

    Where the classes of a fold pretend to be unseen, the mean m is that of the other classes.

    >>> import numpy as np
    >>> import polars as pl
    >>> from kgzsl.contracts import Supervision
    >>> from kgzsl.graph.knowledge_graph import KnowledgeGraph
    >>> is_a = {"head": ["cat", "dog", "wolf"], "relation": ["is_a"] * 3, "tail": ["animal", "canine", "canine"]}
    >>> names = pl.DataFrame({"id": ["animal", "canine", "cat", "dog", "wolf"]})
    >>> index = KnowledgeGraph.from_tables(names, pl.DataFrame(is_a)).index
    >>> features = np.eye(5, dtype=np.float32)
    >>> seen = Supervision(("cat", "dog"), np.eye(2, dtype=np.float32), kind="prototype")
    >>> walks = GraphGP(settings=GPSettings.of(walk=1, walk_beta=3.0, noise=0.1))
    >>> walks.fit(index, features, seen).weights(index, features, concepts=["wolf"]).round(2)
    array([[0.53, 0.85]])
    """

    relations: tuple[str, ...] | None = None
    settings: GPSettings | None = None
    candidates: tuple[GPSettings, ...] | None = None
    folds: int = 5
    repeats: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "relations", named_relations(self.relations))
        _require_count("folds", self.folds, least=2)
        if self.repeats is not None:
            _require_count("repeats", self.repeats, least=1)
        if self.settings is not None and not isinstance(self.settings, GPSettings):
            raise InputFormatError(f"settings={self.settings!r} is not allowed: GPSettings, or None to choose them")
        if self.candidates is None:
            return
        several = isinstance(self.candidates, list | tuple)
        if not several or not all(isinstance(each, GPSettings) for each in self.candidates):
            raise InputFormatError(f"candidates={self.candidates!r} is not allowed: a tuple of GPSettings, or None")
        if not self.candidates:
            raise InputFormatError("candidates is empty; give at least one GPSettings, or None for the default ones")
        object.__setattr__(self, "candidates", tuple(self.candidates))

    def settled(self, fitted: "FittedGraphGP") -> "GraphGP":
        """The same propagator with the settings that `fitted` chose."""
        return replace(self, settings=fitted.settings)

    def fit(self, index: GraphIndex, features: FloatArray, supervision: Supervision) -> "FittedGraphGP":
        """Choose the settings on the seen classes; `features` `[num_concepts, dim]` in the order of the index."""
        classes, targets = supervision.classes, supervision.weights
        if not classes:
            raise InputFormatError("there is no seen class; graph-gp needs at least one")
        if targets.ndim != 2 or len(targets) != len(classes) or not np.isfinite(targets).all():
            raise InputFormatError(
                f"the seen weights have shape {targets.shape}; {len(classes)} finite rows are needed, one a class"
            )
        seen = index.positions(classes)
        source = _source(index, features, seen, self.relations, features.shape[-1])
        shared = _is_shared(supervision.kind, features.shape[1], targets.shape[1])
        report: dict[str, Any] = {"num_seen": len(classes), "num_unreached": _num_unreached(source.adjacency, seen)}
        settings = self.settings
        if settings is None:
            settings, chosen = select_settings(
                source,
                seen,
                supervision,
                candidates=self.candidates,
                shared_space=shared,
                folds=self.folds,
                repeats=self.repeats,
            )
            report.update(chosen)
        else:
            report["chosen_by"] = "given"
        report["settings"] = settings.to_dict()
        fitted = FittedGraphGP(
            settings=settings,
            classes=classes,
            targets=np.array(targets, dtype=np.float32),
            kind=supervision.kind,
            relations=self.relations,
            num_features=features.shape[1],
            report=report,
        )
        fitted._cache.put(index, features, fitted._compiled(source, seen))
        return fitted


@dataclass(frozen=True, eq=False)
class FittedGraphGP:
    """A graph Gaussian process with its settings: a function of (index, features); it holds no graph.

    `targets` `[num_seen, dim]` are the seen weights in the order of `classes`. `report` says how the settings were
    chosen, with the scores of every candidate.
    """

    settings: GPSettings
    classes: tuple[str, ...]
    targets: FloatArray
    kind: Literal["prototype", "linear"]
    relations: tuple[str, ...] | None
    num_features: int
    report: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _cache: TermsCache = field(default_factory=TermsCache, init=False, repr=False)

    def weights(
        self, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None
    ) -> NDArray[np.float64]:
        """Unit rows `[len(concepts), dim]`, float64; all concepts of the index if none are named.

        A seen class gets what the process gives it, not its own target. A row is exactly zero where nothing is known
        of a concept: what speaks for the seen classes cancels, as for one that lies halfway between two opposites.
        """
        terms = self.terms(index, features)
        positions = _asked(index, concepts)
        out = np.empty((len(positions), self.targets.shape[1]))
        for start in range(0, len(positions), CHUNK):
            part = slice(start, start + CHUNK)
            out[part] = unit_rows(terms.raw_weights(positions[part]))
        return out

    def variance(
        self, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None
    ) -> NDArray[np.float64]:
        """Posterior variance k_uu - k_uS G k_Su in [0, 1], one number a concept: how far it is from anything seen."""
        terms = self.terms(index, features)
        positions = _asked(index, concepts)
        parts = [terms.variance(positions[start : start + CHUNK]) for start in range(0, len(positions), CHUNK)]
        return np.concatenate(parts) if parts else np.empty(0)

    def terms(self, index: GraphIndex, features: FloatArray) -> GPTerms:
        """Every term of the sum behind the weights; kept for the last two (index, features)."""
        known = self._cache.get(index, features)
        if known is None:
            seen = index.positions(self.classes)
            known = self._compiled(_source(index, features, seen, self.relations, self.num_features), seen)
            self._cache.put(index, features, known)
        return known

    def _compiled(self, source: KernelSource, seen: IntArray) -> GPTerms:
        targets = self.targets.astype(np.float64)
        shared = _is_shared(self.kind, self.num_features, targets.shape[1])
        return compile_terms(source, seen, targets, self.settings, shared_space=shared)

    def state(self) -> State:
        """Settings and classes as plain values, the seen targets as an array."""
        config = {
            "format": FORMAT,
            "settings": self.settings.to_dict(),
            "classes": list(self.classes),
            "kind": self.kind,
            "relations": None if self.relations is None else list(self.relations),
            "num_features": self.num_features,
            "report": dict(self.report),
        }
        return config, {"targets": self.targets}

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The model that `state` described."""
        if config["format"] != FORMAT:
            raise VersionError("graph-gp", found=config["format"], supported=f"format {FORMAT}")
        relations, targets = config["relations"], np.array(arrays["targets"], dtype=np.float32)
        if targets.ndim != 2 or len(targets) != len(config["classes"]) or not np.isfinite(targets).all():
            expected = f"a finite row for each of {len(config['classes'])} classes"
            raise IntegrityError("graph-gp", expected=expected, found=f"targets of shape {targets.shape}")
        return cls(
            settings=GPSettings.from_dict(config["settings"]),
            classes=tuple(config["classes"]),
            targets=targets,
            kind=config["kind"],
            relations=None if relations is None else tuple(relations),
            num_features=int(config["num_features"]),
            report=dict(config["report"]),
        )


def _require_count(name: str, value: object, *, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputFormatError(f"{name}={value!r} is not allowed: an integer of at least {least}")


def _asked(index: GraphIndex, concepts: Sequence[str] | None) -> IntArray:
    return np.arange(index.num_concepts) if concepts is None else index.positions(concepts)


def _is_shared(kind: str, num_features: int, dim: int) -> bool:
    """Whether features can be the first guess of targets as they are: prototypes of the same width."""
    return kind == "prototype" and num_features == dim


def _source(
    index: GraphIndex,
    features: FloatArray,
    seen: IntArray,
    relations: tuple[str, ...] | None,
    num_features: int,
) -> KernelSource:
    """Kernels over a graph, once its features are known to be usable."""
    if features.ndim != 2 or features.shape != (index.num_concepts, num_features):
        raise InputFormatError(
            f"features have shape {features.shape}; one row for each of the {index.num_concepts:,} concepts and "
            f"{num_features} columns are needed"
        )
    if not np.isfinite(features).all():
        bad = np.flatnonzero(~np.isfinite(features).all(axis=1))
        raise InputFormatError(
            f"features of {len(bad):,} concept(s) are not finite, the first is {index.ids[bad[0]]!r}; "
            "replace NaN and infinities"
        )
    centred = features.astype(np.float64)
    centred -= centred[seen].mean(axis=0)
    return KernelSource(index.adjacency(propagated_relations(index, relations)), centred)


def _num_unreached(adjacency: Any, seen: IntArray) -> int:
    """How many concepts no path connects with any seen class."""
    _, component = connected_components(adjacency, directed=False)
    return int((~np.isin(component, component[seen])).sum())
