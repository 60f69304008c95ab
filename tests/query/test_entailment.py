"""What follows from edges equals what a fixpoint, scipy and owlrl find."""

import itertools
from collections import Counter

import hypothesis.strategies as st
import numpy as np
import owlrl
import polars as pl
import pytest
import rdflib
from hypothesis import given, settings
from rdflib import RDF, RDFS
from scipy import sparse

from kgzsl.errors import InputFormatError, ResourceLimitError, UnknownNameError, UnknownRelationError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.query import entail_engine
from kgzsl.query.entail_edges import INFERRED_BY
from kgzsl.query.rules import (
    Rule,
    RuleSet,
    chain,
    disjointness,
    domain,
    equivalence,
    generalised,
    inherited,
    inverse,
    parsed_rule,
    range_of,
    sub_relation,
    symmetric,
    transitive,
)
from kgzsl.sources.reading import read

CONCEPTS = ["a", "b", "c", "d", "e"]
RELATIONS = ["is_a", "instance_of", "p", "q"]
EDGE = st.tuples(st.sampled_from(CONCEPTS), st.sampled_from(RELATIONS), st.sampled_from(CONCEPTS))
EDGES = st.lists(EDGE.filter(lambda edge: edge[0] != edge[2]), max_size=9, unique=True)
NAME = st.sampled_from(RELATIONS)
PREMISE = st.sampled_from([*RELATIONS, "^p", "^is_a"])
RULE = st.one_of(
    st.builds(transitive, NAME),
    st.builds(symmetric, NAME),
    st.builds(lambda r, s: Rule("inverse", (r, s)), NAME, NAME),
    st.builds(sub_relation, PREMISE, NAME),
    st.builds(chain, PREMISE, PREMISE, NAME),
    st.builds(inherited, NAME, NAME),
    st.builds(generalised, NAME, NAME),
    st.builds(domain, NAME, st.sampled_from(CONCEPTS)),
    st.builds(range_of, NAME, st.sampled_from(CONCEPTS)),
)


def graph_of(edges, concepts=CONCEPTS, **options):
    described = [Relation(name) for name in ("p", "q")] if concepts is CONCEPTS else []
    known = {rel.name: rel for rel in described}
    shared = [
        Relation("is_a", "taxonomic", "has_kind", "is a kind of", "has kind"),
        Relation("instance_of", "taxonomic"),
    ]
    return KnowledgeGraph.from_tables(concepts, edges, [*shared, *known.values()], **options)


def triples(graph, *, inferred=None):
    table = graph.edges_table
    if inferred is not None and INFERRED_BY in table.columns:
        table = table.filter(pl.col(INFERRED_BY).is_not_null() == inferred)
    return set(table.select("head", "relation", "tail").iter_rows())


def one_step(rule, facts):
    """(conclusion, premises) of every application of a rule, by its definition."""
    reading = []
    for premise in rule.premises:
        name, turned = premise.lstrip("^"), premise.count("^") % 2
        reading.append([((t, h) if turned else (h, t), (h, r, t)) for h, r, t in facts if r == name])
    for choice in itertools.product(*reading):
        ends = [end for end, _ in choice]
        if len(ends) == 2 and ends[0][1] != ends[1][0]:
            continue
        yield (ends[0][0], rule.conclusion, rule.concept or ends[-1][1]), [fact for _, fact in choice]


def fixpoint(stated, rules):
    """Every fact that follows -> the size of its smallest proof tree, by going on until nothing changes."""
    cost = dict.fromkeys(stated, 1)
    while True:
        before = dict(cost)
        for rule in rules:
            for fact, premises in list(one_step(rule, before)):
                size = 1 + sum(before[premise] for premise in premises)
                cost[fact] = min(size, cost.get(fact, size))
        if cost == before:
            return cost


def tree_size(proof):
    sizes = []
    for step in proof.steps:
        sizes.append(1 + sum(sizes[place] for place in step.premises))
    return sizes[-1]


@settings(max_examples=150, deadline=None)
@given(EDGES, st.lists(RULE, max_size=4))
def test_what_follows_is_the_fixpoint_and_each_proof_is_smallest_and_replays(edges, rules):
    graph = graph_of(edges)
    sizes = fixpoint(set(edges), rules)
    entailed = graph.entail(rules)
    assert triples(entailed) == {fact for fact in sizes if fact[0] != fact[2]}
    assert triples(entailed, inferred=False) == set(edges)
    for edge in entailed.edges():
        proof = entailed.why(edge)
        assert proof.replay(graph)
        assert tree_size(proof) == sizes[edge.head, edge.relation, edge.tail]
        assert tree_size(graph.why(edge, rules=rules)) == tree_size(proof)


