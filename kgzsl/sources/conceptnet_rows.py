"""Rows of ConceptNet, checked and chosen: what each one says, or why it is left out."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from kgzsl.sources.conceptnet_relations import EXTERNAL_URL
from kgzsl.sources.tally import MAX_EXAMPLES, Tally
from kgzsl.sources.wndb import collector_paused

__all__ = ["ROW_COLUMNS", "RowChoice", "Rows", "checked_rows", "framed_rows"]

ROW_COLUMNS = ("number", "rel", "start", "end", "info")
"""A row as it comes: its number, the last four of the dump's five columns."""

_SAID = {
    "weight": pl.Float64(),
    "dataset": pl.String(),
    "surface": pl.String(),
    "fault": pl.String(),
    "keys_twice": pl.Boolean(),
}
_CONCEPT = r"^/c/([A-Za-z]{2,8}(?:[-_][A-Za-z0-9]+)*)/([^/]+)(?:/(.*?))?/?$"
_UNSAFE = r"^/|//|(?:^|/)\.{1,2}(?:/|$)"


@dataclass(frozen=True)
class RowChoice:
    """Which rows to keep, and whether ids keep their senses; None leaves a question open.

    `relations` are URIs. `query` are patterns of URIs, see `read_conceptnet`. `near` gets checked rows and says which
    of them to keep.
    """

    languages: tuple[str, ...] | None = None
    relations: tuple[str, ...] | None = None
    min_weight: float | None = None
    keep_senses: bool = False
    query: pl.Expr | None = None
    near: Callable[[pl.DataFrame], pl.Series] | None = None


@dataclass(frozen=True)
class Rows:
    """Rows that are edges (ids, senses, weight, dataset, surface text), and those that give a concept an address."""

    edges: pl.DataFrame
    pages: pl.DataFrame


class _Bad:
    """Faults of a batch, told to the tally in the order of their rows."""

    def __init__(self) -> None:
        self.found: list[tuple[int, str, str]] = []
        self.more: dict[str, int] = {}

    def take(self, reason: str, rows: pl.DataFrame, *shown: str) -> None:
        if len(rows):
            text = pl.concat_str([pl.col(name).fill_null("") for name in shown], separator=" ")
            examples = rows.head(MAX_EXAMPLES).select("number", text)
            self.found += [(number, reason, found) for number, found in examples.iter_rows()]
            self.more[reason] = self.more.get(reason, 0) + len(rows) - len(examples)

    def tell(self, tally: Tally) -> None:
        for number, reason, found in sorted(self.found):
            tally.fault(reason, line=number, found=found)
        for reason, number in self.more.items():
            tally.fault(reason, number)


def framed_rows(text: bytes, numbers: Sequence[int] | pl.Series, tally: Tally) -> pl.DataFrame:
    """Lines of five columns as a table; those that are not UTF-8 are counted and left out."""
    try:
        text.decode()
    except UnicodeDecodeError:
        lines, kept = text.split(b"\n")[:-1], []
        for number, line in zip(numbers, lines, strict=True):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                tally.fault("skipped_not_utf8", line=number, found=repr(line[max(0, error.start - 20) :][:40]))
            else:
                kept.append((number, line))
        text, numbers = b"".join(line + b"\n" for _, line in kept), [number for number, _ in kept]
    if not text:
        return pl.DataFrame(schema=dict(zip(ROW_COLUMNS, [pl.Int64(), *[pl.String()] * 4], strict=True)))
    return pl.read_csv(
        text,
        separator="\t",
        quote_char=None,
        has_header=False,
        schema={name: pl.String() for name in ("uri", *ROW_COLUMNS[1:])},
    ).select(pl.Series("number", numbers, dtype=pl.Int64), pl.col(ROW_COLUMNS[1:]).fill_null(""))


def checked_rows(rows: pl.DataFrame, choice: RowChoice, tally: Tally) -> Rows:
    """The rows that `choice` keeps, with ids for URIs; every other one is counted under one reason."""
    bad = _Bad()

    def keep(rows: pl.DataFrame, test: pl.Expr | pl.Series, reason: str) -> pl.DataFrame:
        kept = rows.filter(test)
        tally.count(f"skipped_{reason}", len(rows) - len(kept))
        return kept

    is_relation = pl.col("rel").str.starts_with("/r/") & (pl.col("rel").str.len_bytes() > 3)
    bad.take("skipped_not_a_relation", rows.filter(~is_relation), "rel")
    rows = rows.filter(is_relation)
    if choice.relations is not None:
        rows = keep(rows, pl.col("rel").is_in(choice.relations), "other_relation")
    rows = _with_ids(rows, choice)
    is_page = pl.col("rel") == EXTERNAL_URL
    is_good = pl.col("start_id").is_not_null() & pl.when(is_page).then(pl.col("end").str.starts_with("http")).otherwise(
        pl.col("end_id").is_not_null()
    )
    is_affix = pl.any_horizontal(pl.col("start", "end").str.starts_with("/x/"))
    rows = keep(rows, ~is_affix, "affix")
    bad.take("skipped_not_a_concept", rows.filter(~is_good), "start", "end")
    rows = rows.filter(is_good)
    if choice.languages is not None:
        known = pl.col("start_language", "end_language").is_in(choice.languages).fill_null(value=True)
        rows = keep(rows, pl.all_horizontal(known), "other_language")
    if choice.query is not None:
        rows = keep(rows, choice.query, "outside_query")
    if choice.near is not None:
        rows = keep(rows, choice.near(rows), "out_of_reach")
    rows = _with_facts(rows, bad, tally)
    if choice.min_weight is not None:
        rows = keep(rows, pl.col("weight") >= choice.min_weight, "low_weight")
    bad.tell(tally)
    tally.count("normalised_rows", int(rows["is_changed"].sum()))
    ends = ("start_id", "end_id", "start_sense", "end_sense")
    return Rows(
        rows.filter(~is_page).select(
            "rel", *ends, "weight", "dataset", "surface", (pl.col("start") == pl.col("end")).alias("is_loop")
        ),
        rows.filter(is_page).select(pl.col("start_id").alias("id"), pl.col("end").alias("url")),
    )


