import re
from functools import reduce
from random import Random
from urllib.parse import quote

import numpy as np
import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kgzsl
from kgzsl.errors import InputFormatError, ResourceLimitError, UnknownConceptError, UnknownRelationError
from kgzsl.graph.concepts import Concepts
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.query import following
from kgzsl.query.pattern_syntax import parse_pattern
from kgzsl.query.pattern_tree import Alternative, AnyStep, Inverse, OtherStep, Repeated, Sequence, Step

# -- examples on the toy graph -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start, pattern, found",
    [
        ("bat", "is_a", [("mammal", 1)]),
        ("bat", "is_a+", [("mammal", 1), ("animal", 2)]),
        ("bat", "is_a*", [("bat", 0), ("mammal", 1), ("animal", 2)]),
        ("owl", "is_a*/has_part", [("wing", 2)]),
        ("wing", "^has_part", [("bat", 1), ("bird", 1)]),
        ("wing", "part_of/^is_a*", [("bat", 1), ("bird", 1), ("owl", 2)]),
        ("bat", "is_a/^is_a", [("bat", 2), ("cat", 2), ("dog", 2)]),
        ("bat", "is_a{2}", [("animal", 2)]),
        ("bat", "is_a{0,1}", [("bat", 0), ("mammal", 1)]),
        ("bat", "taxonomic|part", [("mammal", 1), ("wing", 1)]),
        ("bat", "!is_a", [("wing", 1)]),
        ("bat", "!(is_a|^is_a)", [("wing", 1)]),
        ("mammal", "!(has_part|^has_part)", [("animal", 1), ("bat", 1), ("cat", 1), ("dog", 1)]),
        ("mammal", ".", [("animal", 1)]),
        ("mammal", ".|^.", [("animal", 1), ("bat", 1), ("cat", 1), ("dog", 1)]),
        ("day", "antonym", [("night", 1)]),
        ("night", "antonym", []),  # symmetric, but not stated this way round
        ("night", "antonym|^antonym", [("day", 1)]),
        ("day", "is_a", []),
        ("n02139199", "has_part", [("wing", 1)]),  # an alternate id
        (["owl", "cat"], "is_a", [("bird", 1), ("mammal", 1)]),
        (["owl", "bird", "owl"], "is_a+", [("animal", 1), ("bird", 1)]),
        ([], "is_a*", []),
    ],
)
def test_a_pattern_leads_to_concepts_nearest_first_then_by_id(toy_graph, start, pattern, found):
    answer = toy_graph.follow(start, pattern)
    assert isinstance(answer, Concepts)
    assert list(zip(answer.ids, answer.distances, strict=True)) == found


def test_concepts_go_in_and_come_out(toy_graph):
    mammals = toy_graph.follow(toy_graph.concept("mammal"), "^is_a")
    assert toy_graph.follow(mammals, "has_part").ids == ("wing",)
    assert toy_graph.follow(set(mammals), "has_part").ids == ("wing",)
    assert "wing" in toy_graph.follow("owl", "is_a+/has_part")


@pytest.mark.parametrize(
    "start, pattern, error",
    [
        ("batt", "is_a", UnknownConceptError),
        (["bat", "batt"], "is_a", UnknownConceptError),
        (3, "is_a", InputFormatError),
        ("bat", "isa", UnknownRelationError),
        ("bat", "is_a/", InputFormatError),
        ("bat", None, InputFormatError),
    ],
)
def test_a_mistake_is_named(toy_graph, start, pattern, error):
    with pytest.raises(error):
        toy_graph.follow(start, pattern)


# -- SPARQL: a real engine gives the same answers ------------------------------------------------------------------

RELATIONS = (Relation("p", "part", "back_p"), Relation("q", "causal"), Relation("r", "part", symmetric=True))


def made(num_concepts, edges):
    """A graph of concepts c0, c1, …; loops are left out, as a graph has none."""
    ids = [f"c{i}" for i in range(num_concepts)]
    chosen = sorted({(f"c{a}", relation, f"c{b}") for a, relation, b in edges if a != b})
    return KnowledgeGraph.from_tables(ids, chosen, RELATIONS, name="random")


