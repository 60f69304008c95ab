"""WordNet's database files as a knowledge graph."""

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kgzsl.errors import IntegrityError, KgzslWarning, SourceError, listing
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.limits import Limits
from kgzsl.sources.tally import refuse_too_many
from kgzsl.sources.wndb import Index, Synsets, collector_paused, database_folder, read_index, read_synsets
from kgzsl.sources.wordnet_pointers import edge_table, taxonomic_cycles
from kgzsl.sources.wordnet_terms import PARTS, RELATIONS, VERB_FRAMES

__all__ = ["WordNetFiles", "read_wordnet", "read_wordnet_files", "wordnet_graph"]

_VERSION = re.compile(r"WordNet (\d+(?:\.\d+)+) Copyright")
_LINE_NUMBER = re.compile(r"^ +\d+ ?", re.MULTILINE)
_QUOTED = re.compile(r'"(.*?)"')
_EXAMPLES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class WordNetFiles:
    """The eight database files, by part of speech, in the order noun, verb, adjective, adverb."""

    folder: Path
    synsets: Mapping[str, Synsets]
    indexes: Mapping[str, Index]

    @property
    def version(self) -> str:
        """What the files call themselves, such as "3.0"; "" if they do not."""
        found = _VERSION.search(self.synsets["noun"].header)
        return found[1] if found else ""

    @property
    def licence(self) -> str:
        """The licence that stands at the head of the files, without its line numbers; "" if there is none."""
        lines = _LINE_NUMBER.sub("", self.synsets["noun"].header).splitlines()
        return "\n".join(line.rstrip() for line in lines).strip()


