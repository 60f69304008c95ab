"""Facts of the engine as edges of a graph, with what they follow from."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kgzsl.graph.index import IntArray
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import describe
from kgzsl.graph.tables import EDGE_COLUMNS
from kgzsl.query.entail_engine import HEAD, LEFT, RELATION, RIGHT, RULE, TAIL, Ints
from kgzsl.query.entail_rules import Compiled
from kgzsl.query.rules import RuleSet, parsed_rule

__all__ = ["FOLLOWS_FROM", "INFERRED", "INFERRED_BY", "given_rows", "known_rules", "with_inferred"]

INFERRED_BY, FOLLOWS_FROM = "inferred_by", "follows_from"
INFERRED = "inferred"
"""The source of an edge that follows."""
_LISTS = pl.List(pl.List(pl.String))


def given_rows(graph: KnowledgeGraph) -> IntArray:
    """Rows of the edges that are not inferred by one of our rules: stated ones, and those of other engines."""
    edges = graph.coded_edges
    if INFERRED_BY not in edges.columns or edges.schema[INFERRED_BY] != pl.String:
        return np.arange(len(edges))
    names = edges[INFERRED_BY].unique().drop_nulls().sort().to_list()
    ours = [name for name in names if parsed_rule(name) is not None]
    return np.flatnonzero(~edges[INFERRED_BY].is_in(ours).fill_null(False).to_numpy())


def with_inferred(
    graph: KnowledgeGraph,
    compiled: Compiled,
    facts: Ints,
    weights: NDArray[np.float64],
    num_given: int,
    *,
    by_engine: pl.DataFrame | None,
) -> KnowledgeGraph:
    """The graph with the facts after the first `num_given`, loops left out, and edges that only an engine found."""
    rows = num_given + np.flatnonzero(facts[num_given:, HEAD] != facts[num_given:, TAIL])
    names = sorted({*graph.relations, *compiled.relations[: len(compiled.relations) if len(rows) else 0]})
    described = describe(names, graph.relations.values())
    held = _recoded(graph, list(described))
    new = _edges(graph, compiled, facts, weights, rows, list(described))
    if by_engine is not None:
        from_engine = by_engine.with_columns(
            pl.col("relation").replace_strict(_places(described), return_dtype=pl.Int64)
        )
        known = pl.concat([held.select("head", "relation", "tail"), new.select("head", "relation", "tail")])
        new = pl.concat([new, from_engine.join(known, on=["head", "relation", "tail"], how="anti")], how="diagonal")
    edges = pl.concat([held, new], how="diagonal", rechunk=True)  # lists in several chunks are slow to reorder
    more = sorted(set(edges.columns) - set(EDGE_COLUMNS))
    edges = edges.select(*EDGE_COLUMNS, *more)
    order = _order(edges, graph.index.num_concepts, len(described))
    report = {**graph.report, "inferred edges": len(new), **_cycles(graph, compiled)}
    return graph.with_tables(edges=edges[order], relations=described.values(), report=report)


def _places(names: Iterable[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}


def _order(edges: pl.DataFrame, num_concepts: int, num_relations: int) -> IntArray:
    head, relation, tail = (edges[name].to_numpy() for name in ("head", "relation", "tail"))
    return np.argsort((head * num_relations + relation) * num_concepts + tail, kind="stable")


def _recoded(graph: KnowledgeGraph, names: list[str]) -> pl.DataFrame:
    """The graph's edges with relations as places in `names`, and empty cells for what inferred ones say."""
    edges = graph.coded_edges
    if names != list(graph.relations):
        place = np.array([names.index(name) for name in graph.relations], dtype=np.int64)
        edges = edges.with_columns(pl.Series("relation", place[edges["relation"].to_numpy()], dtype=pl.Int64))
    if INFERRED_BY in edges.columns:
        return edges
    return edges.with_columns(
        pl.lit(None, dtype=_LISTS).alias(FOLLOWS_FROM), pl.lit(None, dtype=pl.String).alias(INFERRED_BY)
    )


