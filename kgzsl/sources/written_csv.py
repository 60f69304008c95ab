"""A graph as comma-separated triples that any program reads, and that come back as they were."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kgzsl.errors import SourceError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.delimited import Rows
from kgzsl.sources.written_form import Description, describe_graph, more_of, read_json, rebuilt, write_json

__all__ = ["csv_bytes", "is_written", "written_graph"]

_HEADER = ("head", "relation", "tail", "weight", "source", "more")
_SELF = ("kgzsl:graph", "kgzsl:description")
_OWN = "kgzsl:"
_ESCAPED = "kgzsl:relation/"
_LABEL, _ALIAS, _DEFINITION = "rdfs:label", "skos:altLabel", "skos:definition"
_ALTERNATES, _SOURCE, _MORE = "kgzsl:alternateIds", "kgzsl:source", "kgzsl:more"
_NEEDS_QUOTES = re.compile(r'[",\r\n]')
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED_FORMULA = re.compile(r"'+[=+\-@\t\r]")


def csv_bytes(graph: KnowledgeGraph, *, escape_formulas: bool = False) -> bytes:
    """The graph as rows of head, relation, tail, weight, source, more; names and definitions are rows of their own.

    `escape_formulas` puts a ' before cells that a spreadsheet would take for a formula; the file says so, and reading
    it takes the mark off again.
    """
    lines = [",".join(_HEADER)]
    for row in _rows(graph, describe_graph(graph, formulas_escaped=escape_formulas)):
        cells = [f"'{cell}" if _FORMULA.match(cell) else cell for cell in row] if escape_formulas else row
        lines.append(",".join(map(_cell, cells)))
    return ("\n".join(lines) + "\n").encode()


def _cell(text: str) -> str:
    """A cell as RFC 4180 has it; in quotes also where white space at its ends would be lost."""
    if _NEEDS_QUOTES.search(text) or text != text.strip():
        return '"' + text.replace('"', '""') + '"'
    return text


def _rows(graph: KnowledgeGraph, description: Description) -> Iterator[Sequence[str]]:
    yield (*_SELF, description.to_text(), "", "", "")
    concepts, edges = graph.concepts_table, graph.edges_table
    more = more_of(concepts, list(description.concept_columns))
    shared = concepts.select("id", "label", "aliases", "definition", "source", "alternate_ids").iter_rows()
    for (id_, label, aliases, definition, source, alternates), said in zip(shared, more, strict=True):
        own_source = source if source != description.concept_source else ""
        yield (id_, _LABEL, label, "", own_source, said)
        if source == "" != description.concept_source:
            yield (id_, _SOURCE, "", "", "", "")
        for alias in aliases:
            yield (id_, _ALIAS, alias, "", "", "")
        if definition:
            yield (id_, _DEFINITION, definition, "", "", "")
        if alternates:
            yield (id_, _ALTERNATES, write_json(alternates), "", "", "")
    more = more_of(edges, list(description.edge_columns))
    shared = edges.select("head", "relation", "tail", "weight", "source").iter_rows()
    for (head, relation, tail, weight, source), said in zip(shared, more, strict=True):
        yield (head, _written_relation(relation), tail, repr(weight), source, said)


def _written_relation(name: str) -> str:
    """A relation that is called like a row of names is told apart from one."""
    return _ESCAPED + name if name.startswith(_OWN) or name in (_LABEL, _ALIAS, _DEFINITION) else name


def is_written(rows: Rows) -> bool:
    """Whether the rows begin as `csv_bytes` begins."""
    if rows.delimiter != "," or len(rows.table) < 2 or tuple(rows.first) != _HEADER:
        return False
    return tuple(rows.table["cells"][1].to_list()[:2]) == _SELF


def written_graph(rows: Rows, location: str | Path) -> KnowledgeGraph:
    """The graph that `csv_bytes` wrote; `SourceError` with the line where it cannot be one."""
    cells = rows.table["cells"].to_list()[1:]
    lines = rows.table["line"].to_list()[1:]
    description = Description.from_text(cells[0][2], location)
    concepts: dict[str, dict[str, Any]] = {}
    edges: dict[str, list[Any]] = {name: [] for name in _HEADER}
    for line, row in zip(lines[1:], cells[1:], strict=True):
        if len(row) != len(_HEADER):
            raise SourceError(location, f"has {len(row)} columns, not {len(_HEADER)}", line=line)
        head, relation, tail, weight, source, said = _unescaped(row) if description.formulas_escaped else row
        if _names_a_concept(relation):
            _take(concepts.setdefault(head, {"id": head}), relation, tail, source, said, location, line)
            continue
        try:
            edges["weight"].append(float(weight))
        except ValueError as error:
            raise SourceError(location, f"{weight[:80]!r} is no weight", line=line) from error
        values = (head, relation.removeprefix(_ESCAPED), tail, source, said)
        for name, value in zip(("head", "relation", "tail", "source", "more"), values, strict=True):
            edges[name].append(value)
    return rebuilt(description, list(concepts.values()), edges, location)


def _unescaped(row: Sequence[str]) -> list[str]:
    return [cell[1:] if _ESCAPED_FORMULA.match(cell) else cell for cell in row]


def _names_a_concept(relation: str) -> bool:
    own = relation.startswith(_OWN) and not relation.startswith(_ESCAPED)
    return own or relation in (_LABEL, _ALIAS, _DEFINITION)


def _take(
    concept: dict[str, Any], relation: str, text: str, source: str, more: str, location: str | Path, line: int
) -> None:
    """Note what a row of names says of its concept."""
    if relation == _LABEL:
        concept.update(label=text, more=more)
        if source:
            concept.setdefault("source", source)
    elif relation == _SOURCE:
        concept["source"] = text
    elif relation == _ALIAS:
        concept.setdefault("aliases", []).append(text)
    elif relation == _DEFINITION:
        concept["definition"] = text
    elif relation == _ALTERNATES:
        concept["alternate_ids"] = read_json(text, location)
    else:
        raise SourceError(location, f"no row of names is called {relation[:80]!r}", line=line)
