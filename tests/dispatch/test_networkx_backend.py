"""A knowledge graph as NetworkX's own: the same answers as on `kg.nx`, and NetworkX's own tests.

NetworkX looks for backends when it is imported, so all that goes through it runs in other processes, in which the
package is a distribution with the entry points of pyproject.toml, whether it is installed here or not.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.dispatch import kernels
from kgzsl.dispatch.backend import BACKEND
from kgzsl.dispatch.info import get_info
from kgzsl.dispatch.nodes import nodes_of
from kgzsl.graph.knowledge_graph import KnowledgeGraph

ROOT = Path(__file__).resolve().parents[2]
OWN = sorted(get_info()["functions"])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run Python where kgzsl is installed as far as entry points go."""
    place = tmp_path_factory.mktemp("site")
    points = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    folder = place / "kgzsl-0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: kgzsl\nVersion: 0\n")
    lines = (
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in named.items())
        for group, named in points.items()
    )
    (folder / "entry_points.txt").write_text("\n".join(lines))

    def process(*arguments, **environment):
        more = environment.pop("PYTHONPATH", "")
        paths = os.pathsep.join([str(place), str(ROOT), more, os.environ.get("PYTHONPATH", "")])
        return subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, **environment, "PYTHONPATH": paths},
            cwd=place,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return process


# -- through NetworkX -------------------------------------------------------------------------------------------


NETWORKX_TESTS = (
    "networkx.algorithms.shortest_paths.tests.test_generic",
    "networkx.algorithms.shortest_paths.tests.test_unweighted",
    "networkx.algorithms.tests.test_dag",
    "networkx.algorithms.tests.test_lowest_common_ancestors",
    "networkx.algorithms.traversal.tests.test_bfs",
    "networkx.utils.tests.test_backends",
)


COUNTING = """
import collections, functools, json
from kgzsl.dispatch.backend import Backend
from kgzsl.dispatch.info import get_info

asked = collections.Counter()

def counted(name, function):
    @functools.wraps(function)
    def counting(*args, **kwargs):
        asked[name] += 1
        return function(*args, **kwargs)
    return counting

for name in get_info()["functions"]:
    setattr(Backend, name, counted(name, getattr(Backend, name)))

def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line("asked " + json.dumps(asked))
"""


@pytest.mark.slow
def test_networkx_passes_its_own_tests(run, tmp_path):
    (tmp_path / "counting.py").write_text(COUNTING)
    done = run(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "counting", "--pyargs", *NETWORKX_TESTS),
        NETWORKX_TEST_BACKEND="kgzsl",
        NETWORKX_FALLBACK_TO_NX="1",
        PYTHONPATH=str(tmp_path),
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 150
    asked = json.loads(re.search(r"^asked (.*)$", done.stdout, re.MULTILINE)[1])
    assert sorted(asked) == OWN, "each of our functions was asked by NetworkX's tests"


