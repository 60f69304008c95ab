import builtins
import copy
import inspect
import pickle
import pkgutil
import re
from importlib import import_module
from pathlib import Path

import pytest

import kgzsl
from kgzsl import errors
from kgzsl.errors import (
    AmbiguousLabelError,
    ConceptFormError,
    ConceptVersionError,
    DataMissingError,
    ExplanationError,
    GroundingError,
    InputFormatError,
    IntegrityError,
    InvalidGraphError,
    KgzslError,
    KgzslWarning,
    LimitExceededError,
    MissingDependencyError,
    MissingFeaturesError,
    NetworkError,
    NoPathError,
    NotEntailedError,
    NotInductiveError,
    NumericError,
    OfflineError,
    OutputExistsError,
    PatternSyntaxError,
    PluginError,
    ProofError,
    ResourceLimitError,
    SourceError,
    SplitError,
    TestRowsError,
    UnknownConceptError,
    UnknownNameError,
    UnknownRelationError,
    UnsafeInputError,
    VersionError,
    listing,
)
from kgzsl.graph.concept import Edge

# error, the built-in it also is, its whole message, its facts
TABLE = [
    (
        UnknownConceptError("tigre.n.02", graph="wordnet", num_concepts=117_659, nearest=["tiger.n.02"]),
        KeyError,
        "no concept 'tigre.n.02' in graph wordnet (117,659 concepts); nearest: 'tiger.n.02'",
        {"id": "tigre.n.02", "nearest": ("tiger.n.02",)},
    ),
    (
        UnknownConceptError("x", graph="toy", num_concepts=2, hint="labels go through find"),
        KeyError,
        "no concept 'x' in graph toy (2 concepts) (labels go through find)",
        {"id": "x", "nearest": ()},
    ),
    (
        ConceptFormError("dog", graph="toy", num_concepts=2, hint="ids have the form lemma.pos.number"),
        ValueError,
        "no concept 'dog' in graph toy (2 concepts) (ids have the form lemma.pos.number)",
        {"id": "dog", "nearest": ()},
    ),
    (
        ConceptVersionError(
            "wn31:n1", graph="toy", num_concepts=2, found="WordNet 3.1", supported="WordNet 3.0"
        ),
        KeyError,
        "no concept 'wn31:n1' in graph toy (2 concepts) (it is an id of WordNet 3.1, and the graph has WordNet 3.0; "
        "one number stands for different concepts in the two, so use the concept's name, or its id in the graph's "
        "version)",
        {"id": "wn31:n1", "file": "toy", "found": "WordNet 3.1", "supported": "WordNet 3.0", "nearest": ()},
    ),
    (
        UnknownRelationError("isa", graph="toy", known=["has_part", "is_a"], nearest=["is_a"]),
        KeyError,
        "no relation 'isa' in graph toy; nearest: 'is_a'; it has 'has_part', 'is_a'",
        {"name": "isa", "nearest": ("is_a",)},
    ),
    (
        UnknownRelationError("isa", graph="toy", known=[]),
        KeyError,
        "no relation 'isa' in graph toy; it has none",
        {"name": "isa", "nearest": ()},
    ),
    (
        UnknownNameError("propagator", "gcn", known=["gcnz", "sgcn"], nearest=["gcnz"]),
        ValueError,
        "no propagator is called 'gcn'; nearest: 'gcnz'; known: 'gcnz', 'sgcn'",
        {"kind": "propagator", "name": "gcn", "known": ("gcnz", "sgcn"), "nearest": ("gcnz",)},
    ),
    (
        AmbiguousLabelError("bat", [("bat.n.01", "a mammal"), ("bat.n.05", "a club")]),
        LookupError,
        "'bat' names 2 concepts; use one of the ids\n  bat.n.01: a mammal\n  bat.n.05: a club",
        {"label": "bat", "candidates": (("bat.n.01", "a mammal"), ("bat.n.05", "a club"))},
    ),
    (
        GroundingError(
            missing={"zebr": ["zebra"]}, ambiguous={"bat": [("b1", "a mammal"), ("b2", "a club")]}, graph="g"
        ),
        ValueError,
        "2 class label(s) do not stand for exactly one concept of graph g; use the ids instead:\n"
        "  'zebr' is not in the graph; nearest: 'zebra'\n"
        "  'bat' is one of: b1 (a mammal); b2 (a club)\n"
        "of several, kgzsl.ground(graph, labels, under='…') keeps what lies below one",
        {"missing": {"zebr": ("zebra",)}, "ambiguous": {"bat": (("b1", "a mammal"), ("b2", "a club"))}},
    ),
    (
        NoPathError("day", "dog", relations="is_a"),
        LookupError,
        "no path from 'day' to 'dog' over is_a; allow more relations with relations=",
        {"start": "day", "end": "dog"},
    ),
    (
        SourceError("a.tsv", "three columns are needed, found 2", line=7),
        ValueError,
        "a.tsv, line 7: three columns are needed, found 2",
        {"location": "a.tsv", "line": 7, "reason": "three columns are needed, found 2"},
    ),
    (SourceError("a.tsv", "is empty"), ValueError, "a.tsv: is empty", {"location": "a.tsv", "line": None}),
    (
        DataMissingError("graphs/x", "build it with build.py"),
        FileNotFoundError,
        "graphs/x: build it with build.py",
        {"path": "graphs/x"},
    ),
    (
        IntegrityError("w.bin", expected="sha256 ab", found="sha256 cd", advice="save it again"),
        ValueError,
        "w.bin: expected sha256 ab, found sha256 cd; save it again",
        {"file": "w.bin", "expected": "sha256 ab", "found": "sha256 cd"},
    ),
    (
        VersionError("model.json", found=9, supported="format 1"),
        ValueError,
        "model.json: format 9 is not readable here; this version reads format 1",
        {"file": "model.json", "found": 9, "supported": "format 1"},
    ),
    (
        InvalidGraphError("the tables do not fit", report={"loop": ["a is_a a"], "unknown": list("bcdefgh")}),
        ValueError,
        "the tables do not fit\n  loop: 'a is_a a'\n  unknown: 'b', 'c', 'd', 'e', 'f' and 2 more",
        {"report": {"loop": ("a is_a a",), "unknown": tuple("bcdefgh")}},
    ),
    (InputFormatError("X must have two axes, not 3"), ValueError, "X must have two axes, not 3", {}),
    (
        MissingFeaturesError(["a", "b"], source="glove.txt", advice="use missing='text'"),
        LookupError,
        "glove.txt has no features for 2 concept(s): 'a', 'b'; use missing='text'",
        {"ids": ("a", "b")},
    ),
    (
        OutputExistsError("model", "is there already; overwrite=True replaces it"),
        FileExistsError,
        "model is there already; overwrite=True replaces it",
        {"path": "model"},
    ),
    (SplitError("they overlap: 'a'", overlap=["a"]), ValueError, "they overlap: 'a'", {"overlap": ("a",)}),
    (NotInductiveError("fit again"), TypeError, "fit again", {}),
    (NumericError("loss is nan in epoch 3", epoch=3), FloatingPointError, "loss is nan in epoch 3", {"epoch": 3}),
    (ResourceLimitError("needs 9 GB, 4 allowed"), MemoryError, "needs 9 GB, 4 allowed", {}),
    (
        LimitExceededError("dump.csv", limit="line_bytes", allowed=10, found=50),
        ValueError,
        "dump.csv: line_bytes is 50, and 10 is allowed; pass limits= to allow more",
        {"limit": "line_bytes", "allowed": 10, "found": 50},
    ),
    (
        LimitExceededError("a.jsonld", limit="contexts", allowed=9, found=10, advice="split the file"),
        ValueError,
        "a.jsonld: contexts is 10, and 9 is allowed; split the file",
        {"limit": "contexts", "allowed": 9, "found": 10},
    ),
    (UnsafeInputError("nested entity 'l1'"), ValueError, "nested entity 'l1'", {}),
    (
        NetworkError("no answer", url="http://127.0.0.1:1/", status=502, attempts=3, retry_after=1.0),
        OSError,
        "no answer",
        {"url": "http://127.0.0.1:1/", "status": 502, "attempts": 3, "retry_after": 1.0},
    ),
    (
        OfflineError("switched off", url="http://127.0.0.1:1/"),
        OSError,
        "switched off",
        {"url": "http://127.0.0.1:1/", "status": None, "attempts": 1, "retry_after": None},
    ),
    (
        TestRowsError("test_seen", 1_200),
        PermissionError,
        "test_seen (1,200 rows) is read in the final phase only, once every choice is made: with protocol.final(): ...",
        {"part": "test_seen"},
    ),
    (
        PatternSyntaxError("is_a/(", 6, "a relation"),
        ValueError,
        "cannot read the pattern: the pattern ends at place 6, expected a relation\n  is_a/(\n        ^",
        {"pattern": "is_a/(", "place": 6, "expected": "a relation"},
    ),
    (
        NotEntailedError(("a", "is_a", "b"), graph="g\x1b", rules=()),
        LookupError,
        "'a is_a b' is not stated in graph g\\x1b and does not follow by no rule; name other rules with rules=, as in "
        'rules=["rdfs", "inherited"]',
        {"edge": ("a", "is_a", "b"), "rules": ()},
    ),
    (
        ProofError(2, Edge("a", "is_a", "b"), "it is not stated"),
        AssertionError,
        "step 2 of the proof, 'a is_a b', does not hold: it is not stated",
        {"step": 2, "edge": Edge("a", "is_a", "b")},
    ),
    (ExplanationError("sum is off"), AssertionError, "sum is off", {}),
    (PluginError("source 'x' does not load"), ImportError, "source 'x' does not load", {}),
    (
        MissingDependencyError("matplotlib", extra="plot", purpose="drawing"),
        ImportError,
        'drawing needs matplotlib; install it with: pip install "kgzsl[plot]"',
        {"package": "matplotlib", "extra": "plot"},
    ),
]  # fmt: skip
TABLE_IDS = [f"{type(row[0]).__name__}-{place}" for place, row in enumerate(TABLE)]


