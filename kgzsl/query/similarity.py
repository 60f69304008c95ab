"""How alike concepts are by the taxonomy: six measures, for a pair, for one and many, and for all of many.

In the definitions, d(x, a) are the fewest edges up from x to an ancestor a, each concept its own ancestor at 0; CA
are the ancestors that x and y share; depth(a) are the *most* edges from a up to a root; D is the depth of the deepest
concept; IC is information content (`InformationContent`).

==============  ======================================================================  ==============================
measure         definition                                                              source
==============  ======================================================================  ==============================
`path`          1 / (1 + d), with d the least d(x, a) + d(y, a) of all a in CA          Rada and others 1989, inverted
`wup`           the most 2k / (d(x, a) + d(y, a) + 2k) of all a in CA, k = depth(a)+1   Wu and Palmer 1994
`lch`           -ln((d + 1) / (2 D))                                                    Leacock and Chodorow 1998
`res`           m, the most IC(a) of all a in CA                                        Resnik 1995
`lin`           2 m / (IC(x) + IC(y))                                                   Lin 1998
`jcn_distance`  IC(x) + IC(y) - 2 m; less is more alike                                 Jiang and Conrath 1997
`jcn`           1 / jcn_distance, infinite at 0                                         as NLTK has it
==============  ======================================================================  ==============================

Full names do as well: "wu_palmer", "leacock_chodorow", "resnik", "jiang_conrath". What the papers, NLTK and `wn` leave
open or do otherwise:

* **Which common ancestor.** The papers speak of *the* lowest one; with several parents there may be many. Here each
  measure takes the one that gives most, so the answer is symmetric and does not hang on names or order. NLTK's
  Wu-Palmer takes the ancestor whose shortest way to the root is longest, and among those the first concept itself or
  the first by name; `wn` takes any one of the deepest. Resnik's is the most informative of all, as in his paper and
  NLTK; `wn` 1.1 takes, of the deepest ones, the most frequent.
* **Several ways up.** Distances are shortest ways, depths longest ones, as NLTK's and `wn`'s Wu-Palmer have them.
* **A virtual root.** With `virtual_root=True` one concept stands above every root: roots are at depth 1, D grows by 1,
  and every two concepts share it. None (the default) is False here. With `compat="nltk"` it is NLTK's `simulate_root`,
  True by default, which only stands above what are not nouns, and is as far from a concept as its farthest ancestor.
  Information content sees no difference: such a root has none.
* **Nothing in common.** Without a common ancestor `path` and `wup` are 0, `lch` is minus infinity (the limits for
  a long way), and `res` and `lin` 0 and `jcn_distance` IC(x) + IC(y) (all they share is being something, which says
  nothing). So a matrix sorts and clusters. With `compat="nltk"`: nan for its None.
* **D** is that of all relations asked about; NLTK's is that of the part of speech. Without any edge `lch` is nan.
* **Cycles** count as one concept, so those on one are as alike as a concept is with itself.
* **Of itself** a concept is at 1 for `path`, `wup`, `lin`, and at infinity for `jcn`. `lin` of two others without any
  content is 0 (NLTK divides by zero, which is nan with `compat="nltk"`). What NLTK refuses to compare, such as a noun
  with a verb by `lch`, is nan with `compat="nltk"`, and its infinity, of what was never counted as well, 1e300.

`ic` is "seco" (the default, also called "intrinsic") or "sanchez", both from the taxonomy alone; the path of a file
like NLTK's `ic-brown.dat`; counts by concept; or an `InformationContent`, which is best made once if it comes from
counts. `compat="nltk"` gives NLTK 3.10's numbers, for graphs whose concepts have a part of speech. Pairs, arrays and
matrices agree to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kgzsl.display.table import Table
from kgzsl.errors import InputFormatError, UnknownNameError
from kgzsl.graph.concept import Concept
from kgzsl.query.information_content import INTRINSIC, InformationContent, information_content
from kgzsl.query.similarity_ancestry import Ancestry, ancestry
from kgzsl.query.similarity_matrix import compared
from kgzsl.query.similarity_measures import (
    DISTANCES,
    INFORMED,
    ByDepth,
    ByDistance,
    ByInformation,
    FloatArray,
    Measure,
    measure_named,
)
from kgzsl.query.similarity_nltk import NltkByDepth, NltkByDistance, NltkByInformation, parts_of_speech

if TYPE_CHECKING:
    from kgzsl.graph.index import IntArray
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["InformationContent", "most_similar", "similarity", "similarity_matrix"]

_Relations = Iterable[str] | str | None


def similarity(
    graph: KnowledgeGraph,
    a: str,
    b: str | Sequence[str],
    *,
    measure: str = "path",
    ic: Any = None,
    relations: _Relations = None,
    compat: str | None = None,
    virtual_root: bool | None = None,
) -> Any:
    """How alike two concepts are: a float; with several in `b`, a float64 array of one for each.

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> kg.similarity("dog.n.01", "cat.n.01"), round(kg.similarity("dog.n.01", "cat.n.01", measure="wup"), 4)
    (0.2, 0.8571)
    >>> kg.similarity("dog.n.01", ["wolf.n.01", "oak.n.02"], measure="lin").round(3)
    array([0.769, 0.231])
    """
    if not isinstance(a, str):
        raise InputFormatError(
            f"similarity compares one concept with one or several, and the first is {a!r:.80}; similarity_matrix "
            "compares several with several"
        )
    asked = _measure(graph, measure, ic, relations, compat, virtual_root)
    if isinstance(b, str):
        node, place = asked.ancestry.node_of, graph.concept_columns.position
        x, y = place.get(a), place.get(b)
        if x is None or y is None:
            x, y = graph.position(a), graph.position(b)
        return asked.pair(node[x], node[y])
    return compared(asked, _nodes(graph, asked, [a]), _nodes(graph, asked, b))[0]


def similarity_matrix(
    graph: KnowledgeGraph,
    ids: Sequence[str],
    others: Sequence[str] | None = None,
    *,
    measure: str = "path",
    ic: Any = None,
    relations: _Relations = None,
    compat: str | None = None,
    virtual_root: bool | None = None,
) -> FloatArray:
    """How alike each of `ids` is to each of `others` (None: of `ids`), float64 `[len(ids), len(others)]`.

    `ResourceLimitError`, before anything is allocated, for more than 250 million similarities (2 GB).

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> kg.similarity_matrix(["dog.n.01", "wolf.n.01", "oak.n.02"], measure="wup").round(3)
    array([[1.   , 0.929, 0.6  ],
           [0.929, 1.   , 0.48 ],
           [0.6  , 0.48 , 1.   ]])
    """
    asked = _measure(graph, measure, ic, relations, compat, virtual_root)
    xs = _nodes(graph, asked, ids)
    return compared(asked, xs, xs if others is None else _nodes(graph, asked, others))


def most_similar(
    graph: KnowledgeGraph,
    id: str,
    *,
    k: int = 10,
    among: Sequence[str] | None = None,
    measure: str = "path",
    ic: Any = None,
    relations: _Relations = None,
    compat: str | None = None,
    virtual_root: bool | None = None,
) -> Table:
    """The `k` concepts most like one, of `among` (None: all others), most alike first, then by id.

    A table of id, label and the measure. What the measure says nothing of (nan) is left out.

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> print(kg.most_similar("zebra.n.01", k=3, measure="wup"))
    id                   label              wup
    common_zebra.n.01    common zebra    0.9677
    grevy's_zebra.n.01   grevy's zebra   0.9677
    mountain_zebra.n.01  mountain zebra  0.9677
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise InputFormatError(f"k is how many concepts to find, a whole number from 1, not {k!r:.80}")
    asked = _measure(graph, measure, ic, relations, compat, virtual_root)
    own = graph.position(id)
    others = np.arange(len(graph)) if among is None else np.unique(graph.concept_columns.rows(among, graph=graph.name))
    others = others[others != own]
    values = compared(asked, asked.ancestry.node[[own]], asked.ancestry.node[others])[0]
    name = measure_named(measure)
    best = _first(values if name in DISTANCES else -values, int(k))
    found = (
        (Concept(graph, place), value)
        for place, value in zip(others[best].tolist(), values[best].tolist(), strict=True)
    )
    return Table(("id", "label", name), ((concept, concept.label, value) for concept, value in found))


