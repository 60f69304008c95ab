"""A graph as GraphML and as node-link JSON that NetworkX reads, and that come back as they were."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kgzsl.errors import SourceError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.written_form import Description, describe_graph, more_of, read_json, rebuilt, write_json

__all__ = ["graphml_bytes", "node_link_bytes", "unescaped", "written_graph"]

_ESCAPE = re.compile(r"\\u([0-9a-f]{4})")
# what XML 1.0 cannot hold, "\r", which it does not keep, and a backslash that would be taken for an escape
_TO_ESCAPE = re.compile("\\\\(?=u)|[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
_LISTS = ("aliases", "alternate_ids")


def escaped(text: str) -> str:
    r"""Text that XML can hold: a character that it cannot becomes `\u001b`, and the backslash of a `\u` `\u005c`."""
    return _TO_ESCAPE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def unescaped(text: str) -> str:
    """The inverse of `escaped`."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)


def graphml_bytes(graph: KnowledgeGraph) -> bytes:
    """The graph as GraphML; lists are JSON texts there, and characters that XML has none for are escaped."""
    import networkx as nx

    target = io.BytesIO()
    flat = _flat(graph, text=escaped, listed=lambda items: escaped(write_json(items)))
    nx.write_graphml_xml(flat, target, named_key_ids=True, edge_id_from_attribute="id")
    return target.getvalue()


def node_link_bytes(graph: KnowledgeGraph) -> bytes:
    """The graph as JSON with "nodes" and "links"; the key of a link is its relation."""
    import networkx as nx

    data = nx.node_link_data(_flat(graph, text=str, listed=list), edges="links")
    return write_json(data).encode()


def _flat(graph: KnowledgeGraph, *, text: Callable[[str], str], listed: Callable[[list[str]], Any]) -> Any:
    """A multigraph whose attributes are texts, numbers, and what `listed` makes of lists; empty ones are left out."""
    import networkx as nx

    description = describe_graph(graph)
    flat = nx.MultiDiGraph(kgzsl=text(description.to_text()), name=text(graph.name))
    concepts, edges = graph.concepts_table, graph.edges_table
    rows = concepts.select("id", "label", "definition", "source", *_LISTS).iter_rows(named=True)
    for row, said in zip(rows, more_of(concepts, list(description.concept_columns)), strict=True):
        texts = {name: text(row[name]) for name in ("label", "definition") if row[name]}
        lists = {name: listed(row[name]) for name in _LISTS if row[name]}
        flat.add_node(
            text(row["id"]), **texts, source=text(row["source"]), **lists, **({"more": text(said)} if said else {})
        )
    links = edges.select("head", "relation", "tail", "weight", "source").iter_rows()
    for place, ((head, relation, tail, weight, source), said) in enumerate(
        zip(links, more_of(edges, list(description.edge_columns)), strict=True)
    ):
        more = {"more": text(said)} if said else {}
        named = {"relation": text(relation), "weight": weight, "origin": text(source), "id": f"e{place}"}
        flat.add_edge(text(head), text(tail), text(relation), **named, **more)
    return flat


def written_graph(found: Any, described: str, location: str | Path, *, text: Callable[[str], str]) -> KnowledgeGraph:
    """The graph that was written, from what NetworkX has read; `text` undoes the escapes."""
    description = Description.from_text(described, location)

    def cell(data: dict[str, Any], name: str) -> Any:
        value = data.get(name)
        if value is None or isinstance(value, list):
            return value
        return read_json(text(str(value)), location) if name in _LISTS else text(str(value))

    names = ("label", "definition", "source", "more", *_LISTS)
    concepts = []
    for id_, data in found.nodes(data=True):
        row = {name: cell(data, name) for name in names if name in data}
        concepts.append({**row, "id": text(id_)})
    edges: dict[str, list[Any]] = {name: [] for name in ("head", "relation", "tail", "weight", "source", "more")}
    for head, tail, data in found.edges(data=True):
        try:
            values = (text(head), cell(data, "relation"), text(tail), float(data["weight"]), cell(data, "origin"))
        except (KeyError, TypeError, ValueError) as error:
            raise SourceError(location, f"the edge {head!r} to {tail!r} lacks a relation or a weight") from error
        for name, value in zip(edges, (*values, cell(data, "more") or ""), strict=True):
            edges[name].append(value)
    return rebuilt(description, concepts, edges, location)
