"""What is said of an id that no concept has, in a graph that numbers the senses of words."""

import copy
import pickle

import polars as pl
import pytest

from kgzsl.errors import ConceptFormError, ConceptVersionError, InputFormatError, UnknownConceptError, VersionError
from kgzsl.graph.knowledge_graph import KnowledgeGraph

CONCEPTS = [
    {"id": "dog.n.01", "label": "dog", "aliases": ["domestic dog"], "sense_numbers": [1, 1]},
    {"id": "cad.n.01", "label": "cad", "aliases": ["dog"], "sense_numbers": [1, 2]},
    {"id": "chase.v.01", "label": "chase", "aliases": ["dog"], "sense_numbers": [1, 1]},
]


@pytest.fixture
def senses():
    numbers = ["n02084071", "n09886220", "v02001858"]
    more = [
        {**concept, "pos": concept["id"][-4], "alternate_ids": [number], "source": "wordnet-3.0"}
        for concept, number in zip(CONCEPTS, numbers, strict=True)
    ]
    return KnowledgeGraph.from_tables(pl.DataFrame(more), [], name="wn")


def refusal(graph, text):
    with pytest.raises(UnknownConceptError) as caught:
        graph.concept(text)
    assert isinstance(caught.value, KeyError)
    return caught.value


@pytest.mark.parametrize(
    ("text", "nearest", "reason"),
    [
        ("dog.n.00", ("dog.n.01", "cad.n.01"), "sense numbers start at 1; dog.n has 2"),
        ("dog.n.-1", ("dog.n.01", "cad.n.01"), "sense numbers start at 1; dog.n has 2"),
        ("Dog.V.9", ("chase.v.01", "dog.n.01"), "Dog.v has 1"),
        ("dog.n.02", ("cad.n.01", "dog.n.01"), "that sense is called cad.n.01"),
        ("n02084070", ("dog.n.01", "cad.n.01"), "WordNet 3.0 has no concept with the offset n02084070; "
         "the nearest is n02084071"),
        ("a00000001", (), "WordNet 3.0 has no concept with the offset a00000001"),
    ],
)  # fmt: skip
def test_a_number_that_no_sense_has_is_told_which_there_are(senses, text, nearest, reason):
    error = refusal(senses, text)
    assert type(error) is UnknownConceptError
    assert error.nearest == nearest
    assert str(error).endswith(f"({reason})")


@pytest.mark.parametrize("text", ["", "dog.n.xx", "dog", "1", "dog.n"])
def test_what_is_not_of_the_form_of_ids_is_told_the_form(senses, text):
    error = refusal(senses, text)
    assert type(error) is ConceptFormError
    assert isinstance(error, InputFormatError | ValueError)
    assert "ids have the form lemma.pos.number, such as dog.n.01" in str(error)


def test_a_label_is_also_told_where_labels_go(senses):
    error = refusal(senses, "Domestic_Dog")
    assert error.nearest == ("dog.n.01",)
    assert str(error).endswith("such as dog.n.01; it is a label, and labels go through find)")


@pytest.mark.parametrize("text", ["wn31:n02084071", "102086723-n", "http://wordnet-rdf.princeton.edu/wn31/102086723-n"])
def test_an_id_of_another_version_is_never_taken_by_its_number(senses, text):
    error = refusal(senses, text)
    assert type(error) is ConceptVersionError
    assert isinstance(error, VersionError)
    assert (error.found, error.supported, error.file) == ("WordNet 3.1", "WordNet 3.0", "wn")


@pytest.mark.parametrize("text", ["wn30:n02084071", "WordNet-3.0:02084071-n", "http://x.org/wn30/02084071-n"])
def test_an_id_that_names_the_graph_s_own_version_is_the_concept(senses, text):
    assert senses.resolve(text) == "dog.n.01"


def test_graphs_made_of_it_say_the_same(senses):
    made = [
        copy.deepcopy(senses),
        pickle.loads(pickle.dumps(senses)),
        senses.subgraph(["dog.n.01", "cad.n.01"]),
        senses.add_concepts(["kestrel"]),
        senses.with_tables(name="other"),
    ]
    for graph in made:
        assert "dog.n has 2" in str(refusal(graph, "dog.n.00"))
        assert type(refusal(graph, "wn31:n02084071")) is ConceptVersionError


def test_other_graphs_are_told_nothing_of_it(toy_graph, senses):
    for text in ("dog.n.00", "mamal", "wn31:n02084071", "102086723-n"):
        assert type(refusal(toy_graph, text)) is UnknownConceptError
    mixed = senses.add_concepts(["zoo:zebra"])
    assert type(refusal(mixed, "zoo:zebr")) is UnknownConceptError  # nearest to an id of another form


@pytest.mark.parametrize("value", [None, 1, b"dog.n.01"])
def test_an_id_is_a_string(senses, value):
    with pytest.raises(InputFormatError, match="an id is a string"):
        senses.concept(value)
