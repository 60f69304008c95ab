import json
import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kgzsl
from kgzsl.display.text import cell_width
from kgzsl.errors import (
    DataMissingError,
    GroundingError,
    InputFormatError,
    SourceError,
    UnknownConceptError,
    UnknownNameError,
)
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query import check_names, ground, ground_classes, read_overrides, write_overrides
from kgzsl.query.grounding import grounded
from kgzsl.query.grounding_result import WAYS


@pytest.fixture(scope="module")
def wordnet():
    return kgzsl.load_graph("wordnet")


def how(grounding):
    return {row.label: (row.concept, row.how) for row in grounding.rows}


# -- each way of being found ------------------------------------------------------------------------------------


def test_each_way_of_being_found(toy_graph):
    labels = ["dog", "n02084071", "House_Cat", "hound", "FlyingMouse", "owls", "bird of night, hooter", "cats"]
    found = ground(toy_graph, labels, overrides={"hound": "bat"})
    assert how(found) == {
        "dog": ("dog", "id"),
        "n02084071": ("dog", "alternate id"),
        "House_Cat": ("cat", "label"),
        "hound": ("bat", "override"),
        "FlyingMouse": ("bat", "spelling"),
        "owls": ("owl", "plural"),
        "bird of night, hooter": ("owl", "list of names"),
        "cats": ("cat", "plural"),
    }
    assert found.counts == {
        "override": 1,
        "id": 1,
        "alternate id": 1,
        "label": 1,
        "spelling": 1,
        "plural": 2,
        "list of names": 1,
    }
    assert dict(found) == {label: concept for label, (concept, _) in how(found).items()}
    assert found.require() is found


def test_every_way_is_reached_by_some_label(wordnet):
    labels = ["tiger.n.02", "n02129604", "dog.n.02", "zebra", "zebras", "ice bear", "polar bear", "KillerWhale"]
    labels += ["cow, moo-cow", "crane", "no such thing at all", "tiger", "mine"]
    by_policy = ground(wordnet, ["dog"], prefer="first-sense", under="entity.n.01")
    found = ground(wordnet, labels, overrides={"mine": "mine.n.01"})
    assert {row.how for row in (*found.rows, *by_policy.rows)} == set(WAYS)


@pytest.mark.parametrize(
    "label",
    [
        "n02084071", "n2084071", "N02084071", " n02084071 ", "02084071-n", "2084071-n", "02084071n", "n-02084071",
        "n_02084071", "AwA:n02084071", "http://www.image-net.org/synset?wnid=n02084071", "wn30:n02084071",
        "http://wordnet-rdf.princeton.edu/wn30/02084071-n",
    ],
)  # fmt: skip
def test_an_offset_is_found_however_it_is_spelled(wordnet, label):
    assert how(ground(wordnet, [label])) == {label: ("dog.n.01", "alternate id")}


REASONS = {
    "wn31:n02084071": "WordNet 3.1 numbers other concepts than this graph",
    "http://wordnet-rdf.princeton.edu/wn31/102086723-n": "WordNet 3.1 numbers other concepts than this graph",
    "100787849-n": "nine digits are WordNet 3.1's; offsets of one version are no ids of another",
    "n99999999": "no concept has the offset n99999999",
    "n00000001": "no concept has the offset n00000001",
    "v02084071": "no concept has the offset v02084071",
    "dog.n.00": "sense numbers start at 1; dog.n has 7",
    "dog.n.-1": "sense numbers start at 1; dog.n has 7",
    "dog.n.08": "dog.n has 7",
    "dog.n.xx": "",
    " ": "it is blank",
    "": "it is blank",
}


def test_what_is_no_id_is_missing_with_the_reason(wordnet):
    rows = ground(wordnet, REASONS).rows
    assert {row.label: row.note for row in rows} == REASONS
    assert {row.how for row in rows} == {"missing"}


def test_a_numbered_sense_is_the_concept_nltk_calls_so(wordnet):
    # nltk.corpus.wordnet.synset(label).lemmas() on the same files
    senses = {"dog.n.02": "frump.n.01", "dog.n.7": "andiron.n.01", "DOG#n#5": "frank.n.02", "dog.n.06": "pawl.n.01"}
    assert dict(ground(wordnet, senses)) == senses


