"""What a fit did."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kgzsl.decision.calibration import Calibration
from kgzsl.graph.index import GraphIndex
from kgzsl.graph.relation import POSITIVE_KINDS

__all__ = ["FitReport", "unused_relations"]


@dataclass(frozen=True)
class FitReport:
    """What a fit did: counts, seconds, what was chosen, and the classes that nothing reaches.

    `unreachable` are unseen classes that no path connects to a seen one: they are allowed, and get what the model
    says of a concept it knows by its features alone. `undirected` are seen classes whose weights are zero, or whose
    mean is that of all classes: every input scores 0 on them.
    """

    num_seen: int
    num_unseen: int
    num_concepts: int
    num_edges: int
    num_examples: int
    unreachable: tuple[str, ...]
    undirected: tuple[str, ...]
    unused: Mapping[str, int]
    calibration: Calibration
    propagation: Any
    seconds: dict[str, float] = field(compare=False)

    def __str__(self) -> str:
        spent = ", ".join(f"{name} {value:.2f} s" for name, value in self.seconds.items())
        lines = [
            f"{self.num_seen:,} seen and {self.num_unseen:,} unseen classes, {self.num_examples:,} examples, "
            f"graph of {self.num_concepts:,} concepts and {self.num_edges:,} edges",
            f"gamma {self.calibration.gamma:.4g}, temperature {self.calibration.temperature:.4g} "
            f"({self.calibration.source}{_held_back(self.calibration)}{_bound(self.calibration)})",
            f"time: {spent}",
        ]
        if self.unused:
            named = ", ".join(f"{name} ({count:,})" for name, count in list(self.unused.items())[:4])
            more = f" and {len(self.unused) - 4} more" if len(self.unused) > 4 else ""
            lines.append(f"relations of the classes that were not used: {named}{more}; relations= takes them in")
        if self.unreachable:
            lines.append(f"{len(self.unreachable):,} unseen class(es) without a path to any seen class")
        if self.undirected:
            lines.append(f"{len(self.undirected):,} seen class(es) with weights of zero")
        return "\n".join(lines)

    __repr__ = __str__  # the settings that were tried are thousands of lines: they are in `propagation`


def _held_back(calibration: Calibration) -> str:
    if calibration.held_back_from is None:
        return ""
    asked = f"{calibration.held_back_from:.4g}"
    return f"; gamma is held back from {asked}, at which seen classes would lose too much: few classes say little of it"


def _bound(calibration: Calibration) -> str:
    if not calibration.at_bound:
        return ""
    return f"; the choice of a temperature ended at its {calibration.at_bound} bound: trust no probability by its size"


def unused_relations(index: GraphIndex, classes: Iterable[str], relations: Iterable[str]) -> dict[str, int]:
    """How many edges the classes are heads of, by relation, of those that were not used; the most frequent first.

    Negative relations and annotations are never offered.
    """
    is_class = np.zeros(index.num_concepts, dtype=bool)
    is_class[index.positions(classes)] = True
    used = set(index.relation_codes(relations))
    counts = np.bincount(index.relation[is_class[index.head]], minlength=len(index.relations))
    offered = [
        (-int(count), relation.name)
        for code, (count, relation) in enumerate(zip(counts, index.relations, strict=True))
        if count and code not in used and relation.kind in POSITIVE_KINDS
    ]
    return {name: -count for count, name in sorted(offered)}
