"""Patterns joined: what the grammar says, in which order rows come, and what is refused."""

import itertools
import random
from time import perf_counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import InputFormatError, ResourceLimitError, UnknownConceptError, UnknownRelationError
from kgzsl.graph.concept import Concept
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.query.matching import match


@pytest.fixture(scope="module")
def odd():
    """Ids and relations with every sign that means something to a query."""
    ids = ["a b", "equine.n.01", "/c/en/dog", "x>y", "St.", "FILTER", "?x", 'say "hi"', "{b}", "a;b", "c:d"]
    edges = [
        ("a b", "r is a", "equine.n.01"),
        ("/c/en/dog", "/r/IsA", "a b"),
        ("x>y", "is_a", "St."),
        ("FILTER", "is_a", "?x"),
        ('say "hi"', "is_a", "{b}"),
        ("a;b", "is_a", "c:d"),
    ]
    return KnowledgeGraph.from_tables([{"id": id_} for id_ in ids], edges, name="odd")


def rows(graph, query, **options):
    return [tuple(row) for row in match(graph, query, **options)]


# -- what a query says ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?x is_a mammal", [("bat",), ("cat",), ("dog",)]),
        ("?x is_a mammal.", [("bat",), ("cat",), ("dog",)]),
        ("?x is_a mammal . ?x has_part ?y", [("bat", "wing")]),
        ("?x is_a mammal; ?x has_part ?y;", [("bat", "wing")]),
        ("\n ?x is_a mammal\n?x has_part ?y\n", [("bat", "wing")]),
        ("?x ?r wing", [("bat", "has_part"), ("bird", "has_part")]),
        ("bat ?r ?y", [("has_part", "wing"), ("is_a", "mammal")]),
        ("bat ?r mammal", [("is_a",)]),
        ("mammal has_kind ?x", [("bat",), ("cat",), ("dog",)]),
        ("mammal ^is_a ?x", [("bat",), ("cat",), ("dog",)]),
        ("wing part_of ?x", [("bat",), ("bird",)]),
        ("?x part ?y", [("bat", "wing"), ("bird", "wing")]),
        ("?x is_a+ animal . ?x has_part ?y", [("bat", "wing"), ("bird", "wing")]),
        ("bat is_a / is_a ?y", [("animal",)]),
        ("bat (is_a|has_part) ?y", [("mammal",), ("wing",)]),
        ("bat (.) ?y", [("mammal",), ("wing",)]),
        ("bat is_a{0,1} ?y", [("bat",), ("mammal",)]),
        ("n02084071 is_a ?y", [("mammal",)]),
        ("bat is_a mammal", [()]),
        ("bat is_a bird", []),
        ("?x is_a mammal . bat is_a bird", []),
        ("?x antonym ?x", []),
        ("owl ?r ?y . dog ?r ?z", [("is_a", "bird", "mammal")]),
    ],
)
def test_patterns(toy_graph, query, expected):
    assert rows(toy_graph, query) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("?x != bat", ["cat", "dog"]),
        ("FILTER ?x != bat", ["cat", "dog"]),
        ("FILTER(?x != bat)", ["cat", "dog"]),
        ("?x = bat", ["bat"]),
        ("bat == ?x", ["bat"]),
        ("?x > bat", ["cat", "dog"]),
        ("?x <= cat", ["bat", "cat"]),
        ("?x in (dog, cat, wing)", ["cat", "dog"]),
        ("?x not in (dog, cat)", ["bat"]),
        ("FILTER (?x = bat || ?x = dog)", ["bat", "dog"]),
        ("FILTER (?x != bat && !(?x = dog))", ["cat"]),
        ("FILTER (?x = bat && ?x = dog || ?x = cat)", ["cat"]),
        ("FILTER ?x = bat ||\n ?x = cat", ["bat", "cat"]),
        ("FILTER (?x = bat ||\n ?x = cat)", ["bat", "cat"]),
        ('label(?x) = "House Cat"', ["cat"]),
        ('label(?x) != "House Cat"', ["bat", "dog"]),
        ('definition(?x) contains "MAMMAL THAT"', ["bat", "cat", "dog"]),
        ('aliases(?x) = "felis catus"', ["cat"]),
        ('aliases(?x) contains "ou"', ["bat", "dog"]),
        ('definition(?x) matches "(purrs|barks)$"', ["cat", "dog"]),
        ('FILTER !(definition(?x) matches "\\bflies\\b")', ["cat", "dog"]),
        ('FILTER (label(?x) = "bat" || id(?x) = "DOG")', ["bat", "dog"]),
        ('label(?x) matches "\\""', []),
        ("FILTER EXISTS { ?x has_part ?p }", ["bat"]),
        ("FILTER NOT EXISTS { ?x has_part ?p }", ["cat", "dog"]),
        ("FILTER !EXISTS { ?x has_part wing . ?b has_part wing . ?b != ?x }", ["cat", "dog"]),
        ("FILTER NOT EXISTS { ?x has_part ?p . FILTER NOT EXISTS { bird has_part ?p } }", ["bat", "cat", "dog"]),
        ("FILTER (EXISTS { ?x has_part ?p } || ?x = dog)", ["bat", "dog"]),
        ("FILTER NOT EXISTS { owl is_a bird }", []),
        ("bat = bat", ["bat", "cat", "dog"]),
        ("bat != bat", []),
    ],
)
def test_filters(toy_graph, condition, expected):
    assert [row[0] for row in rows(toy_graph, f"?x is_a mammal . {condition}")] == expected


