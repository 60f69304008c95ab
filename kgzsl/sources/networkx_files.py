"""GraphML and node-link JSON of any program, read through NetworkX."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from kgzsl.display.progress import progress
from kgzsl.errors import LimitExceededError, SourceError, listing
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.sources.file_content import file_bytes, text_of
from kgzsl.sources.limits import Limits
from kgzsl.sources.statements import Vocabulary, checked_weights, edge_table
from kgzsl.sources.tally import Tally
from kgzsl.sources.written_form import read_json
from kgzsl.sources.written_networkx import unescaped, written_graph
from kgzsl.sources.xml_guard import guard_xml

__all__ = ["read_graphml", "read_node_link"]

_NO_SIGN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[^"\[\]{}]+', re.DOTALL)


def read_graphml(
    path: str | Path,
    *,
    relation: str = "relation",
    default_relation: str = "related_to",
    label: str = "label",
    relations: Mapping[str, str | Relation] | None = None,
    name: str | None = None,
    strict: bool = False,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    show_progress: bool | None = None,
) -> KnowledgeGraph:
    """A graph from a GraphML file, of any program or of `write_graph`.

    An edge's relation is its attribute `relation`, else `default_relation`, and takes a shared name as in
    `read_triples`; a concept's label is its attribute `label`. Other attributes become columns; the ids of edges are
    left out. An undirected edge becomes one edge, in the order in which it stands there.

    `report`: `rows_read` counts edges and is the sum of what starts with `kept_`, `merged_` and `skipped_`. Of equal
    edges the one with the highest weight stays, loops are skipped, and a weight that is no positive finite number
    is a fault: skipped and told in one warning, an error with `strict` or above `limits.max_bad_fraction`.

    The file may not name entities or other documents, but for a few short texts of its own: `UnsafeInputError`.

    >>> import tempfile
    >>> import networkx as nx
    >>> import kgzsl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nx.write_graphml(nx.DiGraph([("cat", "feline")]), f"{folder}/kinds.graphml")
    ...     kgzsl.read_graphml(f"{folder}/kinds.graphml", default_relation="is_a").edges()[0].relation
    'is_a'
    """
    import networkx as nx

    with progress(3, f"reading {Path(path).name}", show=show_progress) as advance:
        content = file_bytes(path, limits=limits)
        _check_graphml(content, path, limits)
        advance()
        try:
            found = nx.read_graphml(io.BytesIO(content), node_type=str, force_multigraph=True)
        except (nx.NetworkXError, ValueError, LookupError, TypeError, AttributeError, SyntaxError) as error:
            raise SourceError(path, f"is not GraphML that can be read: {error}"[:300]) from error
        advance()
        if (described := found.graph.get("kgzsl")) is not None:
            return written_graph(found, unescaped(str(described)), path, text=unescaped)
        edges = _Edges(found, relation, default_relation, keyed=False)
        graph = _graph_of(found, edges, Vocabulary(dict(relations or {}), {}), path, label, name, strict, limits)
        advance()
    return graph


def read_node_link(
    path: str | Path,
    *,
    relation: str = "relation",
    default_relation: str = "related_to",
    label: str = "label",
    relations: Mapping[str, str | Relation] | None = None,
    name: str | None = None,
    strict: bool = False,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    show_progress: bool | None = None,
) -> KnowledgeGraph:
    """A graph from JSON with "nodes" and "links" (or "edges"), as D3 and `networkx.node_link_data` write it.

    An edge's relation is its attribute `relation`, else its "key" where that is a string, else `default_relation`.
    Ids must be strings, or all of them integers, which are counted (`integer_ids`) and become strings. NaN and Infinity
    are no JSON: `SourceError`. Everything else is as in `read_graphml`.

    >>> import json, tempfile
    >>> from pathlib import Path
    >>> import kgzsl
    >>> kinds = {"nodes": [{"id": "cat"}, {"id": "feline"}], "links": [{"source": "cat", "target": "feline"}]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "kinds.json").write_text(json.dumps(kinds))
    ...     kgzsl.read_node_link(Path(folder, "kinds.json"), default_relation="is_a").ids
    ('cat', 'feline')
    """
    import networkx as nx

    with progress(3, f"reading {Path(path).name}", show=show_progress) as advance:
        data = _node_link_data(path, limits)
        num_integers = _with_string_ids(data, path)
        advance()
        try:
            found = nx.node_link_graph({"directed": True, "multigraph": True, "graph": {}, **data}, edges="edges")
        except (nx.NetworkXError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise SourceError(path, f"is no node-link graph: {type(error).__name__}: {error}"[:300]) from error
        advance()
        if (described := found.graph.get("kgzsl")) is not None:
            return written_graph(found, str(described), path, text=str)
        edges = _Edges(found, relation, default_relation, keyed=True)
        vocabulary = Vocabulary(dict(relations or {}), {})
        graph = _graph_of(found, edges, vocabulary, path, label, name, strict, limits, integer_ids=num_integers)
        advance()
    return graph


def _check_graphml(content: bytes, path: str | Path, limits: Limits) -> None:
    """Refuse what NetworkX would pass over or make up: further graphs, nodes and ends that are not there."""
    nodes: dict[str | None, None] = {}
    ends: dict[str | None, None] = {}
    num_graphs = 0

    def note(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal num_graphs
        num_graphs += name == "graph"
        if name == "node":
            nodes[attributes.get("id")] = None
        elif name == "edge":
            ends.update(dict.fromkeys((attributes.get("source"), attributes.get("target"))))

    guard_xml(content, path, limits=limits, nesting=limits.nesting, on_element=note)
    if num_graphs != 1:
        raise SourceError(path, f"is not GraphML that can be read: it holds {num_graphs} graphs, and must hold one")
    if None in nodes:
        raise SourceError(path, "is not GraphML that can be read: a node has no id")
    if absent := [end for end in ends if end not in nodes]:
        raise SourceError(path, f"is not GraphML that can be read: edges end at {listing(absent, limit=5)}, no nodes")


class _Edges:
    """The edges of a NetworkX graph as rows, each with its relation."""

    def __init__(self, found: Any, relation: str, default: str, *, keyed: bool) -> None:
        self.found = found
        self.relation = relation
        self.default = default
        self.keyed = keyed

    def __iter__(self) -> Iterator[dict[str, Any]]:
        keyed = (
            self.found.edges(keys=True, data=True)
            if self.found.is_multigraph()
            else ((head, tail, None, data) for head, tail, data in self.found.edges(data=True))
        )
        for place, (head, tail, key, data) in enumerate(keyed, start=1):
            named = key if self.keyed and isinstance(key, str) and key else self.default
            more = {name: value for name, value in data.items() if name not in (self.relation, "weight", "id", "line")}
            weight = data.get("weight", 1.0)
            row = {**more, "head": head, "relation": str(data.get(self.relation) or named), "tail": tail}
            yield {**row, "weight": "1" if weight is None else str(weight), "line": place}


def _graph_of(
    found: Any,
    edges: _Edges,
    vocabulary: Vocabulary,
    path: str | Path,
    label: str,
    name: str | None,
    strict: bool,
    limits: Limits,
    **counts: int,
) -> KnowledgeGraph:
    """The graph of another program's file."""
    tally = Tally(str(path), strict=strict)
    source = Path(path).name
    rows = list(edges)
    tally.count("rows_read", len(rows))
    for reason, number in counts.items():
        tally.count(reason, number)
    table = _framed(rows, ("head", "relation", "tail", "weight"), {"line": pl.Int64})
    for row in table.filter(pl.any_horizontal(pl.col("head", "tail") == "")).iter_rows(named=True):
        tally.fault("skipped_empty_cell", found=f"{row['head']!r} {row['relation']} {row['tail']!r}")
    table = table.filter(pl.all_horizontal(pl.col("head", "tail") != ""))
    linked = edge_table(checked_weights(table, tally), vocabulary, tally, source=source)
    concepts = [{**_shared(data, label), "id": id_, "source": str(data.get("source", source))}
                for id_, data in found.nodes(data=True) if id_ != ""]  # fmt: skip
    tally.count("relations_without_rule", len(vocabulary.without_rule))
    report = tally.finish(num_rows=len(rows), max_bad_fraction=limits.max_bad_fraction, stacklevel=4)
    concept_table = _framed(concepts, ("id", "label", "definition", "source"), {"aliases": pl.List(pl.String)})
    described = [relation for relation in vocabulary.relations.values() if (linked["relation"] == relation.name).any()]
    called = name or str(found.graph.get("name") or "") or Path(path).name.removesuffix(".gz").rsplit(".", 1)[0]
    return KnowledgeGraph.from_tables(concept_table, linked, described, name=called, report=report)


