import contextlib
import re
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgzsl.errors import IntegrityError, KgzslError, KgzslWarning, SourceError
from kgzsl.sources.limits import Limits
from kgzsl.sources.wordnet import read_wordnet


def triples(graph):
    return {
        f"{head} {relation} {tail}"
        for head, relation, tail in graph.edges_table.select("head", "relation", "tail").iter_rows()
    }


def test_toy_concepts_are_named_as_nltk_names_them(toy_wordnet: Callable[..., Path]) -> None:
    assert read_wordnet(toy_wordnet()).ids == (
        "animal.n.01", "cat.n.01", "cat.n.02", "entity.n.01", "fast.a.01", "group.n.01", "hurry.v.01", "move.v.01",
        "paw.n.01", "quick.s.01", "quickly.r.01", "slow.a.01", "speed.n.01",
    )  # fmt: skip


def test_toy_concept_holds_all_its_line_says(toy_wordnet: Callable[..., Path]) -> None:
    graph = read_wordnet(toy_wordnet())
    tom, offset = graph.concept("cat.n.02"), graph.concept("cat.n.02").more["offset"]
    assert (tom.label, tom.aliases, tom.definition, tom.source) == ("Cat", ("Tom",), "one cat", "wordnet-3.0")
    assert tom.alternate_ids == (f"n{offset:08d}", f"{offset:08d}-n")
    assert dict(tom.more) == {
        "examples": ["Tom sleeps", "O, Tom!"],
        "lex_ids": [0, 0],
        "lexname": "noun.person",
        "markers": [],
        "offset": offset,
        "pos": "n",
        "sense_numbers": [2, 1],
        "verb_frames": [],
        "wnid": f"n{offset:08d}",
    }


def test_adjective_markers_are_split_off(toy_wordnet: Callable[..., Path]) -> None:
    swift = read_wordnet(toy_wordnet()).concept("quick.s.01")
    assert (swift.label, swift.aliases, swift.more["markers"]) == ("quick", ("galore",), ["galore(ip)"])


def test_satellite_resolves_as_satellite_and_as_adjective(toy_wordnet: Callable[..., Path]) -> None:
    graph = read_wordnet(toy_wordnet())
    number = f"{graph.concept('quick.s.01').more['offset']:08d}"
    spellings = (f"s{number}", f"a{number}", f"{number}-s", f"{number}-a")
    assert {graph.resolve(spelling) for spelling in spellings} == {"quick.s.01"}


def test_verb_frames_are_sentences_and_name_the_word_they_hold_for(toy_wordnet: Callable[..., Path]) -> None:
    hurry = read_wordnet(toy_wordnet()).concept("hurry.v.01")
    assert hurry.more["verb_frames"] == ["Somebody ----s", "race on: Something ----s"]


def test_crlf_and_byte_order_mark_change_nothing(toy_wordnet: Callable[..., Path]) -> None:
    folder = toy_wordnet()
    plain = read_wordnet(folder)
    for path in folder.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    windows = read_wordnet(folder, strict=True)
    assert windows.fingerprint == plain.fingerprint
    assert windows.concepts_table.equals(plain.concepts_table)
    assert {key for key in plain.report if plain.report[key] != windows.report[key]} == {"crlf_lines"}


def test_lines_that_moved_keep_their_declared_offset(toy_wordnet: Callable[..., Path]) -> None:
    folder = toy_wordnet()
    plain = read_wordnet(folder)
    data = folder / "data.noun"
    data.write_text("  a longer header  \n" + data.read_text())
    with pytest.warns(KgzslWarning, match="7 lines away from the byte"):
        moved = read_wordnet(folder)
    assert moved.concepts_table.equals(plain.concepts_table)
    assert moved.report["offset_moved"] == 7
    with pytest.raises(SourceError, match="do not stand at the byte"):
        read_wordnet(folder, strict=True)


