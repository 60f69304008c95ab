"""The knowledge graph as a value: what it says, found by id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from kgzsl.errors import AmbiguousLabelError, InputFormatError
from kgzsl.graph import drawing, editing, exchange, making, questions, selection, showing, statements, taxonomy
from kgzsl.graph.columns import Columns, Rows
from kgzsl.graph.concept import Concept, Edge
from kgzsl.graph.concept_array import ConceptArray
from kgzsl.graph.concept_table import ConceptTable
from kgzsl.graph.concepts import Concepts
from kgzsl.graph.edges import Edges
from kgzsl.graph.fingerprint import fingerprint
from kgzsl.graph.index import GraphIndex
from kgzsl.graph.reach import Reaches
from kgzsl.graph.relation import Relation, Relations
from kgzsl.graph.tables import CONCEPT_COLUMNS, spelled_edges

__all__ = ["KnowledgeGraph"]

_Relations = Iterable[str] | str | None


class KnowledgeGraph(exchange.DispatchedByNetworkX):
    """Concepts and the typed edges between them; immutable, so anything found from it may be kept.

    Read one (`kgzsl.load_graph`, `kgzsl.read_wordnet`), or make one from tables or a NetworkX graph. A change is
    a new graph that shares what it did not touch. Ids go in, `Concept`, `Edge` and `Path` come out; a `Concept` is
    its id, so it goes in as well.

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> kg.concept("tiger.n.02").definition
    'large feline of forests in most of Asia having a tawny coat with black stripes; endangered'
    >>> print(kg.shortest_path("tiger.n.02", "lion.n.01"))
    tiger is a kind of big cat, which has kind lion
    >>> kg.find("tiger").ids, kg.find_one("zebra"), kg.resolve("n02129604")
    (('tiger.n.01', 'tiger.n.02'), Concept('zebra.n.01', 'zebra'), 'tiger.n.02')
    >>> kg.texts(["zebra.n.01"])
    ['zebra: any of several fleet black-and-white striped African equines']
    >>> print(*kg.edges("tiger.n.02"))
    tiger.n.02 is_a big_cat.n.01
    >>> part = kg.induced(["tiger.n.02", "lion.n.01"])
    >>> len(part), len(part.subgraph(["tiger.n.02", "big_cat.n.01"])), len(kg.neighborhood("tiger.n.02", hops=2))
    (16, 2, 18)
    >>> place = kg.position("tiger.n.02")
    >>> kg.ids[place], kg.read_concept(place, "label"), "sense_numbers" in kg.read_more(place)
    ('tiger.n.02', 'tiger', True)
    >>> len(kg.edges_at([0, 1]))
    2
    >>> part.with_tables(name="cats").name
    'cats'
    """

    def __init__(
        self,
        concepts: pl.DataFrame | pl.LazyFrame | ConceptTable,
        edges: pl.DataFrame | pl.LazyFrame | Columns,
        relations: Iterable[Relation] | Relations,
        *,
        name: str,
        report: Mapping[str, int] | None = None,
        known_fingerprint: str | None = None,
    ) -> None:
        """Take tables as they are held: complete, sorted, ends coded. Use `from_tables` for any others.

        `relations` stand in the order of their codes, which is that of their names. Lazy tables are read column by
        column when asked for; a `ConceptTable`, `Columns` and `Relations` are shared.
        """
        self._name = name
        self.report: Mapping[str, int] = MappingProxyType(dict(report or {}))
        self.relations = relations if isinstance(relations, Relations) else Relations(relations)
        self.concept_columns = concepts if isinstance(concepts, ConceptTable) else ConceptTable(concepts)
        self._edges = edges if isinstance(edges, Columns) else Columns(edges)
        self._known_fingerprint = known_fingerprint
        self.ids: tuple[str, ...] = self.concept_columns.ids
        names = list(self.relations)
        if names != sorted(names):
            raise InputFormatError(f"relations must be given in the order of their names, not {', '.join(names)}")

    @property
    def name(self) -> str:
        """What the graph is called."""
        return self._name

    # -- making ----------------------------------------------------------------------------------------------

    @classmethod
    def from_tables(
        cls,
        concepts: making.Table | Iterable[str | Mapping[str, Any]],
        edges: making.Table | Iterable[making.EdgeLike],
        relations: Iterable[Relation] = (),
        *,
        name: str = "graph",
        report: Mapping[str, int] | None = None,
    ) -> KnowledgeGraph:
        """A graph from a concept table and an edge table, of polars or pandas, or lists as `add_edges` takes them.

        Concepts need the column `id`; `label`, `aliases`, `definition`, `source`, `alternate_ids` may follow. Edges
        need `head`, `relation`, `tail`; `weight` and `source` may follow. Any other column is kept. Relations that
        are not described are looked up among the shared ones, or are associations; those described stay, with or
        without edges. Edges named by an inverse are held the other way round: (b, "has_kind", a) as (a, "is_a", b);
        `InvalidGraphError` lists what does not fit: repeated ids and edges, unknown ends, bad weights, loops.

        >>> KnowledgeGraph.from_tables(["cat", "tiger"], [("tiger", "is_a", "cat")]).edges("tiger")
        (Edge('tiger', 'is_a', 'cat'),)
        """
        table, coded, described, counts = making.held_tables(concepts, edges, relations, report)
        return cls(table, coded, described.values(), name=name, report=counts)

    @classmethod
    def from_networkx(cls, graph: Any, *, relation: str = "related_to", name: str | None = None) -> KnowledgeGraph:
        """A graph from any NetworkX graph whose nodes are strings; attributes become columns.

        The relation of an edge is its key in a multigraph, else its attribute "relation", else `relation`.

        >>> import networkx as nx
        >>> KnowledgeGraph.from_networkx(nx.DiGraph([("tiger", "cat")]), relation="is_a").ancestors("tiger").ids
        ('cat',)
        """
        concepts, edges, relations = exchange.tables_from_networkx(graph, relation=relation)
        return cls.from_tables(concepts, edges, relations, name=name or str(graph.name or "graph"))

    def with_tables(
        self,
        *,
        concepts: pl.DataFrame | None = None,
        edges: pl.DataFrame | None = None,
        relations: Iterable[Relation] | None = None,
        name: str | None = None,
        report: Mapping[str, int] | None = None,
    ) -> KnowledgeGraph:
        """The same graph with something replaced; tables as they are held: complete, sorted, ends coded.

        Unlike `from_tables` it checks nothing. What is not replaced is shared.
        """
        return KnowledgeGraph(
            self.concept_columns if concepts is None else concepts,
            self._edges if edges is None else edges,
            self.relations if relations is None else relations,
            name=self.name if name is None else name,
            report=self.report if report is None else report,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        tables = (self.concepts_table, self.coded_edges, tuple(self.relations.values()))
        known = self.__dict__.get("fingerprint", self._known_fingerprint)
        return partial(KnowledgeGraph, name=self.name, report=dict(self.report), known_fingerprint=known), tables

    # -- reading columns -------------------------------------------------------------------------------------

    def read_concept(self, position: int, column: str) -> Any:
        """One cell of the concept table."""
        return self.concept_columns.cell(position, column)

    def read_more(self, position: int) -> Mapping[str, Any]:
        """What the concept table says beyond the shared columns."""
        columns = self.concept_columns
        more = (name for name in columns.names if name not in CONCEPT_COLUMNS)
        return MappingProxyType({name: columns.cell(position, name) for name in more})

    @cached_property
    def concepts_table(self) -> pl.DataFrame:
        """All concepts, sorted by id."""
        return self.concept_columns.table

    @cached_property
    def edges_table(self) -> pl.DataFrame:
        """All edges with ids and relation names, sorted by head, relation, tail."""
        return spelled_edges(self.coded_edges, self.concept_columns.id_column, list(self.relations))

    @property
    def coded_edges(self) -> pl.DataFrame:
        """All edges as they are held: ends as positions in `ids`, relations as places in `relations`."""
        return self._edges.table

    @cached_property
    def index(self) -> GraphIndex:
        """The graph as integers, compiled on first use."""
        head, relation, tail, weight = (
            column.to_numpy() for column in self._edges.series("head", "relation", "tail", "weight")
        )
        return GraphIndex(
            self.ids,
            list(self.relations.values()),
            head=head.astype(np.int64, copy=False),
            relation=relation.astype(np.int64, copy=False),
            tail=tail.astype(np.int64, copy=False),
            weight=weight.astype(np.float64, copy=False),
            name=self.name,
            position=self.concept_columns.position,
        )

    @cached_property
    def edge_reader(self) -> statements.EdgeReader:
        """Makes `Edge`s of rows of the edge table."""
        return statements.EdgeReader(self.index, self._edges)

    concept_array = cached_property(ConceptArray)
    reaches = cached_property(Reaches)

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of what the graph says (names, definitions, edges with weights), whatever its source."""
        return self._known_fingerprint or fingerprint(self.concepts_table, self.edges_table, self.relations.values())

    # -- finding ---------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __contains__(self, id: object) -> bool:
        return isinstance(id, str) and id in self.concept_columns.position

    def __copy__(self) -> KnowledgeGraph:
        return self

    def __deepcopy__(self, memo: Any) -> KnowledgeGraph:
        return self  # immutable

    def concept(self, id: str) -> Concept:
        """The concept with this id, or with anything `resolve` takes."""
        return Concept(self, self.position(id))

    def position(self, text: str) -> int:
        """Where in `ids` stands what `resolve` takes."""
        row = self.concept_columns.row(text)
        if row is None:
            raise self.concept_columns.unknown([text], graph=self.name)
        return row

    def _positions(self, texts: Iterable[str] | str) -> Any:
        return self.concept_columns.rows(texts, graph=self.name)

    def resolve(self, text: str) -> str:
        """The id meant by an id, an alternate id (a WordNet offset such as `n02129604`, an IRI) or a `Concept`.

        Labels are not ids: they go through `find`. `UnknownConceptError` names the nearest ids.
        """
        return self.ids[self.position(text)]

    def find(self, label: str, *, exact: bool = True) -> Concepts:
        """Every concept that bears this label or alias, compared without case, underscores and hyphens.

        Those that have it as their label come first, then by id. Empty if there is none. With `exact=False` those
        follow in one of whose names, or in whose id, it stands as whole words, the shortest first:

        >>> import kgzsl
        >>> kg = kgzsl.load_graph("freshwater")
        >>> kg.find("otter").ids, kg.find("otter", exact=False).ids
        ((), ('water:eurasian_otter',))
        """
        places = self.concept_columns.labelled(label)
        more = [] if exact else self.concept_columns.worded(label)
        return Concepts(Concept(self, place) for place in dict.fromkeys([*places, *more]))

    def find_one(self, label: str) -> Concept:
        """The one concept of this label; `AmbiguousLabelError` lists several, `UnknownConceptError` names near ones."""
        found = self.find(label)
        if len(found) > 1:
            raise AmbiguousLabelError(label, [(concept.id, concept.definition) for concept in found])
        return found[0] if found else self.concept(label)

    def texts(self, ids: Sequence[str]) -> list[str]:
        """`label, alias, alias: definition` for each concept; only the names where there is no definition."""
        positions = self._positions(ids)
        described = self.concept_columns.series("label", "aliases", "definition")
        columns = [column.gather(positions).to_list() for column in described]
        named = [", ".join([label, *aliases]) for label, aliases in zip(*columns[:2], strict=True)]
        return [f"{names}: {text}" if text else names for names, text in zip(named, columns[2], strict=True)]

    def edges(self, head: str | None = None, relation: str | None = None, tail: str | None = None) -> Edges:
        """Edges with this head, relation and tail; None leaves a place open. Sorted by head, relation, tail.

        `relation` may be a relation, a kind, or the other way round: `^is_a` or the inverse's name, `has_kind`. Then
        the edges come back as they were asked for, reversed.
        """
        return Edges(statements.edges(self, head, relation, tail), self)

    def edges_at(self, rows: Sequence[int]) -> tuple[Edge, ...]:
        """The edges in these rows of the edge table."""
        return statements.edges_at(self, rows)

    # -- parts -----------------------------------------------------------------------------------------------

    def subgraph(self, ids: Iterable[str]) -> KnowledgeGraph:
        """These concepts and every edge between two of them."""
        return self._part(np.unique(self._positions(ids)), None)

    def induced(self, classes: Iterable[str], *, relations: _Relations = None) -> KnowledgeGraph:
        """The classes and all that is reached from them, head to tail, by `relations` (None: taxonomic ones).

        This is the graph that class weights are propagated over: classes, their ancestors, and the edges of
        `relations` among them.
        """
        reached = selection.reached(self.index.up(relations), self._positions(classes))
        return self._part(reached, ("taxonomic",) if relations is None else relations)

    def neighborhood(self, ids: Iterable[str] | str, *, hops: int = 1, relations: _Relations = None) -> KnowledgeGraph:
        """All within `hops` edges of any of `ids`, walked either way, and the edges of `relations` among them.

        None stands for every relation.
        """
        limit = selection.checked_hops(hops)
        chosen = tuple(self.relations) if relations is None else relations
        return self._part(selection.reached(self.index.around(chosen), self._positions(ids), hops=limit), relations)

    def _part(self, positions: Any, relations: _Relations) -> KnowledgeGraph:
        rows = selection.within(self.index, positions, relations)
        edges = Columns(Rows(self._edges, rows, selection.renumbered(self.index, rows, positions)))
        return KnowledgeGraph(self.concept_columns.part(positions), edges, self.relations, name=self.name)

    # -- changing --------------------------------------------------------------------------------------------

    add_concepts = editing.add_concepts
    add_edges = editing.add_edges
    remove_edges = editing.remove_edges
    describe_relations = editing.describe_relations
    merge = editing.merge

    # -- NetworkX --------------------------------------------------------------------------------------------

    @cached_property
    def nx(self) -> Any:
        """The graph as a frozen `networkx.MultiDiGraph`, edge key = relation, built once."""
        return exchange.frozen_networkx(self)

    to_networkx = exchange.to_networkx

    # -- questions: each is a function of its own file, bound here as a method ----------------------------------

    ancestors = taxonomy.ancestors
    descendants = taxonomy.descendants
    parents = taxonomy.parents
    children = taxonomy.children
    siblings = taxonomy.siblings
    neighbors = taxonomy.neighbors
    roots = taxonomy.roots
    leaves = taxonomy.leaves
    paths_to_root = taxonomy.paths_to_root
    common_ancestors = taxonomy.common_ancestors
    lowest_common_ancestors = taxonomy.lowest_common_ancestors
    is_a = taxonomy.is_a
    depth = taxonomy.depth
    taxonomic_distance = taxonomy.taxonomic_distance

    shortest_path = statements.shortest_path
    path_along = statements.path_along
    all_shortest_paths = questions.all_shortest_paths
    paths = questions.paths
    follow = questions.follow
    match = questions.match
    sparql = questions.sparql

    similarity = questions.similarity
    similarity_matrix = questions.similarity_matrix
    most_similar = questions.most_similar

    entail = questions.entail
    why = questions.why
    contradictions = questions.contradictions

    audit = questions.audit
    write = questions.write

    # -- showing ---------------------------------------------------------------------------------------------

    draw = drawing.draw

    def __repr__(self) -> str:
        return f"<KnowledgeGraph {showing.counted(self)}>"

    def _repr_html_(self) -> str:
        return showing.graph_html(self)