@settings(max_examples=60, deadline=None)
@given(EDGES, st.lists(RULE, max_size=3))
def test_the_kernel_and_its_python_agree(edges, rules):
    graph = graph_of(edges)
    compiled = graph.entail(rules)
    kernels = {name: found for name, found in vars(entail_engine).items() if hasattr(found, "python")}
    with pytest.MonkeyPatch.context() as patch:
        for name, found in kernels.items():
            patch.setattr(entail_engine, name, found.python)
        plain = graph.entail(rules)
    assert plain.edges_table.equals(compiled.edges_table)


# -- owlrl -------------------------------------------------------------------------------------------------------

EX = rdflib.Namespace("http://example.org/")
TERMS = {"is_a": RDFS.subClassOf, "instance_of": RDF.type}


def owlrl_closure(edges, more=()):
    """RDFS closure by owlrl between our concepts over our relations, without loops."""
    store = rdflib.Graph()
    for head, relation, tail in edges:
        store.add((EX[head], TERMS.get(relation, EX[relation]), EX[tail]))
    for triple in more:
        store.add(triple)
    owlrl.DeductiveClosure(owlrl.RDFS_Semantics, axiomatic_triples=False, datatype_axioms=False).expand(store)
    names = {term: name for name, term in TERMS.items()} | {EX[name]: name for name in RELATIONS}
    ends = {EX[name]: name for name in CONCEPTS}
    return {
        (ends[s], names[p], ends[o]) for s, p, o in store if s in ends and o in ends and p in names and s != o
    }  # fmt: skip


def test_rdfs_equals_owlrl_on_500_small_ontologies():
    rng = np.random.default_rng(0)
    for _ in range(500):
        edges = {
            (CONCEPTS[rng.integers(5)], RELATIONS[rng.integers(4)], CONCEPTS[rng.integers(5)])
            for _ in range(rng.integers(1, 9))
        }
        edges = sorted(edge for edge in edges if edge[0] != edge[2])
        rules, more = ["rdfs"], []
        if rng.random() < 0.5:
            rules.append(sub_relation("p", "q"))
            more.append((EX.p, RDFS.subPropertyOf, EX.q))
        if rng.random() < 0.5:
            rules.append(domain("p", "a"))
            more.append((EX.p, RDFS.domain, EX.a))
        if rng.random() < 0.5:
            rules.append(range_of("q", "b"))
            more.append((EX.q, RDFS.range, EX.b))
        assert triples(graph_of(edges).entail(rules)) == owlrl_closure(edges, more), (edges, rules)


# -- KG-AwA ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def awa(shared_data):
    return read(shared_data("kzsl/KG-AwA.csv"))


def test_rdfs_of_kg_awa_is_the_closure_by_scipy(awa):
    entailed = awa.entail("rdfs")
    step = awa.index.adjacency(["is_a"], symmetric=False).astype(bool)
    closure = step
    while True:
        more = (closure + closure @ step).astype(bool)
        if more.nnz == closure.nnz:
            break
        closure = more
    instance = awa.index.adjacency(["instance_of"], symmetric=False).astype(bool)
    for name, expected in (("is_a", closure), ("instance_of", (instance + instance @ closure).astype(bool))):
        pairs = sparse.coo_array(expected)
        wanted = {(h, t) for h, t in zip(*map(np.ndarray.tolist, pairs.coords), strict=True) if h != t}
        rows = entailed.index.edge_rows([name])
        assert wanted == set(zip(entailed.index.head[rows].tolist(), entailed.index.tail[rows].tolist(), strict=True))
    assert triples(entailed, inferred=False) == triples(awa)
    assert {
        name: entailed.report[name] for name in ("inferred edges", "entailed cycles", "concepts on entailed cycles")
    } == {
        "inferred edges": 186_623,
        "entailed cycles": 2,
        "concepts on entailed cycles": 4,
    }


def test_proofs_of_kg_awa_replay_and_are_shortest_chains(awa):
    entailed = awa.entail("rdfs")
    node, ancestor, distance = awa.index.ancestor_pairs(["is_a"])
    steps = {(n, a): d for n, a, d in zip(node.tolist(), ancestor.tolist(), distance.tolist(), strict=True)}
    inferred = entailed.edges_table.filter(pl.col(INFERRED_BY) == "transitive(is_a)")
    for row in inferred.sample(400, seed=3).select("head", "relation", "tail").iter_rows():
        proof = entailed.why(row)
        assert proof.replay(awa)
        assert len(proof.facts) == steps[awa.position(row[0]), awa.position(row[2])]
        assert proof == awa.why(row)


# -- the form of the answer --------------------------------------------------------------------------------------


