"""RDF from files, addresses and texts, and the syntax it is found to be in."""

import gzip
import os

import pytest

from kgzsl.errors import (
    IntegrityError,
    LimitExceededError,
    NetworkError,
    OfflineError,
    SourceError,
    UnknownNameError,
    UnsafeInputError,
)
from kgzsl.sources import http
from kgzsl.sources.limits import Limits
from kgzsl.sources.rdf import read_rdf
from kgzsl.sources.rdf_content import stem_of
from kgzsl.sources.rdf_formats import chosen_format, named_format
from tests.sources.loopback import Answer, LoopbackServer, closed_port

TURTLE = "@prefix x: <http://x/> .\nx:a x:p x:b, <c> ."
XML = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="http://x/a"/></rdf:RDF>'


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(http, "pause", lambda seconds: None)


@pytest.mark.parametrize(
    ("content", "format"),
    [
        ("@prefix x: <http://x/> . x:a a x:b .", "trig"),
        ("PREFIX x: <http://x/> x:a a x:b .", "trig"),
        ("# note\n\n<http://x/a> <http://x/p> 'c' .", "trig"),
        ("<a> <b> <c> .", "trig"),
        ("<urn:x:a> <b> <c> .", "trig"),
        ("[] a <http://x/b> .", "trig"),
        ("{ <a> <b> <c> }", "trig"),
        ("_:a <http://x/p> <http://x/b> <http://x/g> .", "nquads"),
        ('<http://x/a> <http://x/p> "a \\" b"@en _:g .', "nquads"),
        ("<http://x/a> <http://x/p> <http://x/b> .", "trig"),
        (XML, "rdfxml"),
        ('<?xml version="1.0"?>' + XML, "rdfxml"),
        ("<!-- note -->" + XML, "rdfxml"),
        ('<!DOCTYPE rdf:RDF [<!ENTITY x "y">]>' + XML, "rdfxml"),
        ('{"@id": "a"}', "jsonld"),
        ('[{"@id": "a"}]', "jsonld"),
        ('\ufeff \n{ "@id": "a"}', "jsonld"),
        ("null", "jsonld"),
    ],
)
def test_the_first_bytes_tell_the_format(content, format):
    # D17
    assert chosen_format(content.encode(), "x") == format
    assert chosen_format(content.encode(), "x", suffix=".owl") == format
    assert chosen_format(content.encode(), "x", media_type="text/plain") == format


@pytest.mark.parametrize(
    ("content", "message"),
    [
        # D13-D15, D20
        ("<rdf:RDF/>", "looks like RDF/XML .*the suffix .ttl says Turtle"),
        ('{"@id": "a"}', "looks like JSON-LD"),
        (
            '<?xml version="1.0"?><Ontology xmlns="http://www.w3.org/2002/07/owl#" ontologyIRI="http://x/">',
            "this is OWL/XML",
        ),
        (
            '<Ontology xmlns="http://www.w3.org/2002/07/owl#"><Prefix name="" IRI="http://x/"/></Ontology>',
            "this is OWL/XML",
        ),
        ("format-version: 1.2\n[Term]\nid: X:1", "this is OBO; .*read_obo"),
        ("! note", "no valid Turtle"),
        ("Prefix(:=<http://x/>)\nOntology(<http://x/>)", "this is OWL functional syntax"),
        ("Prefix: : <http://x/>\nOntology: <http://x/>", "this is OWL Manchester syntax"),
        ("<!DOCTYPE html><html></html>", "looks like an HTML page"),
        ("<html><body>", "looks like an HTML page"),
    ],
)
def test_what_is_not_the_syntax_expected_is_named(content, message, tmp_path):
    path = tmp_path / "x.ttl"
    path.write_text(content)
    with pytest.raises(SourceError, match=message):
        read_rdf(path)


def test_formats_are_named_in_many_ways_and_contradictions_told():
    names = {
        "Turtle": "turtle",
        "nt": "ntriples",
        "N-Quads": "nquads",
        "application/rdf+xml": "rdfxml",
        ".JSONLD": "jsonld",
    }
    assert {name: named_format(name) for name in names} == names
    with pytest.raises(UnknownNameError, match="no RDF format is called 'obo'"):
        read_rdf(text=TURTLE, format="obo")
    with pytest.raises(SourceError, match=r"looks like Turtle or one of its kin .*format='xml' says RDF/XML"):
        read_rdf(text=TURTLE, format="xml")
    with pytest.raises(SourceError, match="the content type text/turtle says Turtle"):
        chosen_format(XML.encode(), "x", media_type="text/turtle")


def test_a_file_may_have_any_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("x:y.ttl", "-x.ttl", "a\u00e9 \U0001f600.ttl", "no suffix"):
        (tmp_path / name).write_text(TURTLE)
        assert len(read_rdf(name)) == 3, name
        assert len(read_rdf(tmp_path / name)) == 3, name
    assert stem_of(os.fspath(tmp_path / "zoo.owl.ttl.gz")) == "zoo.owl"
    assert stem_of("http://x.org/a/zoo.ttl?x=1#y") == "zoo"
    assert stem_of("http://x.org/") == "x"