def test_filters_speak_of_relations_too(toy_graph):
    assert rows(toy_graph, "bat ?r ?y . ?r != is_a") == [("has_part", "wing")]
    assert rows(toy_graph, "bat ?r ?y . ?r = taxonomic") == [("is_a", "mammal")]
    assert rows(toy_graph, "bat ?r ?y . ?r in (part, antonym)") == [("has_part", "wing")]
    assert rows(toy_graph, "bat ?r ?y . cat ?s ?z . ?r = ?s") == [("is_a", "mammal", "is_a", "mammal")]


def test_what_is_optional_may_be_missing(toy_graph):
    assert rows(toy_graph, "?x is_a mammal OPTIONAL { ?x has_part ?y . ?b has_part ?y . ?b != ?x }") == [
        ("bat", "wing", "bird"),
        ("cat", None, None),
        ("dog", None, None),
    ]
    found = match(toy_graph, "?x is_a animal OPTIONAL { ?x has_part ?y } OPTIONAL { ?o is_a ?x }")
    assert found.columns == ("x", "y", "o")
    assert list(found)[:2] == [("bird", "wing", "owl"), ("mammal", None, "bat")]
    assert found.to_polars()["y"].to_list() == ["wing", None, None, None]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("<a b> <r is a> equine.n.01", [()]),
        ("<a b> <r is a> ?x", [("equine.n.01",)]),
        ("?x <r is a> equine.n.01.", [("a b",)]),
        ("?x /r/IsA <a b>", [("/c/en/dog",)]),
        ("/c/en/dog </r/IsA>/<r is a> ?x", [("equine.n.01",)]),
        ("/c/en/dog ?r ?x . ?r = /r/IsA", [("/r/IsA", "a b")]),
        (r"<x\>y> is_a <St.>", [()]),
        ("?x is_a <St.>", [("x>y",)]),
        ("<FILTER> is_a <?x>", [()]),
        ('<say "hi"> is_a <{b}>', [()]),
        ("<a;b> is_a c:d", [()]),
        ("?x is_a ?y . ?y in (<{b}>, c:d)", [("a;b", "c:d"), ('say "hi"', "{b}")]),
    ],
)
def test_ids_of_any_signs_can_be_asked_for(odd, query, expected):
    assert rows(odd, query) == expected


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(str.strip))
def test_a_quoted_id_says_nothing_but_itself(id_):
    graph = KnowledgeGraph.from_tables(["the other end", id_], [(id_, "is_a", "the other end")])
    quoted = "<" + "".join(f"\\{mark}" for mark in id_) + ">"
    assert rows(graph, f"{quoted} is_a ?y . ?x is_a ?y . ?x = {quoted}") == [("the other end", id_)]
    plain = id_.replace("\\", r"\\").replace("<", r"\<").replace(">", r"\>")
    if not id_[0].isspace() and id_[0] != "=":
        assert rows(graph, f"<{plain}> is_a ?y") == [("the other end",)]


# -- order, laziness, cells -------------------------------------------------------------------------------------


