"""An explanation as a graph for any renderer, and as bars on a matplotlib Axes."""

from typing import TYPE_CHECKING, Any

import networkx as nx

from kgzsl.display.text import escape_text, fit
from kgzsl.errors import MissingDependencyError
from kgzsl.explain.page_head import named
from kgzsl.explain.page_record import record_of

if TYPE_CHECKING:
    from kgzsl.explain.explanation import Explanation

__all__ = ["graph", "plot"]


def graph(explanation: "Explanation") -> Any:
    """A `networkx.MultiDiGraph`, edge key = relation; edges carry `credit`, `verb`, `weight`, nodes `label` and `role`.

    The role of a node is "target", "foil", "seen" or "concept". Edges point as in the knowledge graph.
    """
    decision = explanation.decision
    roles = dict.fromkeys(decision.model.classes, "seen")
    roles |= {
        candidate.concept: role for (_, candidate), role in zip(decision.sides(), ("target", "foil"), strict=False)
    }
    drawn = nx.MultiDiGraph(prediction=explanation.prediction, foil=explanation.foil, total=explanation.total)
    for _, candidate in decision.sides():
        drawn.add_node(candidate.concept, label=candidate.label, role=roles[candidate.concept])
    for row in explanation.by("facts"):
        for edge in row.facts:
            side = 0 if row.sides[0] else 1
            facts = explanation.reasons.facts[side]
            for concept in (edge.head, edge.tail):
                if concept not in drawn:
                    drawn.add_node(concept, label=facts.label(concept), role=roles.get(concept, "concept"))
            verb = facts.graph.relations[edge.relation].verb
            drawn.add_edge(edge.head, edge.tail, key=edge.relation, credit=row.credit, verb=verb, weight=edge.weight)
    return drawn


def plot(explanation: "Explanation", ax: Any = None) -> Any:
    """Bars of all rows, largest on top: solid to the right for the target, hatched to the left against it."""
    rows = explanation.rows
    if ax is None:
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise MissingDependencyError("matplotlib", extra="plot", purpose="Explanation.plot") from None
        ax = Figure(figsize=(9, 0.38 * len(rows) + 1.6), layout="constrained").add_subplot()
    for place, row in enumerate(rows):
        against = row.credit < 0
        style = {"color": "#f3d9c0", "edgecolor": "#b85c00", "hatch": "////"} if against else {"color": "#1f6fb2"}
        ax.barh(place, row.credit, height=0.7, linewidth=0.8, **style)
        ax.annotate(
            f"{row.credit:+.3g}",
            (row.credit, place),
            (-3 if against else 3, 0),
            textcoords="offset points",
            ha="right" if against else "left",
            va="center",
            fontsize=8,
        )
    ax.axvline(0.0, color="black", linewidth=0.8)
    ax.margins(x=0.14)
    ax.set_yticks(range(len(rows)), [_plotted(row.label, 44) for row in rows])
    ax.tick_params(axis="y", length=0)
    ax.invert_yaxis()
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    target, foil = (_plotted(label, 24) for label in named(record_of(explanation)))
    against_it = f"for {foil}" if foil else "against it"
    ax.set_xlabel(f"share of the {'margin' if foil else 'score'} · hatched: {against_it} · solid: for {target}")
    rather = f" rather than {foil}" if foil else ""
    ax.set_title(f"{target}{rather}: total {explanation.total:+.3g}", loc="left", fontsize=11)
    return ax


def _plotted(label: str, width: int) -> str:
    """Cut, and with its dollars taken as they are: "$" would start a formula."""
    return fit(escape_text(label), width).replace("$", r"\$")
