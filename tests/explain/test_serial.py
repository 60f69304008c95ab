"""Explanations as plain values: their schema, and records that print without graph and model."""

import copy
import json

import pytest

from kgzsl.errors import InputFormatError
from kgzsl.explain import explain
from kgzsl.explain.serial import from_dict, schema, to_dict

TYPES = {"string": str, "boolean": bool, "integer": int, "number": (int, float), "null": type(None)}


def faults(value, rule, whole, where="explanation"):
    """What of a JSON Schema does not hold, for the few words of it that ours uses."""
    if "$ref" in rule:
        rule = whole["$defs"][rule["$ref"].rpartition("/")[2]]
    if "const" in rule:
        return [] if value == rule["const"] else [f"{where} is not {rule['const']!r}"]
    kinds = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
    if kinds == ["object"]:
        if not isinstance(value, dict):
            return [f"{where} is no object"]
        named, others = rule.get("properties", {}), rule["additionalProperties"]
        found = [f"{where}.{name} is missing" for name in rule.get("required", []) if name not in value]
        for name, item in value.items():
            inner = named.get(name, others)
            found += [f"{where}.{name} is unknown"] if inner is False else faults(item, inner, whole, f"{where}.{name}")
        return found
    if kinds == ["array"]:
        if not isinstance(value, list) or not rule.get("minItems", 0) <= len(value) <= rule.get("maxItems", len(value)):
            return [f"{where} is no array of its length"]
        rules = rule.get("prefixItems") or [rule["items"]] * len(value)
        pairs = enumerate(zip(value, rules, strict=True))
        return [fault for place, (item, inner) in pairs for fault in faults(item, inner, whole, f"{where}[{place}]")]
    right = any(isinstance(value, TYPES[kind]) and (kind == "boolean") == isinstance(value, bool) for kind in kinds)
    return [] if right else [f"{where} is {value!r}, not {kinds}"]


@pytest.fixture(scope="module", params=[("zebra", "lion"), ("zebra", None), ("horse", "zebra")])
def explanation(request, animals):
    return explain(animals.decision(*request.param, gamma=0.1))


def test_the_values_keep_their_schema(explanation):
    assert faults(json.loads(json.dumps(to_dict(explanation), allow_nan=False)), schema(), schema()) == []


def test_the_schema_is_a_json_schema(explanation):
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(to_dict(explanation), schema())


def test_a_fault_is_found_by_the_schema(explanation):
    values = to_dict(explanation)
    assert faults(values | {"margin": "2"}, schema(), schema()) == ["explanation.margin is '2', not ['number']"]
    assert faults(values | {"more": 2}, schema(), schema()) == ["explanation.more is unknown"]
    assert faults(values | {"version": 1}, schema(), schema()) == ["explanation.version is not 2"]


def test_a_record_prints_what_the_explanation_prints(explanation):
    record = from_dict(json.loads(json.dumps(explanation.to_dict())))
    assert record.to_text() == explanation.to_text() == str(record)
    assert record.to_html() == explanation.to_html() == record._repr_html_()
    assert record.to_svg(max_paths=5) == explanation.to_svg(max_paths=5)


def test_what_was_tried_is_in_the_record(animals):
    e = explain(animals.decision("zebra", "lion"))
    object.__setattr__(e, "effects", {e.items[1].key: -9.0})
    record = from_dict(e.to_dict())
    assert [row.effect for row in record.items[:3]] == [None, -9.0, None]
    assert record.to_text() == e.to_text()


def change(values, path, value):
    values = copy.deepcopy(values)
    inner = values
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return values


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("version",), 1, "version 1"),
        (("format",), "x", "format 'x'"),
        (("margin",), "much", r"explanation\.margin is 'much', not a number"),
        (("margin",), float("nan"), r"explanation\.margin is nan"),
        (("is_certified",), 1, r"explanation\.is_certified is 1, not a boolean"),
        (("items",), {}, r"explanation\.items"),
        (("items", 0, "sides"), [1.0], r"explanation\.items\[0\]\.sides"),
        (("items", 0, "more"), 1, r"explanation\.items\[0\] is no Row: \['more'\]"),
        (("labels",), {}, "labels has no 'lion', 'zebra'"),
        (("concepts",), {}, "concepts has no"),
        (("relations",), {}, "relations has no"),
        (("views",), {}, "views has no 'paths'"),
        (("labels",), [], r"explanation\.labels is \[\], not an object"),
    ],
)
def test_values_that_are_no_explanation_are_refused_by_name(animals, path, value, message):
    values = explain(animals.decision("zebra", "lion")).to_dict()
    with pytest.raises(InputFormatError, match=message):
        from_dict(change(values, path, value))


def test_only_a_dictionary_is_read():
    with pytest.raises(InputFormatError, match="not list"):
        from_dict([])