def test_rows_are_sorted_by_columns_in_the_order_of_mention(toy_graph):
    found = match(toy_graph, "?part part_of ?x . ?x is_a ?up . ?x != ?up")
    assert found.columns == ("part", "x", "up")
    assert list(found) == [("wing", "bat", "mammal"), ("wing", "bird", "animal")]
    every = rows(toy_graph, "?a is_a ?b . ?c has_part ?d")
    assert every == sorted(every)
    assert len(every) == 7 * 2 - 2


def test_cells_are_concepts_and_names_of_relations(toy_graph):
    ((concept, relation),) = match(toy_graph, "?x ?r night")
    assert isinstance(concept, Concept)
    assert (concept.label, type(relation), relation) == ("day", str, "antonym")
    frame = match(toy_graph, "?x is_a mammal").to_pandas()
    assert [type(value) for value in frame["x"]] == [str, str, str]
    assert match(toy_graph, "?x is_a mammal").to_polars().schema == {"x": pl.String}


def test_a_limit_is_the_most_rows(toy_graph):
    assert rows(toy_graph, "?x is_a mammal", limit=2) == [("bat",), ("cat",)]
    assert rows(toy_graph, "?x is_a mammal", limit=0) == []
    for wrong in (-1, 1.5, "2", True):
        with pytest.raises(InputFormatError, match="limit is a number of rows"):
            match(toy_graph, "?x is_a mammal", limit=wrong)


@pytest.fixture(scope="module")
def hub():
    ids = [f"n{number:06}" for number in range(100_001)]
    return KnowledgeGraph.from_tables(ids, [(id_, "is_a", ids[0]) for id_ in ids[1:]], name="hub")


@pytest.mark.parametrize(
    "query",
    [
        "?x is_a n000000 . ?y is_a n000000",
        "?x is_a ?h . ?y is_a ?h . ?z is_a ?h",
        "?x is_a ?a . ?y is_a ?b . ?z is_a ?c",
        "?x is_a/^is_a ?y",
        "?x ?r ?h . ?y ?r ?h",
    ],
)
def test_first_rows_of_billions_are_found_at_once(hub, query):
    assert hub.match("?x ?r n000000 . ?x is_a ?y", limit=1)
    start = perf_counter()
    assert len(match(hub, query).head(3)) == 3
    assert perf_counter() - start < 10
    assert str(match(hub, query)).endswith("… over 9,980 more")


def test_an_answer_without_bound_is_refused_and_said_so(hub, monkeypatch):
    monkeypatch.setattr("kgzsl.query.matching.MOST_ROWS", 1_000)
    found = match(hub, "?x is_a ?h . ?y is_a ?h")
    for _ in range(2):
        with pytest.raises(ResourceLimitError, match=r"over 1,000 rows match; .* limit="):
            len(found)
    assert len(match(hub, "?x is_a ?h . ?y is_a ?h", limit=2_000)) == 2_000


def test_what_is_rare_is_found_without_walking_what_is_not(hub):
    graph = hub.add_edges([("n000007", "has_part", "n000009")])
    assert graph.match("?x is_a ?h . ?p has_part ?q", limit=1)
    start = perf_counter()
    assert len(match(graph, "?x is_a ?h . ?y is_a ?h . ?x has_part ?p . ?y has_part ?p")) == 1
    assert len(match(graph, "?x is_a ?h . ?y is_a ?h . ?y has_part ?p", limit=10)) == 10
    assert perf_counter() - start < 10


def test_variables_that_meet_late_are_looked_for_where_they_meet():
    ids = [f"{kind}{number:04}" for kind in "abm" for number in range(2_000)]
    edges = [(f"a{n:04}", "to", f"m{n:04}") for n in range(2_000)]
    edges += [(f"b{n:04}", "to", f"m{n:04}") for n in range(2_000)]
    edges += [(f"{kind}{n:04}", "is_a", f"{kind}0000") for kind in "ab" for n in range(1, 2_000)]
    graph = KnowledgeGraph.from_tables(ids, edges)
    start = perf_counter()
    found = rows(graph, "?x is_a a0000 . ?y is_a b0000 . ?x to ?m . ?y to ?m")
    assert perf_counter() - start < 3  # and not 4,000,000 pairs
    assert found == [(f"a{n:04}", f"b{n:04}", f"m{n:04}") for n in range(1, 2_000)]