def stored(graph):
    """The graph as RDF: one triple for each edge."""
    store = ox.Store()
    store.extend(
        ox.Quad(*(ox.NamedNode(f"x:{name}") for name in edge))
        for edge in graph.edges_table.select("head", "relation", "tail").iter_rows()
    )
    return store


def sparql(store, start, path):
    """Ends of a property path as pyoxigraph finds them."""
    rows = store.query(f"SELECT DISTINCT ?end WHERE {{ <x:{start}> {path} ?end }}")
    return sorted(row["end"].value.removeprefix("x:") for row in rows)


STEPS = {
    "p": "<x:p>",
    "q": "<x:q>",
    "<r>": "<x:r>",
    "back_p": "^<x:p>",
    "^q": "^<x:q>",
    "part": "(<x:p>|<x:r>)",
    ".": "!<x:none>",
    "^.": "!(^<x:none>)",
    "!p": "!<x:p>",
    "!^p": "!(^<x:p>)",
    "!part": "!(<x:p>|<x:r>)",
    "!(p|^q)": "!(<x:p>|^<x:q>)",
    "!(q|r|^p|^q)": "!(<x:q>|<x:r>|^<x:p>|^<x:q>)",
    "!(back_p|q)": "!(^<x:p>|<x:q>)",
}
REPEATS = {
    "?": "({0})?",
    "*": "({0})*",
    "+": "({0})+",
    "{2}": "({0})/({0})",
    "{1,}": "({0})+",
    "{2,}": "({0})/({0})+",
    "{0,2}": "(({0})/({0})?)?",
    "{1,3}": "({0})/(({0})/({0})?)?",
}


def random_pattern(choose, depth):
    """A pattern as ours and as SPARQL's; `choose(n)` gives a number below n."""
    form = choose(7) if depth else 0
    if form <= 1:
        return list(STEPS.items())[choose(len(STEPS))]
    ours, theirs = random_pattern(choose, depth - 1)
    if form == 2:
        return f"^({ours})", f"^({theirs})"
    if form <= 4:
        sign, text = list(REPEATS.items())[choose(len(REPEATS))]
        return f"({ours}){sign}", f"({text.format(theirs)})"
    other, their_other = random_pattern(choose, depth - 1)
    sign = "/" if form == 5 else "|"
    return f"({ours}){sign}({other})", f"({theirs}){sign}({their_other})"


def random_graph(choose):
    num_concepts = 2 + choose(9)
    edges = [(choose(num_concepts), "pqr"[choose(3)], choose(num_concepts)) for _ in range(choose(4 * num_concepts))]
    return made(num_concepts, edges)


def answers_agree(graph, ours, theirs):
    """Compare from each concept that has an edge; how many answers there were.

    From one without, a path of no edges leads to itself (SPARQL 1.1, section 18.4), but pyoxigraph says nowhere.
    """
    store, count = stored(graph), 0
    for place in np.union1d(graph.index.head, graph.index.tail):
        start = graph.ids[place]
        found = sparql(store, start, theirs)
        assert sorted(graph.follow(start, ours).ids) == found, (start, ours, theirs, graph.edges_table.rows())
        count += len(found)
    return count


def test_200_random_patterns_have_the_answers_of_a_sparql_engine():
    random = Random(20)
    counts = []
    for _ in range(200):
        graph = random_graph(random.randrange)
        counts.append(answers_agree(graph, *random_pattern(random.randrange, 4)))
    assert sum(count > 0 for count in counts) > 150


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_pattern_has_the_answers_of_a_sparql_engine(data):
    def choose(n):
        return data.draw(st.integers(0, n - 1))

    answers_agree(random_graph(choose), *random_pattern(choose, 3))


@pytest.mark.parametrize("ours", [*STEPS, "p*", "(p/q)+", "((p|^q)+/r?)*", "(!(p|^q))*", "(.|^.){2,}"])
def test_on_a_cycle_the_answers_are_those_of_a_sparql_engine(ours):
    ring = made(6, [(i, "pqp"[i % 3], (i + 1) % 6) for i in range(6)] + [(0, "r", 3)])
    theirs = STEPS.get(ours) or re.sub(r"\b([pqr])\b", r"<x:\1>", ours).replace(
        "(.|^.){2,}", "(!(<x:n>|^<x:n>))/(!(<x:n>|^<x:n>))+"
    )
    assert answers_agree(ring, ours, theirs) > 0