@pytest.mark.parametrize("label", ["polar bear", "polar_bear", "polar-bear", "Polar  BEAR", "POLAR-BEARS"])
def test_separators_case_and_number_do_not_matter(wordnet, label):
    assert dict(ground(wordnet, [label])) == {label: "ice_bear.n.01"}


def test_composed_and_decomposed_letters_are_the_same():
    graph = KnowledgeGraph.from_tables(
        pl.DataFrame({"id": ["a", "b"], "label": ["Café", "Zoe\u0308"]}),
        pl.DataFrame({"head": ["a"], "relation": ["is_a"], "tail": ["b"]}),
    )
    labels = ["café", unicodedata.normalize("NFD", "café"), "Zoë"]
    assert dict(ground(graph, labels, methods=["names"])) == dict(zip(labels, ["a", "a", "b"], strict=True))


def test_names_that_differ_in_case_alone_are_ambiguous_and_their_ids_exact(wordnet):
    found = ground(wordnet, ["Turkey", "turkey"])
    assert list(found.ambiguous) == ["Turkey", "turkey"]
    assert found.ambiguous["Turkey"] == found.ambiguous["turkey"]
    assert dict(ground(wordnet, ["turkey.n.02"])) == {"turkey.n.02": "turkey.n.02"}


def test_a_label_asked_twice_has_one_row_and_concepts_are_ids(toy_graph):
    found = ground(toy_graph, ["dog", "dog", toy_graph.concept("cat")])
    assert dict(found) == {"dog": "dog", "cat": "cat"}
    assert len(found.rows) == 2
    assert ground(toy_graph, ["hound", "dog"]).shared == {"dog": ("hound", "dog")}


# -- ambiguity and what decides it ------------------------------------------------------------------------------


def test_nothing_is_chosen_among_several(wordnet):
    found = ground(wordnet, ["crane"])
    assert dict(found) == {}
    assert [id_ for id_, _ in found.ambiguous["crane"]] == [
        "crane.n.01", "crane.n.02", "crane.n.04", "crane.n.05", "crane.v.01", "grus.n.01",
    ]  # fmt: skip
    with pytest.raises(GroundingError) as caught:
        found.require()
    assert caught.value.ambiguous == found.ambiguous


def test_under_keeps_what_lies_below(wordnet):
    assert how(ground(wordnet, ["crane", "maillot"], under="animal.n.01")) == {
        "crane": ("crane.n.05", "label"),
        "maillot": ("", "missing"),
    }
    (row,) = ground(wordnet, ["dog.n.01"], under="plant.n.02").rows
    assert (row.how, row.nearest, row.note) == ("missing", ("dog.n.01",), "found, but not under plant.n.02")
    assert dict(ground(wordnet, ["animal.n.01"], under=["animal.n.01"])) == {"animal.n.01": "animal.n.01"}
    with pytest.raises(UnknownConceptError, match=r"nearest: 'animal\.n\.01'"):
        ground(wordnet, ["dog"], under="animal.n.1")


def test_what_is_near_a_misspelt_name_lies_below_as_well(wordnet):
    near = ground(wordnet, ["giraff", "Elefant"], under="animal.n.01").missing
    assert [ids[0] for ids in near.values()] == ["giraffe.n.01", "elephant.n.01"]
    below = set(wordnet.descendants("animal.n.01").ids)
    assert {id_ for ids in near.values() for id_ in ids} <= below
    assert ground(wordnet, ["giraff"]).missing["giraff"][0] == "giraffa.n.01"


def test_a_name_of_several_concepts_is_shown_with_the_way_to_fewer(wordnet):
    assert "under='…', the id of a concept, keeps what lies below it" in str(ground(wordnet, ["crane"]))
    assert "under=" not in str(ground(wordnet, ["unikorn"]))


def test_under_follows_the_relations_asked_for(toy_graph):
    assert dict(ground(toy_graph, ["bat"], under="wing", relations="has_part")) == {"bat": "bat"}
    assert dict(ground(toy_graph, ["bat"], under="wing")) == {}


