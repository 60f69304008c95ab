"""Hostile and damaged documents, by the rows of the reliability table: D1 to D37."""

import gzip
import json
import random
import subprocess
import sys
import time
import warnings
from contextlib import suppress

import pytest

from kgzsl.errors import (
    DataMissingError,
    IntegrityError,
    KgzslError,
    KgzslWarning,
    LimitExceededError,
    SourceError,
    UnsafeInputError,
)
from kgzsl.sources.limits import Limits
from kgzsl.sources.rdf import RdfMapping, read_rdf
from kgzsl.sources.rdf_content import document_of_text
from kgzsl.sources.rdf_graph import graph_of_triples
from kgzsl.sources.rdf_parsing import parsed
from kgzsl.sources.rdf_safety import checked_nesting
from kgzsl.sources.tally import Tally
from kgzsl.sources.xml_guard import guard_xml

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:x="http://x/"'
LABEL = "<http://www.w3.org/2000/01/rdf-schema#label>"
REFUSED = (KgzslError,)
COUNTED = {
    "rdf/bad_iri.ttl": "bad_iri",
    "rdf/nul.ttl": "control_characters",
    "rdf/lone_surrogate.ttl": "lone_surrogate",
    "rdf/ill_typed.ttl": "ill_typed_literals",
    "owl/imports.ttl": "imports_not_loaded",
    "owl/equiv_cycle.ttl": "kept_edges",
    "owl/subclass_cycle.ttl": "taxonomic_cycles",
    "owl/punning.ttl": "punned",
    "owl/deprecated.ttl": "skipped_deprecated",
    "owl/skos_cycle.ttl": "taxonomic_cycles",
    "owl/unicode_nfc_nfd.ttl": "iri_near_duplicates",
}


def xml(body, declared=""):
    return f'<?xml version="1.0"?>{declared}<rdf:RDF {RDF}>{body}</rdf:RDF>'


def described(value):
    return f'<rdf:Description rdf:about="http://x/a"><x:p>{value}</x:p></rdf:Description>'


def test_the_hostile_set_is_refused_or_read_as_its_manifest_says(shared_data):
    # D1-D12, D20-D27, D33, D34, E1-E10
    folder = shared_data("suites/hostile/manifest.json").parent
    cases = [
        case for case in json.loads((folder / "manifest.json").read_text()) if case["file"][:4] in ("rdf/", "owl/")
    ]
    assert len(cases) == 46
    for case in cases:
        start = time.process_time()  # others may use the machine
        graph = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", KgzslWarning)
            with suppress(KgzslError):
                graph = read_rdf(folder / case["file"])
        assert time.process_time() - start < 1, case
        if case["expect"].startswith("refuse") and case["file"] not in COUNTED:
            assert graph is None, case
        elif case["expect"].startswith("accept") and "refuse-without-fetch" not in case["expect"]:
            assert graph is not None, case
            assert graph.report["triples"] == case.get("triples", graph.report["triples"]), case
            assert len(graph) == case.get("class_nodes", len(graph)), case
            assert len(graph.edges()) == case.get("edges", len(graph.edges())), case
        if case["file"] in COUNTED:
            assert graph is not None, case
            assert graph.report[COUNTED[case["file"]]] > 0, case


def test_no_document_opens_a_socket_or_another_file(shared_data):
    # D3, D4, D6-D8, E10: what a document names is never touched
    folder = shared_data("suites/hostile/manifest.json").parent
    program = (
        "import sys, pathlib, warnings\n"
        "from kgzsl.errors import KgzslError\n"
        "from kgzsl.sources.rdf import read_rdf\n"
        "warnings.simplefilter('ignore')\n"
        "paths = sorted(p for part in ('rdf', 'owl') for p in (pathlib.Path(sys.argv[1]) / part).iterdir())\n"
        "texts = [(path.read_bytes(), path) for path in paths]\n"
        "def read(text, path):\n"
        "    try: read_rdf(text=text, format=path.suffix)\n"
        "    except KgzslError: pass\n"
        "for text, path in texts: read(text, path)\n"  # once, so that modules are loaded
        "events = []\n"
        "sys.addaudithook(lambda name, args: events.append((name, str(args)[:90])) if name == 'open' "
        "or name.startswith(('socket.', 'urllib.', 'subprocess.', 'os.')) else None)\n"
        "for text, path in texts: read(text, path)\n"
        "assert not events, events\n"
        "print(len(texts))\n"
    )
    said = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=False)
    assert (said.stdout, said.stderr) == ("46\n", "")


