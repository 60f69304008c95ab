"""An explanation as a graph for any renderer, and as bars on a matplotlib Axes."""

from typing import TYPE_CHECKING, Any

import networkx as nx

from kgzsl.display.text import escape_text, fit
from kgzsl.errors import MissingDependencyError

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
    if ax is None:
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise MissingDependencyError("matplotlib", extra="plot", purpose="Explanation.plot") from None
        ax = Figure(figsize=(8, 0.4 * len(explanation.rows) + 1.2), layout="constrained").add_subplot()
    for place, row in enumerate(explanation.rows):
        against = row.credit < 0
        # "$" would start a formula
        label = fit(escape_text(row.label), 50).replace("$", r"\$")
        ax.barh(place, row.credit, color="#b85c00" if against else "#1f6fb2", hatch="///" if against else None)
        ax.text(-0.02, place, label, ha="right", va="center", transform=ax.get_yaxis_transform())
    ax.axvline(0.0, color="black", linewidth=0.8)
    ax.set_yticks([])
    ax.invert_yaxis()
    ax.set_xlabel("share of the margin" if explanation.foil else "share of the score")
    target = escape_text(explanation.decision.target.label).replace("$", r"\$")
    ax.set_title(f"{target}, total {explanation.total:+.3g}")
    return ax