def test_the_first_sense_is_a_policy_that_is_asked_for_and_counted(wordnet, toy_graph):
    found = ground(wordnet, ["tiger", "zebra"], prefer="first-sense")
    assert how(found) == {"tiger": ("tiger.n.01", "first sense"), "zebra": ("zebra.n.01", "label")}
    assert found.counts["first sense"] == 1
    # `crane` is the first sense of a noun and of a verb
    assert list(ground(wordnet, ["crane"], prefer="first-sense").ambiguous) == ["crane"]
    with pytest.raises(InputFormatError, match="toy has no sense_numbers"):
        ground(toy_graph, ["dog"], prefer="first-sense")
    with pytest.raises(UnknownNameError, match="'first-sense'"):
        ground(wordnet, ["dog"], prefer="first")


def test_overrides_come_first_and_unused_ones_are_named(wordnet):
    found = ground(wordnet, ["crane", "tiger.n.02"], overrides={"crane": "n02012849", "no": "dog.n.01"})
    assert how(found)["crane"] == ("crane.n.05", "override")
    assert found.unused == ("no",)
    with pytest.raises(UnknownConceptError, match=r"'crane\.n\.55'"):
        ground(wordnet, ["crane"], overrides={"crane": "crane.n.55"})


def test_the_overrides_to_paste_are_python_and_decide_nothing(wordnet):
    found = ground(wordnet, ["crane", 'a "quoted"\nname'])
    scope = {}
    exec(found.overrides, scope)
    assert scope["overrides"] == {}
    line = next(line for line in found.overrides.splitlines() if "crane.n.05" in line)
    exec(f"chosen = {{{line.replace('    # ', '', 1)}\n}}", scope)
    assert dict(ground(wordnet, ["crane"], overrides=scope["chosen"])) == {"crane": "crane.n.05"}


# -- the same strict grounding for classes ----------------------------------------------------------------------


def test_classes_are_ids_and_names_and_nothing_else(wordnet):
    assert ground_classes(wordnet, ["tiger.n.02", "n02391049", "giant panda"]) == (
        "tiger.n.02", "zebra.n.01", "giant_panda.n.01",
    )  # fmt: skip
    with pytest.raises(GroundingError) as caught:
        ground_classes(wordnet, ["zebras", "dog.n.02", "KillerWhale", "crane", "zebra"])
    assert list(caught.value.missing) == ["zebras", "dog.n.02", "KillerWhale"]
    assert list(caught.value.ambiguous) == ["crane"]


def test_two_labels_of_one_class_are_refused_by_name(toy_graph):
    assert grounded(toy_graph, ["dog", "hound"]) == {"dog": "dog", "hound": "dog"}
    with pytest.raises(InputFormatError, match="'dog' and 'hound' are both dog"):
        ground_classes(toy_graph, ["dog", "hound"])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("dog", r"labels are given as a list, not as one string: \['dog'\]"),
        ([1], r"not int 1: .*np\.array\(names\)\[y\]"),
        ([None], "NoneType"),
    ],
)
def test_labels_are_a_list_of_strings(toy_graph, labels, message):
    for grounding in (ground, ground_classes):
        with pytest.raises(InputFormatError, match=message):
            grounding(toy_graph, labels)


def test_a_method_that_is_none_is_refused(toy_graph):
    with pytest.raises(UnknownNameError, match="'plural'"):
        ground(toy_graph, ["dog"], methods=["plural"])


def test_only_the_first_ten_missing_are_searched_for(toy_graph):
    found = ground(toy_graph, [f"do{number}" for number in range(12)])
    assert [bool(ids) for ids in found.missing.values()] == [True] * 10 + [False] * 2
    assert found.missing["do0"][0] == "dog"


def test_names_are_searched_as_well_as_ids():
    graph = KnowledgeGraph.from_tables(
        pl.DataFrame({"id": ["X:1", "X:2"], "label": ["blood vessel", "nerve"], "aliases": [["vas"], []]}),
        pl.DataFrame({"head": ["X:1"], "relation": ["is_a"], "tail": ["X:2"]}),
    )
    assert ground(graph, ["blod vessle"]).missing == {"blod vessle": ("X:1",)}