def test_xml_attacks_are_named_and_refused_at_once():
    # D1, D3, D4
    attacks = {
        "nested entity 'l1'": '<!DOCTYPE r [<!ENTITY l0 "lol"><!ENTITY l1 "&l0;&l0;">]>',
        "external entity 'a' stands for 'file:///etc/hostname'": '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        "external entity 'a' stands for 'http://127.0.0.1:9/'": '<!DOCTYPE r [<!ENTITY a PUBLIC "p" "http://127.0.0.1:9/">]>',
        "parameter entity 'pe'": '<!DOCTYPE r [<!ENTITY % pe SYSTEM "http://127.0.0.1:9/pe"> %pe;]>',
        "the document type is kept at 'http://127.0.0.1:9/x.dtd'": '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd">',
    }
    for message, declared in attacks.items():
        start = time.process_time()
        with pytest.raises(UnsafeInputError, match=message.replace("'", ".")):
            read_rdf(text=xml(described("x"), declared))
        assert time.process_time() - start < 0.05


def test_entities_are_bounded_in_number_size_and_use():
    # D2, and the limits by name
    limits = Limits(xml_entities=2, xml_entity_bytes=10, expansion_factor=1, expansion_slack=100)

    def read(count, size, uses):
        declared = "".join(f'<!ENTITY e{n} "{"A" * size}">' for n in range(count))
        return read_rdf(text=xml(described("&e0;" * uses), f"<!DOCTYPE r [{declared}]>"), limits=limits)

    assert read(2, 10, 5).report["triples"] == 1
    for wrong, name in (((3, 10, 5), "xml_entities"), ((2, 11, 5), "xml_entity_bytes"), ((2, 10, 500), "expansion")):
        with pytest.raises(LimitExceededError, match=name):
            read(*wrong)


def test_flat_entities_of_owl_tools_are_read():
    # D5
    text = xml(
        '<rdf:Description rdf:about="http://x/a"><rdf:type rdf:resource="&owl;Class"/><x:p rdf:resource="&q;b"/>'
        "</rdf:Description>",
        '<!DOCTYPE rdf:RDF [<!ENTITY owl "http://www.w3.org/2002/07/owl#"><!ENTITY q "http://x/?a&amp;">]>',
    )
    assert read_rdf(text=text).ids == ("x:?a&b", "x:a")


def test_xml_prefixes_are_given_and_bad_xml_has_a_line():
    assert guard_xml(xml("").encode(), "x", limits=Limits())["x"] == "http://x/"
    with pytest.raises(SourceError, match="line 3: is not well-formed XML: mismatched tag"):
        read_rdf(text=xml("\n\n<x:a></x:b>"))


def test_xml_in_another_encoding_is_decoded_as_it_states():
    text = f'<?xml version="1.0" encoding="ISO-8859-1"?><rdf:RDF {RDF} xmlns:s="http://www.w3.org/2000/01/rdf-schema#">'
    text += '<rdf:Description rdf:about="http://x/a"><s:label>café</s:label></rdf:Description></rdf:RDF>'
    assert read_rdf(text=text.encode("latin-1")).concept("x:a").label == "café"
    with pytest.raises(SourceError, match="states the encoding 'EBCDIC-CP-BE', which is not read here"):
        read_rdf(text=text.replace("ISO-8859-1", "EBCDIC-CP-BE"))
    with pytest.raises(SourceError, match="is not us-ascii"):
        read_rdf(text=text.replace("ISO-8859-1", "us-ascii").encode("latin-1"))


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("<http://x/a> <http://x/p> " + "(" * 250 + ")" * 250 + " .", "turtle"),
        ("<http://x/a> <http://x/p> " + "[ <http://x/p> " * 250 + "1" + "]" * 250 + " .", "trig"),
        ("<http://x/a> <http://x/p> " + "<<( <http://x/a> <http://x/p> " * 250 + "1" + ")>>" * 250 + " .", "ntriples"),
        ('{"@id": "http://x/a"' + ', "http://x/p": {"http://x/q": 1' * 250 + "}" * 251, "jsonld"),
        ('{"@id": "http://x/a", "http://x/p": ' + "[" * 250 + "]" * 250 + "}", "jsonld"),
    ],
)
def test_nesting_is_bounded(text, format):
    # D10; deeper still, the parser's stack would end the process
    with pytest.raises(LimitExceededError, match="nesting"):
        read_rdf(text=text, format=format)


