from pathlib import Path

import pytest

from kgzsl.sources.wordnet_terms import LEXICOGRAPHER_FILES, POINTERS, RELATIONS, VERB_FRAMES


def test_there_are_as_many_names_as_the_manual_lists() -> None:
    assert (len(LEXICOGRAPHER_FILES), len(VERB_FRAMES), len(POINTERS)) == (45, 35, 26)


def test_every_pointer_becomes_a_relation_and_every_relation_comes_from_a_pointer() -> None:
    assert {relation for relation, _ in POINTERS.values()} | {"derived_from"} == set(RELATIONS)


def test_every_relation_reads_aloud_both_ways_and_has_an_inverse() -> None:
    assert [name for name, relation in RELATIONS.items() if not relation.inverse] == []
    assert [name for name, rel in RELATIONS.items() if rel.symmetric != (rel.inverse == name)] == []


def test_inverse_names_are_no_relations_themselves() -> None:
    assert {rel.inverse for rel in RELATIONS.values() if not rel.symmetric} & set(RELATIONS) == set()


def test_verb_frames_are_those_of_the_database(wordnet_files: Path) -> None:
    table = wordnet_files / "frames.vrb"
    if not table.is_file():
        pytest.skip("needs frames.vrb, which Debian's wordnet-base has and NLTK's corpus has not")
    assert [line.split(" ", 1)[1].strip() for line in table.read_text().splitlines()] == list(VERB_FRAMES)