# -- real class lists -------------------------------------------------------------------------------------------


def test_the_names_of_awa2_are_found_among_animals_and_none_is_wrong(wordnet, shared_data):
    names = json.loads(shared_data("kzsl/AwA/class.json").read_text())
    gold = {name: wordnet.resolve(wnid) for side in names.values() for wnid, name in side.items()}
    found = ground(wordnet, gold, under="animal.n.01")
    assert found.counts == {"label": 34, "alias": 2, "spelling": 10, "ambiguous": 4}
    assert {label: id_ for label, id_ in found.items() if id_ != gold[label]} == {}
    assert all(gold[label] in [id_ for id_, _ in pairs] for label, pairs in found.ambiguous.items())


def test_lists_of_all_names_stand_for_their_noun_or_are_ambiguous(wordnet):
    nouns = wordnet.concepts_table.filter(pl.col("pos") == "n")[::8]
    gold = {
        ", ".join([label, *aliases]): id_
        for label, aliases, id_ in zip(nouns["label"], nouns["aliases"], nouns["id"], strict=True)
    }
    found = ground(wordnet, gold)
    assert not found.missing
    assert {label: id_ for label, id_ in found.items() if id_ != gold[label]} == {}
    assert len(found) / len(gold) > 0.75


def test_names_beside_the_wrong_id_are_counted(wordnet, shared_data):
    sides = json.loads(shared_data("kzsl/AwA/class.json").read_text())
    table = {wnid: name for side in sides.values() for wnid, name in side.items()}
    assert check_names(wordnet, table).ok
    table["n02391049"], table["n02129604"] = "frilledlizard", table["n02391049"]
    table |= {"n99999999": "zebra", "n02123394": "Mr Tibbles"}
    checked = check_names(wordnet, table)
    assert {(row.id, row.verdict, row.others) for row in checked.wrong} == {
        ("n02391049", "names another", ("frilled_lizard.n.01",)),
        ("n02129604", "names another", ("zebra.n.01",)),
        ("n99999999", "unknown id", ("zebra.n.01",)),
        ("n02123394", "unknown name", ()),
    }
    assert checked.counts == {"agrees": 47, "names another": 2, "unknown name": 1, "unknown id": 1}
    assert checked.to_frame().filter(pl.col("verdict") != "agrees").height == 4
    assert "frilled_lizard" in str(checked)
    assert "frilled_lizard" in checked._repr_html_()
    with pytest.raises(InputFormatError, match="the name of 'n02391049' is a string"):
        check_names(wordnet, {"n02391049": 3})


# -- files ------------------------------------------------------------------------------------------------------


