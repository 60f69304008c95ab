"""Faults of documents that are put right and counted; numbers in comments are rows of the reliability table."""

import pytest

from kgzsl.errors import KgzslWarning, SourceError
from kgzsl.sources.rdf import RdfMapping, read_rdf
from kgzsl.sources.rdf_repair import repaired

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:x="http://x/"'
LABEL = "<http://www.w3.org/2000/01/rdf-schema#label>"


def xml(body):
    return f'<?xml version="1.0"?><rdf:RDF {RDF}>{body}</rdf:RDF>'


def test_control_characters_are_replaced_in_names_and_refused_in_ids():
    # D22
    with pytest.warns(KgzslWarning, match="control_characters"):
        graph = read_rdf(text=f'<http://x/a> {LABEL} "x\\u0000y\\u0008" .')
    assert graph.concept("http://x/a").label == "x\ufffdy\ufffd"
    for wrong in ("\\u0000", "\\u0009", "\x01"):
        with pytest.raises(SourceError):
            read_rdf(text=f"<http://x/a{wrong}b> <http://x/p> <http://x/c> .", format="turtle")


def test_halves_of_characters_are_replaced_or_joined():
    # D23
    with pytest.warns(KgzslWarning, match="lone_surrogate"):
        graph = read_rdf(text=f'<http://x/a> {LABEL} "\\ud800 \\\\ud800 \\ud83d\\ude00" .')
    assert graph.concept("http://x/a").label == "\ufffd \\ud800 \U0001f600"
    with pytest.warns(KgzslWarning, match="lone_surrogate"):
        graph = read_rdf(
            text='{"@id": "http://x/a", "http://www.w3.org/2000/01/rdf-schema#label": "\\ud800 \\ud83d\\ude00"}'
        )
    assert graph.concept("http://x/a").label == "\ufffd \U0001f600"
    with pytest.raises(SourceError, match="line 1"):
        read_rdf(text=f'<http://x/a> {LABEL} "\\ud800" .', strict=True)


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ('<http://x/a b"> <http://x/p> <http://x/c> . # <http://x/a b>', "turtle"),
        ('<http://x/a b"> <http://x/p> <http://x/c> .', "ntriples"),
        ("<http://x/a\\u0020b\\u0022> <http://x/p> <http://x/c> .", "nquads"),
        (
            xml('<rdf:Description rdf:about=\'http://x/a b"\'><x:p rdf:resource="http://x/c"/></rdf:Description>'),
            "rdfxml",
        ),
    ],
)
def test_characters_that_no_iri_may_hold_are_encoded(text, format):
    # D24
    with pytest.warns(KgzslWarning, match="1 bad_iri"):
        graph = read_rdf(text=text, format=format, mapping=RdfMapping(prefixes={"x": "http://x/"}))
    assert graph.ids == ("x:a%20b%22", "x:c")
    with pytest.raises(SourceError):
        read_rdf(text=text, format=format, strict=True)


def test_triples_that_json_ld_drops_are_counted():
    text = '{"@id": "http://x/a", "http://x/p": [{"@id": "http://x/c d"}, {"@id": "http://x/e"}]}'
    with pytest.warns(KgzslWarning, match="skipped_bad_iri"):
        graph = read_rdf(text=text)
    assert (graph.report["skipped_bad_iri"], graph.report["rows_read"], graph.report["kept_edges"]) == (1, 2, 1)


def test_relative_iris_never_take_the_current_folder():
    # D25
    for text, name in (
        ("<a> <http://x/p> <#b> .", "turtle"),
        (xml('<rdf:Description rdf:about="a"><x:p rdf:resource="#b"/></rdf:Description>'), "rdfxml"),
        ('{"@id": "a", "http://x/p": {"@id": "#b"}}', "jsonld"),
    ):
        graph = read_rdf(text=text, format=name)
        assert graph.ids == ("kgzsl:rel/#b", "kgzsl:rel/a")
        assert graph.report["relative_iris"] == 2
        based = read_rdf(text=text, format=name, base="http://example.org/doc")
        assert based.resolve("http://example.org/a")
        assert based.resolve("http://example.org/doc#b")
        assert based.report["relative_iris"] == 0
    with pytest.raises(SourceError, match="No scheme found"):
        read_rdf(text="<a> <http://x/p> <b> .", format="ntriples")


def test_ill_typed_literals_are_counted_and_kept_as_strings(capfd):
    # D26
    xsd = "http://www.w3.org/2001/XMLSchema#"
    typed = {
        "integer": ["abc", "12", "9" * 100_000],
        "date": ["2020-99-99", "2020-02-29"],
        "double": ["NaN", "1e3", "1,5"],
    }
    values = [f'"{value}"^^<{xsd}{name}>' for name, found in typed.items() for value in found]
    graph = read_rdf(
        text=f"<http://x/a> <http://x/p> {', '.join(values)} .", mapping=RdfMapping(attributes=("http://x/p",))
    )
    assert graph.report["ill_typed_literals"] == 3
    assert sorted(graph.concept("http://x/a").more["http://x/p"]) == sorted(
        v for found in typed.values() for v in found
    )
    assert capfd.readouterr() == ("", "")


def test_iris_that_look_alike_stay_apart_and_are_counted():
    # D33
    text = "".join(f"<http://x/{spelled}> <http://x/p> 1 . " for spelled in ("caf\u00e9", "cafe\u0301", "caf%C3%A9"))
    graph = read_rdf(text=text, format="turtle")
    assert (len(graph), graph.report["iri_near_duplicates"]) == (3, 1)


def test_only_faults_are_repaired():
    right = "<http://x/a%20é> <http://x/p> \"<a b>\", '''\\\\ud800 <c d>''' . # <e f>\n"
    assert repaired(right, "turtle") == (right, {})
    text, faults = repaired("<a b> <http://x/%zz> <c\\u0020d> .\n" * 7, "turtle")
    assert text == "<a%20b> <http://x/%25zz> <c%20d> .\n" * 7
    assert [line for line, _ in faults["bad_iri"]] == [1, 1, 1, 2, 2, *[None] * 16]
