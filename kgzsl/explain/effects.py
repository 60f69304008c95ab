"""What becomes of the margin when the fact that a reason rests on is taken out of the graph."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from kgzsl.explain.rerun import Fact, Rerun

if TYPE_CHECKING:
    from kgzsl.explain.credits import Bundle, Credit, Reasons

__all__ = ["Key", "effects", "resting_on"]

Key = tuple[str, ...]


def effects(reasons: "Reasons", rows: "Iterable[Credit]", rerun: Rerun) -> Mapping[Key, float]:
    """The margin without the fact of each reason, by the reason's key; one decision is taken for each.

    Unlike credits these do not add up: a fact may have a stand-in, or be needed by another one.
    """
    bundles = {bundle.key: bundle for bundle in reasons.bundles}
    found = {}
    for row in rows:
        bundle = bundles.get(row.key)
        fact = None if bundle is None else resting_on(reasons, bundle)
        if fact is not None:
            found[row.key] = rerun.outcome([fact]).margin
    return found


def resting_on(reasons: "Reasons", bundle: "Bundle") -> Fact | None:
    """The fact that a reason states: the last step up of a climb, else the first step; None where no step is taken."""
    lead = bundle.lead
    if not lead.route.steps:
        return None
    climbs = lead.route.shape == "kind" and lead.route.pivot > 0
    (edge,) = reasons.facts[lead.side].edges([lead.route.steps[lead.route.pivot - 1 if climbs else 0].row])
    return edge.head, edge.relation, edge.tail