# -- hostile ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?x is_a+ ?x", 3),
        ("?x is_a ?y . ?y is_a ?z . ?z is_a ?x", 3),
        (" . ".join(f"?v{n} is_a ?v{n + 1}" for n in range(10_000)), 3),
        (" . ".join(f"?x is_a ?w{n}" for n in range(10_000)), 3),
        (" . ".join("a is_a+ c" for _ in range(10_000)), 1),
        ("?x is_a ?y . " + " . ".join("?x != ?y" for _ in range(10_000)), 3),
        ("?x is_a ?y . FILTER (" + " || ".join("?x = ?y" for _ in range(10_000)) + ")", 0),
        ("?x is_a ?y . FILTER " + "!" * 10_000 + "(?x = ?y)", 0),
    ],
    ids=range(8),
)
def test_cycles_and_long_queries_end(query, expected):
    cycle = KnowledgeGraph.from_tables(list("abc"), [("a", "is_a", "b"), ("b", "is_a", "c"), ("c", "is_a", "a")])
    assert len(match(cycle, query)) == expected


@pytest.mark.parametrize(
    "query",
    [
        "?x is_a ?y . FILTER " + "(" * 1_000 + "?x = ?y" + ")" * 1_000,
        "?x is_a ?y . " + "FILTER EXISTS { ?x is_a ?y . " * 1_000 + "}" * 1_000,
        "?x is_a ?y . " + " . ".join(f"OPTIONAL {{ ?x is_a ?z{n} }}" for n in range(1_000)),
        "?x " + "(" * 1_000 + "is_a" + ")" * 1_000 + " ?y",
    ],
)
def test_queries_too_deep_to_walk_are_refused(toy_graph, query):
    with pytest.raises(ResourceLimitError, match=r"are allowed|inside one another"):
        match(toy_graph, query)


def test_an_empty_graph_has_no_rows():
    empty = KnowledgeGraph.from_tables([], [], [Relation("is_a", "taxonomic")])
    for query in ("?x is_a ?y", "?x ?r ?y", "?x is_a* ?y", "?x part ?y", "?x is_a ?y OPTIONAL { ?x is_a ?z }"):
        assert rows(empty, query) == []


def test_a_regular_expression_takes_time_in_proportion_to_the_text():
    graph = KnowledgeGraph.from_tables([{"id": "x", "label": "a" * 50_000 + "b"}, {"id": "y"}], [("x", "is_a", "y")])
    start = perf_counter()
    assert rows(graph, '?x is_a ?y . label(?x) matches "^(a+)+$"') == []
    assert perf_counter() - start < 10
    for wrong in ("((", "((a{100}){100}){100}", "a" * 10_001):
        with pytest.raises(InputFormatError, match="cannot use the expression"):
            match(graph, f'?x is_a ?y . label(?x) matches "{wrong}"')


