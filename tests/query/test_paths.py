"""Paths between two concepts against every path, listed and sorted as the order is defined."""

import sys
from itertools import islice, pairwise, product

import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import InputFormatError, NoPathError, ResourceLimitError, UnknownConceptError, UnknownRelationError
from kgzsl.graph import compiled as graph_compiled
from kgzsl.graph import meeting, routing
from kgzsl.graph.compiled import kernel
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import SHARED_RELATIONS
from kgzsl.query import path_kernels, path_running, path_search

RELATIONS = ("is_a", "has_part", "related_to")
laws = settings(max_examples=60, deadline=None)


def built(size, rows):
    """A graph of concepts c0, c1, ... and (head, relation, tail, weight) edges between their numbers."""
    edges = pl.DataFrame(
        [(f"c{head}", relation, f"c{tail}", float(weight)) for head, relation, tail, weight in rows],
        schema={"head": pl.String, "relation": pl.String, "tail": pl.String, "weight": pl.Float64},
        orient="row",
    )
    concepts = pl.DataFrame({"id": [f"c{place}" for place in range(size)]})
    return KnowledgeGraph.from_tables(concepts, edges, [SHARED_RELATIONS[name] for name in RELATIONS], name="random")


@st.composite
def graphs(draw, *, most=7):
    size = draw(st.integers(2, most))
    place = st.integers(0, size - 1)
    found = draw(st.lists(st.tuples(place, st.sampled_from(RELATIONS), place), max_size=14))
    triples = sorted({triple for triple in found if triple[0] != triple[2]})
    weights = draw(st.lists(st.sampled_from([0.25, 0.5, 1.0, 2.0]), min_size=len(triples), max_size=len(triples)))
    return built(size, [(*triple, weight) for triple, weight in zip(triples, weights, strict=True)])


def every_path(kg, start, end, *, ahead=RELATIONS, back=RELATIONS, cost=lambda edge: 1.0, closed=(), once=True):
    """Every path that passes no concept twice, as (cost, length, concepts, (relation, turned)...), sorted.

    With `once`, of two steps that say the same, related_to being symmetric, the cheaper one is walked.
    """
    steps = [(e.head, (e.relation, 0), e.tail, cost(e)) for e in kg.edges() if e.relation in ahead]
    steps += [(e.tail, (e.relation, 1), e.head, cost(e)) for e in kg.edges() if e.relation in back]
    if once:
        best = {}
        for here, way, there, own in steps:
            said = way if way[0] != "related_to" else "related_to"
            best[here, said, there] = min(best.get((here, said, there), (own, way)), (own, way))
        steps = [(here, way, there, own) for (here, _, there), (own, way) in best.items()]
    found, waiting = [], [((start,), (), 0.0)]
    while waiting:
        concepts, relations, total = waiting.pop()
        if concepts[-1] == end:
            found.append((total, len(relations), concepts, relations))
            continue
        if len(concepts) > 1 and concepts[-1] in closed:
            continue
        for here, relation, there, own in steps:
            if here == concepts[-1] and there not in concepts:
                waiting.append(((*concepts, there), (*relations, relation), total + own))
    return sorted(found)


def told(path):
    relations = tuple((e.relation, int(not ahead)) for e, ahead in zip(path.edges, path.forward, strict=True))
    return (path.cost, len(path), path.concepts, relations)


def asked(question, *args, **options):
    """What a question answers, as `every_path` tells it; nothing where it finds no path."""
    try:
        return [told(path) for path in question(*args, **options)]
    except NoPathError:
        return []


ENDS = st.sampled_from(["c1", "c0"])


@laws
@given(graphs(), ENDS, st.booleans(), st.sampled_from([None, 0, 1, 2, 3]), st.integers(1, 30))
def test_the_k_best_are_the_first_of_all(kg, end, directed, max_length, k):
    back = ("related_to",) if directed else RELATIONS
    every = [p for p in every_path(kg, "c0", end, back=back) if max_length is None or p[1] <= max_length]
    assert asked(kg.paths, "c0", end, k=k, max_length=max_length, directed=directed) == every[:k]


