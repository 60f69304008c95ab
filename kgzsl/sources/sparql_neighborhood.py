"""What lies within some hops of given IRIs at a SPARQL endpoint: the triples among them, and what is said of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kgzsl.display.progress import Advance, progress
from kgzsl.sources.sparql_endpoint import Endpoint, Row, batches
from kgzsl.sources.sparql_query import Predicates, Triples, exists, has_axioms

__all__ = ["Surroundings", "absent", "read_literals", "read_resources", "read_surroundings"]

Triple = tuple[str, str, str]


@dataclass
class Surroundings:
    """The IRIs within reach, every triple between two of them that is an edge, and other triples that start at one."""

    iris: set[str]
    edges: set[Triple] = field(default_factory=set)
    facts: set[Triple] = field(default_factory=set)


def absent(endpoint: Endpoint, iris: Sequence[str]) -> list[str]:
    """Those of the IRIs that the endpoint has no triple of."""
    missing = list(iris)
    while missing:
        found = set()
        for batch in batches(missing):
            for binding in endpoint.bindings(exists(batch)):
                value = binding.get("s") if isinstance(binding, dict) else None
                found.add(value.get("value") if isinstance(value, dict) else None)
        left = [iri for iri in missing if iri not in found]
        if len(left) == len(missing):
            break  # not because the server cuts its answers, for then some would have come
        missing = left
    return missing


def read_surroundings(
    endpoint: Endpoint,
    around: Sequence[str],
    *,
    hops: int,
    predicates: Predicates | None,
    axioms: bool,
    is_edge: Callable[[Triple], bool],
    show_progress: bool | None,
) -> Surroundings:
    """Ring by ring: the edges that start or end in a ring give the next one; those of the last only start there.

    With `axioms`, what class expressions say is an edge as well.
    """
    near = Surroundings(set(around))
    kinds = (False, True) if axioms and endpoint.bindings(has_axioms()) else (False,)
    ring = sorted(near.iris)

    def read(end: Literal["s", "o"], advance: Advance) -> Iterator[Row]:
        for batch in batches(ring):
            for kind in kinds:
                yield from _triples(endpoint, Triples(end, batch, predicates, axioms=kind))
            advance(len(batch))

    for hop in range(hops):
        met: set[str] = set()
        with progress(2 * len(ring), f"hop {hop + 1} of {hops}", show=show_progress) as advance:
            for row in read("s", advance):
                met |= _keep(near, row, is_edge, endpoint)
            for row in read("o", advance):
                if is_edge((row.s, row.p, row.o.value)):
                    met |= _keep(near, row, is_edge, endpoint)
                else:
                    endpoint.leave_out("skipped_not_an_edge")
        ring = sorted(met - near.iris)
        near.iris |= met
    with progress(len(ring), "edges among the last", show=show_progress) as advance:
        for row in read("s", advance):
            if row.o.value in near.iris or not is_edge((row.s, row.p, row.o.value)):
                _keep(near, row, is_edge, endpoint)
            else:
                endpoint.leave_out("skipped_outside")
    return near


def _triples(endpoint: Endpoint, question: Triples) -> Iterator[Row]:
    """The rows whose other end is an IRI; the others are counted."""
    census = endpoint.census(question)
    if not question.axioms:
        endpoint.tally.count("rows_received", census["blank"])
        endpoint.leave_out("skipped_blank_node", census["blank"])
        endpoint.tally.count("literals", census["literal"])
    yield from endpoint.rows(question, census["iri"])


def read_resources(endpoint: Endpoint, iris: Sequence[str], *, predicates: Predicates) -> list[Row]:
    """The IRIs that these predicates give of these IRIs."""
    return [row for batch in batches(iris) for row in _triples(endpoint, Triples("s", batch, predicates))]


def _keep(near: Surroundings, row: Row, is_edge: Callable[[Triple], bool], endpoint: Endpoint) -> set[str]:
    """Keep a triple once; gives the ends of an edge."""
    triple = (row.s, row.p, row.o.value)
    if triple in near.edges or triple in near.facts:
        endpoint.leave_out("merged_met_again")
        return set()
    if not is_edge(triple):
        near.facts.add(triple)
        return set()
    near.edges.add(triple)
    return {row.s, row.o.value}


def read_literals(
    endpoint: Endpoint,
    iris: Sequence[str],
    *,
    predicates: tuple[str, ...],
    languages: tuple[str, ...] | None,
    show_progress: bool | None,
) -> list[Row]:
    """The literals that these predicates give of these IRIs, in these languages (None: in any)."""
    rows: list[Row] = []
    with progress(len(iris), "labels and definitions", show=show_progress) as advance:
        for batch in batches(iris):
            question = Triples("s", batch, Predicates(predicates), text=True, languages=languages)
            rows += endpoint.rows(question, endpoint.census(question)["literal"])
            advance(len(batch))
    return rows
