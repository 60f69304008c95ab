"""What it costs to walk an edge: `weight=` of the questions about paths.

None         every edge costs the same: the shortest path is that of the fewest edges.
"weight"     ln(w_max / w), where w is the edge's weight and w_max the largest of the graph: the heaviest edge costs
             nothing, and the cost of a path is the negative logarithm of the product of its weights, each a share of
             the largest. Where all edges weigh the same they all cost nothing, and the fewest edges decide.
"hub"        (ln d(head) + ln d(tail)) / 2, where d is the number of edges of the chosen relations that touch a concept.
             A path costs ln d for each concept that it passes and half of that for its ends, so it orders the paths
             between two concepts as PaGE-Link's degree penalty does (Zhang et al. 2023, "PaGE-Link: Path-based Graph
             Neural Network Explanation for Heterogeneous Link Prediction": log Deg of each concept that is reached),
             and costs the same both ways.
a mapping    what an edge of a relation costs, by name or kind; `^is_a`, or the inverse's name, where walking from
             tail to head costs something else. What is more exact counts: `^is_a` over `is_a` over `taxonomic`. Without
             `relations`, the relations in the mapping are those that are walked.
a function   from `Edge` to its cost. In every question it is asked once about each edge of the chosen relations; with
             `max_length` only about those that lie on a way that short.

Costs are finite and at least 0. They are compared as whole numbers, in units of which the dearest edge has at least
2**60 / (4 * num_concepts) - for WordNet, 13 decimal digits - so that what costs the same is the same whatever the
order in which it is added up. `Path.cost` is the sum of the costs themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import InputFormatError
from kgzsl.graph.concept import Edge
from kgzsl.graph.relation import stored_relation

if TYPE_CHECKING:
    from kgzsl.graph.index import IntArray
    from kgzsl.graph.knowledge_graph import KnowledgeGraph
    from kgzsl.graph.routing import Arcs

__all__ = ["Weight", "arc_costs", "whole_costs"]

Weight = str | Mapping[str, float] | Callable[[Edge], float] | None
_ADVICE = "weight= is None, 'weight', 'hub', a mapping from relations to costs, or a function from an Edge to its cost"


def arc_costs(
    graph: KnowledgeGraph, arcs: Arcs, weight: Weight, *, within: Callable[[], NDArray[np.bool_] | None] = lambda: None
) -> NDArray[np.float64] | None:
    """What each arc costs, `[num_arcs]`; None if only their number counts.

    A function is asked only about the arcs that `within` says may be walked; the others cost as much as the dearest.
    """
    if weight is None:
        return None
    if isinstance(weight, str):
        if weight == "weight":
            return _weight_costs(graph)[arcs.rows]
        if weight == "hub":
            logs = np.log(np.maximum(arcs.degree, 1).astype(np.float64))
            costs: NDArray[np.float64] = (logs[arcs.concepts[arcs.sources]] + logs[arcs.concepts[arcs.targets]]) / 2
            return costs
        raise InputFormatError(f"{_ADVICE}; not {weight!r}")
    if isinstance(weight, Mapping):
        return _mapped_costs(graph, arcs, weight)
    if not callable(weight):
        raise InputFormatError(f"{_ADVICE}; not {type(weight).__name__} {weight!r:.80}")
    inside = within()
    asked = arcs.rows if inside is None else arcs.rows[inside]
    rows, places = np.unique(asked, return_inverse=True)
    said = [_checked(weight(edge), edge) for edge in graph.edges_at(rows.tolist())]
    costs = np.full(len(arcs.rows), max(said, default=0.0))
    costs[slice(None) if inside is None else inside] = np.array(said, dtype=np.float64)[places]
    return costs


def whole_costs(costs: NDArray[np.float64], num: int) -> IntArray:
    """Costs as whole numbers whose sums over `num` arcs stay below 2**62."""
    dearest = float(costs.max(initial=0.0))
    if dearest == 0:
        return np.zeros(len(costs), dtype=np.int64)
    _, exponent = np.frexp(dearest)
    room = 60 - int(num).bit_length()
    return np.rint(np.ldexp(costs, room - int(exponent))).astype(np.int64)


def _weight_costs(graph: KnowledgeGraph) -> NDArray[np.float64]:
    index = graph.index
    kept = index.once(("weight costs",), lambda: np.log(index.weight.max(initial=1e-300) / index.weight))
    costs: NDArray[np.float64] = kept
    return costs


def _mapped_costs(graph: KnowledgeGraph, arcs: Arcs, weight: Mapping[str, float]) -> NDArray[np.float64]:
    index = graph.index
    by_rank = np.full(2 * len(index.relations), np.nan)
    exact = np.full(len(by_rank), -1)  # how exactly each cost was named
    for word, value in weight.items():
        stored = stored_relation(index.relations, word)
        named = word if stored is None else stored
        level = 2 * (named in graph.relations) + (stored is not None)
        ranks = [2 * code + turned for code in index.relation_codes(named) for turned in (0, 1)]
        for rank in ranks if stored is None else ranks[1::2]:
            if level >= exact[rank]:
                by_rank[rank], exact[rank] = _checked(value, word), level
    costs: NDArray[np.float64] = by_rank[arcs.ranks]
    if np.isnan(costs).any():
        rank = int(arcs.ranks[np.isnan(costs)].min())
        name = ("^" if rank % 2 else "") + index.relations[rank // 2].name
        raise InputFormatError(
            f"weight= has no cost for {name!r}, which may be walked; add it, or leave it out with relations="
        )
    return costs


def _checked(value: Any, of: object) -> float:
    number = value if isinstance(value, int | float | np.integer | np.floating) else None
    if number is None or not isfinite(number) or number < 0:
        raise InputFormatError(f"the cost of {of} is {value!r:.80}; costs are finite numbers of at least 0")
    return float(number)