@laws
@given(graphs(), st.sampled_from([None, 2, 3]), st.integers(1, 30), st.booleans())
def test_the_k_cheapest_are_the_first_of_all(kg, max_length, k, by_relation):
    weight = {"is_a": 1, "^is_a": 1, "has_part": 0.5, "related_to": 0} if by_relation else lambda edge: edge.weight
    cost = (lambda edge: weight[edge.relation]) if by_relation else weight
    every = [p for p in every_path(kg, "c0", "c1", cost=cost) if max_length is None or p[1] <= max_length]
    assert asked(kg.paths, "c0", "c1", k=k, max_length=max_length, weight=weight) == every[:k]


@laws
@given(graphs(), st.sampled_from([None, lambda edge: edge.weight, {"taxonomic": 0, "part": 0, "association": 1}]))
def test_all_shortest_are_those_that_nothing_is_better_than(kg, weight):
    cost = weight if callable(weight) else (lambda e: 1.0) if weight is None else (lambda e: e.relation == "related_to")
    every = every_path(kg, "c0", "c1", cost=cost)
    best = [path for path in every if path[:2] == every[0][:2]]
    assert asked(kg.all_shortest_paths, "c0", "c1", weight=weight) == best
    shortest = asked(lambda *ends: [kg.shortest_path(*ends, weight=weight)], "c0", "c1")
    assert shortest == best[:1]
    if best:
        with (
            pytest.raises(ResourceLimitError, match=f"there are {len(best)} shortest") if len(best) > 1 else _nothing()
        ):
            kg.all_shortest_paths("c0", "c1", weight=weight, limit=1)


class _nothing:  # noqa: N801
    def __enter__(self):
        return None

    def __exit__(self, *_):
        return False


@laws
@given(graphs(), st.integers(0, 4), st.booleans())
def test_hubs_are_not_passed_through_but_may_be_ends(kg, max_degree, directed):
    degree = dict.fromkeys(kg.ids, 0)
    for edge in kg.edges():
        degree[edge.head] += 1
        degree[edge.tail] += 1
    closed = [concept for concept in kg.ids if degree[concept] > max_degree]
    back = ("related_to",) if directed else RELATIONS
    every = every_path(kg, "c0", "c1", back=back, closed=closed)
    options = {"max_degree": max_degree, "directed": directed}
    assert asked(kg.paths, "c0", "c1", k=50, max_length=None, **options) == every[:50]
    assert asked(lambda *ends: [kg.shortest_path(*ends, **options)], "c0", "c1") == every[:1]
    weighted = every_path(kg, "c0", "c1", back=back, closed=closed, cost=lambda edge: edge.weight)
    assert asked(kg.paths, "c0", "c1", k=50, max_length=None, weight=lambda e: e.weight, **options) == weighted[:50]


@laws
@given(graphs(), st.sampled_from([["is_a"], ["^is_a"], ["has_kind", "has_part"], "taxonomic", ["^is_a", "related_to"]]))
def test_a_relation_may_be_walked_one_way(kg, relations):
    words = [relations] if isinstance(relations, str) else relations
    names = {"^is_a": ("is_a", 1), "has_kind": ("is_a", 1), "taxonomic": ("is_a", 0)}
    said = [names.get(word, (word, 0)) for word in words]
    ahead, back = [name for name, turned in said if not turned], [name for name, _ in said]
    every = every_path(kg, "c0", "c1", ahead=ahead, back=back)
    assert asked(kg.paths, "c0", "c1", k=9, relations=relations) == every[:9]
    assert asked(lambda *ends: [kg.shortest_path(*ends, relations=relations)], "c0", "c1") == every[:1]
    straight = [name for name in back if (name, 1) in said or name == "related_to"]
    every = every_path(kg, "c0", "c1", ahead=ahead, back=straight)
    assert asked(lambda *ends: [kg.shortest_path(*ends, relations=relations, directed=True)], "c0", "c1") == every[:1]


