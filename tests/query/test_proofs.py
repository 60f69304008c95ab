"""Proofs read aloud, walk, replay, and are found without entailing first."""

import pickle

import pytest

from kgzsl.errors import InputFormatError, UnknownConceptError, UnknownRelationError
from kgzsl.graph.concept import Edge
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.query.entail_edges import INFERRED_BY
from kgzsl.query.proofs import NotEntailedError, Proof, ProofError, Step
from kgzsl.query.rules import chain, domain, inherited, symmetric, transitive

EDGES = [
    ("equine", "has_part", "hoof"),
    ("equine", "is_a", "mammal"),
    ("mammal", "is_a", "animal"),
    ("zebra", "is_a", "equine"),
]


@pytest.fixture(scope="module")
def kg():
    concepts = ["animal", "equine", "hoof", "mammal", {"id": "zebra", "label": "plains zebra"}]
    return KnowledgeGraph.from_tables(concepts, EDGES)


RULES = ["rdfs", inherited("has_part")]


def test_a_proof_reads_aloud(kg):
    assert str(kg.entail(RULES).why(("zebra", "has_part", "hoof"))) == (
        "plains zebra has part hoof because plains zebra is a kind of equine and equine has part hoof"
    )


def test_a_proof_is_a_tree_of_rules_and_premises(kg):
    proof = kg.why(("zebra", "is_a", "animal"))
    stated, middle = proof.premises
    assert (proof.rule, stated.rule, middle.rule) == ("transitive(is_a)", "stated", "transitive(is_a)")
    assert [str(edge) for edge in proof.facts] == ["zebra is_a equine", "equine is_a mammal", "mammal is_a animal"]
    assert [str(part.edge) for part in middle.premises] == ["equine is_a mammal", "mammal is_a animal"]
    assert stated.premises == ()


def test_a_stated_edge_is_stated(kg):
    proof = kg.entail(RULES).why(("zebra", "is_a", "equine"))
    assert (proof.rule, proof.premises, str(proof)) == ("stated", (), "plains zebra is a kind of equine: stated")
    assert proof.replay(kg)


def test_an_edge_may_be_asked_for_as_an_edge_or_by_its_inverse(kg):
    by_triple = kg.why(("zebra", "is_a", "animal"))
    assert kg.why(Edge("zebra", "is_a", "animal")) == by_triple
    assert kg.why(("animal", "has_kind", "zebra")) == kg.why(("animal", "^is_a", "zebra")) == by_triple


def test_a_symmetric_fact_is_stated_from_either_end():
    near = Relation("near", "association", symmetric=True)
    kg = KnowledgeGraph.from_tables(["a", "b"], [("b", "near", "a")], [near])
    proof = kg.why(("a", "near", "b"))
    assert proof == kg.why(("b", "near", "a"))
    assert [(str(step.edge), step.rule) for step in proof.steps] == [("b near a", "stated")]


def test_a_graph_need_not_be_entailed_to_be_asked(kg):
    assert kg.why(("zebra", "has_part", "hoof"), rules=RULES) == kg.entail(RULES).why(("zebra", "has_part", "hoof"))


def test_the_same_fact_used_twice_is_one_step():
    kg = KnowledgeGraph.from_tables(["a", "b"], [("a", "p", "b")])
    proof = kg.why(("a", "q", "a"), rules=[symmetric("p"), chain("p", "p", "q")])
    assert [(str(step.edge), step.premises) for step in proof.steps] == [
        ("a p b", ()),
        ("b p a", (0,)),
        ("a q a", (0, 1)),
    ]


def test_a_domain_is_proved(kg):
    proof = kg.why(("equine", "instance_of", "animal"), rules=domain("has_part", "animal"))
    assert str(proof) == "equine is an instance of animal because equine has part hoof"
    assert proof.replay(kg)


def test_a_proof_falls_back_on_the_stated_edges_where_what_it_follows_from_is_gone(kg):
    entailed = kg.entail(RULES)
    less = entailed.remove_edges([("equine", "is_a", "animal")])
    assert less.why(("zebra", "is_a", "animal")) == entailed.why(("zebra", "is_a", "animal"))
    gone = entailed.remove_edges([("mammal", "is_a", "animal"), ("equine", "is_a", "animal")])
    with pytest.raises(NotEntailedError):
        gone.why(("zebra", "is_a", "animal"))