def test_princetons_dict_folder_is_found_below(toy_wordnet: Callable[..., Path], tmp_path: Path) -> None:
    folder = toy_wordnet()
    folder.rename(tmp_path / "dict")
    assert len(read_wordnet(tmp_path)) == 13


def cut(path: Path, lines: int) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:lines]))


def test_data_file_cut_at_a_line_boundary_is_not_taken_for_whole(toy_wordnet: Callable[..., Path]) -> None:
    folder = toy_wordnet()
    cut(folder / "data.noun", 6)
    with pytest.raises(IntegrityError, match=r"data\.noun: expected the 7 synsets that index\.noun names, found 4"):
        read_wordnet(folder)


def test_index_file_cut_at_a_line_boundary_is_not_taken_for_whole(toy_wordnet: Callable[..., Path]) -> None:
    folder = toy_wordnet()
    cut(folder / "index.noun", 4)
    with pytest.raises(IntegrityError, match=r"index\.noun: expected the 7 synsets of data\.noun, found 3"):
        read_wordnet(folder)


def test_index_that_lacks_one_word_is_told(toy_wordnet: Callable[..., Path]) -> None:
    folder = toy_wordnet()
    index = folder / "index.noun"
    index.write_text(re.sub(r"\ntom n.*", "", index.read_text()))
    with pytest.raises(IntegrityError, match="under each of 'cat', 'tom', found a word without it"):
        read_wordnet(folder)


def test_synset_on_two_lines_is_an_error(toy_wordnet: Callable[..., Path]) -> None:
    data = toy_wordnet() / "data.noun"
    data.write_text(data.read_text() + data.read_text().splitlines(keepends=True)[-1])
    with pytest.raises(SourceError, match="stand on several lines"):
        read_wordnet(data.parent)


def test_dangling_pointer_is_dropped_and_told(toy_wordnet, toy_synset) -> None:
    folder = toy_wordnet(paw=toy_synset("paw", pointers=["#p cat", "@ nowhere", "+ cat 01 07"]))
    with pytest.warns(KgzslWarning, match="2 pointers to a synset that is not there, dropped"):
        graph = read_wordnet(folder, limits=Limits(max_bad_fraction=0.1))
    assert graph.report["dropped_dangling_pointer"] == 2
    assert [str(edge) for edge in graph.edges(tail="paw.n.01")] == ["cat.n.01 has_part paw.n.01"]
    with pytest.raises(SourceError, match=r"paw\.n\.01 has a pointer \(is_a\) to a synset or word that is not there"):
        read_wordnet(folder, strict=True)


def test_more_bad_pointers_than_one_in_a_hundred_are_an_error(toy_wordnet, toy_synset) -> None:
    folder = toy_wordnet(paw=toy_synset("paw", pointers=["#p cat", "@ nowhere"]))
    with pytest.warns(KgzslWarning, match="1 pointers to a synset that is not there, dropped"):
        num_pointers = read_wordnet(folder).report["pointer_lines"]
    message = f"1 of {num_pointers} rows are bad, more than 0 %: 1 pointers to a synset that is not there"
    with pytest.raises(SourceError, match=message):
        read_wordnet(folder, limits=Limits(max_bad_fraction=0))
    folder = toy_wordnet(paw=toy_synset("paw", pointers=["#p cat", "@ nowhere", "@ paw"]))
    with pytest.raises(
        SourceError, match=f"2 of {num_pointers + 1} rows are bad, more than 1 %: 1 pointers to a synset"
    ):
        read_wordnet(folder)


def test_lexicographer_files_have_names_without_a_table_of_them(toy_wordnet) -> None:  # A2
    folder = toy_wordnet()
    without = read_wordnet(folder)
    (folder / "lexnames").write_text("00\tadj.all\t3\n")
    with_table = read_wordnet(folder)
    assert (without.report["lexnames_missing"], with_table.report["lexnames_missing"]) == (1, 0)
    assert without.concept("cat.n.01").more["lexname"] == "noun.animal"
    assert without.fingerprint == with_table.fingerprint