# -- errors show the place --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "error", "said", "marked"),
    [
        ("?x is_a mamal", UnknownConceptError, "no concept 'mamal' .* nearest: 'mammal'", "mamal"),
        ("?x isa mammal", UnknownRelationError, "no relation 'isa' .* nearest: 'is_a'", "isa"),
        ("?x is_a/hass_part ?y", UnknownRelationError, "nearest: 'has_part'", "hass_part"),
        ("?x is_a ?y . ?y != brd", UnknownConceptError, "nearest: 'bird'", "brd"),
        ("?x is_a ?y . ?z != bat", InputFormatError, r"\?z stands in no pattern", "?z"),
        ("?x is_a ?y . ?x ?y bat", InputFormatError, r"\?y is a relation here and a concept elsewhere", "?y bat"),
        ("?x ?r ?y . ?r < bat", InputFormatError, r"\?r is a relation", "?r <"),
        ("?x ?r ?y . ?r = ?x", InputFormatError, "never the same", "?x\n"),
        ("?x ?r ?y . ?r = has_kind", InputFormatError, "the other way round", "has_kind"),
        ('?x is_a ?y . size(?x) = "3"', InputFormatError, "no text 'size'; they have id, label", "size"),
        ('?x ?r ?y . label(?r) = "3"', InputFormatError, "only concepts have a label", "?r)"),
        ("?x is_a", InputFormatError, "a pattern has three parts", "\n"),
        ("?x is_a ?y ?z", InputFormatError, "a pattern has three parts", "?y ?z"),
        ('?x is_a "dog"', InputFormatError, "texts are compared in a filter", '"dog"'),
        ("?x is_a mammal }", InputFormatError, "this '}' closes nothing", "}"),
        ("?x is_a mammal FILTER NOT EXISTS { ?x is_a ?y", InputFormatError, "'}' for the '{' at place 33", "\n"),
        ("FILTER ?x ~ ?y", InputFormatError, "expected '=', '!='", "~"),
        ("?x is_a ?y . FILTER ?x = ?y ?z", InputFormatError, "a new line before what follows", "?z"),
        (
            "?x is_a ?y OPTIONAL { ?y is_a ?z } ?z is_a ?w",
            InputFormatError,
            "what is optional comes last",
            "?z is_a ?w",
        ),
        (
            "?x is_a ?y OPTIONAL { ?y is_a ?z } OPTIONAL { ?z is_a ?w }",
            InputFormatError,
            "stands in two OPTIONAL groups",
            "?z is_a ?w",
        ),
        (
            "?x is_a ?y . FILTER EXISTS { ?x is_a ?z OPTIONAL { ?z is_a ?w } }",
            InputFormatError,
            "take it out",
            "EXISTS",
        ),
        ("?x! is_a ?y", InputFormatError, r"ids with a '\?' stand in <...>", "?x!"),
        ("?x in (bat, ?y)", InputFormatError, "a list has no variables", "?y"),
        ("", InputFormatError, "expected a pattern such as", "\n"),
        ("FILTER bat = bat", InputFormatError, "expected a pattern such as", "\n"),
    ],
)
def test_an_error_marks_its_place_in_the_query(toy_graph, query, error, said, marked):
    with pytest.raises(error, match=said) as caught:
        match(toy_graph, query)
    shown, caret = str(caught.value).split("\n")[-2:]
    assert f"{shown}\n"[caret.index("^") :].startswith(marked)


@pytest.mark.parametrize(
    "query", ["SELECT ?x WHERE { ?x is_a owl }", " ask { owl is_a bird }", "PREFIX c: <urn:x:> SELECT * { ?x ?y ?z }"]
)
def test_a_query_of_sparql_is_told_where_to_go(toy_graph, query):
    with pytest.raises(InputFormatError, match=r"a whole query of SPARQL is for kg\.sparql"):
        toy_graph.match(query)


def test_what_acts_on_a_terminal_is_shown_and_long_queries_are_cut(toy_graph):
    with pytest.raises(UnknownConceptError) as caught:
        match(toy_graph, "?x is_a mammal . " * 100 + "?x is_a \x1b[31m . ?x is_a mammal")
    lines = str(caught.value).split("\n")
    assert "\x1b" not in str(caught.value)
    assert len(lines) == 3
    assert len(lines[1]) < 80


def test_a_query_is_a_string(toy_graph):
    with pytest.raises(InputFormatError, match="a query is a string"):
        match(toy_graph, ["?x", "is_a", "?y"])


# -- against the definition -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_rows_are_all_assignments_that_hold(seed):
    rng = random.Random(seed)
    ids = [f"c{n}" for n in range(rng.randint(2, 6))]
    edges = sorted({(rng.choice(ids), rng.choice(["p", "q"]), rng.choice(ids)) for _ in range(rng.randint(1, 15))})
    edges = [edge for edge in edges if edge[0] != edge[2]]
    relations = [Relation("p", "part"), Relation("q", "attribute")]
    graph = KnowledgeGraph.from_tables(ids, edges, relations)
    names = ["?x", "?y", "?z"]
    patterns = [(rng.choice(names), rng.choice(["p", "q", "?r"]), rng.choice(names)) for _ in range(rng.randint(1, 5))]
    order = list(dict.fromkeys(part for pattern in patterns for part in pattern if part.startswith("?")))
    ranges = [["p", "q"] if name == "?r" else ids for name in order]
    expected = []
    for values in itertools.product(*ranges):
        row = dict(zip(order, values, strict=True))
        if all(tuple(row.get(part, part) for part in pattern) in edges for pattern in patterns):
            expected.append(values)
    assert rows(graph, " . ".join(map(" ".join, patterns))) == expected