# -- the definition ------------------------------------------------------------------------------------------------


def walked(graph, tree):
    """Fewest edges of a walk that fits from each concept to each, by the meaning of each operator; inf if none."""
    index, size = graph.index, len(graph)
    none, stay = np.full((size, size), np.inf), np.where(np.eye(size, dtype=bool), 0.0, np.inf)

    def joined(first, second):
        return (first[:, :, None] + second[None, :, :]).min(axis=1) if size else none

    def powers(one, least, most):
        total, power = none, stay
        for times in range(max(least, size) + 1 + size if most is None else most + 1):
            total = np.minimum(total, power) if times >= least else total
            power = joined(power, one)
        return total

    def stepped(chosen, forward):
        matrix = none.copy()
        matrix[index.head[chosen], index.tail[chosen]] = 1.0
        return matrix if forward else matrix.T

    def meant(step):
        names = {"back_p": ({"p"}, False), "part": ({"p", "r"}, True)}
        wanted, ahead = names.get(step.name, ({step.name}, True))
        return np.isin(index.relation, [code for code in range(3) if "pqr"[code] in wanted]), ahead == step.forward

    match tree:
        case Step():
            return stepped(*meant(tree))
        case AnyStep(forward):
            return stepped(np.ones(index.num_edges, dtype=bool), forward)
        case OtherStep(excluded):
            total, steps = none, [meant(step) for step in excluded]
            for forward in {ahead for _, ahead in steps} or {True}:
                shut = [chosen for chosen, ahead in steps if ahead == forward]
                total = np.minimum(total, stepped(~np.any([*shut, np.zeros(index.num_edges, bool)], axis=0), forward))
            return total
        case Sequence(parts):
            return reduce(joined, [walked(graph, part) for part in parts])
        case Alternative(parts):
            return reduce(np.minimum, [walked(graph, part) for part in parts])
        case Inverse(part):
            return walked(graph, part).T
        case Repeated(part, least, most):
            return powers(walked(graph, part), least, most)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_answers_and_distances_follow_from_the_meaning_of_the_operators(data):
    def choose(n):
        return data.draw(st.integers(0, n - 1))

    graph = random_graph(choose)
    pattern, _ = random_pattern(choose, 3)
    fewest = walked(graph, parse_pattern(pattern))
    for start in range(len(graph)):
        expected = sorted((steps, graph.ids[end]) for end, steps in enumerate(fewest[start]) if steps < np.inf)
        found = graph.follow(graph.ids[start], pattern)
        assert list(zip(found.distances, found.ids, strict=True)) == expected


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_search_by_arrays_finds_what_a_search_one_by_one_does(data):
    def choose(n):
        return data.draw(st.integers(0, n - 1))

    graph = random_graph(choose)
    pattern, _ = random_pattern(choose, 3)
    starts = list(graph.ids[: 1 + choose(3)])
    with pytest.MonkeyPatch.context() as patch:
        found = graph.follow(starts, pattern)
        patch.setattr(following, "_FEW", 0)
        again = graph.follow(starts, pattern)
    assert (again, again.distances) == (found, found.distances)


def test_several_starts_find_what_each_finds(toy_graph):
    for pattern in ("is_a*", "is_a+|^is_a", "!is_a"):
        each = [toy_graph.follow(start, pattern) for start in ("bat", "bird", "wing")]
        nearest = {}
        for found in each:
            for id_, steps in zip(found.ids, found.distances, strict=True):
                nearest[id_] = min(steps, nearest.get(id_, steps))
        answer = toy_graph.follow(["bat", "bird", "wing"], pattern)
        assert list(zip(answer.ids, answer.distances, strict=True)) == sorted(
            nearest.items(), key=lambda item: item[::-1]
        )


# -- hostile graphs ------------------------------------------------------------------------------------------------


def test_a_hub_of_100_000_answers():
    count = 100_000
    ids = ["hub", *(f"leaf{i:05}" for i in range(count))]
    hub = KnowledgeGraph.from_tables(ids, [(id_, "is_a", "hub") for id_ in ids[1:]], name="hub")
    assert hub.follow("leaf00007", "is_a/^is_a").ids == tuple(ids[1:])
    both = hub.follow("hub", "((is_a|^is_a)*)+")
    assert (len(both), both.ids[0], both.distances[:2]) == (count + 1, "hub", (0, 1))
    assert hub.follow("hub", "(^is_a/is_a){5}").ids == ("hub",)