def _shared(data: Mapping[str, Any], label: str) -> dict[str, Any]:
    """A node's attributes under the names that concepts have."""
    row = {name: value for name, value in data.items() if name not in ("id", "alternate_ids", label)}
    if data.get(label) not in (None, ""):
        row["label"] = str(data[label])
    aliases = data.get("aliases")
    if aliases is not None:
        row["aliases"] = [str(alias) for alias in aliases] if isinstance(aliases, list) else [str(aliases)]
    if "definition" in data:
        row["definition"] = str(data["definition"])
    return row


def _framed(rows: list[dict[str, Any]], texts: tuple[str, ...], schema: Mapping[str, Any]) -> pl.DataFrame:
    """Rows as columns; where values of one attribute differ in type, or are objects, the column holds JSON."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns = dict.fromkeys(texts, pl.Series([], dtype=pl.String)) if not rows else {}
    for name in names:
        values = [row.get(name) for row in rows]
        dtype = pl.String if name in texts else schema.get(name)
        columns[name] = pl.Series(values, dtype=dtype) if dtype is not None else _column(values)
    for name, dtype in schema.items():
        columns.setdefault(name, pl.Series([None] * len(rows), dtype=dtype))
    return pl.DataFrame(columns)


def _column(values: list[Any]) -> pl.Series:
    kinds = {type(value) for value in values if value is not None}
    if (len(kinds) <= 1 and kinds <= {str, int, float, bool}) or kinds == {int, float}:
        try:
            return pl.Series(values, dtype=pl.Float64 if len(kinds) == 2 else None)
        except (OverflowError, TypeError, pl.exceptions.PolarsError):
            pass  # an integer beyond 64 bits
    return pl.Series([value if isinstance(value, str) or value is None else json.dumps(value) for value in values],
                     dtype=pl.String)  # fmt: skip


def _node_link_data(path: str | Path, limits: Limits) -> dict[str, Any]:
    """The object in the file, with its edges under "edges"."""
    text = text_of(file_bytes(path, limits=limits), path)
    _check_nesting(text, path, limits)
    data = read_json(text, path)
    if not isinstance(data, dict):
        raise SourceError(path, f"expected an object with nodes and links, found {type(data).__name__}")
    data = {**data}
    if "edges" not in data and "links" in data:
        data["edges"] = data.pop("links")
    for part in ("nodes", "edges"):
        if not isinstance(data.get(part), list) or not all(isinstance(entry, dict) for entry in data[part]):
            raise SourceError(path, f'expected a list of objects under "{part}"; it has {listing(sorted(data))}')
    if not isinstance(data.get("graph", {}), dict):
        raise SourceError(path, 'expected an object under "graph"')
    return data


def _check_nesting(text: str, path: str | Path, limits: Limits) -> None:
    """Refuse deep nesting before a recursive parser meets it."""
    signs = np.frombuffer(_NO_SIGN.sub("", text).encode("latin-1"), dtype=np.uint8)
    steps = np.isin(signs, (ord("["), ord("{"))).astype(np.int64) - np.isin(signs, (ord("]"), ord("}")))
    deepest = int(np.cumsum(steps).max(initial=0))
    if deepest > limits.nesting:
        raise LimitExceededError(path, limit="nesting", allowed=limits.nesting, found=deepest)


def _with_string_ids(data: dict[str, Any], path: str | Path) -> int:
    """Make integer ids strings, all or none; the number of them."""
    ids = [entry.get("id") for entry in data["nodes"]]
    kinds = {type(id_) for id_ in ids}
    if kinds <= {str}:
        wrong = [
            edge.get(end)
            for edge in data["edges"]
            for end in ("source", "target")
            if edge.get(end).__class__ is not str
        ]
    elif kinds == {int}:
        data["nodes"] = [{**entry, "id": str(entry["id"])} for entry in data["nodes"]]
        wrong = [
            edge.get(end)
            for edge in data["edges"]
            for end in ("source", "target")
            if edge.get(end).__class__ is not int
        ]
        data["edges"] = [{**e, "source": str(e.get("source")), "target": str(e.get("target"))} for e in data["edges"]]
    else:
        wrong = [id_ for id_ in ids if not isinstance(id_, str)]
    if wrong:
        raise SourceError(path, f"ids must be strings, or all of them integers; found {listing(wrong, limit=5)}")
    named = {entry["id"] for entry in data["nodes"]}
    if len(named) != len(data["nodes"]):
        raise SourceError(path, f"{len(data['nodes']) - len(named)} node ids stand there twice")
    ends = (edge[end] for edge in data["edges"] for end in ("source", "target"))
    if absent := sorted({end for end in ends if end not in named}):
        raise SourceError(path, f"links end at nodes that are not there: {listing(absent, limit=5)}")
    return len(ids) if kinds == {int} else 0
