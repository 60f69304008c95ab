"""What a run says of itself to the leak auditor, and the views of it that checks share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kgzsl.errors import InputFormatError
from kgzsl.evaluation.data_set import Dataset, IndexArray
from kgzsl.evaluation.protocol import Protocol
from kgzsl.evaluation.protocol_guard import rows_for_audit
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["TEST_PARTS", "Run", "Selection", "class_key"]

TEST_PARTS = ("test_seen", "test_unseen")
_FILE_PARTS = {
    "test_seen": ("test_seen_loc", "seen_test", "test_seen"),
    "test_unseen": ("test_unseen_loc", "unseen_test", "test_unseen"),
}


@dataclass(frozen=True)
class Selection:
    """One choice of a run: what was chosen, on which samples, and how the candidates scored.

    `on` names parts ("tune", "test_unseen", ...) or lists rows. `scores` maps a part to one score a candidate, in the
    order of `candidates`, the higher the better: with them the auditor sees for itself what was followed.

    >>> import kgzsl
    >>> choice = kgzsl.Selection("gamma", 0.2, on=["tune"], candidates=[0.1, 0.2], scores={"tune": [0.4, 0.5]})
    >>> choice.chosen
    0.2
    """

    name: str
    chosen: Any
    on: Sequence[str] | IndexArray | None = None
    candidates: Sequence[Any] = ()
    scores: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for part, values in self.scores.items():
            if len(values) != len(self.candidates):
                raise InputFormatError(
                    f"selection of {self.name}: {len(values)} scores on {part} for {len(self.candidates)} candidates"
                )
        if self.scores and self.chosen not in list(self.candidates):
            raise InputFormatError(f"selection of {self.name}: {self.chosen!r} is not among its candidates")


@dataclass(frozen=True, eq=False)
class Run:
    """A run as it was done. All is optional; a check that lacks what it needs says so and finds nothing.

    Rows are 0-based rows of `dataset`. None means as the protocol has it: `trained_on` its training and tuning rows,
    `tuned_on` its tuning rows, `tested_on` its test rows. Without a protocol the splits of the data set stand in:
    `trainval_loc`, `train_loc` with `val_loc`, `test_seen_loc` and `test_unseen_loc`.

    * `classifier`: fitted; its class labels, unit weights, gamma and graph are looked at, and it is asked nothing.
    * `report`: of `kgzsl.evaluate`. `figures`: numbers that are claimed, such as {"u": 0.31, "s": 0.62}.
    * `predicted`: the predicted class of each row of `tested_on`, in its order.
    * `graph`, and `base_graph` as it was before edges of one's own were added; `concepts`: class name to concept.
    * `candidates`: classes that competed in the test. `training_classes`: classes the training loss had columns for.
    * `prototypes`, `semantics`: class name to vector. `input_mean`: what was taken off all features.
    * `semantics_rows`, `graph_rows`, `scaled_on`: rows that semantics, edges and input scaling were computed from.
    * `selections`: every choice, epochs included.

    >>> import kgzsl
    >>> rows = {"train": [0, 1], "test_seen": [2], "test_unseen": [3]}
    >>> protocol = kgzsl.Protocol.from_indices(["cat", "dog", "cat", "fox"], **rows)
    >>> run = kgzsl.Run(protocol=protocol, concepts={"fox": "fox.n.01"})
    >>> run.unseen, run.concept("fox"), run.key("Red_Fox"), run.named_row(3), run.stated_rows("tuned_on")
    (('fox',), 'fox.n.01', 'red fox', 'row 3 of test_unseen', None)
    """

    name: str = "run"
    protocol: Protocol | None = None
    dataset: Dataset | None = None
    classifier: Any = None
    report: Any = None
    graph: KnowledgeGraph | None = None
    base_graph: KnowledgeGraph | None = None
    concepts: Mapping[str, str] = field(default_factory=dict)
    trained_on: ArrayLike | None = None
    tuned_on: ArrayLike | None = None
    tested_on: ArrayLike | None = None
    scaled_on: ArrayLike | None = None
    semantics_rows: ArrayLike | None = None
    graph_rows: ArrayLike | None = None
    selections: Sequence[Selection] = ()
    candidates: Sequence[str] | None = None
    training_classes: Sequence[str] | None = None
    prototypes: Mapping[str, ArrayLike] = field(default_factory=dict)
    semantics: Mapping[str, ArrayLike] = field(default_factory=dict)
    input_mean: ArrayLike | None = None
    predicted: Sequence[str] | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    backbone_classes: Sequence[str] = ()

    # -- rows ----------------------------------------------------------------------------------------------------

    @cached_property
    def test_parts(self) -> Mapping[str, IndexArray]:
        """Rows of the test parts, of the protocol or else of the data set's own splits."""
        if self.protocol is not None:
            return {part: rows_for_audit(getattr(self.protocol, part)) for part in TEST_PARTS}
        splits = {} if self.dataset is None else self.dataset.splits
        found = {
            part: next((splits[name] for name in names if name in splits), None) for part, names in _FILE_PARTS.items()
        }
        return {part: rows for part, rows in found.items() if rows is not None}

    @cached_property
    def test_rows(self) -> IndexArray:
        """All test rows, ascending."""
        return _union(self.test_parts.values())

    @cached_property
    def trained(self) -> IndexArray | None:
        """Rows that were trained on, or None if nothing says."""
        if self.trained_on is not None:
            return _rows(self.trained_on, "trained_on")
        return self.protocol.fit_rows if self.protocol is not None else self._split("trainval_loc", "seen_train")

    @cached_property
    def tuned(self) -> Mapping[str, IndexArray]:
        """Rows that settings were chosen on, by the name of who says so."""
        if self.tuned_on is not None:
            return {"tuned_on": _rows(self.tuned_on, "tuned_on")}
        if self.protocol is not None:
            return {"tune": self.protocol.tune}
        splits = {} if self.dataset is None else self.dataset.splits
        return {name: splits[name] for name in ("train_loc", "val_loc") if name in splits}

    @cached_property
    def tested(self) -> IndexArray | None:
        """Rows that figures were measured on; None if only the protocol says."""
        return None if self.tested_on is None else _rows(self.tested_on, "tested_on")

    def stated_rows(self, name: str) -> IndexArray | None:
        """Rows given as `scaled_on`, `semantics_rows` or `graph_rows`."""
        given = getattr(self, name)
        return None if given is None else _rows(given, name)

    def named_row(self, row: int) -> str:
        """A row as an example shows it: its number, and its name where there is one."""
        names = () if self.dataset is None else self.dataset.names
        parts = [part for part, rows in self.test_parts.items() if row in rows]
        return f"row {row}" + (f" ({names[row]})" if names else "") + (f" of {parts[0]}" if parts else "")

    def _split(self, *names: str) -> IndexArray | None:
        splits = {} if self.dataset is None else self.dataset.splits
        return next((splits[name] for name in names if name in splits), None)

    # -- classes -------------------------------------------------------------------------------------------------

    @cached_property
    def labels(self) -> NDArray[np.str_] | None:
        """Class name of each row."""
        return None if self.dataset is None or self.dataset.labels is None else self.dataset.labels_of()

    @cached_property
    def unseen(self) -> tuple[str, ...]:
        """Names of the unseen classes."""
        return self._side("unseen_classes", "test_unseen", "unseen")

    @cached_property
    def seen(self) -> tuple[str, ...]:
        """Names of the seen classes."""
        return self._side("seen_classes", "test_seen", "seen")

    def _side(self, stated: str, part: str, space: str) -> tuple[str, ...]:
        if self.protocol is not None and getattr(self.protocol, stated):
            return tuple(getattr(self.protocol, stated))
        if self.labels is not None and part in self.test_parts:
            return tuple(sorted(set(self.labels[self.test_parts[part]].tolist())))
        return self._columns(space) or ()

    @cached_property
    def competing(self) -> tuple[str, ...] | None:
        """Classes that competed in the test."""
        if self.candidates is not None:
            return tuple(self.candidates)
        if (columns := self._columns("all")) is not None:
            return columns
        table = getattr(self.report, "per_class", None)
        return None if table is None else tuple(table["label"].to_list())

    def _columns(self, space: str) -> tuple[str, ...] | None:
        if not callable(getattr(self.classifier, "class_labels", None)):
            return None
        return tuple(str(label) for label in np.asarray(self.classifier.class_labels(space), dtype=object).tolist())

    @cached_property
    def knowledge(self) -> KnowledgeGraph | None:
        """The graph of the run, or of its classifier."""
        given = self.graph or getattr(self.classifier, "graph_", None) or getattr(self.classifier, "graph", None)
        return given if isinstance(given, KnowledgeGraph) else None

    def concept(self, name: str) -> str | None:
        """The concept a class stands for, if one is stated, or bears this id or this name alone."""
        if name in self.concepts:
            return self.concepts[name]
        graph = self.knowledge
        if graph is None:
            return None
        row = graph.concept_columns.row(name)
        if row is not None:
            return graph.ids[row]
        found = graph.find(name.replace("+", " "))
        return found[0].id if len(found) == 1 else None

    def key(self, name: str) -> str:
        """What two names of one class share: the concept, or the name without case and joining marks."""
        return self.concept(name) or class_key(name)

    @cached_property
    def described(self) -> Mapping[str, NDArray[np.float64]]:
        """Semantics by class name: given, or the attributes of the data set."""
        if self.semantics:
            return {name: np.asarray(vector, dtype=np.float64) for name, vector in self.semantics.items()}
        if self.dataset is None or self.dataset.attributes is None:
            return {}
        return dict(zip(self.dataset.classes, self.dataset.attributes.astype(np.float64), strict=True))


def class_key(name: str) -> str:
    """A class's name without case, `_`, `+`, `-` and doubled blanks."""
    return " ".join(str(name).casefold().replace("_", " ").replace("+", " ").replace("-", " ").split())


def _rows(given: ArrayLike, name: str) -> IndexArray:
    rows = np.asarray(given)
    if rows.dtype == np.bool_:
        rows = np.flatnonzero(rows)
    if rows.ndim != 1 or (rows.size and not np.issubdtype(rows.dtype, np.integer)):
        raise InputFormatError(f"{name} is a list of 0-based rows, not {rows.dtype} of shape {rows.shape}")
    return np.unique(rows).astype(np.int64)


def _union(parts: Any) -> IndexArray:
    held = list(parts)
    return np.unique(np.concatenate(held)) if held else np.zeros(0, dtype=np.int64)
