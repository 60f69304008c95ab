"""What the things of an RDF document are called: ids, the other spellings of them, and names where nobody gave one."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote

import polars as pl

from kgzsl.sources.rdf_mapping import RdfMapping
from kgzsl.sources.rdf_parsing import RELATIVE_BASE
from kgzsl.sources.terms import PREFIXES, contracted, spelled_prefix

__all__ = ["alternate_spellings", "ids_of", "name_of", "near_duplicates", "own_name", "own_prefixes", "relative"]

_OBO: Final = r"^https?://purl\.obolibrary\.org/obo/([A-Za-z][A-Za-z0-9]*(?:_[A-Za-z]+)?)_(\d+)$"
_NUMBERED: Final = re.compile(r"ns\d+")
_SCHEME: Final = RELATIVE_BASE.partition(":")[0] + ":"

_COMMON: Final = {"obo": "http://purl.obolibrary.org/obo/"}


def own_prefixes(declared: Mapping[str, str], mapping: RdfMapping) -> dict[str, str]:
    """The prefixes that make CURIEs: those of the mapping, then the document's; an empty one makes none.

    An id with an empty prefix would mean another thing in the next document.
    """
    given = {**declared, **mapping.prefixes}
    return {prefix: space for prefix, space in sorted(given.items()) if prefix and space}


def ids_of(iris: pl.Series, prefixes: Mapping[str, str], mapping: RdfMapping) -> pl.Series:
    """The id of each IRI: an OBO id, else the CURIE that `contracted` gives, else the IRI itself."""
    known = {**{space: name for name, space in prefixes.items()}, **{space: name for name, space in PREFIXES.items()}}
    order = sorted(
        known, key=lambda space: (_NUMBERED.fullmatch(known[space]) is None, len(space), space), reverse=True
    )
    table = pl.DataFrame({"iri": iris})
    if order:
        pattern = f"^({'|'.join(map(re.escape, order))})(.+)$"
        spelled = {space: f"{spelled_prefix(name)}:" for space, name in known.items()}
        parts = pl.col("iri").str.extract_groups(pattern).struct.rename_fields(["space", "local"])
        table = table.with_columns(parts.alias("parts")).unnest("parts")
        curie = pl.col("space").replace_strict(spelled, default=None, return_dtype=pl.String) + pl.col("local")
    else:
        curie = pl.lit(None, dtype=pl.String)
    obo = pl.lit(None, dtype=pl.String)
    if mapping.obo_ids:
        found = pl.col("iri").str.extract_groups(_OBO).struct
        obo = found[0] + ":" + found[1]
    return table.select(pl.coalesce(obo, curie, "iri").alias("id")).to_series()


def alternate_spellings(names: pl.DataFrame, declared: Mapping[str, str]) -> pl.DataFrame:
    """Rows (id, other) for what else resolves to the concepts of `names` (iri, id).

    That is the IRI, the CURIE as the document spells it, `obo:GO_0008150` of OBO's terms whether it says so or not,
    and, as alternate ids are compared without case, the id.
    """
    curies = names.filter(pl.col("id") != pl.col("iri"))
    rows = [curies.select("id", other="iri"), curies.select("id", other="id").filter(~_is_lower("id"))]
    for prefix, space in sorted({**_COMMON, **declared}.items()):
        inside = names.filter(pl.col("iri").str.starts_with(space)) if space else names.clear()
        local = pl.lit(f"{prefix}:") + pl.col("iri").str.slice(len(space))
        rows.append(inside.select("id", other=local).filter(pl.col("other") != pl.col("id")))
    return pl.concat(rows).unique()


def _is_lower(column: str) -> pl.Expr:
    return pl.col(column) == pl.col(column).str.to_lowercase()


def name_of(iri: str, id_: str) -> str:
    """A name for what has none: its CURIE, else what stands behind the last `#` or `/` of its IRI, as words.

    >>> name_of("http://x.org/zoo#polar_bear", "http://x.org/zoo#polar_bear")
    'polar bear'
    """
    if id_ != iri:
        return id_
    local = re.split(r"[#/:]", iri.rstrip("#/:"))[-1]
    return unquote(local).replace("_", " ").strip() or id_


def near_duplicates(iris: Sequence[str]) -> list[list[str]]:
    """Groups of different IRIs that look alike: composed or decomposed letters, or percent-encoded ones."""
    groups: dict[str, list[str]] = {}
    for iri in iris:
        if not iri.isascii() or "%" in iri:
            groups.setdefault(unicodedata.normalize("NFC", unquote(iri)), []).append(iri)
    return [sorted(group) for _, group in sorted(groups.items()) if len(group) > 1]


def relative(iris: pl.Series) -> int:
    """How many IRIs were relative and had no base."""
    return int(iris.str.starts_with(_SCHEME).sum())


def own_name(iri: str, prefixes: Mapping[str, str], mapping: RdfMapping) -> str:
    """The name of a relation: the id that its property would have."""
    match = re.match(_OBO, iri) if mapping.obo_ids else None
    return f"{match[1]}:{match[2]}" if match else contracted(iri, prefixes)
