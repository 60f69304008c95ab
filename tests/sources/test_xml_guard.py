"""One guard for all XML: RDF/XML and GraphML are refused and read by the same rules."""

import pytest

from kgzsl.errors import LimitExceededError, SourceError, UnsafeInputError
from kgzsl.sources.limits import Limits
from kgzsl.sources.networkx_files import read_graphml
from kgzsl.sources.rdf import read_rdf
from kgzsl.sources.xml_guard import guard_xml

RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:x="http://x/">'
    '<rdf:Description rdf:about="http://x/a"><x:p>{use}</x:p></rdf:Description></rdf:RDF>'
)
GRAPHML = (
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="d" for="node" attr.name="p" attr.type="string"/>'
    '<graph edgedefault="directed"><node id="a"><data key="d">{use}</data></node></graph></graphml>'
)
SLOWEST = Limits(xml_entities=2, xml_entity_bytes=10, expansion_factor=1, expansion_slack=100)
ATTACKS = [
    ('<!DOCTYPE r [<!ENTITY a "1"><!ENTITY b "&a;&a;">]>', "", UnsafeInputError, "nested entity 'b'"),
    ('<!DOCTYPE r [<!ENTITY a "&#38;b;">]>', "", UnsafeInputError, "nested entity 'a'"),
    ('<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/x">]>', "&a;", UnsafeInputError, "stands for 'file:///etc/x'"),
    ('<!DOCTYPE r [<!ENTITY % a "x"> %a;]>', "", UnsafeInputError, "parameter entity 'a'"),
    ('<!DOCTYPE r SYSTEM "http://x/x.dtd">', "", UnsafeInputError, "is kept at 'http://x/x.dtd'"),
    ('<!DOCTYPE r PUBLIC "p" "x.dtd">', "", UnsafeInputError, "is kept at 'x.dtd'"),
    ('<!DOCTYPE r [<!ENTITY a "1"><!ENTITY b "1"><!ENTITY c "1">]>', "", LimitExceededError, "xml_entities is 3"),
    ('<!DOCTYPE r [<!ENTITY a "01234567890">]>', "", LimitExceededError, "xml_entity_bytes is 11"),
    ('<!DOCTYPE r [<!ENTITY a "0123456789">]>', "&a;" * 200, LimitExceededError, "expansion_factor is over"),
    ("<a></b>", "", SourceError, "is not well-formed XML"),
]


@pytest.mark.parametrize("form", ["rdf", "graphml"])
@pytest.mark.parametrize(("declared", "use", "error", "words"), ATTACKS, ids=[words for *_, words in ATTACKS])
def test_both_kinds_of_xml_are_refused_alike(tmp_path, form, declared, use, error, words):
    path = tmp_path / f"x.{form}"
    path.write_text(declared + (RDF if form == "rdf" else GRAPHML).format(use=use))
    with pytest.raises(error, match=words):
        read_rdf(path, limits=SLOWEST) if form == "rdf" else read_graphml(path, limits=SLOWEST)


def test_flat_entities_pass_with_the_five_that_xml_has():
    declared = '<!DOCTYPE r [<!ENTITY x "a&lt;&amp;"><!ENTITY y "http:">]>'
    content = (declared + RDF.format(use="&x;&y;")).encode()
    assert guard_xml(content, "x", limits=SLOWEST)["x"] == "http://x/"


def test_depth_is_bounded_for_who_asks_only():
    deep = b"<a>" * 300 + b"</a>" * 300
    assert guard_xml(deep, "x", limits=Limits()) == {}
    with pytest.raises(LimitExceededError, match="nesting is over 200"):
        guard_xml(deep, "x", limits=Limits(), nesting=200)


def test_elements_are_seen_with_local_name_and_attributes():
    seen = []
    guard_xml(
        b'<g xmlns="http://g/" xmlns:h="http://h/" i="1"><h:n id="a"/></g>',
        "x",
        limits=Limits(),
        on_element=lambda name, attributes: seen.append((name, attributes)),
    )
    assert seen == [("g", {"i": "1"}), ("n", {"id": "a"})]