def _edges(
    graph: KnowledgeGraph,
    compiled: Compiled,
    facts: Ints,
    weights: NDArray[np.float64],
    rows: IntArray,
    names: list[str],
) -> pl.DataFrame:
    """Inferred facts as rows of an edge table."""
    own = np.array([names.index(name) for name in compiled.relations if name in names], dtype=np.int64)
    found = facts[rows]
    rules = pl.Series([rule.name for rule in compiled.rules], dtype=pl.String)
    return pl.DataFrame(
        {
            "head": found[:, HEAD].astype(np.int64),
            "relation": own[found[:, RELATION]] if len(found) else np.zeros(0, dtype=np.int64),
            "tail": found[:, TAIL].astype(np.int64),
            "weight": weights[rows],
            "source": pl.repeat(INFERRED, len(rows), dtype=pl.String, eager=True),
            FOLLOWS_FROM: _premises(graph, compiled, facts, found),
            INFERRED_BY: rules.gather(found[:, RULE]) if len(found) else pl.Series([], dtype=pl.String),
        }
    )


def _premises(graph: KnowledgeGraph, compiled: Compiled, facts: Ints, found: Ints) -> pl.Series:
    """For each fact the one or two edges it follows from, each as [head, relation, tail]."""
    words = pl.concat([graph.concept_columns.id_column.cast(pl.String), pl.Series(compiled.relations, dtype=pl.String)])
    if not len(found):
        return pl.Series([], dtype=_LISTS)
    both = found[:, [LEFT, RIGHT]]
    triples = facts[np.maximum(both, 0)][:, :, [HEAD, RELATION, TAIL]].astype(np.int64)
    triples[:, :, 1] += len(graph)
    spelled = words.gather(triples.reshape(-1)).reshape((len(found), 2, 3)).cast(_LISTS)
    table = pl.DataFrame({"premises": spelled, "count": 2 - (both[:, 1] < 0)})
    shown = table.select(pl.col("premises").list.head("count")).to_series()
    loops = (facts[:, HEAD] == facts[:, TAIL])[np.maximum(both, 0)] & (both >= 0)
    hidden = np.flatnonzero(loops.any(axis=1))
    if not len(hidden):
        return shown
    told = [_with_rules(compiled, facts, both[row].tolist(), shown[row].to_list()) for row in hidden.tolist()]
    others = np.delete(np.arange(len(shown)), hidden)
    back = np.argsort(np.concatenate([others, hidden]), kind="stable")
    return pl.concat([shown.gather(others), pl.Series(told, dtype=_LISTS)], rechunk=True).gather(back)


def _with_rules(compiled: Compiled, facts: Ints, places: list[int], shown: list[list[str]]) -> list[list[str]]:
    """Premises of a fact; one that no graph shows, since it leads from a concept to itself, with the rules it needs."""
    return [
        [*premise, *_rules_of(compiled, facts, place)] if premise[0] == premise[2] else list(premise)
        for premise, place in zip(shown, places, strict=False)
    ]


def _rules_of(compiled: Compiled, facts: Ints, place: int) -> list[str]:
    found: set[int] = set()
    met, waiting = {place}, [place]
    while waiting:
        here = facts[waiting.pop()]
        found |= {int(here[RULE])} - {-1}
        more = {int(here[side]) for side in (LEFT, RIGHT)} - met - {-1}
        met |= more
        waiting += more
    return sorted(compiled.rules[code].name for code in found)


def known_rules(graph: KnowledgeGraph) -> RuleSet:
    """The rules by which edges of the graph are said to be inferred, sorted by name."""
    edges = graph.coded_edges
    if INFERRED_BY not in edges.columns or edges.schema[INFERRED_BY] != pl.String:
        return RuleSet()
    names = set(edges[INFERRED_BY].drop_nulls().unique().to_list())
    if edges.schema.get(FOLLOWS_FROM) == _LISTS:
        premises = edges[FOLLOWS_FROM].drop_nulls().list.explode(keep_nulls=False)
        names.update(name for premise in premises.filter(premises.list.len() > 3).to_list() for name in premise[3:])
    parsed = [parsed_rule(name) for name in sorted(names)]
    return RuleSet(rule for rule in parsed if rule is not None)


def _cycles(graph: KnowledgeGraph, compiled: Compiled) -> dict[str, int]:
    """How many cycles the graph's edges make of relations that are transitive and lead one way."""
    cycles = concepts = 0
    for rule in compiled.rules:
        name = rule.arguments[0]
        if rule.form != "transitive" or name not in graph.relations or graph.relations[name].symmetric:
            continue
        sizes = np.bincount(graph.index.components([name]))
        cycles, concepts = cycles + int((sizes > 1).sum()), concepts + int(sizes[sizes > 1].sum())
    return {"entailed cycles": cycles, "concepts on entailed cycles": concepts}
