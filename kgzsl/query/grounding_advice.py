"""What is known of a label that stands for no concept: the reason, the senses of its word, and what is near."""

import difflib
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from functools import cached_property

import polars as pl

from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.lookup import has_nine_digits, nearest_of, numbered_sense, offset_within, plain
from kgzsl.query.grounding_result import GroundedLabel
from kgzsl.query.grounding_spelling import JOINTS, joined

__all__ = ["JoinedNames", "advised", "hint"]

_ADVISED = 10  # a search for the nearest names and ids takes 0.2 s in WordNet
_NEAREST = 5


class JoinedNames:
    """Concepts by their names of several words, written as one; prepared at the first question."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph

    @cached_property
    def _names(self) -> Mapping[str, list[str]]:
        labels, aliases = self._graph.concept_columns.series("label", "aliases")
        names = pl.concat([labels, aliases.explode().drop_nulls()]).unique().sort().to_frame("name")
        short = pl.col("name").str.normalize("NFC").str.to_lowercase().str.replace_all(JOINTS, "").alias("short")
        apart = names.with_columns(short).filter(pl.col("name").str.to_lowercase() != pl.col("short"))
        found: dict[str, list[str]] = {}
        for name, written in zip(apart["name"].to_list(), apart["short"].to_list(), strict=True):
            found.setdefault(written, []).append(name)
        return found

    def rows(self, name: str) -> list[int]:
        """Rows of the concepts that bear a name, were it not for what stands between its words."""
        columns, written = self._graph.concept_columns, joined(name)
        if not written:
            return []
        own = columns.labelled(written) or [
            row for spelled in self._names.get(written, ()) for row in columns.labelled(spelled)
        ]
        return list(dict.fromkeys(own))


def hint(graph: KnowledgeGraph, label: str) -> str:
    """What is known of the reason why a label is not in the graph."""
    if not label.strip():
        return "it is blank"
    columns = graph.concept_columns
    if has_nine_digits(label):
        return "nine digits are WordNet 3.1's; offsets of one version are no ids of another"
    offset = offset_within(label)
    if offset and _has_offsets(graph):
        return f"no concept has the offset {offset}"
    sense = numbered_sense(label)
    return columns.counted_senses(*sense) if sense is not None and columns.numbers_senses else ""


def _has_offsets(graph: KnowledgeGraph) -> bool:
    others = graph.concept_columns.series("alternate_ids")[0].head(1).explode().drop_nulls()
    return bool(others.str.contains(r"^[nvars]\d{8}$").any())


def advised(
    graph: KnowledgeGraph, rows: Sequence[GroundedLabel], inside: Set[int] | None = None
) -> list[GroundedLabel]:
    """The rows, the first ten missing ones with the ids nearest to their labels; of the concepts `inside`, if given."""
    missing = [place for place, row in enumerate(rows) if row.how == "missing" and not row.nearest]
    told = list(rows)
    if missing:
        labels, aliases = graph.concept_columns.series("label", "aliases")
        if inside is not None:
            kept = sorted(inside)
            labels, aliases = labels.gather(kept), aliases.gather(kept)
        names = pl.concat([labels, aliases.explode().drop_nulls()]).unique().sort()
        for place in missing[:_ADVISED]:
            told[place] = replace(rows[place], nearest=_nearest(graph, rows[place].label, names, inside))
    return told


def _nearest(graph: KnowledgeGraph, label: str, names: pl.Series, inside: Set[int] | None) -> tuple[str, ...]:
    """Of ids and names alike, the ids of the most similar first."""
    columns = graph.concept_columns
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(label.strip().casefold())
    alike: dict[str, float] = {}
    if inside is None:
        ids = columns.unknown([label], graph=graph.name).nearest
    else:
        ids = nearest_of(label, [graph.ids[row] for row in sorted(inside)])
    near = [(id_, id_) for id_ in ids]
    near += [
        (name, graph.ids[row])
        for name in nearest_of(plain(label), names)
        for row in columns.labelled(name)
        if inside is None or row in inside
    ]
    for text, id_ in near:
        matcher.set_seq1(text.casefold())
        alike[id_] = max(alike.get(id_, 0.0), matcher.ratio())
    return tuple(sorted(alike, key=lambda id_: (-alike[id_], id_))[:_NEAREST])
