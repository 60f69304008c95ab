import pytest

from kgzsl.errors import ExplanationError
from kgzsl.explain.routes import Facts
from kgzsl.explain.wording import claim, listed, sentence, unambiguous

EVERY = ("taxonomic", "part", "attribute", "association")


@pytest.fixture
def facts(animals):
    return Facts(animals.kg, EVERY)


@pytest.mark.parametrize(
    ("nodes", "shape", "text"),
    [
        (["zebra"], "own", "zebra's own description"),
        (["zebra", "equine"], "kind", "zebra is a kind of equine"),
        (["zebra", "equine", "ungulate"], "kind", "zebra is a kind of equine, and so of ungulate"),
        (["zebra", "equine", "ungulate", "mammal"], "kind", "zebra is a kind of equine, and so of mammal"),
        (["zebra", "equine", "horse"], "kind", "zebra is a kind of equine; horse is a kind of equine"),
        (
            ["zebra", "equine", "ungulate", "bovine", "cow"],
            "kind",
            "zebra is a kind of equine, and so of ungulate; cow is a kind of bovine, and so of ungulate",
        ),
        (["equine", "horse", "pony"], "kind", "pony is a kind of horse, and so of equine"),
        (["zebra", "striped", "tiger"], "meet", "zebra has property striped; tiger has property striped too"),
        (["zebra", "hoof"], "meet", "zebra has part hoof"),
        (["lion", "zebra", "equine"], "chain", "lion eats zebra, a kind of equine"),
        (["lion", "zebra", "hoof"], "chain", "lion eats zebra, which has part hoof"),
    ],
)
def test_a_path_reads_aloud_by_its_shape(facts, nodes, shape, text):
    route = facts.route(nodes)
    assert (route.shape, sentence(route, str)) == (shape, text)
    assert facts.path(route).concepts == tuple(nodes)


@pytest.mark.parametrize(
    ("nodes", "text"),
    [
        (["zebra", "equine", "ungulate", "bovine", "cow"], "is a kind of ungulate"),
        (["equine", "horse"], "has kinds of its own"),
        (["zebra", "striped", "tiger"], "has property striped"),
        (["lion", "zebra", "hoof"], "eats zebra, which has part hoof"),
        (["lion", "zebra", "hoof", "horse"], "eats zebra, and 2 steps on, horse"),
    ],
)
def test_a_reason_is_what_a_path_says_of_its_beginning(facts, nodes, text):
    assert claim(facts.route(nodes), str) == text


def test_of_parallel_edges_the_taxonomic_one_is_cited_and_all_are_listed(facts, animals):
    (step,) = facts.route(["zebra", "equine"]).steps
    assert [str(edge) for edge in animals.kg.edges_at([step.row])] == ["zebra is_a equine"]
    assert [str(edge) for edge in facts.edges(step.rows)] == ["zebra is_a equine", "zebra related_to equine"]


def test_a_step_without_a_fact_is_an_error(facts):
    with pytest.raises(ExplanationError, match="'zebra' to 'cow'"):
        facts.route(["zebra", "cow"])


def test_names_are_told_apart_where_they_collide():
    labels = {"crane.n.04": "crane", "crane.n.05": "Crane", "dog": "dog"}
    glossed = {"crane.n.04": "lifts and moves heavy objects", "crane.n.05": "large long-necked wading bird; in marshes"}
    assert unambiguous(labels, glossed) == {
        "crane.n.04": "crane (lifts and moves heavy …)",
        "crane.n.05": "Crane (large long-necked wading …)",
        "dog": "dog",
    }
    assert unambiguous(labels, {"crane.n.04": "a bird", "crane.n.05": "a bird"})["crane.n.04"] == "crane (crane.n.04)"


def test_lists_name_two_and_count_the_rest():
    assert [listed(list("abcd"[:n])) for n in (0, 1, 2, 4)] == ["", "a", "a and b", "a, b and 2 more"]
    assert listed(list("abc"), at_most=3) == "a, b and c"
