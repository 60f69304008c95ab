"""Matches by identifiers: equal ids, alternate ids, WordNet offsets, and edges that say "the same"."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.lookup import wordnet_version
from kgzsl.query.grounding_spelling import other_spellings

__all__ = ["Candidate", "identified"]

SAME_ID = 1.0
SHARED_IDENTIFIER = 0.98
NUMBER = 0.96
LINK = 0.95
OTHER_EQUIVALENCE = 0.8
NAME_FOR_ANOTHER = 0.9
_OFFSET = r"^(?:[nvars]\d{8}|\d{8}-[nvars])$"
_OFFSET_WITHIN = r"(?i)^[^\s]*[:/=#](?:[nvars][-_]?\d{5,8}|\d{5,8}[-_.]?[nvars])/?$"


@dataclass(frozen=True, slots=True)
class Candidate:
    """That position `a` of one graph may be position `b` of the other."""

    a: int
    b: int
    confidence: float
    evidence: str


def _identifiers(graph: KnowledgeGraph) -> pl.DataFrame:
    """identifier, position, rank: 0 an id, 1 an alternate id, 2 an offset within an id; one bearer each."""
    ids, others = graph.concept_columns.series("id", "alternate_ids")
    own = pl.DataFrame({"name": ids}).with_row_index("position").with_columns(rank=pl.lit(0))
    table = pl.DataFrame({"name": others}).with_row_index("position").explode("name").drop_nulls()
    lowered = table.with_columns(pl.col("name").str.to_lowercase())
    alternates = pl.concat([table, lowered]).unique().with_columns(rank=pl.lit(1))
    numbered = own.filter(pl.col("name").str.contains(_OFFSET_WITHIN)).with_columns(rank=pl.lit(2))
    spelled = [_offset(name) for name in numbered["name"].to_list()]
    numbered = numbered.with_columns(pl.Series("name", spelled, dtype=pl.String)).drop_nulls()
    columns = ["name", pl.col("position").cast(pl.Int64), "rank"]
    every = pl.concat([part.select(columns) for part in (own, alternates, numbered)])
    best = every.filter(pl.col("rank") == pl.col("rank").min().over("name"))
    return best.filter(~pl.col("name").is_duplicated())  # shared by two concepts, it identifies neither


def _offset(id_: str) -> str | None:
    return None if wordnet_version(id_) else next(other_spellings(id_), None)


def identified(
    a: KnowledgeGraph, b: KnowledgeGraph, *, with_ids: bool, with_links: bool
) -> list[tuple[Candidate, str]]:
    """Candidates by identifiers and by links, each with its method, the surest first.

    A concept of which nothing is said but that another one is the same makes room for that other one.
    """
    known = _by_ids(a, b)
    links = _by_links(a, b, known) if with_links else []
    bare_a, bare_b = (_names_for_another(graph) if links else frozenset() for graph in (a, b))
    described = [link for link in links if link.a not in bare_a and link.b not in bare_b]
    linked_a, linked_b = {link.a for link in described}, {link.b for link in described}
    found = [(link, "links") for link in links]
    for candidate in known if with_ids else []:
        is_bare = (candidate.a in bare_a and candidate.b in linked_b) or (
            candidate.b in bare_b and candidate.a in linked_a
        )
        weaker = replace(candidate, confidence=NAME_FOR_ANOTHER) if is_bare else candidate
        found.append((weaker, "ids"))
    return sorted(found, key=lambda item: (-item[0].confidence, item[0].a, item[0].b, item[1]))


def _by_ids(a: KnowledgeGraph, b: KnowledgeGraph) -> list[Candidate]:
    """Concepts with an identifier in common."""
    both = _identifiers(a).join(_identifiers(b), on="name", suffix="_b").sort("position", "position_b", "rank", "name")
    versions = _versions(a), _versions(b)
    if all(versions) and versions[0].isdisjoint(versions[1]):  # offsets of one version are no ids of another
        both = both.filter(~pl.col("name").str.contains(_OFFSET))
    found = []
    for name, place, rank, place_b, rank_b in both.select("name", "position", "rank", "position_b", "rank_b").rows():
        worst = max(rank, rank_b)
        confidence = (SAME_ID, SHARED_IDENTIFIER, NUMBER)[worst]
        evidence = ("same id", f"both are {name}", f"both are the WordNet offset {name}")[worst]
        found.append(Candidate(place, place_b, confidence, evidence))
    return found


def _versions(graph: KnowledgeGraph) -> frozenset[str]:
    """Versions of WordNet that the graph's concepts come from."""
    (sources,) = graph.concept_columns.series("source")
    return frozenset(sources.unique().str.extract(r"^wordnet-(\d+(?:\.\d+)*)", 1).drop_nulls().to_list())


def _by_links(a: KnowledgeGraph, b: KnowledgeGraph, known: list[Candidate]) -> list[Candidate]:
    """Concepts that an edge of kind equivalence, in either graph, joins with a concept the other has by its id."""
    target = _best(known)
    source = {place_b: place for place, place_b in target.items()}
    found = [Candidate(place, target[end], confidence, f"in {a.name}: {text}")
             for place, end, confidence, text in _equivalences(a) if end in target]  # fmt: skip
    found += [Candidate(source[end], place, confidence, f"in {b.name}: {text}")
              for place, end, confidence, text in _equivalences(b) if end in source]  # fmt: skip
    return found


def _names_for_another(graph: KnowledgeGraph) -> frozenset[int]:
    """Concepts that are there only so that an edge of kind equivalence may lead to them: nothing else is said."""
    index = graph.index
    same = np.zeros(index.num_edges, dtype=bool)
    same[index.edge_rows("equivalence")] = True
    told = np.union1d(index.head[~same], index.tail[~same])
    linked = np.setdiff1d(np.union1d(index.head[same], index.tail[same]), told)
    return frozenset(
        place
        for place in linked.tolist()
        if not graph.read_concept(place, "definition") and graph.read_concept(place, "label") == graph.ids[place]
    )


def _best(known: list[Candidate]) -> Mapping[int, int]:
    """One to one, the surest first."""
    taken: dict[int, int] = {}
    used: set[int] = set()
    for candidate in sorted(known, key=lambda item: (-item.confidence, item.a, item.b)):
        if candidate.a not in taken and candidate.b not in used:
            taken[candidate.a] = candidate.b
            used.add(candidate.b)
    return taken


def _equivalences(graph: KnowledgeGraph) -> Iterator[tuple[int, int, float, str]]:
    """(one end, the other, confidence, the edge as text), from both ends."""
    index = graph.index
    for row in index.edge_rows("equivalence").tolist():
        head, tail, relation = int(index.head[row]), int(index.tail[row]), index.relations[index.relation[row]].name
        confidence = LINK if relation == "same_as" else OTHER_EQUIVALENCE
        text = f"{graph.ids[head]} {relation} {graph.ids[tail]}"
        yield head, tail, confidence, text
        yield tail, head, confidence, text
