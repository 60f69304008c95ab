"""Checks of ids, labels, definitions and relation names."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from urllib.parse import unquote

import polars as pl

from kgzsl.graph.relation import SHARED_RELATIONS, Relation
from kgzsl.query.audit_edges import local_name
from kgzsl.query.audit_subject import Found, Subject, found, shown

__all__ = [
    "acting_characters",
    "blank_labels",
    "duplicate_labels",
    "labels_that_are_ids",
    "missing_definitions",
    "near_duplicate_ids",
    "near_duplicate_prefixes",
    "near_duplicate_relations",
    "shared_alternate_ids",
    "undescribed_classes",
    "undescribed_relations",
]

_CURIE = r"^([A-Za-z][\w.\-]*:)(?:[^/]|$)"
_NAMESPACE = r"^([A-Za-z][A-Za-z0-9+.\-]*://.*[/#])[^/#]*$"
_ACTING = r"[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]"


def _texts(subject: Subject) -> pl.DataFrame:
    return pl.DataFrame(subject.graph.concept_columns.series("id", "label", "definition"))


def blank_labels(subject: Subject) -> Found:
    """Labels without a letter or digit."""
    bad = _texts(subject).filter(~pl.col("label").str.contains(r"\w"))
    return found(bad["id"].to_list())


def labels_that_are_ids(subject: Subject) -> Found:
    """Concepts whose label is their id."""
    return found(_texts(subject).filter(pl.col("label") == pl.col("id"))["id"].to_list())


def missing_definitions(subject: Subject) -> Found:
    """Concepts without a definition."""
    return found(_texts(subject).filter(pl.col("definition").str.strip_chars() == "")["id"].to_list())


def undescribed_classes(subject: Subject) -> Found:
    """Classes with neither a label of their own nor a definition."""
    if subject.classes is None:
        return Found(0, skipped="it needs seen= and classes=")
    texts = _texts(subject)[sorted({*subject.classes.tolist()})]
    bare = (pl.col("definition").str.strip_chars() == "") & (pl.col("label") == pl.col("id"))
    return found(texts.filter(bare)["id"].to_list())


def duplicate_labels(subject: Subject) -> Found:
    """Labels that several concepts have, compared as names are looked up; the most frequent first."""
    folded = pl.col("label").str.normalize("NFC").str.to_lowercase().str.replace_all(r"[_\-\s]+", " ").str.strip_chars()
    counts = (
        _texts(subject).select(folded).group_by("label").len().filter((pl.col("len") > 1) & (pl.col("label") != ""))
    )
    rows = counts.sort(["len", "label"], descending=[True, False]).rows()
    return found(rows, lambda row: f"{row[0]} ({row[1]:,} concepts)")


def acting_characters(subject: Subject) -> Found:
    """Ids and labels with control, direction or invisible characters."""
    acting = pl.col("id").str.contains(_ACTING) | pl.col("label").str.contains(_ACTING)
    return found(_texts(subject).filter(acting)["id"].to_list())


def shared_alternate_ids(subject: Subject) -> Found:
    """Alternate ids of two concepts, or of one while another has it as its id."""
    ids, others = subject.graph.concept_columns.series("id", "alternate_ids")
    table = pl.DataFrame({"id": ids, "other": others}).explode("other").drop_nulls("other")
    own = pl.DataFrame({"id": ids, "other": ids})
    named = pl.concat([table.filter(pl.col("id") != pl.col("other")), own]).with_columns(
        pl.col("other").str.to_lowercase()
    )
    named = named.unique(["id", "other"]).filter(pl.col("other").is_in(table["other"].str.to_lowercase().implode()))
    groups = named.group_by("other").agg(pl.col("id").sort()).filter(pl.col("id").list.len() > 1).sort("other")
    return found(groups.rows(), lambda row: f"{row[0]} of {shown(row[1])}")


def near_duplicate_ids(subject: Subject) -> Found:
    """Ids that are one but for case, Unicode composition, percent signs, http or https, or a last slash."""
    ids = subject.graph.concept_columns.id_column
    plain = (
        ids.str.normalize("NFC").str.to_lowercase().str.replace(r"^https?://(www\.)?", "//").str.strip_chars_end("/#")
    )
    table = pl.DataFrame({"id": ids, "plain": plain.str.strip_chars()})
    coded = table.filter(pl.col("plain").str.contains("%", literal=True))
    if len(coded):
        known = {text: unicodedata.normalize("NFC", unquote(text)) for text in coded["plain"].to_list()}
        table = table.with_columns(pl.col("plain").replace(known))
    groups = table.filter(pl.col("plain").is_duplicated()).group_by("plain").agg(pl.col("id").sort()).sort("plain")
    return found(groups["id"].to_list(), shown)


def near_duplicate_prefixes(subject: Subject) -> Found:
    """Prefixes and namespaces that are one but for case, separators, http or https, or the last sign."""
    ids = subject.graph.concept_columns.id_column
    counts: dict[str, int] = {}
    for pattern in (_CURIE, _NAMESPACE):
        found_here = ids.str.extract(pattern, 1).drop_nulls().value_counts()
        counts |= dict(zip(*(found_here.get_columns()[place].to_list() for place in (0, 1)), strict=True))
    groups = _alike(counts, _plain_prefix)
    return found(groups, lambda names: shown(f"{name} ({counts[name]:,})" for name in names))


def _plain_prefix(prefix: str) -> str:
    plain = re.sub(r"^https?://(www\.)?", "//", unicodedata.normalize("NFC", prefix).casefold().rstrip("/#"))
    return plain if "//" in plain else re.sub(r"[_.\-]", "", plain)


def _alike(names: Iterable[str], plain: Callable[[str], str]) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        groups.setdefault(plain(name), []).append(name)
    return [group for _, group in sorted(groups.items()) if len(group) > 1]


def near_duplicate_relations(subject: Subject) -> Found:
    """Relations whose names are one but for prefix, case and separators, and those held beside their own inverse."""
    relations = subject.graph.relations
    pairs = _alike(relations, local_name)
    pairs += [
        [name, relation.inverse]
        for name, relation in relations.items()
        if relation.inverse in relations and name < relation.inverse
    ]
    return found(pairs, " and ".join)


def undescribed_relations(subject: Subject) -> Found:
    """Relations of which nothing is known but the name, so that they are taken for associations."""
    return found([name for name, relation in subject.graph.relations.items() if _is_bare(relation)])


def _is_bare(relation: Relation) -> bool:
    """Whether a relation is an association without an inverse, read aloud by the words of its own name."""
    plain = Relation(relation.name, verb=relation.verb)
    return (
        relation == plain
        and relation.name not in SHARED_RELATIONS
        and local_name(relation.verb) == local_name(relation.name)
    )
