"""What ConceptNet's relations become, against its own lists of them."""

import json

import pytest

from kgzsl.errors import InputFormatError, UnknownNameError
from kgzsl.graph.relation import KINDS, SHARED_RELATIONS
from kgzsl.sources.conceptnet_relations import CONCEPTNET_RELATIONS, relation_of, selected_relations


@pytest.fixture(scope="module")
def listed(shared_data):
    return json.loads(shared_data("suites/conceptnet5/relations.json").read_text())


def test_all_fifty_relations_are_known(listed):
    assert sorted(CONCEPTNET_RELATIONS) == sorted(listed["ALL_RELATIONS"])
    assert len(CONCEPTNET_RELATIONS) == 50


def test_symmetric_relations_are_those_of_conceptnet(listed):
    symmetric = {uri for uri, found in CONCEPTNET_RELATIONS.items() if found.relation.symmetric}
    assert symmetric == set(listed["SYMMETRIC_RELATIONS"])


def test_what_is_the_opposite_of_another_is_negative(listed):
    negative = {uri for uri, found in CONCEPTNET_RELATIONS.items() if found.relation.kind == "negative"}
    assert negative == {*listed["OPPOSITE_RELATIONS"], "/r/DistinctFrom"}


def test_names_and_inverses_are_each_of_one_relation():
    names = [found.relation.name for found in CONCEPTNET_RELATIONS.values()]
    inverses = [found.relation.inverse for found in CONCEPTNET_RELATIONS.values() if not found.relation.symmetric]
    assert len({*names, *inverses}) == len(names) + len(inverses)
    assert all(found.relation.verb and found.relation.inverse_verb for found in CONCEPTNET_RELATIONS.values())


def test_shared_relations_are_used_as_they_are():
    shared = {found.relation for found in CONCEPTNET_RELATIONS.values() if found.relation.name in SHARED_RELATIONS}
    assert shared == {SHARED_RELATIONS[relation.name] for relation in shared}
    assert [uri for uri, found in CONCEPTNET_RELATIONS.items() if found.reverse] == ["/r/PartOf"]


@pytest.mark.parametrize("uri", ["/r/Frobnicates", "/r/dbpedia/other"])
def test_others_keep_their_name(uri):
    found = relation_of(uri)
    assert (found.relation.name, found.relation.kind, found.is_known) == (uri[3:], "association", False)


@pytest.mark.parametrize("chosen", ["IsA", "is_a", "/r/IsA", ["IsA", "is_a"]])
def test_a_relation_is_chosen_by_any_of_its_names(chosen):
    assert selected_relations(chosen) == ("/r/IsA",)


def test_kinds_choose_every_relation_once():
    assert sorted(uri for kind in KINDS for uri in selected_relations(kind)) == sorted(CONCEPTNET_RELATIONS)


def test_a_name_that_is_none_is_refused():
    with pytest.raises(UnknownNameError, match="relation of ConceptNet"):
        selected_relations(["isa"])
    with pytest.raises(InputFormatError):
        selected_relations([])
