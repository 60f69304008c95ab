"""Methods of a graph whose work is done on higher floors: what is asked, here; how it is answered, behind the door."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from kgzsl.graph.concepts import Concepts
from kgzsl.graph.doors import DOORS
from kgzsl.graph.path import Path

if TYPE_CHECKING:
    from kgzsl.display.table import Table
    from kgzsl.graph.concept import Edge
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = [
    "all_shortest_paths",
    "audit",
    "contradictions",
    "entail",
    "follow",
    "match",
    "most_similar",
    "paths",
    "similarity",
    "similarity_matrix",
    "sparql",
    "why",
    "write",
]

_Relations = Iterable[str] | str | None
_behind = cache(DOORS.load)
_Weight = str | Mapping[str, float] | Callable[["Edge"], float] | None


def paths(
    graph: KnowledgeGraph,
    a: str,
    b: str,
    *,
    k: int = 5,
    max_length: int | None = 6,
    relations: _Relations = None,
    pattern: str | None = None,
    weight: _Weight = None,
    max_degree: int | None = None,
    directed: bool = False,
) -> tuple[Path, ...]:
    """The `k` best paths from `a` to `b` that pass no concept twice, of at most `max_length` edges (None: any number).

    By cost, then by length, concepts and relations; two edges of different relations make two paths, a symmetric one
    stated both ways makes one. Fewer than `k` if there are no more, `NoPathError` if there is none. `pattern` says
    what the relations along the path must be, in the language of `kgzsl.query.pattern_syntax`, where direction counts;
    otherwise `relations`, `directed`, `max_degree` and `weight` are those of `shortest_path`.

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> for path in kg.paths("dog.n.01", "cat.n.01", k=2):
    ...     print(path)
    dog is a kind of domestic animal, which has kind domestic cat, which is a kind of cat
    dog is a kind of canine, which is a kind of carnivore, which has kind feline, which has kind cat
    >>> print(*kg.paths("dog.n.01", "cat.n.01", pattern="is_a+/has_part/^has_part/^is_a"))
    dog is a kind of canine, which has part paw, which is part of feline, which has kind cat
    """
    found: tuple[Path, ...] = DOORS.load("paths")(
        graph,
        a,
        b,
        k=k,
        max_length=max_length,
        relations=relations,
        pattern=pattern,
        weight=weight,
        max_degree=max_degree,
        directed=directed,
    )
    return found


def all_shortest_paths(
    graph: KnowledgeGraph,
    a: str,
    b: str,
    *,
    relations: _Relations = None,
    weight: _Weight = None,
    max_degree: int | None = None,
    directed: bool = False,
    limit: int = 10_000,
) -> tuple[Path, ...]:
    """Every path from `a` to `b` that no other is shorter than, by concepts, then by relations.

    With `weight` those of the least cost and, among them, of the fewest edges; the options are those of
    `shortest_path`. `NoPathError` if there is none; `ResourceLimitError` with their number if there are more than
    `limit`, before any is made.

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> [str(path) for path in kg.all_shortest_paths("dog.n.01", "wolf.n.01")]
    ['dog is a kind of canine, which has kind wolf', 'dog is a member of Canis, which has member wolf']
    """
    found: tuple[Path, ...] = DOORS.load("all_shortest_paths")(
        graph,
        a,
        b,
        relations=relations,
        weight=weight,
        max_degree=max_degree,
        directed=directed,
        limit=limit,
    )
    return found


def follow(graph: KnowledgeGraph, ids: Iterable[str] | str, pattern: str) -> Concepts:
    """Concepts that a pattern of relations leads to from one concept or several, nearest first, then by id.

    Operators and meaning are those of SPARQL 1.1's property paths: `a/b`, `a|b`, `^a`, `a?`, `a*`, `a+`, `!(a|^b)`,
    `(...)`; besides, `.` is any relation, `{m}`, `{m,}` and `{m,n}` repeat, and names are relations, kinds or inverses,
    in `<...>` if they have other characters than letters, digits, `_`, `:` and `-`. Edges are walked as stated, also
    those of symmetric relations: `antonym|^antonym` goes both ways. `distances` are the fewest edges walked.

    What leads to a concept is `kg.follow(b, "^(pattern)")`; whether one leads to another, `b in kg.follow(a, pattern)`.
    `kgzsl.query.pattern_syntax` has the grammar. `PatternSyntaxError` shows where a pattern cannot be read.

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> kg.follow("horse.n.01", "is_a+/has_part")[:3]
    (Concept('cannon.n.05', 'cannon'), Concept('hock.n.02', 'hock'), Concept('hoof.n.01', 'hoof'))
    >>> "hoof.n.01" in kg.follow("zebra.n.01", "is_a+/has_part")
    True
    """
    found: Concepts = DOORS.load("follow")(graph, ids, pattern)
    return found


def match(graph: KnowledgeGraph, pattern: str, *, limit: int | None = None) -> Table:
    """A row for each way in which all the patterns hold, sorted by its columns; rows are found as they are read.

    Patterns are parted by ` . `, `;` or a new line; names with a `?` are variables, and a relation may be a pattern as
    in `follow`. What compares is a filter: `?y != hoof.n.01`, `label(?x) contains "big"`, `FILTER NOT EXISTS { ... }`.
    Cells are `Concept`, or names of relations. `limit` is how many rows there may be; without it an answer of over
    5,000,000 is a `ResourceLimitError`. `kgzsl.query.matching` has the grammar.

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> print(kg.match('?x is_a+ equine.n.01 . ?x has_part ?part . label(?x) contains "horse"', limit=3))
    x           part
    horse.n.01  encolure.n.01
    horse.n.01  gaskin.n.01
    horse.n.01  horse's_foot.n.01
    """
    found: Table = DOORS.load("match")(graph, pattern, limit=limit)
    return found


def sparql(graph: KnowledgeGraph, query: str) -> Any:
    """The answer of a SPARQL 1.1 engine over this graph: a `Table`, or a bool for ASK.

    `c:tiger.n.02` is the concept with this id, `r:is_a` the relation, and `rdfs:label`, `skos:altLabel` and
    `skos:definition` its texts; other signs than letters, digits and `_.-~:/` are percent-encoded. CONSTRUCT and
    DESCRIBE give a table of triples, which `add_edges` takes. Nothing is fetched or changed: SERVICE and updates are an
    `UnsafeInputError`. The first query of a graph fills a store in memory; see `kgzsl.query.sparql`.

    >>> import networkx
    >>> from kgzsl.graph import KnowledgeGraph
    >>> animals = networkx.DiGraph([("dog", "mammal"), ("cat", "mammal"), ("mammal", "animal")])
    >>> kg = KnowledgeGraph.from_networkx(animals, relation="is_a")
    >>> print(kg.sparql("SELECT ?x { ?x r:is_a+ c:animal }"))
    x
    cat
    dog
    mammal
    """
    return DOORS.load("sparql")(graph, query)


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
    """How alike two concepts are by the taxonomy; with several in `b`, an array of one number for each.

    `measure` is "path", "wup" (Wu-Palmer), "lch" (Leacock-Chodorow), "res" (Resnik), "jcn" (Jiang-Conrath; also
    "jcn_distance") or "lin"; `kgzsl.query.similarity` defines them and says what the options mean.

    >>> import kgzsl
    >>> kgzsl.load_graph("wordnet").similarity("dog.n.01", "cat.n.01")
    0.2
    """
    return _behind("similarity")(  # asked a million times in a loop
        graph, a, b, measure=measure, ic=ic, relations=relations, compat=compat, virtual_root=virtual_root
    )


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
) -> Any:
    """Similarities of each of `ids` with each of `others` (None: of `ids`), float64 `[len(ids), len(others)]`.

    >>> import kgzsl
    >>> kgzsl.load_graph("wordnet").similarity_matrix(["dog.n.01", "cat.n.01", "wolf.n.01"]).round(2)
    array([[1.  , 0.2 , 0.33],
           [0.2 , 1.  , 0.2 ],
           [0.33, 0.2 , 1.  ]])
    """
    return DOORS.load("similarity_matrix")(
        graph, ids, others, measure=measure, ic=ic, relations=relations, compat=compat, virtual_root=virtual_root
    )


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

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> kg.most_similar("zebra.n.01", k=2, among=["horse.n.01", "okapi.n.01", "dog.n.01"])["id"]
    (Concept('horse.n.01', 'horse'), Concept('dog.n.01', 'dog'))
    """
    found: Table = DOORS.load("most_similar")(
        graph,
        id,
        k=k,
        among=among,
        measure=measure,
        ic=ic,
        relations=relations,
        compat=compat,
        virtual_root=virtual_root,
    )
    return found