def _with_ids(rows: pl.DataFrame, choice: RowChoice) -> pl.DataFrame:
    """For both ends: the id, its language, the sense behind it, and the id without sense; null for no concept."""
    uris = pl.concat([rows["start"], rows["end"]]).unique().to_frame("uri")
    named = pl.col("uri").str.extract_groups(_CONCEPT).struct.rename_fields(["language", "written", "sense"])
    parts = uris.with_columns(named.alias("parts")).unnest("parts")
    term = pl.col("written").str.normalize("NFC").str.to_lowercase().str.replace_all(r"\s", "_")
    sense = pl.col("sense").fill_null("")
    plain = pl.format("/c/{}/{}", "language", "term")
    is_unsafe = pl.col("term").is_in([".", ".."]) | sense.str.contains(_UNSAFE)
    terms = (
        parts.with_columns(term.alias("term"), sense)
        .filter(pl.col("term").is_not_null() & ~is_unsafe)
        .with_columns(plain.alias("plain"), (pl.col("term") != pl.col("written")).alias("is_changed"))
    )
    whole = pl.when(pl.col("sense") == "").then("plain").otherwise(pl.format("{}/{}", "plain", "sense"))
    terms = terms.with_columns((whole if choice.keep_senses else pl.col("plain")).alias("id"))
    for end in ("start", "end"):
        found = terms.select(
            pl.col("uri").alias(end),
            pl.col("id", "plain", "language", "sense", "is_changed").name.prefix(f"{end}_"),
        )
        rows = rows.join(found, on=end, how="left", maintain_order="left")
    is_changed = pl.any_horizontal(pl.col("start_is_changed", "end_is_changed").fill_null(value=False))
    return rows.with_columns(is_changed.alias("is_changed"))


def _with_facts(rows: pl.DataFrame, bad: _Bad, tally: Tally) -> pl.DataFrame:
    """Weight, dataset and surface text out of the fifth column; each different text is parsed once, by Python's json.

    Four in five texts of the dump stand there many times over, so this costs less than a parser that is quick and
    lenient, and there is one meaning of what is JSON.
    """
    texts = rows["info"].unique()
    with collector_paused():
        said = [_fact(text) for text in texts.to_list()]
    columns = zip(*said, strict=True) if said else ([] for _ in _SAID)
    facts = pl.DataFrame([pl.Series(name, list(part), _SAID[name]) for name, part in zip(_SAID, columns, strict=True)])
    facts = facts.with_columns(texts)
    rows = rows.join(facts, on="info", how="left", maintain_order="left")
    faulty = rows.filter(pl.col("fault").is_not_null())
    for reason in faulty["fault"].unique().sort():
        bad.take(f"skipped_{reason}", faulty.filter(pl.col("fault") == reason), "info")
    tally.count("duplicate_json_keys", int(rows["keys_twice"].sum()))
    return rows.filter(pl.col("fault").is_null())


_NOT_JSON = (None, "", None, "not_json", False)


_decoded = json.JSONDecoder().raw_decode


def _fact(text: str) -> tuple[float | None, str, str | None, str | None, bool]:
    """Weight, dataset, surface text, fault or None, and whether a key stands twice."""
    text = text.strip(" \t\r\n")
    try:
        info, end = _decoded(text)
        if end != len(text) or not isinstance(info, dict):
            return _NOT_JSON
        keys_twice = text.count('":') != _num_keys(info) or '" ' in text
        keys_twice = keys_twice and _has_key_twice(text)
    except (ValueError, RecursionError):
        return _NOT_JSON
    weight = info.get("weight", "")
    try:
        value = float(weight) if type(weight) in (int, float) else math.nan
    except OverflowError:
        value = math.inf
    fault = None
    if not 0 < value < math.inf:
        fault = "weight_not_positive" if value <= 0 else "weight_not_finite" if "weight" in info else "weight_missing"
    return value, _text(info.get("dataset")) or "", _text(info.get("surfaceText")), fault, keys_twice


def _num_keys(info: dict[str, Any]) -> int:
    """Keys of an object of the usual form: each stands in the text before its colon, and nothing else does there."""
    sources = info.get("sources")
    inner = sources if isinstance(sources, list) else ()
    return len(info) + sum(len(source) for source in inner if isinstance(source, dict))


def _has_key_twice(text: str) -> bool:
    """Whether any object in a JSON text has a key twice, seen pair by pair."""
    twice = False

    def gathered(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        twice |= len(dict(pairs)) < len(pairs)
        return dict(pairs)

    json.loads(text, object_pairs_hook=gathered)
    return twice


def _text(value: object) -> str | None:
    """A string that can be written down: JSON may hold halves of characters."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None