def test_brackets_in_strings_and_comments_do_not_nest():
    brackets = "[" * 300
    for text in (
        f'<http://x/a> <http://x/p> "{brackets}", """{brackets}""" . # {brackets}',
        f"#{brackets}\n<a:a> <a:p> 1 .",
    ):
        assert read_rdf(text=text).report["triples"] >= 1
    checked_nesting(json.dumps({"a": [brackets]}).encode(), "jsonld", "x", Limits())


def test_wide_and_deep_xml_is_read():
    # D36: 3,000 nested elements, and 50,000 attributes of one
    deep = (
        "<rdf:Description><x:p>" * 3000
        + '<rdf:Description rdf:about="http://x/b"/>'
        + "</x:p></rdf:Description>" * 3000
    )
    assert read_rdf(text=xml(deep)).report["rows_read"] == 3000

    def wide(number):
        attributes = "".join(f' x:p{n}="{n}"' for n in range(number))
        return xml(f'<rdf:Description rdf:about="http://x/a"{attributes}/>')

    assert read_rdf(text=wide(50_000)).report["skipped_literal"] == 50_000
    with pytest.raises(LimitExceededError, match=r"60,001 attributes.*; convert the file"):
        read_rdf(text=wide(60_000))
    with pytest.raises(LimitExceededError, match="depth"):
        read_rdf(text=xml("<rdf:Description><x:p>" * 40_000 + "</x:p></rdf:Description>" * 40_000))


def test_contexts_that_copy_each_other_are_bounded():
    terms = {f"t{n}": f"http://x/{n}" for n in range(8000)}
    nodes = [{"@context": {"a": "http://a/"}, "@id": f"a:{n}"} for n in range(8000)]
    with pytest.raises(LimitExceededError, match="work for JSON-LD contexts"):
        read_rdf(text=json.dumps({"@context": terms, "@graph": nodes}))
    scoped = {**terms, "T": {"@id": "http://x/T", "@context": {"a": "http://a/"}}}
    with pytest.raises(LimitExceededError, match="work for JSON-LD contexts"):
        read_rdf(text=json.dumps({"@context": scoped, "@graph": [{"@type": "T"}] * 8000}))


def test_a_token_longer_than_the_parser_holds_is_our_own_error():
    with pytest.raises(LimitExceededError, match=r"one literal, IRI or word .*; the parser holds no longer ones"):
        read_rdf(text=f'<a:a> <a:p> "{"x" * 17_000_000}" .', format="turtle")


@pytest.mark.parametrize("format", ["turtle", "ntriples", "nquads", "trig", "rdfxml", "jsonld"])
def test_nothing_to_read_is_an_error_in_every_format(format, tmp_path):
    # D18
    for text in ("", " \n", "# nothing" if format not in ("rdfxml", "jsonld") else " "):
        with pytest.raises(SourceError):
            read_rdf(text=text, format=format)
        path = tmp_path / "empty"
        path.write_text(text)
        with pytest.raises(SourceError):
            read_rdf(path, format=format)
    with pytest.raises(SourceError, match="0 triples"):
        read_rdf(text=xml("") if format == "rdfxml" else "{}" if format == "jsonld" else "#", format=format)


def test_paths_that_hold_nothing(tmp_path):
    # D19
    with pytest.raises(DataMissingError):
        read_rdf(tmp_path)
    with pytest.raises(DataMissingError):
        read_rdf(tmp_path / "missing.ttl")


@pytest.mark.parametrize(
    "url", ["file:///etc/hostname", "data:text/turtle,<a:a>", "ftp://x/y.ttl", "javascript:x", "jar:x"]
)
def test_addresses_of_other_kinds_are_not_opened(url):
    # D32
    with pytest.raises(UnsafeInputError, match="is not opened"):
        read_rdf(url)


def test_an_error_has_its_line_and_a_short_excerpt():
    # D12, D28
    lines = "<http://x/a> <http://x/p> <http://x/b> .\n" * 2
    with pytest.raises(SourceError, match=r"text, line 3: no valid N-Triples") as caught:
        read_rdf(text=lines + "garbage" * 150_000 + "\n", format="ntriples")
    assert caught.value.line == 3
    assert len(str(caught.value)) < 200
    with pytest.raises(SourceError, match="line 3: no valid Turtle: The prefix foo: has not been declared"):
        read_rdf(text=lines + "<http://x/a> foo:bar <http://x/d> .", format="turtle")


