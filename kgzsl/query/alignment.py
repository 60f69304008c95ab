"""Find the concepts that two graphs have in common."""

from collections.abc import Sequence

from kgzsl.display.progress import Advance, progress
from kgzsl.errors import InputFormatError, UnknownNameError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query.alignment_ids import identified
from kgzsl.query.alignment_pairs import named_pairs, worded_pairs
from kgzsl.query.alignment_result import Alignment
from kgzsl.query.alignment_settling import Settling

__all__ = ["ALIGNMENT_METHODS", "align"]

ALIGNMENT_METHODS = ("ids", "links", "labels", "texts")
"""Ways to find concepts in common, in the order they are tried."""


def align(
    a: KnowledgeGraph,
    b: KnowledgeGraph,
    *,
    methods: Sequence[str] = ALIGNMENT_METHODS,
    threshold: float = 0.6,
    show_progress: bool | None = None,
) -> Alignment:
    """The concepts of `a` that are concepts of `b`, one to one, each with a confidence and the evidence.

    In this order, each on what the former left:

    * `ids`: equal ids, alternate ids, WordNet offsets within ids.
    * `links`: edges of kind equivalence to a concept the other graph has by its id.
    * `labels`: a name in common, judged by the words of the definitions and by neighbours that are matched with each
      other, in rounds. Names of several concepts are matched only where one pair is better than every other.
    * `texts`: the most alike by the words of definition and names, of which they share at least three.

    Concepts that part of speech or language tells apart, where both graphs have such columns (`pos`, `language`), are
    matched by neither of the last two. Where only one graph says the part of speech, and the other speaks of things (of
    its concepts whose name is only a noun's or never a noun's, nine of ten are nouns), a verb, adjective or adverb
    that has a name besides a noun is held back: its name counts for a fifth less, so that more must speak for it.
    `notes` tell of how many pairs. Otherwise names are compared whatever their language, so of a graph of many
    languages read one. Matches under `threshold` are not made; what spoke for them is in `conflicts`.

    The confidences are an ordering with a scale, not probabilities: 1 is the same id, about 0.9 a name in common
    whose definitions or neighbours agree, about 0.77 a label about which nothing else is known.

    >>> import networkx
    >>> from kgzsl.graph import KnowledgeGraph
    >>> mine = networkx.DiGraph([("Dog", "Mammal"), ("Mammal", "Animal")])
    >>> yours = networkx.DiGraph([("x:dog", "x:mammal"), ("x:cat", "x:mammal")])
    >>> networkx.set_node_attributes(yours, {id_: id_[2:] for id_ in yours}, "label")
    >>> a, b = (KnowledgeGraph.from_networkx(graph, relation="is_a") for graph in (mine, yours))
    >>> dict(align(a, b)), len(b.merge(a, alignment=align(a, b)))
    ({'Dog': 'x:dog', 'Mammal': 'x:mammal'}, 4)
    """
    unknown = [name for name in methods if name not in ALIGNMENT_METHODS]
    if isinstance(methods, str) or unknown:
        raise UnknownNameError("method of alignment", str(unknown[0] if unknown else methods), known=ALIGNMENT_METHODS)
    if not 0 < threshold <= 1:
        raise InputFormatError(f"threshold is a confidence above 0 and at most 1, not {threshold!r}")
    with progress(4, "aligning", show=show_progress) as advance:
        return _aligned(a, b, methods, threshold, advance)


def _aligned(
    a: KnowledgeGraph, b: KnowledgeGraph, methods: Sequence[str], threshold: float, advance: Advance
) -> Alignment:
    settling = Settling(a, b, threshold)
    if "ids" in methods or "links" in methods:
        settling.take(identified(a, b, with_ids="ids" in methods, with_links="links" in methods))
    advance(note="by names")
    named = named_pairs(a, b, settling.target < 0, settling.source < 0) if "labels" in methods else None
    if named is not None:
        settling.settle(named)
    advance(note="by texts")
    worded = worded_pairs(a, b, settling.target < 0, settling.source < 0) if "texts" in methods else None
    advance()
    if worded is not None:
        settling.settle(worded)
    if named is not None:
        if worded is not None:
            settling.settle(named)  # with more neighbours matched
        settling.dispute_rest(named)
    if worded is not None:
        settling.dispute_rest(worded)
    return settling.result()
