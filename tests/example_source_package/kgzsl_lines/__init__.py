"""A source for kgzsl: sentences of three parts, one a line, such as `dog > is a > mammal`."""

from pathlib import Path

import polars as pl

from kgzsl.errors import DataMissingError, SourceError
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["read_lines"]


def read_lines(path: str | Path, *, separator: str = ">") -> KnowledgeGraph:
    """A graph of the lines of a file; spaces in relations become underscores, so that `is a` is the shared `is_a`."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise DataMissingError(path, f"cannot be read: {error.strerror}") from error
    edges: set[tuple[str, str, str]] = set()
    rows = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    for number, line in rows:
        parts = [part.strip() for part in line.split(separator)]
        if len(parts) != 3 or not all(parts):
            raise SourceError(
                path, f"expected `head {separator} relation {separator} tail`, found {line[:80]!r}", line=number
            )
        edges.add((parts[0], parts[1].replace(" ", "_"), parts[2]))
    table = pl.DataFrame(sorted(edges), schema=["head", "relation", "tail"], orient="row")
    concepts = pl.DataFrame({"id": sorted({end for head, _, tail in edges for end in (head, tail)})})
    report = {"rows_read": len(rows), "kept_edges": len(edges), "merged_duplicate": len(rows) - len(edges)}
    return KnowledgeGraph.from_tables(concepts, table, name=Path(path).stem, report=report)