@pytest.mark.parametrize(("error", "builtin", "message", "facts"), TABLE, ids=TABLE_IDS)
def test_an_error_is_also_a_built_in_tells_its_message_and_has_its_facts(error, builtin, message, facts):
    assert isinstance(error, KgzslError)
    assert isinstance(error, builtin)
    assert builtin.__name__ in dir(builtins)
    assert str(error) == message
    assert {name: getattr(error, name) for name in facts} == facts


@pytest.mark.parametrize(("error", "builtin", "message", "facts"), TABLE, ids=TABLE_IDS)
@pytest.mark.parametrize("carry", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
def test_an_error_arrives_whole_in_another_process(carry, error, builtin, message, facts):
    there = carry(error)
    assert type(there) is type(error)
    assert (str(there), there.args) == (message, (message,))
    assert {name: getattr(there, name) for name in facts} == facts


def test_every_error_is_in_the_table_and_listed():
    defined = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, KgzslError) and value is not KgzslError
    }
    assert defined == {type(row[0]).__name__ for row in TABLE}
    assert defined | {"KgzslError", "KgzslWarning", "listing"} == set(errors.__all__)


INTERNAL = {
    "kgzsl.sources.conceptnet_file.DamagedError": "kgzsl.sources.conceptnet_dump",
    "kgzsl.sources.http_transport.TransportError": "kgzsl.sources.http",
}
"""Exceptions that say something from one file to another and no further, and the file that catches them."""


