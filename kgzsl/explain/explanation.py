"""An explanation as a value: the margin, its rows, its other readings, and the proof that they add up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import polars as pl

from kgzsl.display.text import escape_text
from kgzsl.errors import ExplanationError, UnknownNameError
from kgzsl.explain import drawing, picture_text, serial
from kgzsl.explain.credits import Credit, Reasons
from kgzsl.explain.decision import Decision
from kgzsl.explain.effects import effects
from kgzsl.explain.page import CARD_VIEWS
from kgzsl.explain.page_record import record_of
from kgzsl.explain.rerun import Rerun
from kgzsl.explain.verify import check
from kgzsl.explain.views import VIEWS, view, views_of
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["Explanation"]


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why the target rather than the foil: shares that add up to the margin.

    With a foil, `margin` is the difference of the two scores, which is the log of the odds between them; without
    one it is the target's score. `items` are the `k` largest reasons, `others` what is not among them, as rows of
    their own, and `constants` shares that no path carries. The three add up to `total`; `residual` is what of the
    margin is covered by no identity: rounding, and the float32 of stored weights.

    `coverage` is the part of all |credit| that `items` and `constants` show. `cancellation` is |total| over all
    |credit|: near 0, opposing reasons nearly cancel. `support` says how well an unseen target is known from the seen
    classes: its posterior variance beside theirs when each is left out in its turn, "strong" if below that of two
    thirds of them, "moderate" if below that of a third, else "weak"; a seen target has its own examples, "seen", and
    "none" is said where nothing at all is known, so that every input scores 0. A trained network does not tell how
    well it knows a class: "not rated". `effects` are None until they are asked for by `with_effects`.

    >>> import kgzsl
    >>> import networkx as nx
    >>> pairs = ["horse equine", "zebra equine", "tiger feline", "lion feline", "equine mammal", "feline mammal"]
    >>> animals = kgzsl.KnowledgeGraph.from_networkx(nx.MultiDiGraph([(*pair.split(), "is_a") for pair in pairs]))
    >>> clf = kgzsl.ZeroShotClassifier(animals, unseen=["zebra", "lion"]).fit([[1, 0], [0, 1]], ["horse", "tiger"])
    >>> explanation = clf.explain([1.0, 0.1], label_space="unseen")
    >>> [(row.label, row.note) for row in explanation.items[:2]]
    [('is a kind of equine', 'like horse'), ('lion is a kind of feline', 'like tiger')]
    >>> explanation.verify()
    >>> len(explanation.by("facts")), len(explanation.to_dict()["items"]), explanation.to_frame().height
    (10, 5, 5)
    >>> explanation.to_text()[:30], explanation.graph().number_of_edges()
    ('zebra  >99 %   next: lion <1 %', 6)
    >>> explanation.to_html()[:8], explanation.to_svg()[:4], explanation.to_dot()[:7], explanation.to_mermaid()[:9]
    ('<section', '<svg', 'digraph', 'flowchart')
    >>> len(explanation.with_effects().effects), explanation.plot().get_xlabel()
    (3, 'share of the margin · hatched: for lion · solid: for zebra')
    """

    prediction: str
    foil: str | None
    probability: float | None
    foil_probability: float | None
    margin: float
    total: float
    items: tuple[Credit, ...]
    others: tuple[Credit, ...]
    constants: tuple[Credit, ...]
    coverage: float
    cancellation: float
    support: str
    method: str
    assumptions: tuple[str, ...]
    decision: Decision = field(repr=False)
    reasons: Reasons = field(repr=False)
    effects: Mapping[tuple[str, ...], float] | None = None

    def with_effects(self) -> Explanation:
        """The same explanation with `effects`: for each item the margin once the fact it states is removed.

        The graph is edited, its normalisation redone, and the decision taken again, once for each item.
        """
        return replace(self, effects=effects(self.reasons, self.items, Rerun(self.decision)))

    @property
    def rows(self) -> tuple[Credit, ...]:
        """Items, others and constants: all rows that add up to `total`."""
        return (*self.items, *self.others, *self.constants)

    @property
    def residual(self) -> float:
        """The margin minus the total."""
        return self.margin - self.total

    @property
    def temperature(self) -> float:
        """What all scores were divided by."""
        return self.decision.temperature

    @cached_property
    def fingerprint(self) -> str:
        """Fingerprint of the graph that the classifier was fitted on, the one its user gave it.

        The part of it that decides has no name of its own, and classes added later have their facts beyond it.
        """
        return self.known_graph.fingerprint

    @property
    def known_graph(self) -> KnowledgeGraph:
        """The whole graph that the classifier was fitted on."""
        return self.decision.graph if self.decision.whole is None else self.decision.whole

    @cached_property
    def views(self) -> tuple[str, ...]:
        """What `by` can be asked for."""
        return views_of(self.reasons)

    @cached_property
    def _views(self) -> dict[str, tuple[Credit, ...]]:
        return {}

    def by(self, name: str) -> tuple[Credit, ...]:
        """All rows of one view, largest first: "paths", "facts", "support", "concepts" or "patterns" (of relations).

        A path's credit is divided equally among its steps, and a step's among the edges that join its two
        concepts: that is the Shapley value of a step. Every view adds up to `total`.
        """
        if name not in self.views:
            if name in VIEWS:
                raise ExplanationError(
                    f"the view {name!r} needs exact shares of the seen classes, which {self.method} does not have: its "
                    f"weights come from trained layers; there are {', '.join(self.views)}"
                )
            raise UnknownNameError("view", name, known=self.views)
        if name not in self._views:
            self._views[name] = view(self.reasons, name)  # type: ignore[arg-type]
        return self._views[name]

    def verify(self) -> None:
        """Recompute all that is said from graph, features and input; `ExplanationError` names what is wrong.

        For the numbers nothing of the explainer's own algebra is used: kernels are inverted outright, paths are
        weighed by determinants of the inverse, cited facts are looked up in the graph. Probabilities follow from the
        scores. Words, and what a row names, are made a second time from the decision and compared.
        """
        check(self)

    def to_text(self) -> str:
        """At most 16 lines of at most 96 columns; the printed numbers add up as printed."""
        return record_of(self).to_text()

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        foil = "" if self.foil is None else f" rather than {self.foil!r}"
        return escape_text(f"<Explanation of {self.prediction!r}{foil}: margin {self.margin:+.2f}>")

    def to_html(self) -> str:
        """A card of less than 15 kB: it fetches nothing, runs nothing, and serves light, dark, paper and readers."""
        return record_of(self, views=[name for name in CARD_VIEWS if name in self.views]).to_html()

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_svg(self, *, max_nodes: int = 12, max_paths: int = 30) -> str:
        """The largest paths, drawn: classes left, the ends of paths right; the rest is counted."""
        record = record_of(self, views=("paths", "facts", "concepts"))
        return record.to_svg(max_nodes=max_nodes, max_paths=max_paths)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `kgzsl.explain.serial` has their schema, and `from_dict` to print them again."""
        return serial.to_dict(self)

    def to_dot(self) -> str:
        """`graph()` for Graphviz."""
        return picture_text.dot(self.graph())

    def to_mermaid(self) -> str:
        """`graph()` for Mermaid."""
        return picture_text.mermaid(self.graph())

    def to_frame(self, name: str | None = None) -> pl.DataFrame:
        """The rows as a table; those of a view if one is named."""
        return serial.to_frame(self.rows if name is None else self.by(name))

    def graph(self) -> Any:
        """The listed paths as a `networkx.MultiDiGraph`: edges of the knowledge graph with their `credit`."""
        return drawing.graph(self)

    def plot(self, ax: Any = None) -> Any:
        """The reasons as bars on a matplotlib `Axes`, a new one if none is given; needs the extra "plot"."""
        return drawing.plot(self, ax)


def gross(rows: tuple[Credit, ...]) -> float:
    """Sum of magnitudes."""
    return math.fsum(row.gross for row in rows)
