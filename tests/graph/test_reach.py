"""What is within reach: read off rows as it is walked to, kept within bounds, and the same in every order of asking."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import InputFormatError, KgzslError, UnknownConceptError
from kgzsl.graph import KnowledgeGraph, near_rows, reach
from kgzsl.graph.index import Neighbors
from kgzsl.graph.near_rows import NearRows
from kgzsl.graph.relation import SHARED_RELATIONS
from kgzsl.graph.walking import Walks, distances

laws = settings(max_examples=60, deadline=None)


def around(size, ends):
    """Edges that are walked both ways, of which some lead back to where they began, or stand twice."""
    both = np.array(sorted([*ends, *((there, here) for here, there in ends)]), dtype=np.int64).reshape(-1, 2)
    return Neighbors(both[:, 0], both[:, 1], np.arange(len(both)), size)


def compiled_walks(size):
    walks = Walks(size, patience=0)
    assert walks.are_compiled()
    return walks


@st.composite
def surroundings(draw):
    size = draw(st.integers(1, 9))
    place = st.integers(0, size - 1)
    return around(size, draw(st.lists(st.tuples(place, place), max_size=14))), size


@laws
@given(surroundings(), st.sampled_from([1, 2]))
def test_rows_are_what_is_walked_to(drawn, hops):
    neighbors, size = drawn
    rows = NearRows(neighbors, size, hops, patience=1)
    assert rows.are_there(compiled_walks(size))
    for position in range(size):
        first, cut, last, near = rows.stretch(position)
        found = [*rows.places[first:cut].tolist(), *rows.places[cut + 1 : last].tolist()]
        wanted = distances(neighbors, position, limit=hops)
        del wanted[position]
        assert found == list(wanted)
        assert list(rows.steps_from(near, len(found))) == list(wanted.values())


def test_rows_are_made_for_those_who_ask_on():
    rows = NearRows(around(2, [(0, 1)]), 2, 2, patience=3)
    assert [rows.are_there(compiled_walks(2)) for _ in range(4)] == [False, False, True, True]


def test_rows_of_many_places_are_waited_for_longer(monkeypatch):
    monkeypatch.setattr(near_rows, "_PLACES_PER_QUESTION", 2)
    rows = NearRows(around(6, [(place, place + 1) for place in range(5)]), 6, 2, patience=1)
    asked = [rows.are_there(compiled_walks(6)) for _ in range(20)]
    num_places = 6 + 10 + 14  # each concept, its neighbours, and theirs, those of the ends not counted
    assert asked.index(True) == num_places // 2 - 1


def test_rows_that_would_be_too_many_are_never_made(monkeypatch):
    star = around(41, [(0, place) for place in range(1, 41)])
    monkeypatch.setattr(near_rows, "_MOST_PLACES", 41 + 80 + 40 - 1)
    assert not any(NearRows(star, 41, 2, patience=1).are_there(compiled_walks(41)) for _ in range(3))
    monkeypatch.setattr(near_rows, "_MOST_PLACES", 41 + 80 + 40)
    assert NearRows(star, 41, 2, patience=1).are_there(compiled_walks(41))


def test_walks_that_are_not_compiled_make_no_rows():
    rows = NearRows(around(2, [(0, 1)]), 2, 2, patience=1)
    assert not any(rows.are_there(Walks(2, patience=None)) for _ in range(5))


RELATIONS = [SHARED_RELATIONS[name] for name in ("is_a", "has_part")]
QUESTIONS = (
    lambda kg, id_, relations: kg.neighbors(id_, relations=relations),
    lambda kg, id_, relations: kg.neighbors(id_, hops=2, relations=relations),
    lambda kg, id_, relations: kg.neighbors(id_, hops=3, relations=relations),
    lambda kg, id_, relations: kg.ancestors(id_, relations=relations),
    lambda kg, id_, relations: kg.ancestors(id_, relations=relations, max_distance=1, include_self=True),
    lambda kg, id_, relations: kg.descendants(id_, relations=relations),
)


@laws
@given(st.data())
def test_every_question_is_answered_alike_walked_off_rows_and_again(data):
    ids = [f"c{number}" for number in range(data.draw(st.integers(2, 8)))]
    id_, relation = st.sampled_from(ids), st.sampled_from(["is_a", "has_part"])
    edges = data.draw(st.lists(st.tuples(id_, relation, id_).filter(lambda e: e[0] != e[2]), max_size=14, unique=True))
    columns = dict.fromkeys(["head", "relation", "tail"], pl.String)
    tables = pl.DataFrame({"id": ids}), pl.DataFrame(edges, columns, orient="row")
    walked, off_rows = (KnowledgeGraph.from_tables(*tables, RELATIONS, name="drawn") for _ in range(2))
    walked.index.walks.patience = None
    off_rows.index.walks.patience = 0
    for _ in range(3):
        for asked in ids:
            for relations in (None, "has_part", ["is_a", "has_part"]):
                for question in QUESTIONS:
                    one, other = (question(kg, asked, relations) for kg in (walked, off_rows))
                    assert one == other
                    assert one.distances == other.distances


@pytest.mark.parametrize("most", [0, 150, 10**6])
def test_what_is_kept_is_bounded_and_changes_no_answer(toy_graph, monkeypatch, most):
    monkeypatch.setattr(reach, "_MOST_KEPT", most)
    kg = toy_graph.subgraph(toy_graph.ids)
    kept = kg.reaches._made.values()
    for _ in range(2):
        for id_ in kg.ids:
            assert kg.descendants(id_) == toy_graph.descendants(id_)
            assert kg.neighbors(id_, hops=2) == toy_graph.neighbors(id_, hops=2)
            assert sum(10 + len(answer) for of in kept for answer in of.kept.values()) <= most
    assert any(of.kept for of in kept) == (most > 0)


def test_what_was_asked_before_is_no_excuse_for_a_wrong_question(toy_graph):
    assert toy_graph.neighbors("cat", hops=1).ids == ("mammal",)
    for hops in (True, 1.0, -1):
        with pytest.raises(InputFormatError, match="hops counts edges"):
            toy_graph.neighbors("cat", hops=hops)
    assert toy_graph.ancestors("cat", max_distance=1).ids == ("mammal",)
    for distance in (True, 1.0, -1):
        with pytest.raises(InputFormatError, match="max_distance counts edges"):
            toy_graph.ancestors("cat", max_distance=distance)
    for no_id in (["cat"], {}, None, 7):
        for question in QUESTIONS:
            with pytest.raises(KgzslError, match="id"):
                question(toy_graph, no_id, None)


def test_other_names_of_a_concept_are_answered_for_like_its_id(toy_graph):
    for _ in range(2):
        assert toy_graph.ancestors("n02084071") == toy_graph.ancestors("dog")
        assert toy_graph.neighbors("n02084071", hops=2) == toy_graph.neighbors(toy_graph.concept("dog"), hops=2)
    with pytest.raises(UnknownConceptError, match="dog"):
        toy_graph.neighbors("dogg")


def test_a_wrong_id_is_told_without_the_look_up_that_missed_it(toy_graph):
    for question in (*QUESTIONS, lambda kg, id_, relations: kg.parents(id_)):
        with pytest.raises(UnknownConceptError) as told:
            question(toy_graph, "dogg", None)
        assert told.value.__context__ is None


def test_the_nearest_of_a_wrong_id_are_looked_for_once(toy_graph, monkeypatch):
    toy_graph.ancestors("dog")
    looked, unknown = [], toy_graph.concept_columns.unknown

    def counted(texts, **options):
        looked.append(texts)
        return unknown(texts, **options)

    monkeypatch.setattr(toy_graph.concept_columns, "unknown", counted)
    with pytest.raises(UnknownConceptError):
        toy_graph.ancestors("dogg")
    assert looked == [["dogg"]]