def entail(graph: KnowledgeGraph, rules: Any = "rdfs", *, max_edges: int | None = None) -> KnowledgeGraph:
    """The graph with the edges that follow from its own, each with `inferred_by`; `why` gives the proof.

    `kgzsl.query.entailment` lists the rules.

    >>> import kgzsl
    >>> farm = [("zebra", "is_a", "equine"), ("equine", "is_a", "mammal")]
    >>> kg = kgzsl.KnowledgeGraph.from_tables(["equine", "mammal", "zebra"], farm).entail("rdfs")
    >>> [(str(edge), edge.more["inferred_by"]) for edge in kg.edges("zebra")]
    [('zebra is_a equine', None), ('zebra is_a mammal', 'transitive(is_a)')]
    """
    entailed: KnowledgeGraph = DOORS.load("entail")(graph, rules, max_edges=max_edges)
    return entailed


def why(graph: KnowledgeGraph, edge: Edge | tuple[str, str, str], *, rules: Any = None) -> Any:
    """The smallest `Proof` of an edge from edges that are stated.

    `rules` as in `entail`; None stands for those that the graph was entailed by, else for "rdfs".

    >>> import kgzsl
    >>> print(kgzsl.load_graph("wordnet").why(("tiger.n.02", "is_a", "feline.n.01")))
    tiger is a kind of feline because tiger is a kind of big cat and big cat is a kind of feline
    """
    return DOORS.load("why")(graph, edge, rules=rules)