def test_hypernym_of_itself_is_dropped_and_told(toy_wordnet, toy_synset) -> None:
    folder = toy_wordnet(paw=toy_synset("paw", pointers=["#p cat", "@ paw"]))
    with pytest.warns(KgzslWarning, match="1 pointers from a synset to itself, dropped") as told:
        graph = read_wordnet(folder)
    assert told[0].filename == __file__
    assert graph.report["dropped_self_loop"] == 1
    with pytest.raises(SourceError, match="to itself"):
        read_wordnet(folder, strict=True)


def test_cycle_of_hypernyms_is_kept_and_told_and_questions_end(toy_wordnet, toy_synset) -> None:
    folder = toy_wordnet(entity=toy_synset("entity", pointers=["@ cat"]))
    with pytest.warns(KgzslWarning, match=r"animal\.n\.01 -> cat\.n\.01 -> entity\.n\.01"):
        graph = read_wordnet(folder)
    assert graph.report["taxonomic_cycles"] == 1
    assert graph.ancestors("cat.n.02") == ("cat.n.01", "animal.n.01", "entity.n.01")
    with pytest.raises(SourceError, match="a cycle of hypernyms"):
        read_wordnet(folder, strict=True)


def test_words_that_look_like_something_else_stay_words(toy_wordnet, toy_synset) -> None:
    words = ["nan", "null", "true", "infinity", ".22", "20/20", "TCP/IP"]
    graph = read_wordnet(toy_wordnet(paw=toy_synset("paw", words=words)))
    assert [graph.concept("nan.n.01").label, *graph.concept("nan.n.01").aliases] == words


def test_equal_offsets_in_different_files_stay_apart(toy_wordnet: Callable[..., Path]) -> None:
    graph = read_wordnet(toy_wordnet())
    firsts = [graph.concept(name) for name in ("entity.n.01", "hurry.v.01", "fast.a.01", "quickly.r.01")]
    assert len({concept.more["offset"] for concept in firsts}) == 1
    assert {graph.resolve(concept.more["wnid"]) for concept in firsts} == set(firsts)


def test_toy_edges_are_these(toy_wordnet: Callable[..., Path]) -> None:
    assert triples(read_wordnet(toy_wordnet())) == {
        "animal.n.01 is_a entity.n.01",
        "cat.n.01 is_a animal.n.01",
        "group.n.01 is_a entity.n.01",
        "speed.n.01 is_a entity.n.01",
        "cat.n.02 instance_of cat.n.01",
        "cat.n.01 has_part paw.n.01",
        "group.n.01 has_member animal.n.01",
        "cat.n.01 has_domain_topic group.n.01",
        "speed.n.01 attribute fast.a.01",
        "fast.a.01 attribute speed.n.01",
        "speed.n.01 derivationally_related hurry.v.01",
        "hurry.v.01 derivationally_related speed.n.01",
        "hurry.v.01 entails move.v.01",
        "hurry.v.01 causes move.v.01",
        "fast.a.01 similar_to quick.s.01",
        "quick.s.01 similar_to fast.a.01",
        "fast.a.01 antonym slow.a.01",
        "slow.a.01 antonym fast.a.01",
        "fast.a.01 also_see slow.a.01",
        "quickly.r.01 derived_from fast.a.01",
    }


FILES = [f"{kind}.{suffix}" for kind in ("data", "index") for suffix in ("noun", "verb", "adj", "adv")]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(FILES), st.lists(st.tuples(st.integers(0, 1200), st.integers(0, 255)), min_size=1, max_size=3))
def test_altered_bytes_are_read_or_refused_in_our_words(toy_wordnet, name: str, changes: list[tuple[int, int]]) -> None:
    path = toy_wordnet() / name
    content = bytearray(path.read_bytes())
    for place, value in changes:
        content[place % len(content)] = value
    path.write_bytes(content)
    with contextlib.suppress(KgzslError), warnings.catch_warnings(action="ignore", category=KgzslWarning):
        read_wordnet(path.parent)
