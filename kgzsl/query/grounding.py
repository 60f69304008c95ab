"""From what a class is called to the concept it stands for."""

from collections.abc import Iterable, Sequence

from kgzsl.errors import GroundingError, InputFormatError
from kgzsl.graph.concept import Concept
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["ground_classes", "grounded"]

_ADVISED = 10  # a search for the nearest ids takes 0.1 s in WordNet


def ground_classes(graph: KnowledgeGraph, labels: Iterable[str]) -> tuple[str, ...]:
    """The id of the one concept that each class label stands for, in their order.

    A label is an id, an alternate id, or a name that exactly one concept bears. `GroundingError` lists all labels
    that stand for no concept or for several, the first ten of the former with the nearest ids; `InputFormatError`
    those that stand for the same one.

    >>> import kgzsl
    >>> ground_classes(kgzsl.load_graph("wordnet"), ["tiger.n.02", "n02391049", "giant panda"])
    ('tiger.n.02', 'zebra.n.01', 'giant_panda.n.01')
    """
    found = grounded(graph, labels)
    _require_distinct(found)
    return tuple(found.values())


def grounded(graph: KnowledgeGraph, labels: Iterable[str]) -> dict[str, str]:
    """The concept's id by label; as `ground_classes`, but several labels may stand for one concept."""
    missing: dict[str, Sequence[str]] = {}
    ambiguous: dict[str, Sequence[tuple[str, str]]] = {}
    found: dict[str, str] = {}
    for label in labels:
        candidates = _candidates(graph, label)
        if len(candidates) == 1:
            found[label] = candidates[0].id
        elif candidates:
            ambiguous[label] = [(concept.id, concept.definition) for concept in candidates]
        else:
            missing[label] = _nearest(graph, label) if len(missing) < _ADVISED else ()
    if missing or ambiguous:
        raise GroundingError(missing=missing, ambiguous=ambiguous, graph=graph.name)
    return found


def _candidates(graph: KnowledgeGraph, label: str) -> tuple[Concept, ...]:
    if not isinstance(label, str):
        raise InputFormatError(
            f"class labels are strings when there is a graph, not {type(label).__name__} {label!r}: "
            "give concept ids or names"
        )
    # asked of the table, as an unknown id would have its nearest ones searched for before it is tried as a name
    row = graph.concept_columns.row(label)
    return graph.find(label) if row is None else (graph.concept(graph.ids[row]),)


def _nearest(graph: KnowledgeGraph, label: str) -> tuple[str, ...]:
    return graph.concept_columns.unknown([label], graph=graph.name).nearest


def _require_distinct(found: dict[str, str]) -> None:
    first: dict[str, str] = {}
    clashes = [
        f"{first[id_]!r} and {label!r} are both {id_}"
        for label, id_ in found.items()
        if first.setdefault(id_, label) != label
    ]
    if clashes:
        raise InputFormatError(f"two class labels for one concept: {'; '.join(clashes[:10])}; use one label for it")
