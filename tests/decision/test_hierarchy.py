"""Nodes above classes, and the words for a set, against sets found one by one."""

from itertools import combinations

import networkx
import numpy as np
import polars as pl
import pytest

from kgzsl.decision.climbing import climbed, heights_needed
from kgzsl.decision.covers import Covers
from kgzsl.decision.hierarchy import ClassHierarchy
from kgzsl.errors import InputFormatError
from kgzsl.evaluation.conformal import hierarchical_quantile
from kgzsl.graph.knowledge_graph import KnowledgeGraph


def graph_of(*edges, alone=()):
    ids = sorted({end for edge in edges for end in edge} | set(alone))
    table = pl.DataFrame({"head": [e[0] for e in edges], "tail": [e[1] for e in edges]}, schema=["head", "tail"])
    return KnowledgeGraph.from_tables(pl.DataFrame({"id": ids}), table.with_columns(relation=pl.lit("is_a")), name="g")


DIAMOND = graph_of(("cat", "pet"), ("cat", "feline"), ("lion", "feline"), ("pet", "animal"), ("feline", "animal"))


def classes_below(hierarchy):
    nodes = [*hierarchy.names, ""]
    return {name: [hierarchy.concepts[c] for c in hierarchy.classes_below(node)] for node, name in enumerate(nodes)}


def test_a_class_counts_once_however_many_ways_lead_to_it():
    hierarchy = ClassHierarchy.of(DIAMOND, ["lion", "cat"])
    assert classes_below(hierarchy) == {
        "animal": ["lion", "cat"],
        "cat": ["cat"],
        "feline": ["lion", "cat"],
        "lion": ["lion"],
        "pet": ["cat"],
        "": ["lion", "cat"],
    }
    np.testing.assert_allclose(hierarchy.node_masses(np.array([[0.25, 0.75]]))[0, -1], 1.0)
    names = [*hierarchy.names, ""]
    above = {names[n]: [names[p] for p in row if p >= 0] for n, row in enumerate(hierarchy.parents)}
    assert above == {
        "animal": [""], "cat": ["feline", "pet"], "feline": ["animal"], "lion": ["feline"], "pet": ["animal"], "": [],
    }  # fmt: skip


def test_a_cycle_is_one_node():
    graph = graph_of(("a", "b"), ("b", "c"), ("c", "a"), ("x", "a"), ("c", "root"), ("y", "root"))
    hierarchy = ClassHierarchy.of(graph, ["x", "y", "b"])
    assert hierarchy.names == ("b", "root", "x", "y")
    assert classes_below(hierarchy)["b"] == ["x", "b"]
    nodes, shares = climbed(hierarchy, np.array([[0.5, 0.2, 0.3]]), np.array([0]), 0.6)
    assert (hierarchy.node_concept(int(nodes[0])), shares[0]) == ("b", 0.8)


def test_a_cycle_without_anything_above_it_is_below_any_class():
    graph = graph_of(("a", "b"), ("b", "a"), ("x", "a"), ("y", "z"))
    hierarchy = ClassHierarchy.of(graph, ["x", "y"])
    nodes, shares = climbed(hierarchy, np.array([[0.6, 0.4]]), np.array([0]), 0.9)
    assert (hierarchy.node_label(int(nodes[0])), hierarchy.node_concept(int(nodes[0])), shares[0]) == (
        "any class",
        "",
        1.0,
    )


@pytest.mark.parametrize("graph", [None, graph_of(alone=("a", "b"))])
def test_without_a_taxonomy_there_is_nothing_to_climb(graph):
    with pytest.raises(InputFormatError, match=r"needs a graph|no taxonomic relation"):
        ClassHierarchy.of(graph, ["a", "b"])


def random_graph(seed, *, tree):
    rng = np.random.default_rng(seed)
    edges = []
    for node in range(1, 14):
        parents = rng.choice(node, size=1 if tree else rng.integers(1, min(node, 3) + 1), replace=False)
        edges += [(f"n{node:02d}", f"n{parent:02d}") for parent in parents]
    return graph_of(*edges), rng


