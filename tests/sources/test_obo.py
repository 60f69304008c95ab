"""OBO files: every link is accounted for, obsolete terms lead to what replaces them, and faults are named by line."""

import pytest

from kgzsl.errors import KgzslWarning, LimitExceededError, SourceError
from kgzsl.sources.limits import Limits
from kgzsl.sources.obo import read_obo

PETS = """\
format-version: 1.4
ontology: pets
default-namespace: animals
import: http://example.org/other.obo

! a comment
[Term]
id: PET:1
name: animal
def: "A living thing that \\"moves\\"." [book:1, "web"]
synonym: "beast" EXACT []
synonym: "creature" BROAD STYLE [book:2] {source="x"}
synonym: "fauna" []

[Term]
id: PET:2
name: dog  ! the one that barks
alt_id: PET:22
is_a: PET:1 {source="book"} ! animal
xref: WN:n02084071
subset: common
comment: kept\\: at home
relationship: part_of PET:6 ! pack
relationship: chases PET:3

[Term]
id: PET:3
name: cat
is_a: PET:1
is_a: PET:1 ! again
disjoint_from: PET:22
intersection_of: PET:1
intersection_of: has_part PET:4

[Term]
id: PET:4
name: claw
namespace: parts
creation_date: 2020-01-01
property_value: color "grey" xsd:string

[Term]
id: PET:5
name: hound
is_obsolete: true
replaced_by: PET:55
is_a: PET:1

[Term]
id: PET:55
is_obsolete: true
replaced_by: PET:2

[Term]
id: PET:6
is_a: PET:6
is_a: PET:5

[Instance]
id: PET:rex
name: Rex
instance_of: PET:2

[Typedef]
id: chases
name: runs after
inverse_of: flees

[Typedef]
id: flees
name: runs away from

[Typedef]
id: touches
name: is in touch with
is_symmetric: true
"""
LENIENT = Limits(max_bad_fraction=1.0)


