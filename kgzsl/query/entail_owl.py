"""The OWL 2 RL closure by the engine `reasonable`, told in our vocabulary.

What the graph states goes in as OWL: `is_a` as rdfs:subClassOf, `instance_of` as rdf:type, `same_as` as owl:sameAs,
`disjoint_with` as owl:disjointWith, symmetric relations as owl:SymmetricProperty, and what it says of its own
relations ("sub-relation", "domain", "range"). What comes out between concepts of the graph, over relations it has, is
taken; statements about OWL's own classes, and reflexive ones, are not. The engine gives no proofs. They come from our
rules "rdfs", "symmetric", "equivalence", "domain" and "range"; an edge that the engine has and these do not
reach says "owl-rl" in `inferred_by`, and `why` tells that nobody proved it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from kgzsl.display.text import escape_text
from kgzsl.errors import MissingDependencyError, ResourceLimitError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query.entail_rules import rules_for
from kgzsl.query.rules import RuleSet

__all__ = ["OWL_RL", "engine_edges", "owl_rules"]

OWL_RL = "owl-rl"
_RDF, _RDFS = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://www.w3.org/2000/01/rdf-schema#"
_OWL = "http://www.w3.org/2002/07/owl#"
_TERMS = {
    "is_a": f"{_RDFS}subClassOf",
    "instance_of": f"{_RDF}type",
    "same_as": f"{_OWL}sameAs",
    "disjoint_with": f"{_OWL}disjointWith",
}
_SAID = {"sub-relation": f"{_RDFS}subPropertyOf", "domain": f"{_RDFS}domain", "range": f"{_RDFS}range"}
_CONCEPT, _RELATION = "urn:kgzsl:c:", "urn:kgzsl:r:"


def owl_rules(graph: KnowledgeGraph) -> RuleSet:
    """Our rules that prove what the engine infers."""
    return rules_for(graph, ["rdfs", "symmetric", "equivalence", "domain", "range"])[0]


def engine_edges(graph: KnowledgeGraph, *, max_edges: int) -> pl.DataFrame:
    """What the engine infers between concepts: head and tail as positions, the relation's name."""
    try:
        import reasonable  # an extra: only for those who ask for it
    except ImportError as error:
        raise MissingDependencyError("reasonable", extra="reasoning", purpose='entail("owl-rl")') from error
    engine = reasonable.PyReasoner()
    engine.from_graph(list(_triples(graph)))
    triples = engine.reason()
    if len(triples) > 3 * max_edges + graph.index.num_edges:
        raise ResourceLimitError(
            f"the engine infers {len(triples):,} triples from graph {escape_text(graph.name)}; take a part of it with "
            "induced or neighborhood, or allow more with max_edges="
        )
    names = {term: name for name, term in _terms(graph).items()}
    concepts, relations, others = [], [], []
    for subject, predicate, object_ in triples:
        name = names.get(str(predicate))
        if name is not None and str(subject).startswith(_CONCEPT) and str(object_).startswith(_CONCEPT):
            concepts.append(int(str(subject)[len(_CONCEPT) :]))
            relations.append(name)
            others.append(int(str(object_)[len(_CONCEPT) :]))
    head, tail = np.array(concepts, dtype=np.int64), np.array(others, dtype=np.int64)
    table = pl.DataFrame({"head": head, "relation": pl.Series(relations, dtype=pl.String), "tail": tail})
    return (
        table.filter(pl.col("head") != pl.col("tail"))
        .unique(maintain_order=False)
        .sort("head", "relation", "tail")
        .with_columns(weight=pl.lit(1.0), source=pl.lit("inferred"), inferred_by=pl.lit(OWL_RL))
    )


def _terms(graph: KnowledgeGraph) -> dict[str, str]:
    return {name: _TERMS.get(name, f"{_RELATION}{place}") for place, name in enumerate(graph.relations)}


def _triples(graph: KnowledgeGraph) -> Iterator[tuple[str, str, str]]:
    """The graph's edges as triples of IRIs."""
    index, terms = graph.index, list(_terms(graph).values())
    ends = (index.head.tolist(), index.relation.tolist(), index.tail.tolist())
    for head, code, tail in zip(*ends, strict=True):
        yield f"{_CONCEPT}{head}", terms[code], f"{_CONCEPT}{tail}"
    for name, term in _terms(graph).items():
        if graph.relations[name].symmetric and name != "same_as":
            yield term, _TERMS["instance_of"], f"{_OWL}SymmetricProperty"
    known = _terms(graph)
    for form, term in _SAID.items():
        for rule in rules_for(graph, [form])[0]:
            object_ = known[rule.conclusion] if not rule.concept else f"{_CONCEPT}{graph.position(rule.concept)}"
            yield known[rule.arguments[0]], term, object_