def contradictions(
    graph: KnowledgeGraph,
    *,
    limit: int | None = 100,
    equivalence: bool = False,
    asymmetric: _Relations = None,
) -> Any:
    """What cannot all be true, as `Contradiction`s, each with a smallest set of stated edges that says so.

    `kgzsl.query.contradictions` has the rules, and says what the options mean.

    >>> import kgzsl
    >>> says = [("bat", "is_a", "bird"), ("bat", "is_a", "mammal"), ("bird", "disjoint_with", "mammal")]
    >>> print(*kgzsl.KnowledgeGraph.from_tables(["bat", "bird", "mammal"], says).contradictions())
    bat (disjoint): it cannot be that bat is a kind of bird, bat is a kind of mammal and bird is never a mammal
    """
    return DOORS.load("contradictions")(graph, limit=limit, equivalence=equivalence, asymmetric=asymmetric)


def audit(
    graph: KnowledgeGraph,
    *,
    seen: Iterable[str] | None = None,
    classes: Iterable[str] | None = None,
    relations: _Relations = None,
    ignore: Sequence[str] = (),
) -> Any:
    """What is wrong or missing in the graph, as `AuditReport`; `kgzsl.query.audit` says what the options mean.

    >>> import kgzsl
    >>> report = kgzsl.load_graph("freshwater").audit()
    >>> report.ok, report.severity
    (True, 'warning')
    """
    return DOORS.load("audit")(graph, seen=seen, classes=classes, relations=relations, ignore=ignore)


def write(
    graph: KnowledgeGraph, path: str | FilePath, *, format: str | None = None, overwrite: bool = False
) -> FilePath:
    """Write the graph so that `kgzsl.read` gives an equal one back; the format follows the suffix, or is named.

    >>> import tempfile
    >>> import kgzsl
    >>> kg = kgzsl.load_graph("freshwater")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kgzsl.read(kg.write(f"{folder}/freshwater.ttl")).fingerprint == kg.fingerprint
    True
    """
    written: FilePath = DOORS.load("write")(graph, path, format=format, overwrite=overwrite)
    return written