@pytest.mark.parametrize("seed", range(12))
def test_climbing_step_by_step(seed):
    graph, rng = random_graph(seed, tree=False)
    concepts = sorted(rng.choice(graph.ids, 6, replace=False).tolist())
    hierarchy = ClassHierarchy.of(graph, concepts)
    masses = rng.dirichlet(np.ones(6), 15)
    labels, threshold = rng.integers(0, 6, 15), rng.uniform(0.2, 0.9)
    start = masses.argmax(axis=1)
    share = {
        id_: masses[:, [id_ == c or id_ in graph.ancestors(c).ids for c in concepts]].sum(axis=1) for id_ in graph.ids
    }
    ends, needed = [], []
    for row in range(15):
        here, need, end = concepts[start[row]], -np.inf, None
        while here is not None:
            under = concepts[labels[row]]
            if not (under == here or here in graph.ancestors(under).ids):
                need = max(need, share[here][row])
            if end is None and share[here][row] > threshold + 1e-12:
                end = here
            parents = sorted(graph.parents(here).ids)
            here = max(parents, key=lambda p: (round(share[p][row], 12), -parents.index(p)), default=None)
        ends.append(end or "")
        needed.append(need)
    nodes, _ = climbed(hierarchy, masses, start, threshold)
    assert [hierarchy.node_concept(int(node)) for node in nodes] == ends
    np.testing.assert_allclose(heights_needed(hierarchy, masses, start, labels), needed, atol=1e-12)


@pytest.mark.parametrize("confidence", [0.5, 0.7, 0.85])
@pytest.mark.parametrize("seed", range(8))
def test_answers_for_classes_left_out_in_turn_are_right_as_often_as_promised(seed, confidence):
    """Of eight classes each is the new one once; the threshold is found on the other seven, whatever the scores are."""
    graph, rng = random_graph(seed, tree=seed % 2 == 0)
    hierarchy = ClassHierarchy.of(graph, sorted(rng.choice(graph.ids, 8, replace=False).tolist()))
    labels = np.repeat(np.arange(8), rng.integers(1, 9, 8))
    masses = rng.dirichlet(np.full(8, 0.4), len(labels))
    start = masses.argmax(axis=1)
    needed = heights_needed(hierarchy, masses, start, labels)
    shares = []
    for out in range(8):
        own = labels == out
        threshold = hierarchical_quantile(needed[~own], labels[~own], confidence)
        nodes, _ = climbed(hierarchy, masses[own], start[own], threshold)
        shares.append(np.mean([out in hierarchy.classes_below(int(node)) for node in nodes]))
    assert np.mean(shares) >= confidence - 1e-9


def cost_of(words, member):
    return sum(1 + sum(not member[c] for c in columns) for _, columns in words)


@pytest.mark.parametrize("seed", range(15))
def test_words_cover_a_set_and_no_others_are_cheaper_on_a_tree(seed):
    graph, rng = random_graph(seed, tree=True)
    inner = set(graph.edges_table["tail"])
    concepts = [id_ for id_ in graph.ids if id_ not in inner]
    hierarchy = ClassHierarchy.of(graph, concepts)
    member = rng.random(len(concepts)) < 0.6
    words = Covers(hierarchy).smallest(member)
    covered = {c for _, columns in words for c in columns}
    assert covered >= set(np.flatnonzero(member).tolist())
    options = {tuple(hierarchy.classes_below(node)) for node in range(hierarchy.top)}
    options |= {(c,) for c in range(len(concepts))}
    best = min(
        (
            sum(1 + sum(not member[c] for c in columns) for columns in chosen)
            for size in range(0, 5)
            for chosen in combinations(sorted(options), size)
            if {c for columns in chosen for c in columns} >= set(np.flatnonzero(member).tolist())
        ),
        default=np.inf,
    )
    assert cost_of(words, member) <= best


@pytest.mark.parametrize("seed", range(10))
def test_no_word_stands_below_another_and_none_is_superfluous(seed):
    graph, rng = random_graph(seed, tree=False)
    concepts = sorted(rng.choice(graph.ids, 8, replace=False).tolist())
    member = rng.random(8) < 0.6
    words = Covers(ClassHierarchy.of(graph, concepts)).smallest(member)
    parts = [set(columns) for _, columns in words]
    assert set().union(*parts) >= set(np.flatnonzero(member).tolist())
    for place, part in enumerate(parts):
        assert not part <= set().union(*parts[:place], *parts[place + 1 :])
    nodes = [node for node, _ in words if node is not None]
    reach = networkx.DiGraph([(r["head"], r["tail"]) for r in graph.edges_table.to_dicts()])
    hierarchy = ClassHierarchy.of(graph, concepts)
    for a, b in combinations([hierarchy.names[node] for node in nodes], 2):
        assert not networkx.has_path(reach, a, b)
        assert not networkx.has_path(reach, b, a)