@pytest.mark.parametrize(
    ("path", "content", "kind"),
    [
        ("/zoo", TURTLE, "text/turtle; charset=utf-8"),
        ("/zoo.ttl", TURTLE, "text/plain"),
        ("/zoo", TURTLE, "application/octet-stream"),
        ("/zoo.ttl.gz", gzip.compress(TURTLE.encode(), mtime=0), "application/gzip"),
    ],
)
def test_an_address_is_read_in_the_format_it_says(path, content, kind):
    with LoopbackServer({path: Answer(content, content_type=kind)}) as server:
        graph = read_rdf(server.url(path))
        assert graph.ids == (server.url("/c"), "x:a", "x:b")
        assert graph.name == "zoo"
        assert "text/turtle" in server.asked[0].headers["Accept"]
        assert read_rdf(server.url(path), base="http://y/").ids == ("http://y/c", "x:a", "x:b")


def test_an_address_that_does_not_give_rdf():
    # D29, D30, D31
    page = "<!DOCTYPE html><html><title>x</title></html>"
    answers = {
        "/html": Answer(page, content_type="text/html"),
        "/down": Answer(page, status=502, content_type="text/html"),
        "/cut": Answer(TURTLE, cut=20, content_type="text/turtle"),
        "/empty": Answer("", content_type="text/turtle"),
        "/loop": Answer(status=302, headers={"Location": "/loop"}),
        "/file": Answer(status=302, headers={"Location": "file:///etc/hostname"}),
        "/drip": Answer(TURTLE, drip=0.05, content_type="text/turtle"),
        "/bomb.ttl.gz": Answer(gzip.compress(b"#" * 60_000_000), content_type="application/gzip"),
        "/half.ttl.gz": Answer(gzip.compress(TURTLE.encode(), mtime=0)[:-9], content_type="application/gzip"),
    }
    with LoopbackServer(answers) as server:
        for path, error, message in (
            ("/html", NetworkError, "answered text/html"),
            ("/down", NetworkError, "answered 502"),
            ("/cut", NetworkError, "cut short"),
            ("/empty", NetworkError, "the answer is empty"),
            ("/loop", LimitExceededError, "redirects"),
            ("/file", UnsafeInputError, "not http or https"),
            ("/bomb.ttl.gz", LimitExceededError, "gzip_ratio"),
            ("/half.ttl.gz", IntegrityError, "complete gzip data"),
        ):
            with pytest.raises(error, match=message):
                read_rdf(server.url(path))
        with pytest.raises(NetworkError, match=r"no whole answer within 0\.3 s"):
            read_rdf(server.url("/drip"), limits=Limits(total_seconds=0.3))
    with pytest.raises(NetworkError, match=r"refused.*save the file and give its path"):
        read_rdf(f"http://127.0.0.1:{closed_port()}/zoo.ttl")


def test_the_network_can_be_forbidden(monkeypatch):
    monkeypatch.setenv("KGZSL_OFFLINE", "1")
    with LoopbackServer({"/zoo": Answer(TURTLE)}) as server:
        with pytest.raises(OfflineError):
            read_rdf(server.url("/zoo"))
        assert server.asked == []


def test_a_context_is_never_fetched_and_may_be_given(tmp_path):
    # D6, D7, D8
    context = {"@context": {"name": "http://www.w3.org/2000/01/rdf-schema#label", "x": "http://x/"}}
    (tmp_path / "ctx.json").write_text('{"@context": {"name": "http://www.w3.org/2000/01/rdf-schema#label"}}')
    with LoopbackServer({"/ctx.json": Answer("{}")}) as server:
        url = server.url("/ctx.json")
        documents = (
            f'{{"@context": "{url}", "@id": "http://x/a", "name": "A"}}',
            f'{{"@context": ["{url}"], "@id": "http://x/a", "name": "A"}}',
            f'{{"@context": {{"@version": 1.1, "@import": "{url}"}}, "@id": "http://x/a", "name": "A"}}',
            f'{{"@context": {{"p": {{"@id": "http://x/p", "@context": "{url}"}}}}, '
            '"p": {"@id": "http://x/a", "name": "A"}}',
        )
        for text in documents:
            with pytest.raises(
                UnsafeInputError, match="is not on the allow-list, and nothing was fetched; pass contexts="
            ):
                read_rdf(text=text)
            for given in (tmp_path / "ctx.json", str(tmp_path / "ctx.json"), context):
                assert read_rdf(text=text, contexts={url: given}).find_one("A")
        assert server.asked == []
    with pytest.raises(UnsafeInputError, match="file:///etc/hostname"):
        read_rdf(text='{"@context": "file:///etc/hostname", "@id": "http://x/a", "label": "hi"}')
    with pytest.raises(SourceError, match='is no JSON object with "@context"'):
        read_rdf(text=documents[0], contexts={url: {"x": 1}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # D9
        ("null", "the top level is null"),
        ("123", "the top level is a number"),
        ('"x"', "the top level is a string"),
        ("true", "the top level is a truth value"),
        ('{"@id": "http://x/a",\n "p"}', "line 2: is not JSON"),
    ],
)
def test_json_that_is_no_json_ld(text, message):
    with pytest.raises(SourceError, match=message):
        read_rdf(text=text, format="jsonld")