def zoo():
    return graph_of(
        [
            {"head": "a", "relation": "is_a", "tail": "b", "weight": 0.5, "source": "book"},
            {"head": "b", "relation": "is_a", "tail": "c", "weight": 2.0, "source": "web"},
            {"head": "c", "relation": "p", "tail": "d", "weight": 3.0, "source": "web"},
        ]
    )


def test_an_inferred_edge_says_by_what_it_follows_and_weighs_as_little_as_its_lightest_premise():
    (edge,) = zoo().entail("rdfs").edges("a", "is_a", "c")
    assert (edge.weight, edge.source) == (0.5, "inferred")
    assert dict(edge.more) == {
        "inferred_by": "transitive(is_a)",
        "follows_from": [["a", "is_a", "b"], ["b", "is_a", "c"]],
    }


def test_stated_edges_stay_as_they_are_and_the_graph_too():
    graph = zoo()
    entailed = graph.entail(["rdfs", inherited("p")])
    assert len(graph.edges()) == 3
    assert [edge for edge in entailed.edges() if edge.more["inferred_by"] is None] == list(graph.edges())
    assert entailed.report["inferred edges"] == 3


def test_entailing_again_finds_the_same_and_other_rules_add_to_it():
    both = zoo().entail(["rdfs", "inherited(p)"])
    assert both.entail("rdfs").edges_table.equals(both.edges_table)
    assert triples(zoo().entail("rdfs").entail("inherited(p)")) == triples(both)


def test_what_followed_from_a_removed_edge_is_gone_after_entailing_again():
    less = zoo().entail("rdfs").remove_edges([("b", "is_a", "c")])
    assert triples(less.entail("rdfs")) == {("a", "is_a", "b"), ("c", "p", "d")}


@pytest.mark.parametrize("suffix", ["", ".ttl", ".csv"])
def test_proofs_survive_writing_and_reading(tmp_path, suffix):
    entailed = zoo().entail(["rdfs", inherited("p")])
    back = read(entailed.write(tmp_path / f"graph{suffix}"))
    assert triples(back, inferred=True) == triples(entailed, inferred=True)
    assert back.edges("a", "p", "d")[0].more["follows_from"] == [["a", "is_a", "b"], ["b", "p", "d"]]
    assert back.why(("a", "p", "d")).sentence() == entailed.why(("a", "p", "d")).sentence()


def test_a_conclusion_may_be_of_a_relation_that_the_graph_did_not_have():
    entailed = zoo().entail(sub_relation("is_a", "resembles"))
    assert [rel for rel in entailed.relations if rel not in zoo().relations] == ["resembles"]
    assert triples(entailed, inferred=True) == {("a", "resembles", "b"), ("b", "resembles", "c")}


def test_an_inverse_name_is_the_stored_relation_turned():
    edges = [("wheel", "is_a", "part"), ("car", "has_part", "wheel"), ("fleet", "has_part", "car")]
    graph = KnowledgeGraph.from_tables(["car", "fleet", "part", "wheel"], edges)
    assert triples(graph.entail(chain("part_of", "part_of", "part_of")), inferred=True) == {
        ("fleet", "has_part", "wheel")
    }
    assert triples(graph.entail(inverse("has_part", "part_of")), inferred=True) == set()


# -- named sets --------------------------------------------------------------------------------------------------


def test_named_sets_stand_for_their_rules():
    concepts = ["paw", "foot", "cat", "lion", "felid", "leo", "has_foot", "has_part", "thing"]
    edges = [
        ("lion", "is_a", "cat"), ("cat", "has_part", "paw"), ("paw", "is_a", "foot"), ("cat", "same_as", "felid"),
        ("leo", "instance_of", "lion"), ("cat", "disjoint_with", "paw"), ("has_foot", "is_a", "has_part"),
        ("lion", "has_foot", "foot"), ("has_part", "rdfs:domain", "thing"),
    ]  # fmt: skip
    graph = KnowledgeGraph.from_tables(concepts, edges)

    def new(*rules):
        return triples(graph.entail(list(rules)), inferred=True)

    assert new("rdfs") == {("leo", "instance_of", "cat"), ("lion", "has_part", "foot")}
    assert new("sub-relation") == new("sub_relation") == {("lion", "has_part", "foot")}
    assert new("inherited") == {("lion", "has_part", "paw"), ("leo", "has_part", "paw")}
    assert new("generalised") == {("cat", "has_part", "foot")}
    assert new("symmetric") == {("felid", "same_as", "cat"), ("paw", "disjoint_with", "cat")}
    assert new("transitive") == set()
    assert {edge for edge in new("equivalence") if "felid" in edge} == {
        ("felid", "same_as", "cat"), ("lion", "is_a", "felid"), ("felid", "has_part", "paw"),
        ("felid", "disjoint_with", "paw"),
    }  # fmt: skip
    assert new("disjointness") == {
        ("paw", "disjoint_with", "cat"),
        ("lion", "disjoint_with", "paw"),
        ("paw", "disjoint_with", "lion"),
    }
    assert new("domain") == {("cat", "instance_of", "thing")}
    assert new("inverse") == new("range") == set()


