"""WordNet's pointers as edges, every line of them accounted for."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from kgzsl.errors import SourceError
from kgzsl.sources.wndb import Synsets
from kgzsl.sources.wordnet_terms import PARTS, POINTERS

__all__ = ["edge_table", "taxonomic_cycles"]

_WHOLE_SYNSETS = "0000"
_NO_SUCH_WORD = ""
_LINE_SCHEMA = {
    "source": pl.Int64,
    "target": pl.Int64,
    "relation": pl.String,
    "reversed": pl.Boolean,
    "pair": pl.String,
}


def edge_table(
    files: Mapping[str, Synsets], ids: Sequence[str], *, folder: Path, strict: bool
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Edges (head, relation, tail, lemma_pairs) and the account of the pointer lines.

    `ids` name the synsets, file after file in the order of `files`. Each line is counted once: as the edge it makes,
    as `merged_inverse` where the other end says the same, as `merged_lexical` where it links other words of the same
    two synsets, or under the reason for which it was dropped.
    """
    lines = pl.concat(_pointer_lines(files))
    lexical = pl.col("pair").is_not_null()
    dangling = pl.col("target").is_null() | (pl.col("pair") == _NO_SUCH_WORD).fill_null(value=False)
    loop = ~dangling & (pl.col("source") == pl.col("target"))
    if strict:
        _refuse(lines.filter(dangling | (loop & ~lexical)), ids, folder)
    grouped = (
        lines.filter(~dangling & ~loop)
        .select(
            pl.when("reversed").then("target").otherwise("source").alias("head"),
            "relation",
            pl.when("reversed").then("source").otherwise("target").alias("tail"),
            "pair",
            "reversed",
        )
        .group_by("head", "relation", "tail")
        .agg(pl.col("pair").drop_nulls().unique().sort(), pl.len(), pl.sum("reversed"))
    )
    reverse = grouped["reversed"].to_numpy()
    both = reverse < grouped["len"].to_numpy()
    counts = {
        "pointer_lines": len(lines),
        "edges": len(grouped),
        "edges_from_inverse_only": int((~both).sum()),
        "merged_inverse": int(reverse[both].sum()),
        "merged_lexical": int(grouped["len"].sum() - len(grouped) - reverse[both].sum()),
        "dropped_within_synset": lines.select((loop & lexical).sum()).item(),
        "dropped_self_loop": lines.select((loop & ~lexical).sum()).item(),
        "dropped_dangling_pointer": lines.select(dangling.sum()).item(),
    }
    names = pl.Series(ids, dtype=pl.String)
    ends = [names.gather(grouped[end]).alias(end) for end in ("head", "tail")]
    return pl.DataFrame([ends[0], grouped["relation"], ends[1], grouped["pair"].alias("lemma_pairs")]), counts


def _pointer_lines(files: Mapping[str, Synsets]) -> Iterator[pl.DataFrame]:
    """One row a pointer, for each file: both ends as rows (target null if it is not there), and the words it links."""
    rows: dict[str, int] = {}
    words: list[list[str]] = []
    for suffix, file in files.items():
        rows |= {PARTS[suffix] + offset: len(words) + row for row, offset in enumerate(file.offsets)}
        words += file.words
    first = 0
    for suffix, file in files.items():
        terms = {**POINTERS, "\\": ("derived_from", False)} if suffix == "adv" else POINTERS
        sources = np.repeat(np.arange(first, first + len(file.offsets)), file.pointer_counts)
        first += len(file.offsets)
        # satellites stand in the adjectives' file
        parts = ["a" if part == "s" else part for part in file.target_parts]
        targets = [rows.get(part + offset) for part, offset in zip(parts, file.target_offsets, strict=True)]
        reverse = [terms[symbol][1] for symbol in file.symbols]
        pairs = [
            None
            if numbers == _WHOLE_SYNSETS or target is None
            else _pair(words[source], words[target], numbers, turned=turned)
            for source, target, numbers, turned in zip(
                sources.tolist(), targets, file.target_words, reverse, strict=True
            )
        ]
        relations = [terms[symbol][0] for symbol in file.symbols]
        yield pl.DataFrame([sources, targets, relations, reverse, pairs], schema=_LINE_SCHEMA)


def _pair(source: Sequence[str], target: Sequence[str], numbers: str, *, turned: bool) -> str:
    """`word>word` in the direction of the edge, or `_NO_SUCH_WORD`."""
    a, b = int(numbers[:2], 16), int(numbers[2:], 16)
    if not (0 < a <= len(source) and 0 < b <= len(target)):
        return _NO_SUCH_WORD
    pair = (target[b - 1], source[a - 1]) if turned else (source[a - 1], target[b - 1])
    return ">".join(pair).replace("_", " ")


def _refuse(faulty: pl.DataFrame, ids: Sequence[str], folder: Path) -> None:
    """The first pointer that cannot be an edge, as an error."""
    if len(faulty):
        first = faulty.row(0, named=True)
        target = "itself" if first["target"] == first["source"] else "a synset or word that is not there"
        reason = f"{ids[first['source']]} has a pointer ({first['relation']}) to {target}; {len(faulty):,} such in all"
        raise SourceError(folder, reason)


def taxonomic_cycles(edges: pl.DataFrame) -> list[list[str]]:
    """Synsets that are their own ancestors over `is_a` and `instance_of`: one sorted group for each tangle of them."""
    left = edges.filter(pl.col("relation").is_in(["is_a", "instance_of"])).select("head", "tail")
    height = -1
    # what is nobody's parent or nobody's child is on no cycle; without cycles nothing is left
    while left.height != height:
        height = left.height
        left = left.join(left.select("tail"), left_on="head", right_on="tail", how="semi")
        left = left.join(left.select("head"), left_on="tail", right_on="head", how="semi")
    parents: dict[str, set[str]] = {}
    for head, tail in left.iter_rows():
        parents.setdefault(head, set()).add(tail)
    above = {head: _reached(parents, head) for head in sorted(parents)}
    groups = {tuple(sorted(b for b in above[a] if a in above[b])) for a in above if a in above[a]}
    return [list(group) for group in sorted(groups)]


def _reached(parents: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = parents.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found
