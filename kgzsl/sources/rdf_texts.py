"""From the literals of a document to one label, aliases and one definition for each concept."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from kgzsl.sources.limits import Limits
from kgzsl.sources.rdf_terms import unescaped
from kgzsl.sources.tally import Tally

__all__ = ["chosen_texts", "control_characters", "ill_typed", "literals"]

_LITERAL: Final = r'(?s)^"(.*)"(?:@([A-Za-z0-9-]+)|\^\^<([^>]*)>)?$'
_UNPRINTABLE: Final = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]"
_ESCAPED_CONTROL: Final = r"(?:^|[^\\])(?:\\\\)*\\(?:[bf]|u00(?:0[0-8BCEF]|1[0-9A-F]|7F)|uFFF[EF])"
_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_DAY: Final = r"-?\d{4,}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_TIME: Final = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?|24:00:00(?:\.0+)?"
_ZONE: Final = r"(?:Z|[+-]\d\d:\d\d)?"
_FLOAT: Final = r"(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?INF|NaN)"
_FORMS: Final = {
    "boolean": "true|false|0|1",
    "decimal": r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)",
    "double": _FLOAT,
    "float": _FLOAT,
    "date": f"{_DAY}{_ZONE}",
    "dateTime": f"{_DAY}T(?:{_TIME}){_ZONE}",
    "time": f"(?:{_TIME}){_ZONE}",
    "gYear": rf"-?\d{{4,}}{_ZONE}",
    "nonNegativeInteger": r"\+?\d+|-0+",
    "positiveInteger": r"\+?0*[1-9]\d*",
    **dict.fromkeys(("integer", "int", "long", "short", "byte"), r"[+-]?\d+"),
}
"""What a literal of a type looks like."""


def literals(table: pl.DataFrame) -> pl.DataFrame:
    """The table with its objects, all literals, taken apart into `text` (still escaped), `language`, `datatype`."""
    parts = pl.col("o").str.extract_groups(_LITERAL).struct.rename_fields(["text", "language", "datatype"])
    return table.with_columns(parts.alias("parts")).unnest("parts")


def ill_typed(table: pl.DataFrame) -> int:
    """How many literals do not look like the type they state; they are kept as the strings they are."""
    stated = literals(table.filter(pl.col("o").str.contains("^^<" + _XSD, literal=True)))
    wrong = 0
    for (datatype,), of_type in stated.group_by("datatype"):
        form = _FORMS.get(str(datatype).removeprefix(_XSD))
        if form is not None:
            wrong += int((~of_type["text"].str.strip_chars().str.contains(f"^(?:{form})$")).sum())
    return wrong


def control_characters(table: pl.DataFrame, tally: Tally) -> None:
    """Count literals with characters that are none for people; in names and definitions U+FFFD stands for them."""
    marked = table.filter(pl.col("o").str.starts_with('"') & pl.col("o").str.contains("\\", literal=True))
    found = marked.filter(pl.col("o").str.contains(_ESCAPED_CONTROL))["o"].to_list()
    for literal in found:
        tally.fault("control_characters", found=literal)


def chosen_texts(
    table: pl.DataFrame, tally: Tally, *, language: str | None, languages: Sequence[str], limits: Limits
) -> pl.DataFrame:
    """One row an id with `label`, `aliases`, `definition`, from rows (id, use, rank, o).

    The best text is in the best language, then of the best property, then the first by its letters. Other labels and
    the aliases in the languages asked for, or in that of the label, are the aliases, sorted.
    """
    order = list(dict.fromkeys(([] if language is None else [language.lower()]) + [tag.lower() for tag in languages]))
    texts = _cleaned(literals(table).with_columns(pl.col("language").fill_null("")), tally, limits)
    texts = texts.with_columns(_tier(order).alias("tier"))
    # the order of a document is not its meaning
    texts = texts.sort("id", "tier", "language", "rank", "text")
    ranked = texts.unique(["id", "use", "text"], keep="first", maintain_order=True)
    tally.count("merged_duplicate", len(texts) - len(ranked))
    labels = ranked.filter(pl.col("use") == "label")
    best = labels.group_by("id", maintain_order=True).first().select("id", label="text", tag="language")
    definitions = ranked.filter(pl.col("use") == "definition")
    defined = definitions.group_by("id", maintain_order=True).first().select("id", definition="text")
    tally.count("skipped_second_definition", len(definitions) - len(defined))
    named = ranked.filter(pl.col("use").is_in(["label", "alias"])).join(best, on="id", how="left")
    wanted = (pl.col("tier") < 2 * len(order)) | (pl.col("language") == pl.col("tag"))
    is_label = (pl.col("use") == "label") & (pl.col("text") == pl.col("label")).fill_null(value=False)
    others = named.filter(~is_label)
    used = others.filter(wanted.fill_null(value=False))
    tally.count("skipped_other_language", len(others) - len(used))
    again = used.filter((pl.col("text") == pl.col("label")).fill_null(value=False))
    tally.count("merged_duplicate", len(again))
    used = used.filter((pl.col("text") != pl.col("label")).fill_null(value=True))
    distinct = used.unique(["id", "text"])
    tally.count("merged_duplicate", len(used) - len(distinct))
    tally.count("kept_names", len(best) + len(distinct) + len(defined))
    aliases = distinct.sort("id", "text").group_by("id", maintain_order=True).agg(aliases="text")
    ids = ranked.select("id").unique(maintain_order=True)
    return (
        ids.join(best.select("id", "label"), on="id", how="left")
        .join(aliases, on="id", how="left")
        .join(defined, on="id", how="left")
    )


def _tier(order: Sequence[str]) -> pl.Expr:
    """0 for the first language, 1 for its regions, 2 for the second, ..., above all for those not in the order."""
    tier = pl.lit(2 * len(order))
    for place, tag in reversed(list(enumerate(order))):
        if tag:
            tier = pl.when(pl.col("language").str.starts_with(f"{tag}-")).then(2 * place + 1).otherwise(tier)
        tier = pl.when(pl.col("language") == tag).then(2 * place).otherwise(tier)
    return tier


def _cleaned(table: pl.DataFrame, tally: Tally, limits: Limits) -> pl.DataFrame:
    """Rows with their texts as they are meant; without those that are empty or too long."""
    text = pl.col("text")
    long = table.filter(text.str.len_bytes() > limits.literal_bytes)
    if len(long) and tally.strict:
        tally.fault("skipped_long_literal", found=str(long["id"][0]))
    tally.count("skipped_long_literal", len(long))
    table = table.filter(text.str.len_bytes() <= limits.literal_bytes)
    if table["text"].str.contains("\\", literal=True).any():
        found = table.filter(text.str.contains("\\", literal=True))["text"].unique().to_list()
        table = table.with_columns(text.replace({one: unescaped(one) for one in found}))
    table = table.with_columns(text.str.replace_all(_UNPRINTABLE, "\ufffd").str.strip_chars())
    kept = table.filter(text != "")
    tally.count("skipped_empty_text", len(table) - len(kept))
    return kept