def test_a_grounding_comes_back_from_its_file(wordnet, tmp_path):
    labels = ["tiger", "zebras", "crane", "polarbeer", "\ud800"]
    file = tmp_path / "overrides.json"
    first = ground(wordnet, labels, prefer="first-sense")
    write_overrides(first, file)
    assert [path.name for path in tmp_path.iterdir()] == ["overrides.json"]
    again = ground(wordnet, labels, overrides=file)
    assert dict(again) == dict(first) == {"tiger": "tiger.n.01", "zebras": "zebra.n.01"}
    assert list(again.ambiguous) == ["crane"]
    written = json.loads(file.read_text())
    assert "crane.n.05" in written["crane"]
    file.write_text(json.dumps(written | {"crane": "crane.n.05", "polarbeer": None}))
    assert ground(wordnet, labels, overrides=str(file))["crane"] == "crane.n.05"
    write_overrides({"a": "b"}, file)
    assert read_overrides(file) == {"a": "b"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": "x",\n "b" 1}', r"line 2: not JSON"),
        ('{"a": "x", "a": "y"}', "'a' is given twice"),
        ('{"a": 3}', "'a' has 3; expected a concept id, a list or null"),
        ('{"a": {"b": "c"}}', "'a' has "),
        ("[1]", "expected an object"),
        ("{\xff}", "not JSON in UTF-8"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_file_that_is_no_table_of_overrides_is_refused(tmp_path, text, message):
    file = tmp_path / "overrides.json"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(SourceError, match=message):
        read_overrides(file)


def test_a_file_that_is_not_there_or_too_long_is_refused(tmp_path, monkeypatch):
    with pytest.raises(DataMissingError, match=r"overrides\.json: no such file"):
        read_overrides(tmp_path / "overrides.json")
    file = tmp_path / "long.json"
    file.write_text("{}")
    monkeypatch.setattr("kgzsl.query.grounding_file._MOST_BYTES", 1)
    with pytest.raises(SourceError, match="2 bytes is too long"):
        read_overrides(file)


# -- laws -------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text() | st.sampled_from(["dog", "a, b", "n2084071", "dog.n.01", "OWL", "+", "’s", "of"]), max_size=4)
)
def test_any_text_is_found_ambiguous_or_missing(toy_graph, labels):
    found = ground(toy_graph, labels)
    assert [row.label for row in found.rows] == list(dict.fromkeys(labels))
    assert {*found, *found.missing, *found.ambiguous} == set(labels)
    assert set(found.values()) <= set(toy_graph.ids)
    assert all(line.isprintable() and cell_width(line) <= 96 for line in str(found).splitlines())
    assert ground(toy_graph, labels) == found


def test_ids_alternate_ids_and_the_names_of_one_concept_stand_for_it(wordnet):
    table = wordnet.concepts_table[::400]
    for column in ("id", "label"):
        found = ground(wordnet, table[column])
        gold = dict(zip(table[column], table["id"], strict=True))
        assert {label: id_ for label, id_ in found.items() if id_ != gold[label]} == {}
        assert not found.missing
    others = {other: row["id"] for row in table.iter_rows(named=True) for other in row["alternate_ids"]}
    assert dict(ground(wordnet, others)) == others


# -- showing ----------------------------------------------------------------------------------------------------

HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m\u202e"


def test_what_is_shown_fits_and_acts_on_nothing():
    ids = [f"{HOSTILE}{number}" for number in range(3)]
    graph = KnowledgeGraph.from_tables(
        pl.DataFrame({"id": ids, "label": [HOSTILE, HOSTILE, "z" * 200], "definition": [HOSTILE * 9] * 3}),
        pl.DataFrame({"head": [ids[0]], "relation": ["is_a"], "tail": [ids[1]]}),
        name=HOSTILE,
    )
    found = ground(graph, [HOSTILE, "z" * 200, ids[0], f"{HOSTILE} 7", *(f"q{n}" for n in range(30))])
    for text in (str(found), found.overrides, repr(check_names(graph, {ids[0]: "a"}))):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert max(map(len, str(found).splitlines())) <= 96
    assert "and 11 more missing" in str(found)
    for page in (found._repr_html_(), check_names(graph, {ids[0]: HOSTILE * 2})._repr_html_()):
        assert "<img" not in page
        assert "\x1b" not in page


def test_a_grounding_is_a_value(toy_graph):
    found = ground(toy_graph, ["dog", "bat", "unicorn"])
    assert found.to_dict() == {
        "graph": "toy",
        "unused": [],
        "rows": [
            {"label": "dog", "concept": "dog", "how": "id", "via": "", "definition": "a mammal that barks"}
            | {"nearest": [], "note": "", "candidates": []},
            {"label": "bat", "concept": "bat", "how": "id", "via": "", "definition": "a mammal that flies"}
            | {"nearest": [], "note": "", "candidates": []},
            {"label": "unicorn", "concept": None, "how": "missing", "via": "", "definition": ""}
            | {"nearest": [], "note": "", "candidates": []},
        ],
    }
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()
    assert repr(found) == "<Grounding 2 of 3 labels found in toy: 2 id, 1 missing>"
    assert found == ground(toy_graph, ["dog", "bat"])
    with pytest.raises(AttributeError):
        found.rows = ()
    empty = ground(toy_graph, [])
    assert (str(empty), empty.to_frame().height) == ("0 of 0 labels found in toy", 0)


def test_a_page_tells_the_nearest_in_a_cell_of_its_own(toy_graph):
    page = ground(toy_graph, ["dgo"])._repr_html_()
    assert "<td>not in the graph</td>" in page
    assert ">nearest: dog" in page
