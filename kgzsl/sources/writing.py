"""Writing a graph, whole or not at all, so that reading it back gives an equal one."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from kgzsl.errors import DataMissingError, InputFormatError, OutputExistsError, SourceError, UnknownNameError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.lookup import nearest_of
from kgzsl.graph.storage import STORED_FILES, read_tables, write_tables
from kgzsl.replacing import new_folder, recover, replace_file
from kgzsl.sources.written_csv import csv_bytes
from kgzsl.sources.written_networkx import graphml_bytes, node_link_bytes

__all__ = ["FORMATS", "read_parquet", "write_graph"]

FORMATS: Mapping[str, str] = {
    "turtle": ".ttl",
    "ntriples": ".nt",
    "jsonld": ".jsonld",
    "graphml": ".graphml",
    "node-link": ".json",
    "csv": ".csv",
    "parquet": "",
}
"""Format -> suffix; Parquet is a folder."""


def write_graph(
    graph: KnowledgeGraph,
    path: str | Path,
    *,
    format: str | None = None,
    overwrite: bool = False,
    escape_formulas: bool = False,
) -> Path:
    """Write a graph and give its path; `kgzsl.read` gives an equal one back, sources and further columns included.

    `format` is "turtle", "ntriples", "jsonld", "graphml", "node-link", "csv" or "parquet", or follows from the suffix
    (`.ttl`, `.nt`, `.jsonld`, `.graphml`, `.json`, `.csv`; a path without suffix, or `.parquet`, becomes a folder of
    two Parquet tables and a description). What is written is complete before it takes its place: a failure, a full disk
    or a kill leaves what was there, and the next read or write puts in order what a kill left. `OutputExistsError`
    for a path that is taken, unless `overwrite` is given; a folder is replaced only if it holds such a graph and
    nothing else.

    In RDF, usual terms say what they can (`rdfs:subClassOf`, `rdfs:label`, `skos:definition`, ...) and terms in
    `urn:kgzsl:` the rest. In csv, `escape_formulas` puts a ' before cells that a spreadsheet would run as a formula.
    Text formats hold columns of strings, numbers, truth values and lists of them: `InputFormatError` for any other.

    >>> import kgzsl, tempfile, pathlib
    >>> from kgzsl.sources.triples import read_triples
    >>> big_cats = kgzsl.load_graph("wordnet").induced(["tiger.n.02", "lion.n.01"])
    >>> path = write_graph(big_cats, pathlib.Path(tempfile.mkdtemp(), "cats.csv"))
    >>> read_triples(path).fingerprint == big_cats.fingerprint
    True
    """
    target = Path(path)
    chosen = _format_of(target) if format is None else format
    if chosen not in FORMATS:
        raise UnknownNameError(
            "format of graphs", chosen, known=list(FORMATS), nearest=nearest_of(chosen, list(FORMATS))
        )
    if escape_formulas and chosen != "csv":
        raise InputFormatError(f"escape_formulas is for csv, not for {chosen}; no spreadsheet reads that")
    if not target.parent.is_dir():
        raise DataMissingError(target.parent, "there is no such folder to write into")
    recover(target)
    if chosen == "parquet":
        _require_replaceable(target, overwrite)
        with new_folder(target) as folder:
            write_tables(graph, folder)
        return target
    if target.is_dir():
        raise OutputExistsError(target, f"is a folder; name a file to write {chosen} into")
    if not overwrite and os.path.lexists(target):
        raise OutputExistsError(target, "is there already; overwrite=True replaces it")
    replace_file(target, _content(chosen, escape_formulas)(graph))
    return target


def _format_of(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return "parquet"
    for name, known in FORMATS.items():
        if suffix == known:
            return name
    known_suffixes = sorted(filter(None, FORMATS.values()))
    raise UnknownNameError("format of graphs", suffix, known=[*known_suffixes, ".parquet"])


def _content(format: str, escape_formulas: bool) -> Callable[[KnowledgeGraph], bytes]:
    """The function that gives a file's bytes."""
    if format in ("turtle", "ntriples", "jsonld"):
        import pyoxigraph as ox  # only those who write RDF load it

        from kgzsl.sources.written_rdf import rdf_bytes

        forms = {"turtle": ox.RdfFormat.TURTLE, "ntriples": ox.RdfFormat.N_TRIPLES, "jsonld": ox.RdfFormat.JSON_LD}
        return partial(rdf_bytes, form=forms[format])
    if format == "csv":
        return partial(csv_bytes, escape_formulas=escape_formulas)
    return graphml_bytes if format == "graphml" else node_link_bytes


def _require_replaceable(target: Path, overwrite: bool) -> None:
    if not os.path.lexists(target):
        return
    if not overwrite:
        raise OutputExistsError(target, "is there already; overwrite=True replaces a graph")
    if target.is_symlink() or not target.is_dir():
        raise OutputExistsError(target, "is no folder of a graph, so it is not replaced")
    if others := sorted(entry.name for entry in target.iterdir() if entry.name not in STORED_FILES):
        raise OutputExistsError(target, f"holds {others[0]!r}, which is no part of a graph, so it is not replaced")


def read_parquet(folder: str | Path) -> KnowledgeGraph:
    """The graph in a folder that `write_graph` wrote as Parquet; its tables are checked like any others."""
    place = Path(folder)
    recover(place)
    if not place.is_dir():
        raise DataMissingError(place, "there is no such folder")
    present = [name for name in STORED_FILES if (place / name).is_file()]
    if absent := sorted(set(STORED_FILES) - set(present)):
        raise SourceError(place, f"lacks {', '.join(absent)}, which a folder written by write_graph has")
    return read_tables({name: (place / name).read_bytes() for name in STORED_FILES}, location=place)