@laws
@given(graphs(most=12))
def test_costs_are_those_of_networkx(kg):
    plain = nx.MultiGraph()
    plain.add_nodes_from(kg.ids)
    plain.add_weighted_edges_from((e.head, e.tail, e.weight) for e in kg.edges())
    degree = dict(plain.degree())
    heaviest = max([e.weight for e in kg.edges()], default=1.0)
    for weight, cost in {
        "weight": lambda a, b, found: np.log(heaviest / max(d["weight"] for d in found.values())),
        "hub": lambda a, b, found: (np.log(degree[a]) + np.log(degree[b])) / 2,
    }.items():
        for end in kg.ids:
            try:
                expected = nx.dijkstra_path_length(plain, "c0", end, weight=cost)
            except nx.NetworkXNoPath:
                with pytest.raises(NoPathError):
                    kg.shortest_path("c0", end, weight=weight)
                continue
            assert kg.shortest_path("c0", end, weight=weight).cost == pytest.approx(expected, abs=1e-9)


def compiled(patch):
    patch.setattr(routing, "_PATIENCE", 0)


def as_python(patch):
    """Kernels that are not compiled yet, though other tests have done it."""
    for module in (meeting, path_kernels):
        for name, found in list(vars(module).items()):
            if hasattr(found, "python"):
                patch.setattr(module, name, kernel(found.python))
    patch.setattr(routing, "meet", meeting.meet)


def without_numba(patch):
    as_python(patch)
    patch.setattr(path_running, "_MOST", 1)
    patch.setattr(path_search, "_BUDGET", 1)
    patch.setitem(sys.modules, "numba", None)


def out_of_patience(patch):
    as_python(patch)
    patch.setattr(routing, "_PATIENCE", 1)


def compiled_in_the_middle(patch):
    patch.setattr(path_running, "_is_compiled", lambda arcs, kernel: False)
    patch.setattr(path_running, "_MOST", 1)
    patch.setattr(path_search, "_BUDGET", 1)


@laws
@given(
    graphs(most=6),
    st.sampled_from([as_python, without_numba, out_of_patience, compiled_in_the_middle]),
    st.sampled_from([None, "edge"]),
    st.sampled_from([None, 3]),
    st.sampled_from([None, 1, 2]),
)
def test_however_a_search_is_run_the_answers_are_the_same(kg, run, weight, max_length, max_degree):
    own = {"max_degree": max_degree} | ({"weight": lambda edge: edge.weight} if weight else {})

    def answers(run):
        fresh = kg.with_tables()
        with pytest.MonkeyPatch.context() as patch:
            run(patch)
            found = [
                asked(fresh.paths, "c0", "c1", k=9, max_length=max_length, **own),
                asked(fresh.paths, "c0", "c1", k=9, max_length=max_length, pattern="(is_a|^has_part)+/.?", **own),
                asked(fresh.paths, "c0", "c1", k=1, max_length=None, **own),
                asked(fresh.all_shortest_paths, "c0", "c1", **own),
            ]
            if run is as_python:
                assert not path_kernels.best_way.is_compiled
                assert not path_kernels.steps_back.is_compiled
                assert not path_kernels.costs_back.is_compiled
            return found

    assert answers(run) == answers(compiled)


@laws
@given(graphs(most=9), st.sampled_from([0, 1, 2, path_kernels.FAR]), st.sampled_from([1, 2, 99]), st.booleans())
def test_the_rings_are_as_far_as_the_compiled_search_says(kg, limit, most, early):
    arcs = routing.arcs_of(kg.index, None)
    goals = np.array([1], dtype=np.int32)
    asked = arcs.back_starts, arcs.back_sources, most, goals, 0, 1, limit, early
    rings = path_running._by_rings(arcs, *asked)
    steps = path_kernels.steps_back(*asked[:2], arcs.concepts, arcs.degree, *asked[2:])
    last = steps[0] if early else path_kernels.FAR
    assert rings.dtype == steps.dtype
    assert np.minimum(rings, last + 1).tolist() == np.minimum(steps, last + 1).tolist()
    assert not early or (rings[rings < path_kernels.FAR] <= last).all()