THROUGH_NETWORKX = """
import warnings
warnings.simplefilter("error")
import networkx as nx
from kgzsl.dispatch.backend import BACKEND
from kgzsl.graph.knowledge_graph import KnowledgeGraph

edges = [("bat", "is_a", "mammal"), ("cat", "is_a", "mammal"), ("mammal", "is_a", "animal"), ("cat", "eats", "bat")]
kg = KnowledgeGraph.from_tables(["animal", "bat", "cat", "mammal", "stone"], edges)

assert nx.shortest_path(kg, "cat", "animal") == ["cat", "mammal", "animal"]
assert nx.shortest_path_length(kg, "cat", "animal") == 2
assert nx.has_path(kg, "cat", "bat") and not nx.has_path(kg, "bat", "cat")
assert nx.ancestors(kg, "mammal") == {"bat", "cat"}
assert nx.descendants(kg, "bat") == {"mammal", "animal"}
assert nx.lowest_common_ancestor(kg, "animal", "mammal") == "mammal"
assert nx.single_source_shortest_path_length(kg, "cat") == {"cat": 0, "bat": 1, "mammal": 1, "animal": 2}
assert list(nx.bfs_edges(kg, "animal", reverse=True)) == [("animal", "mammal"), ("mammal", "bat"), ("mammal", "cat")]
assert "nx" not in vars(kg), "all that was answered without a NetworkX graph"

assert nx.pagerank(kg) == nx.pagerank(kg.nx)
assert nx.shortest_path(kg, "cat") == nx.shortest_path(kg.nx, "cat")
assert nx.shortest_path(kg, "cat", "animal", weight="weight") == ["cat", "mammal", "animal"]
assert nx.compose_all([kg, kg]).edges == kg.nx.edges
assert nx.pagerank(kg, backend="networkx") == nx.pagerank(kg.nx)
assert nx.reverse(kg).edges == nx.reverse(kg.nx).edges
try:
    nx.connected_components(kg)
except nx.NetworkXNotImplemented:
    pass
else:
    raise AssertionError("kg is directed")
try:
    nx.relabel_nodes(kg, {"bat": "flying mouse"}, copy=False)
except NotImplementedError:
    pass
else:
    raise AssertionError("kg does not change")

path = nx.path_graph(4)
assert nx.shortest_path(path, 0, 3, backend="kgzsl") == [0, 1, 2, 3]
nx.config.warnings_to_ignore.add("cache")
nx.config.backend_priority.algos = ["kgzsl"]
assert nx.shortest_path(path, 0, 3) == [0, 1, 2, 3]
assert nx.shortest_path(nx.path_graph(3), 0, 2) == [0, 1, 2]
assert nx.shortest_path(path, 0, 3, weight="weight") == [0, 1, 2, 3]
assert "kgzsl : Answers for" in nx.shortest_path.__doc__
"""


def test_networkx_takes_a_knowledge_graph(run):
    done = run("-c", THROUGH_NETWORKX)
    assert done.returncode == 0, done.stderr


def test_importing_networkx_imports_nothing_of_ours_but_what_it_is_told(run):
    done = run("-c", "import sys, networkx; print(sorted(name for name in sys.modules if name.startswith('kgzsl')))")
    assert done.stdout == "['kgzsl', 'kgzsl._version', 'kgzsl.dispatch', 'kgzsl.dispatch.info']\n", done.stderr


# -- the same answers as on kg.nx -------------------------------------------------------------------------------


def said(function, *arguments, **options):
    """An answer with its order, or the error."""
    try:
        answer = function(*arguments, **options)
        return (
            list(answer.items()) if isinstance(answer, dict) else answer if isinstance(answer, set) else listed(answer)
        )
    except Exception as error:
        return type(error), str(error)


def listed(answer):
    return list(answer) if hasattr(answer, "__next__") else answer


NAMES = [f"n{place}" for place in range(7)]
EDGES = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(["is_a", "eats", "sees"]), st.sampled_from(NAMES)), max_size=18
)


def graph_of(edges):
    """A graph of these edges but for loops and repeats; six of its seven names are concepts."""
    kept = {(head, name, tail) for head, name, tail in edges if head != tail and "n6" not in (head, tail)}
    return KnowledgeGraph.from_tables(NAMES[:6], sorted(kept))


@settings(max_examples=60, deadline=None)
@given(
    EDGES, st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from([None, 0, 1, 2, 1.5, -1, float("nan"), "x"])
)
def test_answers_order_and_errors_are_those_on_the_view(edges, a, b, cutoff):
    kg = graph_of(edges)
    for name in ("shortest_path", "bidirectional_shortest_path", "shortest_path_length", "has_path"):
        assert said(getattr(BACKEND, name), kg, a, b) == said(getattr(nx, name), kg.nx, a, b)
    for name in ("ancestors", "descendants"):
        assert said(getattr(BACKEND, name), kg, a) == said(getattr(nx, name), kg.nx, a)
    assert said(BACKEND.shortest_path_length, kg, target=a) == said(nx.shortest_path_length, kg.nx, target=a)
    name = "single_source_shortest_path_length"
    assert said(getattr(BACKEND, name), kg, a, cutoff) == said(getattr(nx, name), kg.nx, a, cutoff)
    for reverse in (False, True):
        options = {"reverse": reverse, "depth_limit": cutoff}
        assert said(BACKEND.bfs_edges, kg, a, **options) == said(nx.bfs_edges, kg.nx, a, **options)