def exceptions_of_the_library():
    """Every class of exceptions that a module of the library defines or hands on, by where it is found."""
    for found in pkgutil.walk_packages(kgzsl.__path__, "kgzsl."):
        if found.name != "kgzsl.__main__":
            for name, value in vars(import_module(found.name)).items():
                if inspect.isclass(value) and issubclass(value, BaseException) and value.__module__.startswith("kgzsl"):
                    yield f"{found.name}.{name}", value


def test_every_error_of_the_library_can_be_caught_from_one_place():
    public = {getattr(errors, name) for name in errors.__all__}
    elsewhere = {
        f"{value.__module__}.{value.__qualname__}"
        for _, value in exceptions_of_the_library()
        if value not in public and not value.__name__.startswith("_")
    }
    assert elsewhere == set(INTERNAL)
    for name, catcher in INTERNAL.items():
        source = Path(import_module(catcher).__file__).read_text(encoding="utf-8")
        assert f"except {name.rpartition('.')[2]}" in source


def test_an_error_has_one_name_everywhere():
    found = [(place.rpartition(".")[2], value) for place, value in exceptions_of_the_library()]
    assert {value.__name__ for _, value in found} >= set(errors.__all__) - {"listing"}
    assert [name for name, value in found if name != value.__name__] == []


@pytest.mark.parametrize("name", errors.__all__)
def test_an_error_is_named_by_the_place_to_import_it_from(name):
    value = getattr(errors, name)
    assert (value.__module__, value.__qualname__) == ("kgzsl.errors", name)
    assert pickle.loads(pickle.dumps(value)) is value


@pytest.mark.parametrize(
    ("old", "name"),
    [
        ("kgzsl.evaluation.protocol_guard", "TestRowsError"),
        ("kgzsl.query", "NotEntailedError"),
        ("kgzsl.query", "PatternSyntaxError"),
        ("kgzsl.query", "ProofError"),
        ("kgzsl.query.pattern_syntax", "PatternSyntaxError"),
        ("kgzsl.query.proofs", "NotEntailedError"),
        ("kgzsl.query.proofs", "ProofError"),
    ],
)
def test_an_error_can_still_be_imported_from_where_it_was(old, name):
    module = import_module(old)
    assert getattr(module, name) is getattr(errors, name)
    assert name in module.__all__


@pytest.mark.parametrize("name", errors.__all__)
def test_an_error_is_documented(name):
    assert getattr(errors, name).__doc__
    page = Path(__file__).resolve().parents[1] / "docs" / "reference" / "errors.md"
    listed = re.findall(r"^\.\. auto(?:exception|function):: (\w+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert listed.count(name) == 1


def test_a_warning_is_no_error():
    assert issubclass(KgzslWarning, UserWarning)
    assert not issubclass(KgzslWarning, KgzslError)


def test_long_lists_are_cut_and_counted():
    assert listing(["a", "b"]) == "'a', 'b'"
    assert listing([]) == ""
    assert listing(list(range(1, 1005)), limit=3) == "1, 2, 3 and 1,001 more"
    many = {f"label{place:02d}": [] for place in range(40)}
    message = str(GroundingError(missing=many, ambiguous={}, graph="g"))
    assert message.splitlines()[0].startswith("40 class label(s)")
    assert message.splitlines()[-1] == "  and 10 more"
    candidates = [(f"b{place}", "") for place in range(15)]
    assert str(AmbiguousLabelError("b", candidates)).endswith("\n  and 3 more")