@laws
@given(graphs(most=9), st.lists(st.integers(0, 5), min_size=1), st.sampled_from([1, 2, 99]), st.booleans())
def test_the_rounds_cost_what_the_compiled_search_says(kg, units, most, early):
    arcs = routing.arcs_of(kg.index, None)
    cost, goals = np.resize(np.array(units, dtype=np.int64), len(arcs.targets)), np.array([1], dtype=np.int32)
    found = path_running._by_rounds(arcs, cost, most, goals, 0, 1, early)
    asked = arcs.back_starts, arcs.back_sources, arcs.back, cost, arcs.concepts, arcs.degree
    known = path_kernels.costs_back(*asked, most, goals, 0, 1, early)
    assert [array.dtype for array in found] == [array.dtype for array in known]
    # what costs no less than the way from the start may be told too high, but for the start itself
    exact = np.ones(arcs.num, dtype=bool) if not early else known[0] < known[0][0]
    exact[0] = True
    for mine, other in zip(found, known, strict=True):
        assert mine[exact].tolist() == other[exact].tolist()


def test_patience_that_wears_off_leaves_costs_to_the_compiled_search(toy_graph):
    arcs = routing.arcs_of(toy_graph.index, None)
    cost, goals = np.ones(len(arcs.targets), dtype=np.int64), np.array([1], dtype=np.int32)
    arcs.patience = 1
    assert path_running._by_rounds(arcs, cost, 99, goals, 0, 1, False) is None
    assert arcs.patience <= 0
    costs, steps = path_running.costs_back(arcs, cost, 99, goals, 0, 1, False)
    assert costs[goals].tolist() == steps[goals].tolist() == [0]


def test_no_way_back_leads_on_from_where_it_is_to_end_nor_through_where_it_began():
    # places 0 to 4 in a row stand for concepts a, x, b, b, y; the goal is place 2
    ahead = np.array([0, 1, 2, 3])
    arcs = routing.Arcs(ahead + 1, ahead, ahead, ahead, num=5, concepts=np.array([0, 3, 1, 1, 2]))
    goals = np.array([2], dtype=np.int32)
    for way, starts, sources, expected in (
        ("against", arcs.back_starts, arcs.back_sources, [path_kernels.FAR] * 2 + [0] + [path_kernels.FAR] * 2),
        ("along", arcs.starts, arcs.targets, [2, 1, 0] + [path_kernels.FAR] * 2),
    ):
        assert path_running._by_rings(arcs, starts, sources, 9, goals, 0, 1, 9, False).tolist() == expected, way
    beyond = path_running._by_rings(arcs, arcs.starts, arcs.targets, 9, goals, 3, 1, 9, False)
    assert beyond.tolist() == [path_kernels.FAR, 1, 0] + [path_kernels.FAR] * 2


def not_really_compiled(patch):
    """The names of kernels as they are asked for; compiling them would take seconds."""
    as_python(patch)
    made = []
    patch.setattr(
        graph_compiled,
        "_compile",
        lambda function: made.append(function.__name__) or (lambda *asked: kernel(function).interpreted(*asked)),
    )
    return made


def test_searches_are_compiled_once_they_were_much_work(monkeypatch):
    kg = built(4, [(0, "is_a", 1, 1), (1, "is_a", 2, 1), (2, "is_a", 3, 1), (0, "has_part", 3, 1)])
    arcs = routing.arcs_of(kg.index, None)
    before = arcs.patience
    made = not_really_compiled(monkeypatch)
    paths = kg.paths("c0", "c3")
    spent = before - arcs.patience
    assert 2 * path_running._PER_STEP < spent < before
    assert len(paths) == 2
    assert made == []
    kg.paths("c0", "c3")
    assert before - arcs.patience == 2 * spent
    arcs.patience = 0
    assert kg.paths("c0", "c3") == paths
    assert made == ["steps_back", "best_way"]
    assert arcs.patience == 0


