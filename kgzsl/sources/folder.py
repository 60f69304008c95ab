"""A graph on disk: two Parquet tables, a description, a licence, and checksums of all of them."""

import hashlib
import io
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from kgzsl.errors import DataMissingError, IntegrityError, SourceError, VersionError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation

__all__ = ["DESCRIPTION", "GraphDescription", "read_description", "read_graph_folder", "write_graph_folder"]

DESCRIPTION = "graph.toml"
_FORMAT = 1
_TABLES = ("concepts.parquet", "edges.parquet")
_LICENCE = "LICENSE"
_END_ROWS = {"head": "head_row", "tail": "tail_row"}


@dataclass(frozen=True, slots=True)
class GraphDescription:
    """What a graph folder says of itself: what it is, whose it is, and how it was made.

    `recipe` is the command that makes the folder again; `sources` maps each file it was made from to its sha256.
    """

    name: str
    version: str
    title: str
    upstream: str
    licence: str
    citation: Sequence[str]
    recipe: str
    sources: Mapping[str, str] = field(default_factory=dict)


def write_graph_folder(
    graph: KnowledgeGraph, target: str | Path, description: GraphDescription, *, licence_text: str
) -> None:
    """Write tables, licence and `graph.toml` into `target`; the same graph gives the same bytes with the same polars.

    Edges name their ends by id, so any Parquet reader can use them, and also by the row of the concept (`head_row`,
    `tail_row`): looking 470,000 ids up took two thirds of the time to a first answer.
    """
    folder = Path(target)
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        _TABLES[0]: _parquet(graph.concepts_table),
        _TABLES[1]: _parquet(
            graph.edges_table.with_columns(
                pl.Series(_END_ROWS["head"], graph.index.head, dtype=pl.Int32),
                pl.Series(_END_ROWS["tail"], graph.index.tail, dtype=pl.Int32),
            )
        ),
        _LICENCE: (licence_text.strip() + "\n").encode(),
    }
    # the description goes first and comes last, so that a folder that was left half written is no graph
    (folder / DESCRIPTION).unlink(missing_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    checksums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    (folder / DESCRIPTION).write_text(_described(graph, description, checksums), encoding="utf-8", newline="\n")


def _parquet(table: pl.DataFrame) -> bytes:
    """The table in pinned settings: one row group, no statistics, so that the bytes depend on polars alone."""
    buffer = io.BytesIO()
    table.write_parquet(
        buffer, compression="zstd", compression_level=9, statistics=False, row_group_size=max(len(table), 1)
    )
    return buffer.getvalue()


def _described(graph: KnowledgeGraph, description: GraphDescription, checksums: Mapping[str, str]) -> str:
    """The text of `graph.toml`."""
    facts: dict[str, Any] = {
        "format": _FORMAT,
        "name": description.name,
        "version": description.version,
        "title": description.title,
        "upstream": description.upstream,
        "licence": description.licence,
        "licence_file": _LICENCE,
        "citation": list(description.citation),
        "recipe": description.recipe,
        "writer": f"polars {pl.__version__}",
        "num_concepts": len(graph),
        "num_edges": graph.index.num_edges,
        "fingerprint": graph.fingerprint,
    }
    lines = [f"{key} = {_toml(value)}" for key, value in facts.items()]
    tables: dict[str, Mapping[str, Any]] = {
        "files": checksums,
        "sources": description.sources,
        "report": graph.report,
    }
    for title, table in tables.items():
        lines += ["", f"[{title}]", *(f"{_toml(key)} = {_toml(value)}" for key, value in table.items())]
    counts = dict(graph.edges_table["relation"].value_counts().iter_rows())
    for relation in graph.relations.values():
        lines += ["", "[[relations]]", f"name = {_toml(relation.name)}", f"num_edges = {counts.get(relation.name, 0)}"]
        lines += [f"{key} = {_toml(getattr(relation, key))}" for key in _RELATION_FIELDS[1:]]
    return "\n".join(lines) + "\n"


_RELATION_FIELDS = ("name", "kind", "inverse", "verb", "inverse_verb", "symmetric")


def _toml(value: object) -> str:
    """A TOML value; strings, numbers, truth values and lists of them are written as JSON writes them."""
    return json.dumps(value, ensure_ascii=False)


def read_description(folder: Path) -> tuple[GraphDescription, Mapping[str, Any]]:
    """What `graph.toml` says, as a value and as it stands; `SourceError` or `VersionError` where it cannot be used."""
    path = folder / DESCRIPTION
    if not path.is_file():
        raise DataMissingError(path, "a graph folder needs its description here")
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError(path, f"is not TOML: {error}") from error
    if facts.get("format") != _FORMAT:
        raise VersionError(path, found=facts.get("format"), supported=f"format {_FORMAT}")
    names = GraphDescription.__dataclass_fields__
    absent = sorted({*names, "files", "relations", "fingerprint", "num_concepts", "num_edges"} - set(facts))
    if absent:
        raise SourceError(path, f"lacks {', '.join(absent)}")
    return GraphDescription(**{name: facts[name] for name in names}), facts


def read_graph_folder(folder: str | Path) -> KnowledgeGraph:
    """The graph in a folder that `write_graph_folder` wrote.

    Every file is read once and its sha256 compared (`IntegrityError`); columns are taken out of the bytes in memory
    when they are asked for, so a graph does not change when its folder does.
    """
    folder = Path(folder)
    description, facts = read_description(folder)
    contents = {name: _verified(folder / name, expected) for name, expected in facts["files"].items()}
    if absent := sorted({*_TABLES, _LICENCE} - set(contents)):
        raise SourceError(folder / DESCRIPTION, f"has no checksum for {', '.join(absent)}")
    relations = [Relation(**{key: entry[key] for key in _RELATION_FIELDS}) for entry in facts["relations"]]
    concepts, edges = (pl.scan_parquet(contents[name]) for name in _TABLES)
    return KnowledgeGraph(
        concepts,
        _coded(edges, [relation.name for relation in relations]),
        relations,
        name=description.name,
        report=facts.get("report", {}),
        known_fingerprint=facts["fingerprint"],
    )


def _coded(edges: pl.LazyFrame, relations: Sequence[str]) -> pl.LazyFrame:
    """Edges as a graph holds them: rows of the concept table for ids, places in `relations` for names."""
    codes = pl.col("relation").cast(pl.Enum(relations)).to_physical().cast(pl.Int64)
    ends = {name: pl.col(column).cast(pl.Int64) for name, column in _END_ROWS.items()}
    return edges.with_columns(relation=codes, **ends).drop(_END_ROWS.values())


def _verified(path: Path, expected: str) -> bytes:
    """The bytes of a file, if they are those that were written."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataMissingError(path, f"{DESCRIPTION} names this file: {error.strerror}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        advice = f"the file ({len(content):,} bytes) is altered or cut short; install or build the graph again"
        raise IntegrityError(path, expected=f"sha256 {expected}", found=found, advice=advice)
    return content
