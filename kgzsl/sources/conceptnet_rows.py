"""Rows of ConceptNet, checked and chosen: what each one says, or why it is left out."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from kgzsl.sources.conceptnet_facts import fact_table
from kgzsl.sources.conceptnet_relations import EXTERNAL_URL
from kgzsl.sources.tally import MAX_EXAMPLES, Tally

__all__ = ["ROW_COLUMNS", "RowChoice", "Rows", "checked_rows", "framed_rows"]

ROW_COLUMNS = ("number", "rel", "start", "end", "info")
"""A row as it comes: its number, the last four of the dump's five columns."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]+)*")
_PIECES = ("before", "kind", "language", "written", "sense")
_ENDS = ("start", "end")
_UNUSUAL = r"[^!-@\[-~]"  # beyond ASCII, upper case, or blank
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
        return _parsed(text, numbers)
    except pl.exceptions.ComputeError:  # polars does not say where
        kept = []
        for number, line in zip(numbers, text.split(b"\n")[:-1], strict=True):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                tally.fault("skipped_not_utf8", line=number, found=repr(line[max(0, error.start - 20) :][:40]))
            else:
                kept.append((number, line))
        return _parsed(b"".join(line + b"\n" for _, line in kept), [number for number, _ in kept])


def _parsed(text: bytes, numbers: Sequence[int] | pl.Series) -> pl.DataFrame:
    if not text:
        return pl.DataFrame(schema=dict(zip(ROW_COLUMNS, [pl.Int64(), *[pl.String()] * 4], strict=True)))
    return pl.read_csv(
        text,
        separator="\t",
        quote_char=None,
        has_header=False,
        columns=[1, 2, 3, 4],
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
    rows = rows.with_columns(
        pl.col(end)
        .str.splitn("/", 5)
        .struct.rename_fields([f"{end}_{piece}" for piece in _PIECES])
        .alias(f"{end}_pieces")
        for end in _ENDS
    ).unnest([f"{end}_pieces" for end in _ENDS])
    changed = []
    for end in _ENDS:
        written = pl.col(f"{end}_written")
        if rows.select(written.str.contains(_UNUSUAL).any()).item():
            term = written.str.normalize("NFC").str.to_lowercase().str.replace_all(r"\s", "_")
            rows = rows.with_columns(term.alias(f"{end}_term"))
            changed.append((pl.col(f"{end}_term") != written).fill_null(value=False))
        else:
            rows = rows.with_columns(written.alias(f"{end}_term"))
        rows = rows.with_columns(_id_columns(rows, end, keep_senses=choice.keep_senses))
    is_changed = pl.any_horizontal(changed) if changed else pl.lit(value=False)
    return rows.with_columns(is_changed.alias("is_changed"))


def _id_columns(rows: pl.DataFrame, end: str, *, keep_senses: bool) -> list[pl.Expr]:
    """Id, plain id, language and sense of an end whose pieces are known; null where it is no concept."""
    before, kind, language, term, rest = (pl.col(f"{end}_{piece}") for piece in (*_PIECES[:3], "term", "sense"))
    languages = [code for code in rows[f"{end}_language"].unique().drop_nulls() if _LANGUAGE.fullmatch(code)]
    sense = rest.fill_null("").str.strip_suffix("/")
    is_unsafe = (term == "") | term.is_in([".", ".."]) | sense.str.contains(_UNSAFE)
    is_concept = (before == "") & (kind == "c") & language.is_in(languages) & ~is_unsafe
    plain = pl.concat_str(pl.lit("/c/"), language, pl.lit("/"), term)
    whole = pl.when(sense == "").then(plain).otherwise(pl.concat_str(plain, pl.lit("/"), sense))
    return [
        pl.when(is_concept).then(plain).alias(f"{end}_plain"),
        pl.when(is_concept).then(whole if keep_senses else plain).alias(f"{end}_id"),
        pl.when(is_concept).then(language).alias(f"{end}_language"),
        sense.alias(f"{end}_sense"),
    ]


def _with_facts(rows: pl.DataFrame, bad: _Bad, tally: Tally) -> pl.DataFrame:
    """Weight, dataset and surface text out of the fifth column; each different text is taken apart once.

    Seven in ten texts of the dump stand there many times over.
    """
    facts = fact_table(rows["info"].unique())
    rows = rows.join(facts, on="info", how="left", maintain_order="left")
    faulty = rows.filter(pl.col("fault").is_not_null())
    for reason in faulty["fault"].unique().sort():
        bad.take(f"skipped_{reason}", faulty.filter(pl.col("fault") == reason), "info")
    tally.count("duplicate_json_keys", int(rows["keys_twice"].sum()))
    return rows.filter(pl.col("fault").is_null())