def test_one_long_search_is_compiled_for_at_once(monkeypatch):
    kg = built(4, [(0, "is_a", 1, 1), (1, "is_a", 2, 1), (2, "is_a", 3, 1)])
    made = not_really_compiled(monkeypatch)
    monkeypatch.setattr(path_running, "_MOST", 3)
    assert len(kg.paths("c0", "c2")) == 1
    assert made == []
    assert len(kg.paths("c0", "c3")) == 1
    assert made == ["best_way"]


def test_the_arcs_that_python_looks_at_are_counted(monkeypatch):
    kg = built(3, [(0, "is_a", 1, 1), (1, "is_a", 2, 1)])
    as_python(monkeypatch)
    monkeypatch.setattr(path_running, "_PER_STEP", 0)
    before = routing.arcs_of(kg.index, None).patience
    kg.paths("c0", "c2", k=1)
    assert before - routing.arcs_of(kg.index, None).patience == 3  # one at c0, two at c1


def test_many_arcs_from_one_place_are_compiled_for_at_once():
    few = built(1_000, [(0, "is_a", place, 1) for place in range(1, 1_000)])
    many = built(1_001, [(0, "is_a", place, 1) for place in range(1, 1_001)])
    assert [routing.arcs_of(kg.index, None).patience > 0 for kg in (few, many)] == [True, False]


def matches(relations, fits):
    return fits([("^" if turned else "") + name for name, turned in relations])


PATTERNS = {
    "is_a+/^is_a+": lambda said: (
        "^is_a" in said
        and "is_a" in said
        and set(said) == {"is_a", "^is_a"}
        and said == ["is_a"] * said.count("is_a") + ["^is_a"] * said.count("^is_a")
    ),
    "is_a*": lambda said: set(said) <= {"is_a"},
    "(is_a|^has_part){1,3}": lambda said: 1 <= len(said) <= 3 and set(said) <= {"is_a", "^has_part"},
    "./.": lambda said: len(said) == 2 and not any(name.startswith("^") for name in said),
    "(.|^.)+": bool,
    "(is_a/has_part?)+|related_to": lambda said: (
        said == ["related_to"]
        or (
            bool(said)
            and said[0] == "is_a"
            and all(a == "is_a" or (a == "has_part" and b == "is_a") for b, a in pairwise(said))
        )
    ),
    "related_to/(.|^.)*/^related_to": lambda said: (
        len(said) > 1 and (said[0], said[-1]) == ("related_to", "^related_to")
    ),
}


@laws
@given(graphs(), st.sampled_from(sorted(PATTERNS)), ENDS, st.sampled_from([None, 3]), st.booleans())
def test_paths_that_fit_a_pattern_are_those_of_all_that_fit(kg, pattern, end, max_length, weighted):
    cost = (lambda edge: edge.weight) if weighted else (lambda edge: 1.0)
    every = [
        path
        for path in every_path(kg, "c0", end, cost=cost, once=False)
        if matches(path[3], PATTERNS[pattern]) and (max_length is None or path[1] <= max_length)
    ]
    options = {"max_length": max_length, "weight": cost if weighted else None}
    assert asked(kg.paths, "c0", end, k=12, pattern=pattern, **options) == every[:12]


# -- at the door -------------------------------------------------------------------------------------------------


@pytest.fixture
def chain():
    return built(4, [(0, "is_a", 1, 1), (1, "has_part", 2, 1), (2, "related_to", 3, 1)])


def test_the_way_from_a_concept_to_itself_is_empty(chain):
    for found in (chain.paths("c1", "c1"), chain.all_shortest_paths("c1", "c1"), [chain.shortest_path("c1", "c1")]):
        assert [(path.concepts, path.cost) for path in found] == [(("c1",), 0.0)]
    assert chain.shortest_path("c1", "c1", weight="hub").cost == 0.0
    assert len(chain.paths("c1", "c1", pattern="is_a*")[0]) == 0
    with pytest.raises(NoPathError, match="over the pattern 'is_a'"):
        chain.paths("c1", "c1", pattern="is_a")


