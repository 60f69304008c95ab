import pytest

from kgzsl.errors import GroundingError, InputFormatError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query import ground_classes
from kgzsl.query.grounding import grounded


@pytest.fixture
def graph(toy_graph) -> KnowledgeGraph:
    """The toy graph, and a second concept called "hound"."""
    return toy_graph.add_concepts([{"id": "pursuer", "label": "hound", "definition": "who follows"}])


def test_ids_alternate_ids_and_names_are_taken_in_their_order(graph):
    assert ground_classes(graph, ["owl", "N2084071", "Felis_catus", "flying mouse"]) == ("owl", "dog", "cat", "bat")
    assert ground_classes(graph, iter(["owl"])) == ("owl",)
    assert ground_classes(graph, []) == ()


def test_an_id_is_taken_before_a_name(graph):
    both = graph.add_concepts([{"id": "flying", "label": "bat"}])
    assert [concept.id for concept in both.find("bat")] == ["bat", "flying"]
    assert ground_classes(both, ["bat"]) == ("bat",)


def test_all_faults_are_told_at_once(graph):
    with pytest.raises(GroundingError) as caught:
        ground_classes(graph, ["dgo", "owl", "hound", "mamal", "nothing of the kind"])
    error = caught.value
    assert list(error.missing) == ["dgo", "mamal", "nothing of the kind"]
    assert error.missing["mamal"][0] == "mammal"
    assert error.ambiguous == {"hound": (("pursuer", "who follows"), ("dog", "a mammal that barks"))}
    assert "4 class label(s) do not stand for exactly one concept of graph toy" in str(error)


def test_nearest_ids_are_searched_for_the_first_ten_only(graph):
    with pytest.raises(GroundingError) as caught:
        ground_classes(graph, [f"mammal{number}" for number in range(2000)])
    assert len(caught.value.missing) == 2000
    assert [len(near) > 0 for near in caught.value.missing.values()].count(True) == 10
    assert "and 1970 more" in str(caught.value)


def test_two_names_for_one_concept_are_told_unless_they_may_be(graph):
    with pytest.raises(InputFormatError, match="'cat' and 'Felis catus' are both cat; use one label for it"):
        ground_classes(graph, ["cat", "owl", "Felis catus"])
    assert grounded(graph, ["cat", "Felis catus"]) == {"cat": "cat", "Felis catus": "cat"}


@pytest.mark.parametrize("label", [3, None, b"cat", ["cat"], True])
def test_a_label_is_text(graph, label):
    with pytest.raises(InputFormatError, match="class labels are strings when there is a graph"):
        ground_classes(graph, [label])