def read_wordnet(
    directory: str | Path,
    *,
    strict: bool = False,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> KnowledgeGraph:
    """WordNet from a folder of its database files: Debian's /usr/share/wordnet, NLTK's corpora/wordnet, Princeton's.

    A concept is a synset. Its id is the name that NLTK 3.9.2 and later give it (`tiger.n.02`); its label and aliases
    are its lemmas, with spaces for underscores; `n02129604` and `02129604-n` resolve to it. The definition is the
    gloss without its quoted examples. `more` has `examples`, `pos`, `lexname`, `offset`, `wnid`; `lex_ids` and
    `sense_numbers`, one for each lemma; `markers` of adjectives (`galore(ip)`); and `verb_frames`, which hold for
    all lemmas unless one stands before the frame.

    Each pointer becomes an edge; pointers that are inverse to each other become one: `is_a` and `instance_of` run
    from child to parent, `has_part` and its like from whole to part. `lemma_pairs` of an edge names the words that a
    lexical pointer links. `report` accounts for every pointer line: `pointer_lines` is the sum of `edges`,
    `merged_inverse`, `merged_lexical`, and what starts with `dropped_`.

    Pointers to a synset that is not there and semantic pointers to the synset itself are dropped, counted, and told in
    one warning; more than `limits.max_bad_fraction` of all pointers are a `SourceError`. With `strict` the first is
    one, and so are a cycle of hypernyms and an offset field that is not the line's place in its file. The names of the
    lexicographer files are built in; `report["lexnames_missing"]` is 1 where the folder has no table of them, as in
    Debian. Without a folder or a file: `DataMissingError`. Where the data and index files do not name the same synsets:
    `IntegrityError`. NLTK is not needed, and nothing is downloaded.

    >>> import kgzsl
    >>> kgzsl.read_wordnet("/usr/share/wordnet")  # doctest: +SKIP
    <KnowledgeGraph wordnet: 117,659 concepts, 235,393 edges, 19 relations>
    """
    files = read_wordnet_files(directory)
    graph = wordnet_graph(files, strict=strict, limits=limits)
    return graph.with_tables(
        report={**graph.report, "lexnames_missing": int(not (files.folder / "lexnames").is_file())}
    )


@collector_paused()
def read_wordnet_files(directory: str | Path) -> WordNetFiles:
    """The eight files, each read and checked against its partner."""
    folder = database_folder(directory)
    synsets = {suffix: read_synsets(folder / f"data.{suffix}") for suffix in PARTS}
    indexes = {suffix: read_index(folder / f"index.{suffix}") for suffix in PARTS}
    for suffix in PARTS:
        _compare(folder, suffix, synsets[suffix], indexes[suffix])
    return WordNetFiles(folder, synsets, indexes)


def _compare(folder: Path, suffix: str, synsets: Synsets, index: Index) -> None:
    """Both files name the same synsets, each once."""
    in_data = set(synsets.offsets)
    in_index = {offset for offsets in index.senses.values() for offset in offsets}
    advice = "one of the two files is cut short or from another release; get both again"
    if absent := sorted(in_index - in_data):
        raise IntegrityError(
            folder / f"data.{suffix}",
            expected=f"the {len(in_index):,} synsets that index.{suffix} names",
            found=f"{len(in_data):,}, without {listing(absent, limit=3)}",
            advice=advice,
        )
    if absent := sorted(in_data - in_index):
        raise IntegrityError(
            folder / f"index.{suffix}",
            expected=f"the {len(in_data):,} synsets of data.{suffix}",
            found=f"{len(in_index):,}, without {listing(absent, limit=3)}",
            advice=advice,
        )
    if len(in_data) != len(synsets.offsets):
        twice = [offset for offset, count in Counter(synsets.offsets).items() if count > 1]
        raise SourceError(folder / f"data.{suffix}", f"offset(s) {listing(twice, limit=3)} stand on several lines")


@collector_paused()
def wordnet_graph(
    files: WordNetFiles,
    *,
    strict: bool = False,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> KnowledgeGraph:
    """The graph that the files describe; see `read_wordnet`."""
    concepts = pl.concat([_concept_table(files, suffix) for suffix in PARTS])
    edges, counts = edge_table(files.synsets, concepts["id"].to_list(), folder=files.folder, strict=strict)
    source = f"wordnet-{files.version}" if files.version else "wordnet"
    cycles = taxonomic_cycles(edges)
    report = {
        "synsets": len(concepts),
        **counts,
        "taxonomic_cycles": len(cycles),
        "crlf_lines": sum(files.synsets[part].num_crlf + files.indexes[part].num_crlf for part in PARTS),
        "offset_moved": sum(file.num_moved for file in files.synsets.values()),
    }
    if strict and cycles:
        raise SourceError(files.folder, f"a cycle of hypernyms: {' -> '.join(cycles[0])}")
    if strict and report["offset_moved"]:
        raise SourceError(files.folder, f"{report['offset_moved']:,} lines do not stand at the byte their offset names")
    faults = _faults(report)
    refuse_too_many(
        str(files.folder),
        report["dropped_dangling_pointer"] + report["dropped_self_loop"],
        report["pointer_lines"],
        max_bad_fraction=limits.max_bad_fraction,
        described=faults,
    )
    if faults:
        shown = "".join(f"\n  {' -> '.join(cycle)}" for cycle in cycles[:_EXAMPLES_SHOWN])
        warnings.warn(f"{files.folder}: {faults}{shown}", KgzslWarning, stacklevel=4)
    return KnowledgeGraph.from_tables(
        concepts.with_columns(pl.lit(source).alias("source")),
        edges.with_columns(pl.lit(source).alias("source")),
        RELATIONS.values(),
        name="wordnet",
        report=report,
    )


def _faults(report: Mapping[str, int]) -> str:
    """What is wrong with the files and was put up with, in a sentence; "" for nothing."""
    meanings = {
        "dropped_dangling_pointer": "pointers to a synset that is not there, dropped",
        "dropped_self_loop": "pointers from a synset to itself, dropped",
        "offset_moved": "lines away from the byte that their offset names, read by the offset",
        "taxonomic_cycles": "cycles of hypernyms, kept",
    }
    return "; ".join(f"{report[fault]:,} {meaning}" for fault, meaning in meanings.items() if report[fault])


def _concept_table(files: WordNetFiles, suffix: str) -> pl.DataFrame:
    """The synsets of one data file, in its order."""
    synsets, index = files.synsets[suffix], files.indexes[suffix]
    definitions, examples = zip(*map(_definition_and_examples, synsets.glosses), strict=True)
    labels = [[word.replace("_", " ") for word in words] for words in synsets.words]
    ranks = _sense_numbers(files.folder / f"index.{suffix}", synsets, index)
    lists = {
        "aliases": [words[1:] for words in labels],
        "examples": examples,
        "lex_ids": synsets.lex_ids,
        "sense_numbers": [list(map(str, numbers)) for numbers in ranks],
        "markers": synsets.markers,
        "verb_frames": map(_frames, synsets.frames, labels),
    }
    part, offset = pl.Series(synsets.parts, dtype=pl.String), pl.Series(synsets.offsets, dtype=pl.String)
    return pl.DataFrame(
        {
            "id": _names(synsets, index, ranks),
            "label": [words[0] for words in labels],
            "definition": definitions,
            "alternate_ids": _spellings(part, offset),
            "pos": part,
            "lexname": synsets.lexnames,
            "offset": offset.cast(pl.Int64),
            "wnid": part + offset,
            **{name: _list_column(rows) for name, rows in lists.items()},
        }
    ).with_columns(pl.col("lex_ids", "sense_numbers").cast(pl.List(pl.Int16)))


def _list_column(rows: Iterable[Sequence[str]]) -> pl.Series:
    """A list column; through one string a row, which polars takes 20 times faster than a Python list a row."""
    joined = pl.Series(["\x1f" + "\x1f".join(row) if row else "" for row in rows], dtype=pl.String)
    return joined.str.split("\x1f").list.slice(1)


def _definition_and_examples(gloss: str) -> tuple[str, list[str]]:
    """The gloss without what stands in quotes, and what stands in quotes: NLTK's rule, with its odd cases."""
    if '"' not in gloss:
        return gloss.strip().strip("; "), []
    return _QUOTED.sub("", gloss).strip().strip("; "), _QUOTED.findall(gloss)


def _spellings(part: pl.Series, offset: pl.Series) -> pl.Series:
    """The forms of an offset that resolve to the synset; a satellite is also known as an adjective."""
    own = (part + offset, offset + "-" + part)
    known_as = pl.concat_list(own[0], "a" + offset, own[1], offset + "-a")
    return pl.select(pl.when(part == "s").then(known_as).otherwise(pl.concat_list(*own))).to_series()


def _frames(frames: Sequence[tuple[int, int]], words: Sequence[str]) -> list[str]:
    return [f"{words[word - 1]}: {VERB_FRAMES[n - 1]}" if word else VERB_FRAMES[n - 1] for n, word in frames]


def _sense_numbers(path: Path, synsets: Synsets, index: Index) -> list[list[int]]:
    """For each word of each synset, the rank of the synset among those of the word, most frequent first, from 1."""
    numbers = []
    for words, offset in zip(synsets.words, synsets.offsets, strict=True):
        try:
            numbers.append([index.senses[word.lower()].index(offset) + 1 for word in words])
        except (KeyError, ValueError) as error:
            expected = f"synset {offset} under each of {listing([word.lower() for word in words])}"
            raise IntegrityError(path, expected=expected, found="a word without it") from error
    return numbers


def _names(synsets: Synsets, index: Index, ranks: Sequence[Sequence[int]]) -> list[str]:
    """NLTK's name of each synset: first word, part of speech, rank of the synset among those of the word.

    Satellites are ranked among satellites only, as NLTK does since 3.9.2, and heads among all adjectives.
    """
    satellites = {offset for offset, part in zip(synsets.offsets, synsets.parts, strict=True) if part == "s"}
    names = []
    for words, part, numbers in zip(synsets.words, synsets.parts, ranks, strict=True):
        word, rank = words[0].lower(), numbers[0]
        if part == "s":
            rank = sum(offset in satellites for offset in index.senses[word][:rank])
        names.append(f"{word}.{part}.{rank:02d}")
    return names
