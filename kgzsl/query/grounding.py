"""From what a class is called to the concept it stands for."""

from collections.abc import Iterable, Sequence

from kgzsl.errors import GroundingError, InputFormatError, UnknownConceptError
from kgzsl.graph.concept import Concept
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["ground_classes"]


def ground_classes(graph: KnowledgeGraph, labels: Iterable[str]) -> tuple[str, ...]:
    """The id of the one concept that each class label stands for, in their order.

    A label is an id, an alternate id, or a name that exactly one concept bears. `GroundingError` lists all labels
    that stand for no concept or for several, `InputFormatError` those that stand for the same one.

    >>> import kgzsl
    >>> ground_classes(kgzsl.load_graph("wordnet"), ["tiger.n.02", "n02391049", "giant panda"])
    ('tiger.n.02', 'zebra.n.01', 'giant_panda.n.01')
    """
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
            missing[label] = _nearest(graph, label)
    if missing or ambiguous:
        raise GroundingError(missing=missing, ambiguous=ambiguous, graph=graph.name)
    _require_distinct(found)
    return tuple(found.values())


def _candidates(graph: KnowledgeGraph, label: str) -> tuple[Concept, ...]:
    if not isinstance(label, str):
        raise InputFormatError(
            f"class labels are strings when there is a graph, not {type(label).__name__} {label!r}: "
            "give concept ids or names"
        )
    try:
        return (graph.concept(label),)
    except UnknownConceptError:
        return graph.find(label)


def _nearest(graph: KnowledgeGraph, label: str) -> tuple[str, ...]:
    try:
        graph.resolve(label)
    except UnknownConceptError as error:
        return error.nearest
    return ()


def _require_distinct(found: dict[str, str]) -> None:
    first: dict[str, str] = {}
    clashes = [
        f"{first[id_]!r} and {label!r} are both {id_}"
        for label, id_ in found.items()
        if first.setdefault(id_, label) != label
    ]
    if clashes:
        raise InputFormatError(f"two class labels for one concept: {'; '.join(clashes[:10])}; use one label for it")
