"""What the fifth column of a row says: weight, data set, and the sentence it was taken from."""

import json
import math
from typing import Any, Final

import polars as pl

from kgzsl.sources.wndb import collector_paused

__all__ = ["FACT_COLUMNS", "fact_table"]

FACT_COLUMNS: Final = {
    "weight": pl.Float64(),
    "dataset": pl.String(),
    "surface": pl.String(),
    "fault": pl.String(),
    "keys_twice": pl.Boolean(),
}

_TEXT = r'"[^"\\\x00-\x1f]*"'
_ACTIVITY, _CONTRIBUTOR, _PROCESS = (f'"{key}": {_TEXT}' for key in ("activity", "contributor", "process"))
_SOURCE = rf"\{{(?:{_ACTIVITY}(?:, {_CONTRIBUTOR})?(?:, {_PROCESS})?|{_CONTRIBUTOR}(?:, {_PROCESS})?|{_PROCESS})\}}"
_USUAL = (
    rf'^\{{"dataset": {_TEXT}, "license": {_TEXT}, "sources": \[(?:{_SOURCE}(?:, {_SOURCE})*)?\]'
    rf'(?:, "surfaceEnd": {_TEXT})?(?:, "surfaceStart": {_TEXT})?(?:, "surfaceText": {_TEXT})?'
    r', "weight": (?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?\}$'
)
"""The form in which ConceptNet writes a row: JSON without escapes, each key once, the weight a plain number."""

_DATASET, _SURFACE, _WEIGHT = r'^.{13}([^"]*)', r'"surfaceText": "([^"]*)"', r'"weight": ([0-9.]+)\}$'
_WEIGHT_BYTES: Final = 48
"""Enough for the weight with its key: 31 digits and a point at most."""


def fact_table(texts: pl.Series) -> pl.DataFrame:
    """One row for each of different texts, in any order: `info`, the text, and `FACT_COLUMNS`.

    `fault` is null, or says why there is no weight. A text of the usual form is known by one pattern and taken apart
    by others, outside Python; any other one by Python's json. Both give the same where both apply, so there is one
    meaning of what is JSON.
    """
    table = texts.alias("info").to_frame().with_columns(pl.col("info").str.contains(_USUAL).alias("is_usual"))
    weight = pl.col("info").str.tail(_WEIGHT_BYTES).str.extract(_WEIGHT).cast(pl.Float64)
    usual = table.filter("is_usual").select(
        "info",
        weight.alias("weight"),
        pl.col("info").str.extract(_DATASET).alias("dataset"),
        pl.col("info").str.extract(_SURFACE).alias("surface"),
        pl.lit(None, dtype=pl.String).alias("fault"),
        pl.lit(value=False).alias("keys_twice"),
    )
    is_good = usual["weight"] > 0
    others = pl.concat([table.filter(~pl.col("is_usual"))["info"], usual.filter(~is_good)["info"]])
    return pl.concat([usual.filter(is_good), _exact_facts(others)])


def _exact_facts(texts: pl.Series) -> pl.DataFrame:
    with collector_paused():
        said = [_fact(text) for text in texts.to_list()]
    columns = zip(*said, strict=True) if said else ([] for _ in FACT_COLUMNS)
    parts = zip(FACT_COLUMNS.items(), columns, strict=True)
    return pl.DataFrame([texts, *(pl.Series(name, list(values), dtype) for (name, dtype), values in parts)])


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