def test_where_there_is_no_path_the_error_names_the_bounds(chain):
    with pytest.raises(NoPathError, match=r"over is_a, of at most 2 edges \(max_length=\); allow more relations"):
        chain.paths("c0", "c3", relations="is_a", max_length=2)
    with pytest.raises(NoPathError, match="over positive relations, past concepts of at most 1 edges"):
        chain.shortest_path("c0", "c3", max_degree=1)
    with pytest.raises(NoPathError, match="over positive relations, past concepts of at most 1 edges"):
        chain.all_shortest_paths("c0", "c3", max_degree=1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"k": 0}, "k= is a whole number from 1 up, not 0"),
        ({"k": 2.5}, "k= is a whole number"),
        ({"max_length": -1}, "max_length= is a whole number from 0 up"),
        ({"max_degree": "few"}, "max_degree= is a number of edges"),
        ({"weight": "heavy"}, "weight= is None, 'weight', 'hub', a mapping"),
        ({"weight": 3}, "not int 3"),
        ({"weight": lambda edge: -1}, "the cost of c0 is_a c1 is -1; costs are finite"),
        ({"weight": lambda edge: None}, "the cost of c0 is_a c1 is None"),
        ({"weight": {"is_a": float("nan")}}, "the cost of is_a is nan"),
        ({"weight": {"is_a": 1}, "relations": ["is_a", "part"]}, "weight= has no cost for 'has_part'"),
        ({"weight": {"^is_a": 1}, "relations": "is_a"}, "weight= has no cost for 'is_a'"),
        ({"pattern": "is_a", "relations": "is_a"}, "a pattern says itself which relations"),
        ({"relations": 3}, "relations are a name, a kind"),
    ],
)
def test_arguments_that_do_not_fit_are_named(chain, options, said):
    with pytest.raises(InputFormatError, match=said):
        chain.paths("c0", "c3", **options)


def test_unknown_names_are_errors_with_the_nearest(chain):
    with pytest.raises(UnknownRelationError, match="nearest: 'has_part'"):
        chain.paths("c0", "c3", relations=["has_prat"])
    with pytest.raises(UnknownRelationError, match="'has_prat'"):
        chain.shortest_path("c0", "c3", weight={"has_prat": 1})
    with pytest.raises(UnknownConceptError):
        chain.paths("c0", "c9")


def test_a_symmetric_relation_stated_both_ways_makes_one_path():
    kg = built(3, [(0, "related_to", 1, 2), (1, "related_to", 0, 4), (1, "is_a", 2, 1), (2, "is_a", 1, 1)])
    assert [str(path) for path in kg.paths("c0", "c1")] == ["c0 is related to c1"]
    assert len(kg.all_shortest_paths("c1", "c0", limit=1)) == 1
    assert len(kg.paths("c1", "c2")) == 2, "two kinds of each other say two things"
    (heavy,) = kg.paths("c0", "c1", weight="weight")
    assert (heavy.relations, heavy.cost) == (("^related_to",), 0.0)
    assert [path.relations for path in kg.paths("c0", "c1", pattern="related_to|^related_to")] == [
        ("related_to",),
        ("^related_to",),
    ]
    with pytest.raises(NoPathError):
        kg.paths("c0", "c2", max_degree=3)  # four edges touch c1


def test_what_is_named_more_exactly_counts():
    kg = built(3, [(0, "is_a", 1, 1), (2, "is_a", 1, 1)])
    path = kg.shortest_path("c0", "c2", weight={"^is_a": 0.5, "is_a": 4, "taxonomic": 7})
    assert (path.cost, path.relations) == (4.5, ("is_a", "^is_a"))
    assert (~path).cost == 4.5
    assert kg.shortest_path("c0", "c1", weight={"has_kind": 1, "taxonomic": 7}).cost == 7.0


