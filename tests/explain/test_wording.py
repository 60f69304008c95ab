"""Every shape of a path, as the specification's table of sentences has it."""

from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from kgzsl.explain.credits import constant_rows
from kgzsl.explain.routes import Facts
from kgzsl.explain.wording import chain, claim, sentence, unambiguous
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation

EDGES = [
    ("zebra", "is_a", "equine"),
    ("equine", "is_a", "ungulate"),
    ("horse", "is_a", "equine"),
    ("zebra", "has_property", "striped"),
    ("tiger", "has_property", "striped"),
    ("zebra", "has_part", "hoof"),
    ("zebra", "eats", "grass"),
    ("grass", "is_a", "plant"),
    ("plant", "is_a", "organism"),
    ("zebra", "found_in", "savanna"),
    ("giraffe", "found_in", "savanna"),
    ("zebra", "same_as", "quagga"),
    ("quagga", "is_a", "equid"),
    ("lion", "hunts", "zebra"),
    ("lion", "is_a", "feline"),
    ("zebra", "hunts", "nobody"),
    ("lion", "hunts", "nobody"),
]
RELATIONS = [
    Relation("eats", "association", inverse_verb="is eaten by"),
    Relation("found_in", "association", verb="is found in", inverse_verb="is home of"),
    Relation("hunts", "association"),
]


@pytest.fixture(scope="module")
def facts():
    names = sorted({end for head, _, tail in EDGES for end in (head, tail)})
    table = pl.DataFrame(EDGES, schema=["head", "relation", "tail"], orient="row")
    kg = KnowledgeGraph.from_tables(pl.DataFrame({"id": names}), table, RELATIONS, name="toy")
    return Facts(kg, ("taxonomic", "part", "attribute", "association", "equivalence"))


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ("zebra equine", "zebra is a kind of equine"),
        ("zebra equine ungulate", "zebra is a kind of equine, and so of ungulate"),
        ("zebra equine horse", "zebra is a kind of equine; horse is a kind of equine"),
        ("zebra striped tiger", "zebra has property striped; tiger has property striped too"),
        ("zebra hoof", "zebra has part hoof"),
        ("zebra grass plant", "zebra eats grass, a kind of plant"),
        ("zebra grass plant organism", "zebra eats grass, a kind of plant, and so of organism"),
        ("zebra savanna giraffe", "zebra is found in savanna; giraffe is found in savanna too"),
        ("lion zebra savanna giraffe", "lion hunts zebra, which is found in savanna, which is home of giraffe"),
        ("zebra quagga", "zebra (= quagga)"),
        ("zebra quagga equid", "zebra (= quagga) is a kind of equid"),
        ("horse equine zebra quagga", "horse is a kind of equine; zebra (= quagga) is a kind of equine"),
        ("zebra lion", "lion hunts zebra"),
        ("zebra lion feline", "lion hunts zebra; lion is a kind of feline"),
        ("zebra nobody lion", "zebra hunts nobody; lion hunts nobody too"),
        ("grass zebra lion", "grass is eaten by zebra, which lion hunts"),
        ("zebra", "zebra's own description"),
    ],
)
def test_a_path_is_read_aloud_by_its_shape(facts, nodes, said):
    assert sentence(facts.route(nodes.split()), str) == said


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ("zebra equine ungulate", "is a kind of ungulate"),
        ("zebra quagga equid", "is a kind of equid"),
        ("zebra quagga", "is the same as quagga"),
        ("zebra lion", "lion hunts it"),
        ("zebra lion feline", "lion hunts it; lion is a kind of feline"),
        ("zebra grass plant", "eats grass, a kind of plant"),
        ("zebra grass plant organism", "eats grass, and 2 steps on, organism"),
    ],
)
def test_a_reason_is_what_the_path_says_without_its_subject(facts, nodes, said):
    assert claim(facts.route(nodes.split()), str) == said


def test_a_chain_names_no_subject(facts):
    assert chain(facts.route(["zebra", "savanna", "giraffe"]), str) == "is found in savanna, which is home of giraffe"


def test_what_is_the_same_is_never_a_clause_of_its_own(facts):
    said = sentence(facts.route(["zebra", "quagga", "equid"]), str)
    assert "same" not in said
    assert ";" not in said


def test_three_concepts_of_one_label_are_told_apart():
    labels = dict.fromkeys(["crane.a", "crane.b", "crane.c"], "crane")
    named = unambiguous(labels, {"crane.a": "a bird", "crane.b": "a machine", "crane.c": ""})
    assert len(set(named.values())) == 3


@pytest.mark.parametrize(
    ("match", "of_foil", "said"),
    [
        (0.5, -0.25, ["near zebra's", "near quagga's"]),
        (0.5, 0.25, ["near zebra's", "far from quagga's"]),
        (-0.5, 0.25, ["far from zebra's", "far from quagga's"]),
    ],
)
def test_an_input_far_from_a_description_is_not_called_near(match, of_foil, said):
    """Shares are of the margin: those of the foil have their sign turned round."""
    accounts: list[Any] = [
        SimpleNamespace(candidate=SimpleNamespace(concept=concept), constants=(("match", share),))
        for concept, share in (("zebra", match), ("quagga", of_foil))
    ]
    ledger: Any = SimpleNamespace(accounts=accounts)
    rows = constant_rows(ledger, {"zebra": "zebra", "quagga": "quagga"})
    labels = {row.concepts[0]: row.label for row in rows}
    assert [labels[name] for name in ("zebra", "quagga")] == [
        f"the input itself lies {place} description" for place in said
    ]
