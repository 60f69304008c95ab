"""The relations along which classifiers spread: names or kinds, and none that says what a class is not."""

from kgzsl.errors import InputFormatError, listing
from kgzsl.graph.index import GraphIndex
from kgzsl.graph.relation import POSITIVE_KINDS

__all__ = ["named_relations", "propagated_relations"]


def named_relations(relations: object) -> tuple[str, ...] | None:
    """Names or kinds as a tuple, one alone included; None, the taxonomic ones, stays.

    >>> named_relations("is_a")
    ('is_a',)
    """
    if relations is None:
        return None
    if isinstance(relations, str):
        return (relations,)
    if not isinstance(relations, list | tuple) or not all(isinstance(name, str) for name in relations):
        raise InputFormatError(f"relations={relations!r} is not allowed: a tuple of relation names or kinds, or None")
    return tuple(relations)


def propagated_relations(index: GraphIndex, relations: object) -> tuple[str, ...] | None:
    """The relations, once all of them are known to connect what belongs together.

    An edge of kind "negative" or "annotation" would pull two classes together that differ, or have nothing to do
    with each other; `InputFormatError` names the relations that do.
    """
    named = named_relations(relations)
    if named is None:
        return None
    chosen = [index.relations[code] for code in index.relation_codes(named)]
    wrong = [relation for relation in chosen if relation.kind not in POSITIVE_KINDS]
    if wrong:
        kinds = " and ".join(sorted({relation.kind for relation in wrong}))
        raise InputFormatError(
            f"relations={named!r} select {listing([relation.name for relation in wrong])} of kind {kinds}; classifiers "
            f"spread along relations that connect what belongs together: {', '.join(POSITIVE_KINDS)}"
        )
    return named
