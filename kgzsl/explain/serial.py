"""Explanations as plain values, as records that print without graph and model, and as tables.

The JSON form is an object whose fields are those of `kgzsl.explain.page_record.Record`, in that order, after two:

    format           "kgzsl-explanation"
    version          2; it rises when a field changes its meaning, comes or goes
    prediction, foil, predicted      concept ids; foil and predicted may be null
    probability, foil_probability    null where they were not asked for
    margin, total    numbers; items, others and constants add up to total
    items, others, constants         rows: kind, key, label, note, credit, effect, sides (target, foil), gross,
                     concepts, paths (concepts, relations; "^" before one walked from tail to head),
                     facts (head, relation, tail, weight, source), near (pairs of seen class and share)
    labels           names of prediction, foil and predicted by id
    concepts         by id: label, and kind ("seen", "unseen" or "concept")
    relations        by name: verb and inverse_verb
    views            by name ("paths", "facts", "concepts", and "support" where a model has it): rows, which add up to
                     total as well

`schema()` says the same as a JSON Schema, made from the types of the record itself, as are writing and reading.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

import polars as pl

from kgzsl.errors import InputFormatError
from kgzsl.explain.page_record import Record, Row, record_of

if TYPE_CHECKING:
    from kgzsl.explain.credits import Credit
    from kgzsl.explain.explanation import Explanation

__all__ = ["FORMAT", "from_dict", "schema", "to_dict", "to_frame"]

FORMAT = 2
_NAME = "kgzsl-explanation"
_SIMPLE = {str: "string", bool: "boolean", int: "integer", float: "number", NoneType: "null"}


def to_dict(explanation: "Explanation") -> dict[str, Any]:
    """JSON values; the same explanation gives the same dictionary, in the same order."""
    record = record_of(explanation, views=explanation.views)
    return {"format": _NAME, "version": FORMAT, **_plain(record)}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def from_dict(values: Mapping[str, Any]) -> Record:
    """The record of an explanation that `to_dict` wrote: it prints the same text, card and drawing.

    It cannot verify itself, be asked for another view or be edited: that takes the graph and the model, which are not
    in it. `InputFormatError` names the first field that is missing, unknown or of another type.
    """
    if not isinstance(values, Mapping):
        raise InputFormatError(f"an explanation is read from a dictionary, not {type(values).__name__}")
    if values.get("format") != _NAME or values.get("version") != FORMAT:
        raise InputFormatError(
            f"format {values.get('format')!r:.40}, version {values.get('version')!r:.40} is not {_NAME!r}, {FORMAT}"
        )
    rest = {name: value for name, value in values.items() if name not in ("format", "version")}
    record: Record = _built(Record, rest, "explanation")
    _named(record)
    return record


def _built(kind: Any, value: Any, where: str) -> Any:
    """`value` as an instance of `kind`, a type of a field of the record."""
    if is_dataclass(kind):
        types = get_type_hints(kind)
        if not isinstance(value, Mapping) or set(value) != set(types):
            found = (
                sorted(map(str, set(value) ^ set(types)))[:3] if isinstance(value, Mapping) else type(value).__name__
            )
            raise InputFormatError(f"{where} is no {getattr(kind, '__name__', kind)}: {found} missing or unknown")
        return kind(**{name: _built(types[name], value[name], f"{where}.{name}") for name in types})  # type: ignore[operator]
    origin, parts = get_origin(kind), get_args(kind)
    if origin is UnionType:
        inner = next(part for part in parts if part is not NoneType)
        return None if value is None else _built(inner, value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple) or (parts[-1] is not Ellipsis and len(value) != len(parts)):
            raise InputFormatError(f"{where} is {value!r:.80}, not an array of the length that is expected")
        types_of = [parts[0]] * len(value) if parts[-1] is Ellipsis else parts
        return tuple(
            _built(part, item, f"{where}[{place}]")
            for place, (part, item) in enumerate(zip(types_of, value, strict=True))
        )
    if origin is not None:
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise InputFormatError(f"{where} is {value!r:.80}, not an object")
        return {key: _built(parts[1], item, f"{where}.{key}") for key, item in value.items()}
    return _checked(kind, value, where)


def _checked(kind: type, value: Any, where: str) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is float and is_number and math.isfinite(value):
        return float(value)
    if kind is not float and type(value) is kind:
        return value
    raise InputFormatError(f"{where} is {value!r:.80}, not a {_SIMPLE[kind]}")


def _named(record: Record) -> None:
    """Every id that will be printed has a name."""
    classes = {record.prediction, record.foil, record.predicted} - {None}
    listed = [row for rows in (record.rows, *record.views.values()) for row in rows]
    paths = [path for row in listed for path in row.paths]
    for what, used, known in (
        ("labels", classes, record.labels),
        ("concepts", {concept for row in listed for concept in row.concepts}, record.concepts),
        ("concepts", {concept for path in paths for concept in path.concepts}, record.concepts),
        ("relations", {name for path in paths for _, name, _ in path.facts}, record.relations),
    ):
        missing = sorted(str(name) for name in used if name not in known)
        if missing:
            raise InputFormatError(f"{what} has no {', '.join(map(repr, missing[:3]))}")
    if any(row.kind == "path" and len(row.paths) != 1 for row in record.views.get("paths", ())):
        raise InputFormatError("a row of the view 'paths' has one path")
    needed = [name for name in ("paths", "facts", "concepts") if name not in record.views]
    if needed:
        raise InputFormatError(f"views has no {', '.join(map(repr, needed))}")


def schema() -> dict[str, Any]:
    """A JSON Schema (2020-12) of what `to_dict` gives.

    >>> schema()["properties"]["version"], schema()["$defs"]["Row"]["properties"]["sides"]["minItems"]
    ({'const': 2}, 2)
    """
    definitions: dict[str, Any] = {}
    whole = _schema_of(Record, definitions)
    own = {"format": {"const": _NAME}, "version": {"const": FORMAT}}
    record = definitions.pop(whole["$ref"].rpartition("/")[2])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": _NAME,
        **record,
        "properties": {**own, **record["properties"]},
        "required": [*own, *record["required"]],
        "$defs": definitions,
    }


def _schema_of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if is_dataclass(kind):
        name = kind.__name__  # type: ignore[union-attr]
        if name not in definitions:
            types = get_type_hints(kind)
            definitions[name] = {}
            definitions[name] = {
                "type": "object",
                "properties": {field: _schema_of(part, definitions) for field, part in types.items()},
                "required": list(types),
                "additionalProperties": False,
            }
        return {"$ref": f"#/$defs/{name}"}
    origin, parts = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return {"type": [_SIMPLE[part] for part in parts]}
    if origin is tuple and parts[-1] is Ellipsis:
        return {"type": "array", "items": _schema_of(parts[0], definitions)}
    if origin is tuple:
        items = [_schema_of(part, definitions) for part in parts]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin is not None:
        return {"type": "object", "additionalProperties": _schema_of(parts[1], definitions)}
    return {"type": _SIMPLE[kind]}


def to_frame(rows: "Sequence[Credit | Row]") -> pl.DataFrame:
    """One row a credit: kind, label, note, credit, target, foil, gross, concepts."""
    return pl.DataFrame(
        {
            "kind": [row.kind for row in rows],
            "label": [row.label for row in rows],
            "note": [row.note for row in rows],
            "credit": [row.credit for row in rows],
            "target": [row.sides[0] for row in rows],
            "foil": [row.sides[1] for row in rows],
            "gross": [row.gross for row in rows],
            "concepts": [list(row.concepts) for row in rows],
        },
        schema={
            "kind": pl.String,
            "label": pl.String,
            "note": pl.String,
            "credit": pl.Float64,
            "target": pl.Float64,
            "foil": pl.Float64,
            "gross": pl.Float64,
            "concepts": pl.List(pl.String),
        },
    )
