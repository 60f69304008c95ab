"""From triples and literals of a SPARQL endpoint to a knowledge graph: names chosen, relations shared."""

import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import unquote

import polars as pl

from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import SHARED_RELATIONS, Relation
from kgzsl.sources.sparql_endpoint import Row
from kgzsl.sources.sparql_terms import SparqlTerms
from kgzsl.sources.tally import Tally

__all__ = ["graph_of_triples"]

_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def graph_of_triples(
    iris: Sequence[str],
    triples: Iterable[tuple[str, str, str]],
    texts: Iterable[Row],
    *,
    terms: SparqlTerms,
    language: str,
    tally: Tally,
    name: str,
    max_bad_fraction: float,
) -> KnowledgeGraph:
    """The graph of these concepts; adds what is kept and merged to the tally, and finishes it."""
    concepts = _concepts(iris, texts, terms, language, tally)
    edges, relations = _edges(triples, terms, tally)
    read = sum(number for key, number in tally.counts.items() if key.startswith(("kept_", "merged_", "skipped_")))
    tally.count("rows_read", read)
    report = tally.finish(num_rows=read, max_bad_fraction=max_bad_fraction, stacklevel=4)
    return KnowledgeGraph.from_tables(
        concepts.with_columns(source=pl.lit(name)), edges.with_columns(source=pl.lit(name)), relations, name=name,
        report=report,
    )  # fmt: skip


def _concepts(
    iris: Sequence[str], texts: Iterable[Row], terms: SparqlTerms, language: str, tally: Tally
) -> pl.DataFrame:
    """Label: the first in the language asked for, in English, in none, in others by name; the rest are aliases."""
    said: dict[str, dict[str, list[tuple[int, str, int, str]]]] = {}
    for row in texts:
        use, place = terms.uses[row.p]
        text = _clean(row.o.value, tally)
        rank = (_language_rank(row.o.language, language), row.o.language, place, text)
        said.setdefault(row.s, {}).setdefault(use, []).append(rank)
    rows = []
    for iri in sorted(iris):
        id_ = terms.id(iri)
        found = {use: sorted(set(ranks)) for use, ranks in said.get(iri, {}).items()}
        tally.count(
            "merged_duplicate_text", sum(len(ranks) - len(found[use]) for use, ranks in said.get(iri, {}).items())
        )
        labels, others, definitions = (found.get(use, []) for use in ("label", "alias", "definition"))
        tally.count("kept_texts", len(labels) + len(others) + min(1, len(definitions)))
        tally.count("skipped_second_definition", max(0, len(definitions) - 1))
        tally.count("concepts_without_label", not labels)
        label = labels[0][3] if labels else _local_name(iri)
        aliases = sorted({text for *_, text in [*labels, *others]} - {label})
        known_as = [iri] if id_ != iri else []
        rows.append((id_, label, aliases, definitions[0][3] if definitions else "", known_as))
    columns = ("id", "label", "aliases", "definition", "alternate_ids")
    lists = ("aliases", "alternate_ids")
    schema = [(column, pl.List(pl.String) if column in lists else pl.String()) for column in columns]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _language_rank(found: str, asked: str) -> int:
    for rank, tag in enumerate((asked, "en")):
        if found == tag or found.startswith(f"{tag}-"):
            return 2 * rank + (found != tag)
    return 4 + bool(found)


def _clean(text: str, tally: Tally) -> str:
    """A text without what no file can hold."""
    cleaned = _UNPRINTABLE.sub("\ufffd", text)
    tally.count("texts_cleaned", cleaned != text)
    return cleaned.strip()


def _local_name(iri: str) -> str:
    """What stands behind the last `#`, `/` or `:`, as words."""
    local = re.split(r"[#/:]", iri.rstrip("#/:"))[-1]
    return _UNPRINTABLE.sub("\ufffd", unquote(local)).replace("_", " ").strip() or iri


def _edges(
    triples: Iterable[tuple[str, str, str]], terms: SparqlTerms, tally: Tally
) -> tuple[pl.DataFrame, list[Relation]]:
    """Each triple as an edge of its relation, in its direction; what says the same again is merged."""
    edges: dict[tuple[str, str, str], set[str]] = {}
    relations: dict[str, Relation] = {}
    for s, p, o in triples:
        relation, reverse = terms.relation(p)
        head, tail = (o, s) if reverse else (s, o)
        if head == tail:
            tally.count("skipped_self_loop")
            continue
        head, tail = terms.id(head), terms.id(tail)
        if relation.symmetric and head > tail:
            head, tail = tail, head
        relations[relation.name] = relation
        edge = (head, relation.name, tail)
        tally.count("merged_duplicate" if edge in edges else "kept_edges")
        edges.setdefault(edge, set()).add(terms.id(p))
    tally.count("relations_without_rule", sum(name not in SHARED_RELATIONS for name in relations))
    rows = [(*edge, sorted(predicates)) for edge, predicates in sorted(edges.items())]
    schema = [*((column, pl.String()) for column in ("head", "relation", "tail")), ("predicates", pl.List(pl.String))]
    return pl.DataFrame(rows, schema=schema, orient="row"), list(relations.values())