@settings(max_examples=60, deadline=None)
@given(EDGES, st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_the_lowest_common_ancestor_is_one_that_networkx_may_give(edges, a, b):
    kg = graph_of(edges)
    found, theirs = (said(module.lowest_common_ancestor, graph, a, b) for module, graph in ((BACKEND, kg), (nx, kg.nx)))
    if isinstance(found, str):
        common = (nx.ancestors(kg.nx, a) | {a}) & (nx.ancestors(kg.nx, b) | {b})
        assert found in common
        assert not common & nx.descendants(kg.nx, found)
        assert isinstance(theirs, str)
    else:
        assert found == theirs


@settings(max_examples=30, deadline=None)
@given(EDGES, st.sampled_from(NAMES[:6]), st.sampled_from(NAMES[:6]))
def test_kernels_say_what_they_say_as_python(edges, a, b):
    nodes = nodes_of(graph_of(edges))
    start, end = nodes.place(a), nodes.place(b)
    if start != end:
        ways = [
            each(*nodes.ahead, *nodes.back, start, end, *nodes.room()).tolist()
            for each in (kernels.meeting, kernels.meeting.python)
        ]
        assert ways[0] == ways[1]
    assert kernels.is_acyclic.python(*nodes.ahead, *nodes.room()[::2]) == nodes.is_acyclic


@pytest.mark.parametrize("graph", [nx.karate_club_graph(), nx.gn_graph(30, seed=1), nx.petersen_graph()], ids=str)
def test_a_networkx_graph_of_any_kind_can_be_converted(graph):
    ours = BACKEND.convert_from_nx(graph)
    assert BACKEND.convert_to_nx(ours) is graph
    for b in list(graph)[:10]:
        for name in ("shortest_path", "shortest_path_length", "has_path"):
            assert said(getattr(BACKEND, name), ours, 0, b) == said(getattr(nx, name), graph, 0, b)
        assert said(BACKEND.bfs_edges, ours, b, reverse=True) == said(nx.bfs_edges, graph, b, reverse=True)


def test_a_search_is_drawn_as_it_is_looked_at():
    hub = KnowledgeGraph.from_tables([], [])
    assert said(BACKEND.bfs_edges, hub, "a")[0] is nx.NetworkXError
    ids = [f"n{place:05}" for place in range(20_000)]
    chain = KnowledgeGraph.from_tables(ids, list(zip(ids, ["is_a"] * 20_000, ids[1:], strict=False)))
    edges = BACKEND.bfs_edges(chain, ids[0])
    assert next(edges) == (ids[0], ids[1])
    assert len(list(edges)) == 19_998
    assert BACKEND.shortest_path(chain, ids[0], ids[-1]) == ids
    assert BACKEND.lowest_common_ancestor(chain, ids[-1], ids[-2]) == ids[-2]


def test_searches_at_the_same_time_have_rooms_of_their_own():
    nodes = nodes_of(graph_of([("n0", "is_a", "n1")]))
    first, second = nodes.room(), nodes.room()
    assert all(mine is not yours for mine, yours in zip(first, second, strict=True))


def test_what_networkx_is_told_is_what_there_is():
    assert sorted(name for name in vars(type(BACKEND)) if name in nx.__dict__ and name[0] != "_") == OWN
    assert not hasattr(BACKEND, "no_such_function")
    assert hasattr(BACKEND, "pagerank")


def test_a_concept_is_taken_for_its_id(toy_graph):
    path = BACKEND.shortest_path(toy_graph, toy_graph.concept("dog"), toy_graph.concept("animal"))
    assert [type(node) for node in path] == [str, str, str]


def test_the_arrays_of_a_graph_go_with_it():
    import gc
    import weakref

    graph = graph_of([("n0", "is_a", "n1")])
    nodes = weakref.ref(nodes_of(graph))
    assert nodes_of(graph) is nodes()
    del graph
    gc.collect()
    assert nodes() is None