def test_costs_of_any_size_are_compared():
    kg = built(3, [(0, "is_a", 1, 1), (0, "has_part", 2, 1), (2, "has_part", 1, 1)])
    for scale in (1e-300, 1e-9, 1e300):
        path = kg.shortest_path("c0", "c1", weight={"is_a": 3 * scale, "has_part": scale})
        assert (path.cost, len(path)) == (2 * scale, 2)


# -- extremes ----------------------------------------------------------------------------------------------------


def test_a_hub_of_a_hundred_thousand():
    num = 100_000
    kg = KnowledgeGraph.from_tables(
        pl.DataFrame({"id": ["hub", *(f"c{place:06d}" for place in range(num))]}),
        pl.DataFrame({"head": [f"c{place:06d}" for place in range(num)], "relation": "is_a", "tail": "hub"}),
    )
    ends = ("c000007", "c099999")
    assert [path.concepts for path in kg.paths(*ends, k=3)] == [(ends[0], "hub", ends[1])]
    assert len(kg.all_shortest_paths(*ends, weight="hub")) == 1
    assert len(kg.paths(*ends, pattern="is_a+/^is_a+")) == 1
    with pytest.raises(NoPathError):
        kg.shortest_path(*ends, max_degree=1000)
    assert len(kg.shortest_path(ends[0], "hub", max_degree=1)) == 1


def test_a_chain_of_ten_thousand():
    ids = [f"c{place:05d}" for place in range(10_001)]
    kg = KnowledgeGraph.from_tables(
        pl.DataFrame({"id": ids}), pl.DataFrame({"head": ids[:-1], "relation": "is_a", "tail": ids[1:]})
    )
    ends = (ids[0], ids[-1])
    for weight in (None, "hub"):
        assert [len(path) for path in kg.all_shortest_paths(*ends, weight=weight)] == [10_000]
    assert len(kg.paths(*ends, k=1, max_length=None, pattern="is_a+")[0]) == 10_000
    assert len(kg.paths(*ends, k=2, max_length=None)) == 1
    with pytest.raises(NoPathError):
        kg.paths(*ends)


def test_many_shortest_paths_are_counted_before_they_are_made():
    rows = [(3 * step, "is_a", 3 * step + side, 1) for step, side in product(range(60), (1, 2))]
    rows += [(3 * step + side, "is_a", 3 * step + 3, 1) for step, side in product(range(60), (1, 2))]
    kg = built(181, rows)
    with pytest.raises(ResourceLimitError, match=f"there are {2**60:,} shortest paths, and limit=10,000"):
        kg.all_shortest_paths("c0", "c180")
    found = kg.paths("c0", "c180", k=20, max_length=None)
    assert [path.key if hasattr(path, "key") else path.concepts for path in found] == sorted(p.concepts for p in found)


def test_an_empty_graph_has_no_ends():
    with pytest.raises(UnknownConceptError):
        built(0, []).paths("c0", "c1")


def test_k_shortest_of_wordnet_are_those_of_networkx():
    import kgzsl

    kg = kgzsl.load_graph("wordnet")
    plain = nx.Graph()
    plain.add_edges_from((e.head, e.tail) for e in kg.edges(relation="taxonomic"))
    for a, b in (("dog.n.01", "cat.n.01"), ("tiger.n.02", "oak.n.02")):
        lengths = [len(path) - 1 for path in islice(nx.shortest_simple_paths(plain, a, b), 5)]
        assert [len(path) for path in kg.paths(a, b, k=5, max_length=None, relations="taxonomic")] == lengths


def test_the_best_paths_of_wordnet_read_differently():
    import kgzsl

    kg = kgzsl.load_graph("wordnet")  # whose derivations are stated from both ends
    for options in ({}, {"weight": "hub"}):
        read = [str(path) for path in kg.paths("dog.n.01", "cat.n.01", k=5, **options)]
        assert len(set(read)) == 5
        assert any("shares its word root with" in said for said in read)