def test_a_chain_of_10_000_answers():
    ids = [f"link{i:05}" for i in range(10_000)]
    chain = KnowledgeGraph.from_tables(ids, list(zip(ids, ["is_a"] * 9_999, ids[1:], strict=False)), name="chain")
    found = chain.follow(ids[0], "is_a*")
    assert (found.ids, found.distances) == (tuple(ids), tuple(range(10_000)))
    assert chain.follow(ids[0], "(is_a/is_a)+").ids == tuple(ids[2::2])
    assert chain.follow(ids[0], "is_a{1000}").ids == (ids[1000],)


def test_a_cyclic_taxonomy_answers():
    ids = [f"c{i:03}" for i in range(100)]
    ring = KnowledgeGraph.from_tables(ids, [(a, "is_a", b) for a, b in zip(ids, ids[1:] + ids[:1], strict=True)])
    assert ring.follow("c000", "is_a+").ids == (*ids[1:], "c000")
    assert ring.follow("c000", "is_a+").distances == tuple(range(1, 101))
    assert ring.follow("c000", "((is_a*)*/(^is_a)*)*").ids[:3] == ("c000", "c001", "c099")
    assert ring.follow("c000", "(is_a{7})+").distances[:2] == (7, 14)


def test_an_empty_graph_names_what_is_not_there():
    empty = KnowledgeGraph.from_tables([], [], name="empty")
    with pytest.raises(UnknownConceptError, match=r"empty \(0 concepts\)"):
        empty.follow("a", "is_a")
    assert empty.follow([], ".*") == ()
    with pytest.raises(UnknownRelationError, match="it has none"):
        empty.follow([], "is_a")


def test_a_graph_without_edges_leads_nowhere():
    alone = KnowledgeGraph.from_tables(["a", "b"], [], name="alone")
    assert [alone.follow("a", pattern).ids for pattern in (".", ".*", "!()", "(.|^.)+", "taxonomic?")] == [
        (), ("a",), (), (), ("a",)
    ]  # fmt: skip


def test_a_search_that_would_fill_the_memory_is_refused(toy_graph, monkeypatch):
    monkeypatch.setattr(following, "MOST_PLACES", 40)
    assert len(toy_graph.follow("bat", "is_a/is_a")) == 1
    with pytest.raises(ResourceLimitError, match="5 states over 10 concepts"):
        toy_graph.follow("bat", "is_a/^is_a/is_a/^is_a")


# -- WordNet -------------------------------------------------------------------------------------------------------


def test_a_closure_on_wordnet_is_what_the_taxonomy_says():
    graph = kgzsl.load_graph("wordnet")
    for id_ in ("animal.n.01", "entity.n.01", "dog.n.01"):
        below, found = graph.descendants(id_, relations="is_a"), graph.follow(id_, "^is_a+")
        assert (found, found.distances) == (below, below.distances)
    assert graph.follow("dog.n.01", "is_a+") == graph.ancestors("dog.n.01", relations="is_a")


def test_wordnet_has_the_answers_of_a_sparql_engine():
    graph = kgzsl.load_graph("wordnet")
    part = graph.neighborhood(["dog.n.01", "wheel.n.01"], hops=3)
    store = ox.Store()
    store.extend(
        ox.Quad(*(ox.NamedNode(f"x:{quote(name)}") for name in edge))
        for edge in part.edges_table.select("head", "relation", "tail").iter_rows()
    )
    for start, pattern in [
        ("dog.n.01", "is_a+/has_part?/^has_part"),
        ("wheel.n.01", "^has_part/(is_a|^is_a)*/has_part"),
        ("dog.n.01", "!(is_a|^is_a)+"),
        ("wheel.n.01", "(has_part|^has_part|is_a)+"),
    ]:
        path = re.sub(r"\w+", r"<x:\g<0>>", pattern)
        assert sorted(quote(id_) for id_ in part.follow(start, pattern).ids) == sparql(store, start, path)
