"""The SPARQL protocol over a store of Oxigraph, on 127.0.0.1: a real engine behind real HTTP."""

import json
from collections.abc import Callable
from urllib.parse import parse_qs

import pyoxigraph as ox

from tests.sources.loopback import Answer, Asked, LoopbackServer

RESULTS = "application/sparql-results+json"
SPACES = {
    "": "http://x.org/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "owl": "http://www.w3.org/2002/07/owl#",
}


def store_of(turtle: str) -> ox.Store:
    """Give a store of the triples; `:` is http://x.org/."""
    head = "".join(f"@prefix {prefix}: <{space}> .\n" for prefix, space in SPACES.items())
    store = ox.Store()
    store.load(head + turtle, format=ox.RdfFormat.TURTLE)
    return store


def answer(store: ox.Store, asked: Asked, *, row_limit: int | None = None) -> Answer:
    """Answer a query of the SPARQL 1.1 protocol; with `row_limit`, never more rows than that, without a word."""
    fields = parse_qs(asked.body.decode()) if asked.method == "POST" else {k: [v] for k, v in asked.query.items()}
    graphs = [ox.NamedNode(iri) for iri in fields.get("default-graph-uri", [])]
    try:
        found = store.query(fields["query"][0], default_graph=graphs or None)
        body = found.serialize(format=ox.QueryResultsFormat.JSON)
    except (SyntaxError, ValueError, KeyError) as error:
        return Answer(str(error), status=400, content_type="text/plain")
    if row_limit is not None:
        result = json.loads(body)
        result["results"]["bindings"] = result["results"]["bindings"][:row_limit]
        body = json.dumps(result).encode()
    return Answer(body, content_type=RESULTS)


def sparql_server(
    store: ox.Store, *, row_limit: int | None = None, meddle: Callable[[str, Answer], Answer] | None = None
) -> LoopbackServer:
    """Serve the store at every path; `meddle` may change what answers a query."""

    def play(asked: Asked) -> Answer:
        given = answer(store, asked, row_limit=row_limit)
        return meddle(query_of(asked), given) if meddle else given

    return LoopbackServer(play)


def query_of(asked: Asked) -> str:
    """The query that was asked."""
    return parse_qs(asked.body.decode())["query"][0]
