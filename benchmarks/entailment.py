"""What follows from KG-AwA, with proofs, beside owlrl and reasonable on the same edges in one run.

    python benchmarks/entailment.py --graph ../shared/data/kzsl/KG-AwA.csv [--repeats 5] [--owl]

RDFS by kgzsl is `entail("rdfs")`: a new graph in which every edge that follows has its rule, its premises and its
weight. Its first call, which may compile, has a row of its own. owlrl computes the RDFS closure without axiomatic
triples, once: its time is that of `expand` alone. The two must be equal between concepts of the graph, over its own
relations, loops left aside; then proofs of a sample are replayed. With `--owl`, owlrl's and reasonable's OWL 2 RL are
compared in the same way (owlrl takes minutes). Prints seconds and how many times faster kgzsl is.
"""

import argparse
import importlib.metadata
import os
import platform
import statistics
import time
from pathlib import Path

import owlrl
import polars as pl
import rdflib
from rdflib import OWL, RDF, RDFS
from rich.console import Console
from rich.table import Table

from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.reading import read

EX = rdflib.Namespace("http://example.org/")
TERMS = {"is_a": RDFS.subClassOf, "instance_of": RDF.type, "same_as": OWL.sameAs, "disjoint_with": OWL.disjointWith}

Triple = tuple[int, str, int]


def as_rdf(graph: KnowledgeGraph, terms: dict[str, rdflib.URIRef]) -> rdflib.Graph:
    """The edges as triples between numbered concepts."""
    store = rdflib.Graph()
    names = list(graph.relations)
    index = graph.index
    for head, code, tail in zip(index.head.tolist(), index.relation.tolist(), index.tail.tolist(), strict=True):
        store.add((EX[f"c{head}"], terms[names[code]], EX[f"c{tail}"]))
    for name, relation in graph.relations.items():
        if relation.symmetric and name != "same_as":
            store.add((terms[name], RDF.type, OWL.SymmetricProperty))
    return store


def between_concepts(store: rdflib.Graph, terms: dict[str, rdflib.URIRef]) -> set[Triple]:
    """Triples between concepts over the graph's relations, loops left aside."""
    names = {term: name for name, term in terms.items()}
    prefix = str(EX) + "c"
    found = set()
    for head, relation, tail in store:
        if relation in names and str(head).startswith(prefix) and str(tail).startswith(prefix) and head != tail:
            found.add((int(str(head)[len(prefix) :]), names[relation], int(str(tail)[len(prefix) :])))
    return found


def edges_of(graph: KnowledgeGraph) -> set[Triple]:
    """The same of one of our graphs."""
    index, names = graph.index, list(graph.relations)
    ends = zip(index.head.tolist(), index.relation.tolist(), index.tail.tolist(), strict=True)
    return {(head, names[code], tail) for head, code, tail in ends}


def timed_entail(graph: KnowledgeGraph, rules: str, repeats: int) -> tuple[KnowledgeGraph, float, float]:
    """The entailed graph, seconds of the first call and the median of the others."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        entailed = graph.entail(rules)
        times.append(time.perf_counter() - start)
    return entailed, times[0], statistics.median(times[1:])


def replayed(graph: KnowledgeGraph, entailed: KnowledgeGraph, count: int) -> float:
    """Microseconds to find and replay one proof, over a sample of the edges that follow by our rules."""
    inferred = entailed.edges_table.filter(pl.col("inferred_by").is_not_null() & (pl.col("inferred_by") != "owl-rl"))
    rows = inferred.sample(min(count, len(inferred)), seed=0).select("head", "relation", "tail").rows()
    start = time.perf_counter()
    for row in rows:
        assert entailed.why(row).replay(graph)
    return (time.perf_counter() - start) / max(len(rows), 1) * 1e6


def main() -> None:
    """Run ours, then the peer's on the same edges, check that they agree, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graph", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--owl", action="store_true")
    options = parser.parse_args()
    graph = read(options.graph)
    terms = {name: TERMS.get(name, EX[f"r{place}"]) for place, name in enumerate(graph.relations)}
    table = Table(title=f"What follows from {graph.name}: {len(graph):,} concepts, {graph.index.num_edges:,} edges")
    for column in ("closure", "by", "edges that follow", "seconds", "times faster"):
        table.add_column(column, justify="left" if column in ("closure", "by") else "right")
    peers = {"rdfs": owlrl.RDFS_Semantics} | ({"owl-rl": owlrl.OWLRL_Semantics} if options.owl else {})
    remarks = []
    for rules, semantics in peers.items():
        entailed, first, ours = timed_entail(graph, rules, options.repeats if rules == "rdfs" else 1)
        store = as_rdf(graph, terms)
        start = time.perf_counter()
        owlrl.DeductiveClosure(semantics, axiomatic_triples=False, datatype_axioms=False).expand(store)
        theirs = time.perf_counter() - start
        own, other = edges_of(entailed), between_concepts(store, terms)
        same = "equal" if own == other else f"{len(own - other):,} only here, {len(other - own):,} only there"
        given = edges_of(graph)
        by = "kgzsl" if rules == "rdfs" else "kgzsl (engine: reasonable)"
        table.add_row(rules, f"{by}, first call", f"{len(own - given):,}", f"{first:.3f}", f"{theirs / first:.0f}")
        table.add_row(rules, by, f"{len(own - given):,}", f"{ours:.3f}", f"{theirs / ours:.0f}")
        peer = f"owlrl {importlib.metadata.version('owlrl')}"
        table.add_row(rules, peer, f"{len(other - given):,}", f"{theirs:.3f}", "")
        unproved = int((entailed.edges_table["inferred_by"] == "owl-rl").sum())
        micro = replayed(graph, entailed, 500)
        remarks.append(
            f"{rules}: {same}; {unproved:,} edges without a proof; a proof is found and replayed in {micro:.0f} µs"
        )
    console = Console(width=max(110, Console().width))
    console.print(table)
    for remark in remarks:
        console.print(remark)
    console.print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
