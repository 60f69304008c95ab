"""A graph as RDF: usual terms where there are some, our own (`urn:kgzsl:`) for what RDF has no word for, and back.

A concept is named by `rdfs:label`, `skos:altLabel` and `skos:definition`; an edge is a triple, and has an
`rdf:Statement` besides where it has a weight other than 1, data of its own, or a source other than most. A relation is
an `rdf:Property` that says its kind and its verbs. Ids that are no IRI, and no CURIE in a known namespace, are
percent-encoded behind `urn:kgzsl:concept:`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pyoxigraph as ox

from kgzsl.errors import SourceError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.sources.terms import PREFIXES, contracted, expanded, own_relation
from kgzsl.sources.written_form import Description, describe_graph, more_of, read_json, rebuilt, write_json

__all__ = ["GRAPH", "is_written", "rdf_bytes", "written_graph"]

GRAPH = "urn:kgzsl:graph"
_TERM, _CONCEPT, _RELATION = "urn:kgzsl:term:", "urn:kgzsl:concept:", "urn:kgzsl:relation:"
_RDF, _RDFS, _SKOS, _OWL = (PREFIXES[name] for name in ("rdf", "rdfs", "skos", "owl"))
_USUAL = {
    "is_a": f"{_RDFS}subClassOf",
    "instance_of": f"{_RDF}type",
    "disjoint_with": f"{_OWL}disjointWith",
    "same_as": f"{_OWL}sameAs",
    "related_to": f"{_SKOS}related",
}
_TYPE, _LABEL, _ALIAS = f"{_RDF}type", f"{_RDFS}label", f"{_SKOS}altLabel"
_DEFINITION, _PROPERTY, _STATEMENT = f"{_SKOS}definition", f"{_RDF}Property", f"{_RDF}Statement"
_RESERVED = {
    _LABEL,
    _ALIAS,
    _DEFINITION,
    _PROPERTY,
    _STATEMENT,
    *(_RDF + end for end in ("subject", "predicate", "object")),
}
_DOUBLE, _JSON = ox.NamedNode("http://www.w3.org/2001/XMLSchema#double"), ox.NamedNode(f"{_RDF}JSON")
_FIELDS = {"name": "name", "kind": "kind", "inverse": "inverse", "verb": "verb", "inverseVerb": "inverse_verb"}


class _Names:
    """IRIs for the ids or relations of one graph, no two alike and none with another meaning."""

    def __init__(self, space: str, taken: Iterable[str]) -> None:
        self.space = space
        self.taken = set(taken)
        self.node: dict[str, ox.NamedNode] = {}

    def add(self, name: str, wanted: str | None) -> None:
        """Give the name the IRI it wants if that is free and valid, else its own behind `space`."""
        if wanted is None or wanted in self.taken or wanted.startswith("urn:kgzsl:") or not _is_valid(wanted):
            wanted = self.space + quote(name, safe="")
        self.taken.add(wanted)
        self.node[name] = ox.NamedNode(wanted)


def _is_valid(iri: str) -> bool:
    try:
        return bool(ox.NamedNode(iri).value == iri)
    except ValueError:
        return False


def rdf_bytes(graph: KnowledgeGraph, form: ox.RdfFormat) -> bytes:
    """The graph in Turtle, N-Triples or JSON-LD; the same graph gives the same bytes."""
    prefixes = {**PREFIXES, "kgzsl": _TERM, "concept": _CONCEPT, "relation": _RELATION}
    relations = _Names(_RELATION, _RESERVED)
    for name in graph.relations:
        relations.add(name, _USUAL.get(name) or expanded(name) or _iri(name))
    concepts = _Names(_CONCEPT, relations.taken)
    for id_ in graph.ids:
        concepts.add(id_, expanded(id_) or _iri(id_))
    return ox.serialize(_triples(graph, concepts, relations), format=form, prefixes=prefixes) or b""


def _iri(name: str) -> str | None:
    return name if name.startswith(("http://", "https://", "urn:")) else None


def _term(name: str) -> ox.NamedNode:
    return ox.NamedNode(_TERM + name)


def _triples(graph: KnowledgeGraph, concepts: _Names, relations: _Names) -> Iterator[ox.Triple]:
    description = describe_graph(graph)
    column_description = replace(description, relations=()).to_text()
    yield ox.Triple(ox.NamedNode(GRAPH), _term("description"), ox.Literal(column_description, datatype=_JSON))
    for relation in graph.relations.values():
        yield from _relation_triples(relation, relations.node[relation.name])
    yield from _concept_triples(graph, description, concepts)
    yield from _edge_triples(graph, description, concepts, relations)


def _relation_triples(relation: Relation, node: ox.NamedNode) -> Iterator[ox.Triple]:
    yield ox.Triple(node, ox.NamedNode(_TYPE), ox.NamedNode(_PROPERTY))
    for term, attribute in _FIELDS.items():
        yield ox.Triple(node, _term(term), ox.Literal(getattr(relation, attribute)))
    yield ox.Triple(node, _term("symmetric"), ox.Literal(relation.symmetric))


def _concept_triples(graph: KnowledgeGraph, description: Description, concepts: _Names) -> Iterator[ox.Triple]:
    table = graph.concepts_table
    more = more_of(table, list(description.concept_columns))
    shared = table.select("id", "label", "aliases", "definition", "source", "alternate_ids").iter_rows()
    for (id_, label, aliases, definition, source, alternates), said in zip(shared, more, strict=True):
        node = concepts.node[id_]
        if id_ != _decoded(node.value):
            yield ox.Triple(node, _term("id"), ox.Literal(id_))
        yield ox.Triple(node, ox.NamedNode(_LABEL), ox.Literal(label))
        for alias in aliases:
            yield ox.Triple(node, ox.NamedNode(_ALIAS), ox.Literal(alias))
        if aliases != sorted(set(aliases)):  # RDF keeps neither order nor repeats
            yield ox.Triple(node, _term("aliases"), ox.Literal(write_json(aliases), datatype=_JSON))
        if definition:
            yield ox.Triple(node, ox.NamedNode(_DEFINITION), ox.Literal(definition))
        if alternates:
            yield ox.Triple(node, _term("alternateIds"), ox.Literal(write_json(alternates), datatype=_JSON))
        if source != description.concept_source:
            yield ox.Triple(node, _term("source"), ox.Literal(source))
        if said:
            yield ox.Triple(node, _term("more"), ox.Literal(said, datatype=_JSON))


def _decoded(iri: str) -> str:
    return unquote(iri.removeprefix(_CONCEPT)) if iri.startswith(_CONCEPT) else iri


def _edge_triples(
    graph: KnowledgeGraph, description: Description, concepts: _Names, relations: _Names
) -> Iterator[ox.Triple]:
    table = graph.edges_table
    more = more_of(table, list(description.edge_columns))
    rows = table.select("head", "relation", "tail", "weight", "source").iter_rows()
    for place, ((head, relation, tail, weight, source), said) in enumerate(zip(rows, more, strict=True)):
        triple = (concepts.node[head], relations.node[relation], concepts.node[tail])
        yield ox.Triple(*triple)
        if weight == 1.0 and source == description.edge_source and not said:
            continue
        statement = ox.BlankNode(f"e{place}")
        yield ox.Triple(statement, ox.NamedNode(_TYPE), ox.NamedNode(_STATEMENT))
        for end, node in zip(("subject", "predicate", "object"), triple, strict=True):
            yield ox.Triple(statement, ox.NamedNode(_RDF + end), node)
        if weight != 1.0:
            yield ox.Triple(statement, _term("weight"), ox.Literal(repr(weight), datatype=_DOUBLE))
        if source != description.edge_source:
            yield ox.Triple(statement, _term("source"), ox.Literal(source))
        if said:
            yield ox.Triple(statement, _term("more"), ox.Literal(said, datatype=_JSON))


def is_written(content: bytes) -> bool:
    """Whether RDF text is from `rdf_bytes`, by its first bytes."""
    return GRAPH.encode() in content[:4096]


def written_graph(statements: Iterable[Any], location: str | Path) -> KnowledgeGraph:
    """The graph that `rdf_bytes` wrote, from what `pyoxigraph.parse` makes of it, in any order.

    Triples that were added by hand are taken with it: a property that is not described is an association, and a
    literal without a meaning here is counted (`literals_not_used`).
    """
    triples = [(one.subject, one.predicate.value, one.object) for one in statements]
    said: dict[Any, dict[str, list[Any]]] = {}
    for subject, predicate, value in triples:
        if predicate.startswith(_TERM) or predicate in _RESERVED or subject in said:
            said.setdefault(subject, {}).setdefault(predicate, []).append(value)
    text = said.get(ox.NamedNode(GRAPH), {}).get(f"{_TERM}description")
    if not text:
        raise SourceError(location, f"nothing says <{GRAPH}> kgzsl:description")
    description = Description.from_text(text[0].value, location)
    relations = _read_relations(said, location)
    weighed = _read_weights(said, relations, location)
    return _read_graph(triples, said, description, relations, weighed, location)


def _read_relations(said: dict[Any, dict[str, list[Any]]], location: str | Path) -> dict[str, Relation]:
    """IRI -> relation."""
    found = {}
    for subject, facts in said.items():
        if f"{_TERM}kind" not in facts or not isinstance(subject, ox.NamedNode):
            continue
        fields = {
            attribute: facts[_TERM + term][0].value for term, attribute in _FIELDS.items() if _TERM + term in facts
        }
        symmetric = any(value.value in ("true", "1") for value in facts.get(f"{_TERM}symmetric", ()))
        try:
            found[subject.value] = Relation(**fields, symmetric=symmetric)
        except (TypeError, ValueError) as error:
            raise SourceError(location, f"<{subject.value}> describes no relation: {error}") from error
    return found


def _read_weights(
    said: dict[Any, dict[str, list[Any]]], relations: dict[str, Relation], location: str | Path
) -> dict[tuple[str, str, str], tuple[float, str | None, str]]:
    """(head, relation, tail) as IRIs -> weight, source, further columns."""
    found = {}
    for facts in said.values():
        if f"{_RDF}predicate" not in facts:
            continue
        try:
            ends = tuple(facts[_RDF + end][0].value for end in ("subject", "predicate", "object"))
            weight = float(facts[f"{_TERM}weight"][0].value) if f"{_TERM}weight" in facts else 1.0
        except (KeyError, ValueError) as error:
            raise SourceError(location, f"an rdf:Statement is not complete: {error}") from error
        source = facts[f"{_TERM}source"][0].value if f"{_TERM}source" in facts else None
        more = facts[f"{_TERM}more"][0].value if f"{_TERM}more" in facts else ""
        found[ends] = (weight, source, more)
    return found


def _read_graph(
    triples: list[tuple[Any, str, Any]],
    said: dict[Any, dict[str, list[Any]]],
    description: Description,
    relations: dict[str, Relation],
    weighed: dict[Any, tuple[float, str | None, str]],
    location: str | Path,
) -> KnowledgeGraph:
    """Concepts and edges of all triples that do not speak of a relation, a statement or the graph."""
    others = {GRAPH, *relations}
    ids: dict[str, str] = {}

    def id_of(node: Any) -> str:
        facts = said.get(node, {})
        if node.value not in ids:
            ids[node.value] = facts[f"{_TERM}id"][0].value if f"{_TERM}id" in facts else _decoded(node.value)
        return ids[node.value]

    edges: dict[str, list[Any]] = {name: [] for name in ("head", "relation", "tail", "weight", "source", "more")}
    subjects: dict[Any, None] = {}
    unused = 0
    for subject, predicate, value in dict.fromkeys(triples):
        if not isinstance(subject, ox.NamedNode) or subject.value in others:
            continue
        subjects[subject] = None
        if predicate.startswith(_TERM) or predicate in _RESERVED:
            continue
        if not isinstance(value, ox.NamedNode):
            unused += 1
            continue
        subjects[value] = None
        relation = relations.setdefault(predicate, own_relation(contracted(predicate)))
        weight, source, more = weighed.get((subject.value, predicate, value.value), (1.0, None, ""))
        row = (id_of(subject), relation.name, id_of(value), weight, source, more)
        for name, cell in zip(edges, row, strict=True):
            edges[name].append(cell)
    rows = [_read_concept(id_of(subject), said.get(subject, {}), location) for subject in subjects]
    report = {**description.report, "literals_not_used": unused} if unused else description.report
    whole = replace(description, relations=tuple(relations.values()), report=report)
    return rebuilt(whole, rows, edges, location)


def _read_concept(id_: str, facts: dict[str, list[Any]], location: str | Path) -> dict[str, Any]:
    """What the triples about one concept say."""

    def texts(term: str) -> list[str]:
        return sorted(value.value for value in facts.get(term, ()))

    row: dict[str, Any] = {"id": id_, "aliases": texts(_ALIAS)}
    for name, term in (
        ("label", _LABEL),
        ("definition", _DEFINITION),
        ("source", f"{_TERM}source"),
        ("more", f"{_TERM}more"),
    ):
        if found := texts(term):
            row[name] = found[0]
    for name, term in (("aliases", f"{_TERM}aliases"), ("alternate_ids", f"{_TERM}alternateIds")):
        if found := texts(term):
            row[name] = read_json(found[0], location)
    return row
