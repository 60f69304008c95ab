"""WordNet's nouns in the libraries that people ask today, each as fast as its documentation makes it.

A peer is built outside the time that is measured, and asked with its own handles: NLTK and wn with synsets, rustworkx
and igraph with integers. `AbsentError` says why there is none.
"""

import importlib
import importlib.metadata
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query.sparql_view import concept_iri, iri_id, relation_iri

sys.path.insert(0, str(Path(__file__).parent))
from wordnet import nltk_folder  # the benchmark beside this file

CONCEPTS = concept_iri("")
IS_A, INSTANCE_OF, HAS_PART = (f"<{relation_iri(name)}>" for name in ("is_a", "instance_of", "has_part"))
K = 5


class AbsentError(Exception):
    """Why a peer is not here."""


@dataclass(frozen=True)
class Peer:
    """What a library is asked: `handle` makes its name of one of our ids, `asks` answers, `said` gives ids again."""

    name: str
    handle: Callable[[str], Any]
    asks: Mapping[str, Callable[..., Any]]
    said: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)


class Nouns:
    """WordNet's nouns and what is above what among them: ids, and edges as pairs of places in `ids`."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.graph = graph
        noun = graph.concept_columns.series("pos")[0].to_numpy() == "n"
        self.ids = [id_ for id_, is_noun in zip(graph.ids, noun.tolist(), strict=True) if is_noun]
        self.place = {id_: place for place, id_ in enumerate(self.ids)}
        self.edges = {name: self._pairs(name, noun) for name in ("is_a", "instance_of", "has_part")}

    def _pairs(self, relation: str, noun: Any) -> list[tuple[int, int]]:
        index, place, ids = self.graph.index, self.place, self.graph.ids
        rows = index.edge_rows(relation)
        rows = rows[noun[index.head[rows]] & noun[index.tail[rows]]]
        ends = zip(index.head[rows].tolist(), index.tail[rows].tolist(), strict=True)
        return [(place[ids[head]], place[ids[tail]]) for head, tail in ends]

    @property
    def taxonomy(self) -> list[tuple[int, int]]:
        """Edges from children to parents."""
        return self.edges["is_a"] + self.edges["instance_of"]

    @cached_property
    def joined(self) -> set[tuple[str, str]]:
        """Which two are joined by such an edge, both ways round."""
        named = [(self.ids[a], self.ids[b]) for a, b in self.taxonomy]
        return {*named, *((b, a) for a, b in named)}

    def names(self, places: Any) -> list[str]:
        return [self.ids[place] for place in places]


def imported(module: str) -> tuple[Any, str]:
    """A library and how it is called with its version."""
    try:
        return importlib.import_module(module), f"{module} {importlib.metadata.version(module)}"
    except ImportError:
        raise AbsentError(f"{module} is not installed") from None


def nltk(nouns: Nouns, files: Path, scratch: Path) -> Peer:
    """NLTK over the same database files, with its synsets at hand: finding them by name is not measured."""
    library, name = imported("nltk")
    if not (files / "data.noun").exists():
        raise AbsentError(f"no WordNet files in {files}")
    nltk_folder(files, scratch)
    library.data.path.insert(0, str(scratch))
    from nltk.corpus import wordnet

    return Peer(
        name.replace("nltk", "NLTK"),
        wordnet.synset,
        {
            "wup": lambda a, b: a.wup_similarity(b),
            "wup many": lambda a, *others: [a.wup_similarity(b) for b in others],
            "ancestors": lambda a: set(a.closure(lambda s: s.hypernyms())),
            "lowest": lambda a, b: a.lowest_common_hypernyms(b),
        },
        {name: lambda found: {synset.name() for synset in found} for name in ("ancestors", "lowest")},
    )


def wn(nouns: Nouns, scratch: Path) -> Peer:
    """Wn over a database of its own, filled with our nouns: there is no download."""
    library, name = imported("wn")
    above: dict[int, list[tuple[str, int]]] = {}
    for relation, word in (("is_a", "hypernym"), ("instance_of", "instance_hypernym")):
        for child, parent in nouns.edges[relation]:
            above.setdefault(child, []).append((word, parent))
            above.setdefault(parent, []).append((word.replace("hyper", "hypo"), child))
    file = scratch / "nouns.xml"
    with file.open("w", encoding="utf-8") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE LexicalResource SYSTEM ')
        out.write('"http://globalwordnet.github.io/schemas/WN-LMF-1.1.dtd">\n<LexicalResource>\n')
        out.write('<Lexicon id="nouns" label="nouns" language="en" email="-" license="-" version="1">\n')
        for place in range(len(nouns.ids)):
            edges = [f'<SynsetRelation relType={quoteattr(w)} target="nouns-{p}-n"/>' for w, p in above.get(place, ())]
            out.write(f'<Synset id="nouns-{place}-n" ili="" partOfSpeech="n">{"".join(edges)}</Synset>\n')
        out.write("</Lexicon></LexicalResource>\n")
    library.config.data_directory = scratch
    library.add(file, progress_handler=None)
    lexicon = library.Wordnet("nouns:1")
    from wn import similarity

    def said(found: Any) -> set[str]:
        return set(nouns.names(int(synset.id.split("-")[1]) for synset in found))

    return Peer(
        name,
        lambda id_: lexicon.synset(f"nouns-{nouns.place[id_]}-n"),
        {
            "ancestors": lambda a: set(a.closure("hypernym", "instance_hypernym")),
            "lowest": lambda a, b: a.lowest_common_hypernyms(b),
            "wup": similarity.wup,
        },
        {"ancestors": said, "lowest": said},
    )


def networkx(nouns: Nouns) -> Peer:
    """NetworkX graphs of the same ids: one without directions, one from children to parents, one the other way."""
    nx, name = imported("networkx")
    named = [(nouns.ids[child], nouns.ids[parent]) for child, parent in nouns.taxonomy]
    around, up = nx.Graph(named), nx.DiGraph(named)
    down = up.reverse()
    return Peer(
        name.replace("networkx", "NetworkX"),
        lambda id_: id_,
        {
            "shortest": lambda a, b: nx.shortest_path(around, a, b),
            "two-hop graph": lambda a: nx.ego_graph(around, a, radius=2),
            "two hops": lambda a: nx.single_source_shortest_path_length(around, a, cutoff=2),
            "k shortest": lambda a, b: list(islice(nx.shortest_simple_paths(around, a, b), K)),
            "ancestors": lambda a: nx.descendants(up, a),
            "descendants": lambda a: nx.descendants(down, a),
            "one lowest": lambda a, b: nx.lowest_common_ancestor(down, a, b),
        },
        {"two hops": lambda found: {id_: steps for id_, steps in found.items() if steps}},
    )


def rustworkx(nouns: Nouns) -> Peer:
    """rustworkx over integers."""
    rx, name = imported("rustworkx")
    around, up = rx.PyGraph(multigraph=False), rx.PyDiGraph()
    for graph in (around, up):
        graph.add_nodes_from(range(len(nouns.ids)))
        graph.add_edges_from_no_data(nouns.taxonomy)

    def two_hops(a: int) -> set[int]:
        near = around.neighbors(a)
        return set(near).union(*(around.neighbors(other) for other in near)) - {a}

    return Peer(
        name,
        nouns.place.__getitem__,
        {
            "shortest": lambda a, b: rx.graph_dijkstra_shortest_paths(around, a, target=b)[b],
            "two hops": two_hops,
            "ancestors": lambda a: rx.descendants(up, a),
            "descendants": lambda a: rx.ancestors(up, a),
        },
        {
            "shortest": nouns.names,
            "two hops": lambda found: set(nouns.names(found)),
            "ancestors": lambda found: set(nouns.names(found)),
            "descendants": lambda found: set(nouns.names(found)),
        },
    )


def igraph(nouns: Nouns) -> Peer:
    """The same of igraph, over integers."""
    ig, name = imported("igraph")
    around = ig.Graph(len(nouns.ids), nouns.taxonomy)
    up = ig.Graph(len(nouns.ids), nouns.taxonomy, directed=True)
    sets = ("two hops", "ancestors", "descendants")
    return Peer(
        name,
        nouns.place.__getitem__,
        {
            "shortest": around.get_shortest_path,
            "two hops": lambda a: around.neighborhood(a, order=2, mindist=1),
            "ancestors": lambda a: up.subcomponent(a, mode="out")[1:],
            "descendants": lambda a: up.subcomponent(a, mode="in")[1:],
        },
        {"shortest": nouns.names} | {name: lambda found: set(nouns.names(found)) for name in sets},
    )


# -- SPARQL ----------------------------------------------------------------------------------------------------------


def _triples(nouns: Nouns) -> str:
    """What the patterns are about, as N-Triples."""
    iris = [f"<{concept_iri(id_)}>" for id_ in nouns.ids]
    words = {"is_a": IS_A, "instance_of": INSTANCE_OF, "has_part": HAS_PART}
    lines = [f"{iris[a]} {words[name]} {iris[b]} ." for name, pairs in nouns.edges.items() for a, b in pairs]
    return "\n".join(lines)


def _follow(a: str) -> str:
    return f"SELECT DISTINCT ?y {{ {a} {IS_A}+/{HAS_PART} ?y }}"


def _match(a: str) -> str:
    return f"SELECT DISTINCT ?x ?y {{ ?x {IS_A}+ {a} . ?x {HAS_PART} ?y }}"


def _iri(id_: str) -> str:
    return f"<{concept_iri(id_)}>"


def pyoxigraph(nouns: Nouns) -> Peer:
    """Oxigraph in memory, asked in SPARQL."""
    ox, name = imported("pyoxigraph")
    store = ox.Store()
    store.bulk_load(_triples(nouns).encode(), format=ox.RdfFormat.N_TRIPLES)

    def said(rows: Any) -> set[Any]:
        found = {tuple(iri_id(term.value, CONCEPTS) for term in row) for row in rows}
        return {row[0] for row in found} if all(len(row) == 1 for row in found) else found

    asks = {"follow": lambda a: list(store.query(_follow(a))), "match": lambda a: list(store.query(_match(a)))}
    return Peer(name, _iri, asks, {"follow": said, "match": said})


def rdflib(nouns: Nouns) -> Peer:
    """rdflib's own store, asked in SPARQL."""
    library, name = imported("rdflib")
    store = library.Graph()
    store.parse(data=_triples(nouns), format="nt")

    def said(rows: Any) -> set[Any]:
        found = {tuple(iri_id(str(term), CONCEPTS) for term in row) for row in rows}
        return {row[0] for row in found} if all(len(row) == 1 for row in found) else found

    asks = {"follow": lambda a: list(store.query(_follow(a))), "match": lambda a: list(store.query(_match(a)))}
    return Peer(name, _iri, asks, {"follow": said, "match": said})
