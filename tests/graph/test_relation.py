import pytest

from kgzsl.errors import InputFormatError
from kgzsl.graph.relation import KINDS, POSITIVE_KINDS, SHARED_RELATIONS, Relation, Relations, describe


def test_a_name_alone_is_an_association_read_by_its_words():
    assert Relation("lives_in") == Relation(
        "lives_in", "association", "", "lives in", "is reached by “lives in” from", symmetric=False
    )


def test_a_symmetric_relation_reads_alike_both_ways():
    assert Relation("near", symmetric=True).inverse_verb == "near"


@pytest.mark.parametrize("name", ["", "^is_a"])
def test_a_name_is_there_and_has_no_mark(name):
    with pytest.raises(InputFormatError, match="a relation needs a name that does not start with"):
        Relation(name)


def test_an_unknown_kind_is_refused_with_those_there_are():
    with pytest.raises(
        InputFormatError, match="relation 'eats' has kind 'food'; choose one of taxonomic, part, attribute"
    ):
        Relation("eats", "food")


def test_shared_relations_have_known_kinds_and_inverses_of_their_own():
    assert {relation.kind for relation in SHARED_RELATIONS.values()} <= set(KINDS)
    inverses = [r.inverse for r in SHARED_RELATIONS.values()]
    assert len(set(inverses)) == len(inverses)
    assert not {r.inverse for r in SHARED_RELATIONS.values() if not r.symmetric} & set(SHARED_RELATIONS)


def test_what_is_not_so_is_not_positive():
    assert set(KINDS) - set(POSITIVE_KINDS) == {"negative", "annotation"}


def test_the_given_goes_before_the_shared_and_stays_without_an_edge():
    mine, spare = Relation("is_a", "association"), Relation("zzz", "part")
    assert describe(["likes", "is_a", "causes"], [spare, mine]) == {
        "causes": SHARED_RELATIONS["causes"],
        "is_a": mine,
        "likes": Relation("likes"),
        "zzz": spare,
    }
    assert list(describe("ba", [])) == ["a", "b"]


def test_a_name_that_would_act_on_a_terminal_is_an_escape_in_the_list_of_relations():
    assert repr(Relations([Relation("hides\x1b[2J", "association")])) == r"<Relations hides\x1b[2J>"