@pytest.mark.parametrize(
    ("edge", "error"),
    [
        (("animal", "is_a", "zebra"), NotEntailedError),
        (("zebra", "is_a", "zebra"), NotEntailedError),
        (("zebra", "has_part", "hoof"), NotEntailedError),
        (("zebra", "isa", "animal"), UnknownRelationError),
        (("zebre", "is_a", "animal"), UnknownConceptError),
        (("zebra", "is_a"), InputFormatError),
        ("zebra is_a animal", InputFormatError),
    ],
)
def test_what_does_not_hold_is_a_named_error(kg, edge, error):
    with pytest.raises(error):
        kg.why(edge)


def test_the_error_names_the_edge_and_the_rules(kg):
    with pytest.raises(NotEntailedError, match="'animal is_a zebra' is not stated") as caught:
        kg.why(("animal", "is_a", "zebra"))
    assert caught.value.edge == ("animal", "is_a", "zebra")
    assert caught.value.rules == ("transitive(is_a)",)


ZEBRA, EQUINE = Edge("zebra", "is_a", "equine"), Edge("equine", "is_a", "mammal")


@pytest.mark.parametrize(
    "steps",
    [
        [Step(Edge("zebra", "is_a", "mammal"), "stated")],
        [Step(ZEBRA, "stated"), Step(Edge("zebra", "is_a", "mammal"), "transitive(is_a)", (0, 0))],
        [
            Step(ZEBRA, "stated"),
            Step(EQUINE, "stated"),
            Step(Edge("zebra", "is_a", "animal"), "transitive(is_a)", (0, 1)),
        ],
        [
            Step(ZEBRA, "stated"),
            Step(EQUINE, "stated"),
            Step(Edge("zebra", "is_a", "mammal"), "symmetric(is_a)", (0, 1)),
        ],
        [Step(ZEBRA, "stated"), Step(Edge("equine", "is_a", "zebra"), "sub-relation(is_a, is_a)", (0,))],
        [Step(Edge("zebra", "is_a", "mammal"), "owl-rl")],
    ],
)
def test_a_proof_that_is_none_does_not_replay(kg, steps):
    with pytest.raises(ProofError) as caught:
        Proof(tuple(steps)).replay(kg)
    assert caught.value.edge == steps[-1].edge


def test_an_inferred_edge_is_no_fact(kg):
    inferred = Proof((Step(Edge("zebra", "is_a", "animal"), "stated"),))
    with pytest.raises(ProofError):
        inferred.replay(kg.entail("rdfs"))


def test_premises_come_before_what_follows():
    with pytest.raises(InputFormatError):
        Proof((Step(ZEBRA, "transitive(is_a)", (0,)),))


def test_a_proof_shows_itself_escaped_and_travels(kg):
    hostile = KnowledgeGraph.from_tables(
        [{"id": "a", "label": "<b>a</b>"}, "b", "c"], [("a", "is_a", "b"), ("b", "is_a", "c")]
    )
    proof = hostile.why(("a", "is_a", "c"))
    assert "<b>a" not in proof._repr_html_()
    assert "&lt;b&gt;a" in proof._repr_html_()
    assert pickle.loads(pickle.dumps(proof)) == proof
    assert repr(proof) == "<Proof of 'a is_a c' by transitive(is_a): 2 facts, 3 steps>"


def test_what_another_engine_inferred_is_told_honestly(kg):
    table = kg.edges_table.with_columns(inferred_by=None).with_columns(
        inferred_by=kg.edges_table["tail"].replace_strict({"hoof": "hermit"}, default=None)
    )
    foreign = KnowledgeGraph.from_tables(kg.concepts_table, table)
    proof = foreign.why(("equine", "has_part", "hoof"))
    assert str(proof) == "equine has part hoof: hermit says so, without a proof"
    derived = foreign.entail(RULES).why(("zebra", "has_part", "hoof"))
    assert [step.rule for step in derived.steps] == ["stated", "hermit", "inherited(has_part, is_a)"]
    with pytest.raises(ProofError, match="gives no proofs"):
        derived.replay(foreign)


def test_rules_are_told_in_the_order_given():
    kg = KnowledgeGraph.from_tables(["a", "b", "c"], [("a", "p", "b"), ("b", "p", "c")])
    first, second = transitive("p"), chain("p", "p", "p")
    assert kg.why(("a", "p", "c"), rules=[first, second]).rule == first.name
    assert kg.entail([second, first]).edges("a", "p", "c")[0].more[INFERRED_BY] == second.name
