"""What lies within some hops of given IRIs at a SPARQL endpoint: the triples among them, and what names them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from kgzsl.display.progress import progress
from kgzsl.sources.sparql_endpoint import Endpoint, Row, batches
from kgzsl.sources.sparql_query import Triples, exists

__all__ = ["Surroundings", "absent", "read_surroundings", "read_texts"]


@dataclass(frozen=True)
class Surroundings:
    """The IRIs within reach, sorted, and every triple between two of them, sorted."""

    iris: tuple[str, ...]
    triples: tuple[tuple[str, str, str], ...]


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
    predicates: tuple[str, ...] | None,
    skipped: Callable[[Row], str],
    show_progress: bool | None,
) -> Surroundings:
    """Ring by ring: all triples that start or end in a ring give the next one; those of the last only start there.

    `skipped` names the reason why a triple is no edge, and is "" for an edge.
    """
    known = set(around)
    ring = sorted(known)
    triples: set[tuple[str, str, str]] = set()

    def read(near: Literal["s", "o"]) -> Iterable[Row]:
        for batch in batches(ring):
            question = Triples(near, batch, predicates)
            census = endpoint.census(question)
            endpoint.tally.count("skipped_blank_node", census["blank"])
            endpoint.tally.count("literals", census["literal"])
            for row in endpoint.rows(question, census["iri"]):
                if reason := skipped(row):
                    endpoint.tally.count(f"skipped_{reason}")
                else:
                    yield row
            advance(len(batch))

    def keep(row: Row) -> None:
        triple = (row.s, row.p, row.o.value)
        if triple in triples:
            endpoint.tally.count("merged_met_again")
        triples.add(triple)

    for hop in range(hops):
        with progress(2 * len(ring), f"hop {hop + 1} of {hops}", show=show_progress) as advance:
            met = set()
            for near in ("s", "o"):
                for row in read(near):
                    keep(row)
                    met |= {row.s, row.o.value}
        ring = sorted(met - known)
        known |= met
    with progress(len(ring), "edges among the last", show=show_progress) as advance:
        for row in read("s"):
            if row.o.value in known:
                keep(row)
            else:
                endpoint.tally.count("skipped_outside")
    return Surroundings(tuple(sorted(known)), tuple(sorted(triples)))


def read_texts(
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
            question = Triples("s", batch, predicates, text=True, languages=languages)
            rows += endpoint.rows(question, endpoint.census(question)["literal"])
            advance(len(batch))
    return rows