@pytest.mark.parametrize(
    ("rules", "error", "says"),
    [
        ("rdsf", UnknownNameError, "nearest: 'rdfs'"),
        ("chain", InputFormatError, "chain(r, s, t)"),
        ("transitive(is_a, p)", InputFormatError, "1 name(s)"),
        (transitive("isa"), UnknownRelationError, "nearest: 'is_a'"),
        (3, InputFormatError, "not int 3"),
        ([3], InputFormatError, "not int 3"),
    ],
)
def test_a_mistake_is_named(rules, error, says):
    with pytest.raises(error) as caught:
        zoo().entail(rules)
    assert says in str(caught.value)


@given(st.sampled_from(["transitive", "sub-relation", "chain"]), st.lists(st.text(min_size=1), min_size=3, max_size=3))
def test_a_rule_is_read_back_from_its_name(form, names):
    names = [name for name in names if name.removeprefix("^")]
    count = {"transitive": 1, "sub-relation": 2, "chain": 3}[form]
    if len(names) >= count:
        rule = Rule(form, tuple(names[:count]))
        assert parsed_rule(rule.name) == rule


def test_rule_sets_keep_each_rule_once_in_order():
    found = RuleSet([transitive("p"), symmetric("p")]) + equivalence(["q"]) + [transitive("p")]
    assert str(found) == (
        "transitive(p), symmetric(p), symmetric(same_as), transitive(same_as), inherited(q, same_as), "
        "generalised(q, same_as)"
    )
    assert disjointness() == RuleSet([symmetric("disjoint_with"), inherited("disjoint_with", "is_a")])


# -- hostile -----------------------------------------------------------------------------------------------------


def numbered(pairs, count, relation="is_a"):
    ids = [f"c{place:06d}" for place in range(count)]
    head, tail = ([ids[end] for end in side] for side in zip(*pairs, strict=True))
    table = pl.DataFrame({"head": head, "relation": [relation] * len(head), "tail": tail})
    return KnowledgeGraph.from_tables(pl.DataFrame({"id": ids}), table)


def test_an_empty_graph_entails_nothing():
    graph = KnowledgeGraph.from_tables([], [])
    for rules in ("rdfs", "equivalence", [], ["transitive", "symmetric"]):
        assert triples(graph.entail(rules)) == set()
    assert graph.contradictions() == ()


def test_a_hub_of_100_000_is_answered():
    count = 100_002
    graph = numbered([(0, 1), *((place, 0) for place in range(2, count))], count)
    assert graph.entail("rdfs").report["inferred edges"] == 100_000


def test_a_chain_of_10_000_raises_and_is_proved_nevertheless():
    graph = numbered([(place, place + 1) for place in range(9_999)], 10_000)
    with pytest.raises(ResourceLimitError, match="over 1,000,000 edges follow"):
        graph.entail("rdfs", max_edges=1_000_000)
    proof = graph.why(("c000000", "is_a", "c009999"))
    assert (len(proof.facts), len(proof.steps)) == (9_999, 19_997)
    assert proof.sentence().endswith("and 9,987 more facts")
    assert proof == graph.why(("c000000", "is_a", "c009999"))
    assert len(graph.why(("c000000", "is_a", "c009999"), rules=["rdfs", "symmetric"]).facts) == 9_999
    assert len(repr(proof)) < 200
    assert len(proof._repr_html_()) < 30_000


def test_an_instance_below_10_000_kinds_is_proved_without_the_closure():
    ids = [f"c{place:06d}" for place in range(10_000)]
    edges = [*((low, "is_a", high) for low, high in itertools.pairwise(ids)), ("tom", "instance_of", ids[0])]
    graph = KnowledgeGraph.from_tables([*ids, "tom"], [*edges, ("tom", "disjoint_with", ids[-1])])
    assert len(graph.why(("tom", "instance_of", ids[-1])).facts) == 10_000
    (found,) = graph.contradictions()
    assert len(found.facts) == 10_001
    assert found.sentence().endswith("and 9,989 more facts")


def test_cycles_end_and_are_counted():
    graph = numbered([(0, 1), (1, 2), (2, 0), (3, 0), (4, 5), (5, 4)], 6)
    entailed = graph.entail("rdfs")
    assert Counter(edge.head for edge in entailed.edges()) == {
        "c000000": 2, "c000001": 2, "c000002": 2, "c000003": 3, "c000004": 1, "c000005": 1,
    }  # fmt: skip
    assert (entailed.report["entailed cycles"], entailed.report["concepts on entailed cycles"]) == (2, 5)