@pytest.fixture
def file(tmp_path):
    def write(text, name="pets.obo"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def pets(file):
    return read_obo(file(PETS))


def assert_accounts_for_every_link(report):
    parts = ("kept_", "merged_", "skipped_")
    assert report["rows_read"] == sum(count for reason, count in report.items() if reason.startswith(parts))


def test_links_become_edges(pets):
    assert [str(edge) for edge in pets.edges()] == [
        "PET:2 chases PET:3",
        "PET:2 is_a PET:1",
        "PET:3 disjoint_with PET:2",
        "PET:3 has_part PET:4",
        "PET:3 is_a PET:1",
        "PET:6 has_part PET:2",
        "PET:rex instance_of PET:2",
    ]


def test_terms_become_concepts(pets):
    animal, dog = pets.concept("PET:1"), pets.concept("PET:2")
    assert (animal.label, animal.aliases) == ("animal", ("beast",))
    assert animal.definition == 'A living thing that "moves".'
    assert animal.more["synonyms"] == ["beast", "creature", "fauna"]
    assert animal.more["synonym_scopes"] == ["EXACT", "BROAD", "RELATED"]
    assert (dog.label, dog.more["xrefs"], dog.more["subsets"]) == ("dog", ["WN:n02084071"], ["common"])
    assert (dog.more["comment"], dog.more["namespace"]) == ("kept: at home", "animals")
    assert (pets.concept("PET:4").more["namespace"], pets.concept("PET:6").label) == ("parts", "PET:6")
    assert pets.name == "pets"


def test_relations_read_as_their_typedef_says(pets):
    chases = pets.relations["chases"]
    assert (chases.verb, chases.inverse, chases.inverse_verb) == ("runs after", "flees", "runs away from")
    assert str(pets.edges("PET:3", "flees")[0]) == "PET:3 flees PET:2"


def test_every_id_of_a_term_resolves(pets):
    spellings = ["PET:22", "PET:5", "PET:55", "obo:PET_2", "http://purl.obolibrary.org/obo/PET_2", "pet:22"]
    assert {pets.resolve(text) for text in spellings} == {"PET:2"}


def test_report_accounts_for_every_link(pets):
    assert dict(pets.report) == {
        "imports_not_loaded": 1, "kept_links": 7, "links_by_alternate_id": 1, "rows_read": 12, "merged_duplicate": 2,
        "stanzas_merged": 0, "obsolete_left_out": 2, "relations_without_rule": 1, "skipped_obsolete_end": 2,
        "skipped_self_loop": 1, "stanzas_not_used": 0, "tags_not_used": 1, "without_label": 1,
    }  # fmt: skip
    assert_accounts_for_every_link(pets.report)


def test_obsolete_terms_are_kept_on_request(file):
    graph = read_obo(file(PETS), obsolete=True)
    assert graph.resolve("PET:5") == "PET:5"
    assert graph.concept("PET:5").more["is_obsolete"]
    assert (graph.report["obsolete_left_out"], graph.report["skipped_obsolete_end"]) == (0, 0)
    assert_accounts_for_every_link(graph.report)


def test_stanzas_of_one_id_are_one_term_and_lines_may_go_on(file):
    first = "[Term]\nid: A:1\nname: a \\\n  long name\n"
    text = first + "[Term]\nid: A:2\n[Term]\nid: A:2\nname: b\nis_a: A:1\n[Other]\nid: x\n"
    graph = read_obo(file(text.replace("\n", "\r\n").encode("utf-8-sig")))
    assert (graph.concept("A:1").label, graph.concept("A:2").label) == ("a   long name", "b")
    assert (graph.report["stanzas_merged"], graph.report["stanzas_not_used"]) == (1, 1)
    assert graph.name == "pets"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("is_a: PET:1 {", "is_a: PET:9 {", "skipped_dangling_link"),
        ("relationship: chases PET:3", "relationship: chases", "skipped_malformed_link"),
        ("is_a: PET:1 {", "is_a: PET:1 PET:2 {", "skipped_malformed_link"),
    ],
)
def test_bad_links_are_counted_or_refused(file, old, new, reason):
    path = file(PETS.replace(old, new))
    line = PETS[: PETS.index(old)].count("\n") + 1
    with pytest.warns(KgzslWarning, match=f"1 {reason} .line {line}"):
        graph = read_obo(path)
    assert graph.report[reason] == 1
    assert_accounts_for_every_link(graph.report)
    with pytest.raises(SourceError, match=reason) as caught:
        read_obo(path, strict=True)
    assert caught.value.line == line
    with pytest.raises(SourceError, match="1 of 12 rows are bad, more than 0 %"):
        read_obo(path, limits=Limits(max_bad_fraction=0))
    path = file(PETS.replace(old, new) + "\n[Term]\nid: PET:77\nis_a: PET:78\n")
    with pytest.raises(SourceError, match="2 of 13 rows are bad, more than 1 %"):
        read_obo(path)


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("[Term]\nid: A:1\nwhat is this\n", "expected a tag", 3),
        ("@prefix a: <b> .\n", "expected a tag", 1),
        ("[Term]\nname: a\n", r"a \[Term\] without an id", 1),
        ("[Term]\nid: A:1\ndef: no quotes\n", "expected a text in quotes", 3),
        ('[Term]\nid: A:1\nsynonym: "open EXACT []\n', "expected a text in quotes", 3),
        ("format-version: 1.2\n", "has no stanza", None),
        ("[Typedef]\nid: a\n", r"has no \[Term\] that is in use", None),
        ("[Term]\nid: A:1\nis_obsolete: true\n", r"has no \[Term\] that is in use", None),
        (b"[Term]\nid: A:\xff\n", "not UTF-8", 2),
        ("", "the file is empty", None),
    ],
)
def test_what_is_no_obo_is_refused_with_the_line(file, text, words, line):
    with pytest.raises(SourceError, match=words) as caught:
        read_obo(file(text))
    assert caught.value.line == line


def test_long_lines_and_endless_replacements_are_bounded(file):
    with pytest.raises(LimitExceededError, match="line_bytes"):
        read_obo(file("[Term]\nid: A:1\nname: " + "a" * 200), limits=Limits(line_bytes=100))
    ring = "".join(f"[Term]\nid: A:{n}\nis_obsolete: true\nreplaced_by: A:{3 - n}\n" for n in (1, 2))
    graph = read_obo(file("[Term]\nid: A:0\nname: a\n" + ring))
    assert list(graph) == ["A:0"]
