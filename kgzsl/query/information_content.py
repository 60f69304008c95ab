"""How much it says that something is of a kind: information content, from a corpus, from counts, or from the graph."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.display.table import Table
from kgzsl.display.text import escape_text
from kgzsl.errors import DataMissingError, InputFormatError, UnknownConceptError, UnknownNameError
from kgzsl.graph.lookup import nearest_of
from kgzsl.query.information_content_file import read_information_content_file
from kgzsl.query.similarity_ancestry import Ancestry, ancestry

if TYPE_CHECKING:
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["INTRINSIC", "InformationContent", "information_content"]

FloatArray = NDArray[np.float64]
_Relations = Iterable[str] | str | None
_UNITS = {"1": "shares from 0 to 1"}

INTRINSIC = ("seco", "sanchez")
"""Information content that the shape of the taxonomy gives by itself."""


@dataclass(frozen=True, eq=False)
class InformationContent:
    """What it tells of a thing that it is under a concept: much for a tiger, nothing for an entity.

    `values` is float64 `[num_concepts]` in the order of `ids`, which are those of the graph it belongs to. `unit` is
    "nats" (-ln of a probability), or "1" for Seco's, which runs from 0 to 1. It is infinite for what was never
    counted, and nan for what the source does not speak of. `report` counts what was read.

    >>> import kgzsl
    >>> content = InformationContent.intrinsic(kgzsl.load_graph("wordnet"))
    >>> round(content["tiger.n.02"], 3), round(content["carnivore.n.01"], 3), round(content["entity.n.01"], 3)
    (0.879, 0.485, 0.013)
    """

    ids: tuple[str, ...] = field(repr=False)
    values: FloatArray = field(repr=False)
    method: str = "given"
    unit: str = "nats"
    report: Mapping[str, int] = field(default_factory=dict)
    kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)
    """What measures have made of it."""

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64)
        if values.shape != (len(self.ids),):
            raise InputFormatError(
                f"information content has one value for each concept, {len(self.ids):,} of them, not {values.shape}"
            )
        values.flags.writeable = False
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "report", MappingProxyType(dict(self.report)))

    def __reduce__(self) -> tuple[Any, ...]:
        return InformationContent, (self.ids, self.values, self.method, self.unit, dict(self.report))

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"<InformationContent {self._title()}>"

    def __str__(self) -> str:
        return str(self.to_table())

    def _repr_html_(self) -> str:
        return self.to_table()._repr_html_()

    def _title(self) -> str:
        counted = "".join(f", {escape_text(name)} {count:,}" for name, count in self.report.items())
        return f"of {len(self):,} concepts, {escape_text(self.method)}, in {_UNITS.get(self.unit, self.unit)}{counted}"

    def to_table(self) -> Table:
        """A row for each concept, those with the most content first.

        >>> import kgzsl
        >>> ic = kgzsl.InformationContent.intrinsic(kgzsl.load_graph("freshwater"))
        >>> ic.to_table().columns
        ('concept', 'content')
        """
        order = np.lexsort((np.arange(len(self)), -self.values))
        rows = ((self.ids[place], float(self.values[place])) for place in order)
        return Table(("concept", "content"), rows, caption=f"information content {self._title()}")

    def __getitem__(self, id: str) -> float:
        place = bisect_left(self.ids, id)
        if place == len(self.ids) or self.ids[place] != id:
            raise UnknownConceptError(
                id, graph="of this information content", num_concepts=len(self), nearest=nearest_of(id, self.ids)
            )
        return float(self.values[place])

    @classmethod
    def intrinsic(
        cls, graph: KnowledgeGraph, method: str = "seco", *, relations: _Relations = None
    ) -> InformationContent:
        """From the taxonomy alone, each cycle taken as one concept.

        "seco" (Seco, Veale and Hayes 2004): 1 - ln(n)/ln(N) for n concepts at or below it, of N; between 0 and 1.
        "sanchez" (Sánchez, Batet and Isern 2011): -ln((leaves/subsumers + 1)/(L + 1)) for the leaves below it, the
        concepts at or above it, and all L leaves; in nats. N and L count concepts that have an edge of `relations`:
        those of a graph with several roots as well, so that a root of many has some content.

        >>> import kgzsl
        >>> ic = kgzsl.InformationContent.intrinsic(kgzsl.load_graph("freshwater"))
        >>> round(ic["water:eurasian_otter"], 4)
        1.0
        """
        if method not in INTRINSIC:
            raise UnknownNameError("intrinsic information content", str(method), known=INTRINSIC)
        taxonomy = ancestry(graph, relations)
        values = _seco(taxonomy) if method == "seco" else _sanchez(taxonomy)
        return cls(graph.ids, values[taxonomy.node], method=method, unit="1" if method == "seco" else "nats")

    @classmethod
    def from_counts(
        cls, graph: KnowledgeGraph, counts: Mapping[str, float], *, smoothing: float = 1.0, relations: _Relations = None
    ) -> InformationContent:
        """From how often each concept was met: -ln of the share met at or below it.

        Each count goes once to the concept and once to each of its ancestors, however many ways lead there (NLTK adds
        it once for each way). `smoothing` is added to the count of every concept with an edge of `relations` before
        that, so none of them is impossible; with 0, what was never met has infinite content.

        >>> import kgzsl
        >>> kinds = [("cat", "is_a", "pet"), ("dog", "is_a", "pet")]
        >>> kg = kgzsl.KnowledgeGraph.from_tables(["cat", "dog", "pet"], kinds)
        >>> ic = kgzsl.InformationContent.from_counts(kg, {"cat": 3, "dog": 1})
        >>> round(ic["dog"], 4)
        1.2528
        """
        if not isinstance(counts, Mapping):
            raise InputFormatError(f"counts map concept ids to numbers, not {type(counts).__name__} {counts!r:.80}")
        taxonomy = ancestry(graph, relations)
        own = np.zeros(taxonomy.size)
        for concept, count in counts.items():
            own[taxonomy.node[graph.position(concept)]] += _checked(concept, count)
        own[_connected(taxonomy)] += _checked("smoothing", smoothing)
        total = float(np.cumsum(own)[-1]) if len(own) else 0.0  # in the order in which the root's are added up
        if len(own) and not total:
            raise InputFormatError("all counts are 0; give some, or smoothing")
        values = _informative(_below(taxonomy, own), total)
        return cls(graph.ids, values[taxonomy.node], method="counts", report={"counts": len(counts)})

    @classmethod
    def from_file(cls, graph: KnowledgeGraph, path: str | PathLike[str]) -> InformationContent:
        """From a file in the form of WordNet::Similarity's and NLTK's `ic-*.dat`: -ln(count/count of the roots).

        The graph's concepts are found by their alternate ids, part of speech and offset. Those that the file has not,
        or with 0, get infinite content, as in NLTK; adjectives and adverbs, of which it cannot speak, get nan. A line
        that is none of the form, or a file of another WordNet than the graph's, is an error; `report` counts lines
        for concepts that the graph, being a part of WordNet, has not.

        >>> import os, tempfile
        >>> from pathlib import Path
        >>> import kgzsl
        >>> lines = ["wnver::eOS9lXC6GvMWznF1wkZofDdtbBU", "1740n 100 ROOT", "2129604n 1"]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "ic-tiny.dat")
        ...     _ = file.write_text(os.linesep.join(lines))
        ...     ic = kgzsl.InformationContent.from_file(kgzsl.load_graph("wordnet"), file)
        >>> round(ic["tiger.n.02"], 2)
        4.61
        """
        values, report = read_information_content_file(graph, Path(path))
        return cls(graph.ids, values, method=Path(path).name, report=report)


def information_content(graph: KnowledgeGraph, ic: Any, relations: _Relations) -> InformationContent:
    """The information content meant by an option `ic`; intrinsic ones and files are kept with the graph.

    None and "intrinsic" stand for "seco".
    """
    if isinstance(ic, InformationContent):
        if ic.ids is not graph.ids and ic.ids != graph.ids:
            raise InputFormatError(
                f"this information content is of another graph: it has {len(ic):,} concepts, and {graph.name} has "
                f"{len(graph):,}; make one with InformationContent.intrinsic, from_counts or from_file"
            )
        return ic
    if isinstance(ic, Mapping):
        return InformationContent.from_counts(graph, ic, relations=relations)
    if ic is None or (isinstance(ic, str) and ic in ("intrinsic", *INTRINSIC)):
        method = ic if ic in INTRINSIC else "seco"
        key = ("information content", method, graph.index.directions(relations))
        return graph.index.once(key, lambda: InformationContent.intrinsic(graph, method, relations=relations))  # type: ignore[no-any-return]
    if isinstance(ic, str | PathLike):
        return _of_file(graph, Path(fspath(ic)))
    raise InputFormatError(
        'ic is "seco", "sanchez", the path of an ic-*.dat file, counts by concept, or an InformationContent, not '
        f"{type(ic).__name__} {ic!r:.80}"
    )


def _of_file(graph: KnowledgeGraph, path: Path) -> InformationContent:
    try:
        state = path.stat()
    except OSError:
        names = ", ".join(f'"{name}"' for name in ("intrinsic", *INTRINSIC))
        raise DataMissingError(
            path, f"no such file, and no information content of that name; named ones are {names}"
        ) from None
    key = ("information content", str(path.resolve()), state.st_mtime_ns, state.st_size)
    return graph.index.once(key, lambda: InformationContent.from_file(graph, path))  # type: ignore[no-any-return]


def _checked(concept: str, count: float) -> float:
    if isinstance(count, bool) or not isinstance(count, int | float | np.number) or not 0 <= count < np.inf:
        raise InputFormatError(f"counts are finite and not negative; {concept!r} has {count!r:.80}")
    return float(count)


# -- adding up over the taxonomy ---------------------------------------------------------------------------------------


def _connected(taxonomy: Ancestry) -> NDArray[np.bool_]:
    """Whether each node has an edge."""
    up, down = taxonomy.up, taxonomy.index.down(taxonomy.relations)
    return (np.diff(up.indptr) + np.diff(down.indptr)) > 0


def _is_forest(taxonomy: Ancestry) -> bool:
    return int(np.diff(taxonomy.up.indptr).max(initial=0)) <= 1


def _below(taxonomy: Ancestry, amounts: FloatArray) -> FloatArray:
    """The sum of the amounts of the nodes at or below each node, each counted once."""
    if not _is_forest(taxonomy):
        starts, ancestors, _ = taxonomy.closure()
        each = np.repeat(amounts, np.diff(starts))
        return np.bincount(ancestors, weights=each, minlength=taxonomy.size).astype(np.float64)
    total = amounts.astype(np.float64)  # a long chain has more pairs than memory, and needs none
    has_parent = np.flatnonzero(np.diff(taxonomy.up.indptr))
    order = has_parent[np.argsort(-taxonomy.longest[has_parent], kind="stable")]
    parents = taxonomy.up.indices[taxonomy.up.indptr[order]]
    levels = np.flatnonzero(np.diff(taxonomy.longest[order])) + 1
    for nodes, above in zip(np.split(order, levels), np.split(parents, levels), strict=True):
        np.add.at(total, above, total[nodes])
    return total


def _informative(counts: FloatArray, total: float) -> FloatArray:
    with np.errstate(divide="ignore"):
        values: FloatArray = -np.log(np.minimum(counts / total, 1.0)) + 0.0  # no negative zero
    return values


def _seco(taxonomy: Ancestry) -> FloatArray:
    num_concepts = int(_connected(taxonomy).sum())
    if num_concepts == 0:
        return np.ones(taxonomy.size)
    below = _below(taxonomy, np.ones(taxonomy.size))
    values: FloatArray = 1.0 - np.log(below) / np.log(num_concepts)
    return np.maximum(values, 0.0)


def _sanchez(taxonomy: Ancestry) -> FloatArray:
    down = taxonomy.index.down(taxonomy.relations)
    leaf = np.diff(down.indptr) == 0
    num_leaves = int((leaf & _connected(taxonomy)).sum())
    below = np.where(leaf, 0.0, _below(taxonomy, leaf.astype(np.float64)))
    above = taxonomy.longest + 1 if _is_forest(taxonomy) else np.diff(taxonomy.closure().starts)
    values: FloatArray = -np.log((below / above + 1) / (num_leaves + 1)) + 0.0
    return values
