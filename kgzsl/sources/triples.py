"""Knowledge graphs in tab- or comma-separated files: a head, a relation and a tail in each row."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from kgzsl.display.progress import progress
from kgzsl.errors import InputFormatError, SourceError, listing
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.sources.delimited import Rows, read_rows
from kgzsl.sources.file_content import file_bytes
from kgzsl.sources.limits import Limits
from kgzsl.sources.statements import Vocabulary, checked_weights, graph_of_statements
from kgzsl.sources.tally import Tally
from kgzsl.sources.written_csv import is_written, written_graph

__all__ = ["read_triples"]

_HEADINGS: Mapping[str, str] = {
    **dict.fromkeys(("head", "subject", "subj", "s", "source", "from", "start", "entity1", "node1"), "head"),
    **dict.fromkeys(("relation", "rel", "predicate", "pred", "property", "p", "r", "edge", "type"), "relation"),
    **dict.fromkeys(("tail", "object", "obj", "o", "target", "to", "end", "entity2", "node2"), "tail"),
    **dict.fromkeys(("weight", "score", "confidence"), "weight"),
}
_ENDS = ("head", "relation", "tail")


def read_triples(
    path: str | Path,
    *,
    delimiter: str | None = None,
    header: bool | None = None,
    columns: Sequence[str] | None = None,
    relations: Mapping[str, str | Relation] | None = None,
    prefixes: Mapping[str, str] | None = None,
    name: str | None = None,
    strict: bool = False,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    show_progress: bool | None = None,
) -> KnowledgeGraph:
    r"""A graph from a file of triples: KZSL's csv, benchmark files such as those of FB15k or WN18RR, or your own.

    The delimiter is found out (tab, comma, semicolon) unless given, and so is whether the first row is a header, by
    the names that stand in it. `columns` names the columns of a file without one, or renames those of one with:
    "head", "relation", "tail", "weight", and any other name for data of the edges. The file may be a gzip file, and one
    that `write_graph` wrote comes back as it was.

    Ids are kept as they stand, but prefixes of CURIEs are compared without case, and IRIs in a known namespace, or in
    one of `prefixes`, become CURIEs; so `awa:n02106662`, `AwA:n02106662` and its IRI are one concept. A relation that
    means a shared one (`rdfs:subClassOf`, `cn:isA`, `hypernym`, "is a") takes its name; `relations` maps further ones,
    "^" before the name turning the edge round. All others keep their names and are counted. Rows with `rdfs:label`,
    `skos:altLabel` or `skos:definition` name and describe their subject. A concept without a label is called by its
    id.

    `report`: `rows_read` is the sum of what starts with `kept_`, `merged_` and `skipped_`. Of rows with the same edge
    the one with the highest weight stays. Self loops are skipped. Rows with too few or too many cells, an empty cell,
    bytes that are not UTF-8, or a weight that is not a positive finite number are faults: skipped, told in one warning,
    and an error with `strict` or above `limits.max_bad_fraction`.

    >>> import kgzsl, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "pets.tsv")
    >>> _ = path.write_text("cat\tis_a\tmammal\ndog\tis_a\tmammal\ndog\teats\tmeat\n")
    >>> from kgzsl.sources.triples import read_triples
    >>> [str(edge) for edge in read_triples(path).edges(head="dog")]
    ['dog eats meat', 'dog is_a mammal']
    """
    tally = Tally(str(path), strict=strict)
    with progress(4, f"reading {Path(path).name}", show=show_progress) as advance:
        content = file_bytes(path, limits=limits)
        advance()
        rows = read_rows(content, tally, delimiter=delimiter, limits=limits)
        advance()
        if is_written(rows):
            return written_graph(rows, path)
        table = _named_columns(rows, tally, header=header, columns=columns)
        advance()
        table = checked_weights(_without_gaps(table, tally), tally)
        vocabulary = Vocabulary(dict(relations or {}), dict(prefixes or {}))
        graph = graph_of_statements(table, vocabulary, tally, name=name or _stem(path), limits=limits)
        advance()
    return graph


def _stem(path: str | Path) -> str:
    return Path(path).name.removesuffix(".gz").rsplit(".", 1)[0] or "graph"


def _named_columns(rows: Rows, tally: Tally, *, header: bool | None, columns: Sequence[str] | None) -> pl.DataFrame:
    """Rows with a column for each heading; rows of another length are faults."""
    headings = [cell.strip().casefold() for cell in rows.first]
    known = [_HEADINGS.get(heading, heading) for heading in headings]
    if header is None:
        header = sum(end in known for end in _ENDS) >= 2 and len(set(known)) == len(known)
    table = rows.table[1:] if header else rows.table
    if columns is not None:
        names = list(columns)
    elif header:
        names = known
        if not set(_ENDS) <= set(names):
            names = [*_ENDS, *headings[3:]]
    else:
        names = list(_ENDS)
        width = len(rows.first)
        if width != len(names):
            raise SourceError(
                tally.location,
                f"has {width} columns and no header that names them, {listing(rows.first, limit=6)}; "
                'say what they are, e.g. columns=("head", "relation", "tail", "weight")',
                line=int(rows.table["line"][0]),
            )
    if len(set(names)) != len(names) or not set(_ENDS) <= set(names):
        if columns is not None:
            raise InputFormatError(f"columns must name head, relation and tail, each name once, not {names}")
        found = (
            f"the header names {listing(names)}, not head, relation and tail, each once; say what it is with columns="
        )
        raise SourceError(tally.location, found, line=int(rows.table["line"][0]))
    tally.count("rows_read", len(table) + tally.counts.get("skipped_not_utf8", 0))
    fits = pl.col("cells").list.len() == len(names)
    for line, cells in table.filter(~fits).select("line", "cells").iter_rows():
        tally.fault("skipped_columns", line=line, found=f"{len(cells)} columns, not {len(names)}: {cells}")
    spread = [pl.col("cells").list.get(place).alias(column) for place, column in enumerate(names)]
    return table.filter(fits).select("line", *spread)


def _without_gaps(table: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    gap = pl.any_horizontal(pl.col(_ENDS) == "")
    for line, *cells in table.filter(gap).select("line", *_ENDS).iter_rows():
        tally.fault("skipped_empty_cell", line=line, found=repr(cells))
    return table.filter(~gap)