def _first(values: FloatArray, k: int) -> IntArray:
    """Places of the `k` least values, ascending, then by place; nan is none."""
    places = np.flatnonzero(~np.isnan(values))
    if len(places) > k:
        places = places[values[places] <= np.partition(values[places], k - 1)[k - 1]]
    return places[np.argsort(values[places], kind="stable")][:k]


def _nodes(graph: KnowledgeGraph, asked: Measure, ids: Iterable[str]) -> IntArray:
    nodes: IntArray = asked.ancestry.node[graph.concept_columns.rows(ids, graph=graph.name)]
    return nodes


# -- the measure asked for -------------------------------------------------------------------------------------------


def _measure(
    graph: KnowledgeGraph, measure: str, ic: Any, relations: _Relations, compat: str | None, virtual_root: bool | None
) -> Measure:
    """What answers the question; kept with the graph if the options are words."""
    kept, key = graph.index._compiled, ("similarity", measure, ic, relations, compat, virtual_root)
    try:
        found = kept.get(key)
    except TypeError:  # a list of relations, a mapping of counts
        found = None
    if found is None:
        found = _made(graph, measure, ic, relations, compat, virtual_root)
        if (ic is None or ic in INTRINSIC) and isinstance(relations, str | tuple | None):
            kept[key] = found
    return found


def _made(
    graph: KnowledgeGraph, measure: str, ic: Any, relations: _Relations, compat: str | None, virtual_root: bool | None
) -> Measure:
    name = measure_named(measure)
    if compat not in (None, "nltk"):
        raise UnknownNameError("other library to agree with", str(compat), known=("nltk",))
    if virtual_root not in (None, True, False):
        raise InputFormatError(f"virtual_root is True, False or None, not {virtual_root!r:.80}")
    if ic is not None and name not in INFORMED:
        raise InputFormatError(f"{name} does not use information content; leave ic out, or take one of res, lin, jcn")
    taxonomy = ancestry(graph, relations)
    if name in INFORMED:
        content = information_content(graph, ic, relations)
        key = (taxonomy, name, compat)
        if key not in content.kept:
            content.kept[key] = _informed(graph, taxonomy, name, content.values[taxonomy.first], compat)
        return content.kept[key]  # type: ignore[no-any-return]
    if compat is None:
        root = bool(virtual_root)
        return ByDepth(taxonomy, root) if name == "wup" else ByDistance(taxonomy, name, root)
    root, parts = virtual_root is not False, parts_of_speech(graph, taxonomy)
    return NltkByDepth(taxonomy, root, parts) if name == "wup" else NltkByDistance(taxonomy, name, root, parts)


def _informed(graph: KnowledgeGraph, taxonomy: Ancestry, name: str, content: FloatArray, compat: str | None) -> Measure:
    if compat is None:
        return ByInformation(taxonomy, name, content)
    return NltkByInformation(taxonomy, name, content, parts_of_speech(graph, taxonomy))