def test_a_mark_of_byte_order_is_no_fault_and_utf16_is_named():
    # D20, D21
    text = f'<http://x/a> {LABEL} "café" .'
    for content in (text.encode("utf-8-sig"), "\ufeff" + text):
        assert read_rdf(text=content, format="turtle").concept("http://x/a").label == "café"
    assert read_rdf(text=b'\xef\xbb\xbf{"@id": "http://x/a", "http://x/p": 1}').report["triples"] == 1
    assert read_rdf(text=("\ufeff" + xml(described(1))).encode()).report["triples"] == 1
    for encoding in ("utf-16", "utf-16-le", "utf-32"):
        with pytest.raises(SourceError, match="UTF-16"):
            read_rdf(text=text.encode(encoding))
    with pytest.raises(SourceError, match=r"line 2: byte \d+ is not UTF-8") as caught:
        read_rdf(text=("\n" + text).encode("latin-1"))
    assert caught.value.line == 2


def test_blank_nodes_of_two_documents_are_never_one(tmp_path):
    # D35
    owl, some = "http://www.w3.org/2002/07/owl#", "http://www.w3.org/2000/01/rdf-schema#subClassOf"
    restriction = (
        "<http://x/{0}> <{2}> _:r . _:r <{1}onProperty> <http://x/p> . _:r <{1}someValuesFrom> <http://x/{0}{0}> ."
    )
    (tmp_path / "b.ttl").write_text(restriction.format("b", owl, some))
    text = restriction.format("a", owl, some) + f" <http://x/o> <{owl}imports> <http://x/i> ."
    graph = read_rdf(text=text, imports={"http://x/i": tmp_path / "b.ttl"})
    assert [str(edge) for edge in graph.edges()] == [
        "http://x/a http://x/p http://x/aa",
        "http://x/b http://x/p http://x/bb",
    ]


def test_compressed_files_are_bounded(tmp_path):
    # D16
    path = tmp_path / "bomb.ttl.gz"
    path.write_bytes(gzip.compress(b"# " + b"A" * 50_000_000))
    with pytest.raises(LimitExceededError, match="gzip_ratio"):
        read_rdf(path)
    path.write_bytes(gzip.compress(b"<a:a> <a:p> <a:b> .")[:-9])
    with pytest.raises(IntegrityError, match="complete gzip data"):
        read_rdf(path)


@pytest.mark.parametrize("format", ["turtle", "ntriples", "nquads", "trig", "rdfxml", "jsonld"])
def test_damage_ends_in_a_graph_or_in_our_own_error(format):
    # D37: 1,000 documents with bits flipped, cut, or pieces put in
    whole = {
        "rdfxml": xml(
            described("k")
            + '<rdf:Description rdf:about="#b" x:q="é"><x:p rdf:parseType="Collection"/></rdf:Description>'
        ),
        "jsonld": '{"@context": {"x": "http://x/"}, "@id": "x:a", "x:p": [{"@id": "x:b"}, "k", 1.5, {"@list": [1]}]}',
        "ntriples": f'<http://x/a> {LABEL} "k"@en .\n_:b <http://x/p> "1"^^<http://x/t> .\n',
        "nquads": f'<http://x/a> {LABEL} "k"@en <http://x/g> .\n_:b <http://x/p> <http://x/a> .\n',
    }
    turtle = f'@prefix x: <http://x/> .\nx:a {LABEL} "é\\u00e9" ; x:p [ x:q (1 2.5 true) ], """l\n""" .\n'
    content = whole.get(format, turtle).encode()
    rng = random.Random(format)
    pieces = (b"<", b">", b'"', b"\\", b"{", b"[", b"&", b"\x00", b"\xff", b"\\ud800", b"<<(", b"]]>", b"@", b"_:")
    warnings.simplefilter("ignore", KgzslWarning)
    for turn in range(167):
        damaged = bytearray(content)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(damaged))
            match rng.randrange(3):
                case 0:
                    damaged[at] ^= 1 << rng.randrange(8)
                case 1:
                    del damaged[at : at + rng.randint(1, 20)]
                case _:
                    damaged[at:at] = rng.choice(pieces)
            damaged = damaged or bytearray(b"x")
        try:
            document = document_of_text(bytes(damaged), format=rng.choice([format, None]), base=None)
            triples = parsed(document, Tally("text"), limits=Limits())
            if turn % 8 == 0 and len(triples.table):
                graph_of_triples(triples, RdfMapping(), Tally("text"), name="g", language="en", limits=Limits())
        except KgzslError:
            continue
