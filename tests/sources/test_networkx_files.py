"""GraphML and node-link JSON of other programs: what they mean, and what is refused."""

import json

import networkx as nx
import pytest

from kgzsl.errors import (
    DataMissingError,
    InputFormatError,
    KgzslError,
    KgzslWarning,
    LimitExceededError,
    SourceError,
    UnsafeInputError,
)
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.limits import Limits
from kgzsl.sources.networkx_files import read_graphml, read_node_link
from kgzsl.sources.xml_guard import guard_xml

LENIENT = Limits(max_bad_fraction=1.0)


@pytest.fixture
def file(tmp_path):
    def write(content, name="graph"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def pets(kind):
    graph = kind(name="pets")
    graph.add_node("c", label="cat", legs=4, tame=True, definition="it purrs")
    graph.add_node("m", label="mammal", legs=4.5)
    graph.add_node("alone")
    graph.add_edge("c", "m", relation="isA", weight=2.0, page=7)
    graph.add_edge("m", "alone")
    return graph


KINDS = [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph]


def written(graph, form, path):
    if form == "graphml":
        nx.write_graphml(graph, path)
        return read_graphml(path)
    path.write_text(json.dumps(nx.node_link_data(graph, edges="edges" if graph.is_directed() else "links")))
    return read_node_link(path)


@pytest.mark.parametrize("form", ["graphml", "node-link"])
@pytest.mark.parametrize("kind", KINDS)
def test_graphs_of_every_kind_are_read(tmp_path, form, kind):
    """G8: directed or not, with or without parallel edges."""
    graph = written(pets(kind), form, tmp_path / "pets")
    assert [str(edge) for edge in graph.edges()] == ["c is_a m", "m related_to alone"]
    cat, edge = graph.concept("c"), graph.edges("c")[0]
    assert (cat.label, cat.definition, cat.more["legs"], cat.more["tame"]) == ("cat", "it purrs", 4.0, True)
    assert (edge.weight, edge.more["page"], graph.concept("alone").label) == (2.0, 7, "alone")
    assert graph.name == "pets"
    assert graph.report["rows_read"] == graph.report["kept_edges"] == 2


@pytest.mark.parametrize("form", ["graphml", "node-link"])
def test_loops_and_equal_edges_are_counted(tmp_path, form):
    source = nx.MultiDiGraph()
    source.add_edge("a", "b", weight=1.0)
    source.add_edge("a", "b", weight=3.0)
    source.add_edge("a", "a")
    source.add_edge("a", "b", relation="part_of")
    graph = written(source, form, tmp_path / "graph")
    assert [(str(edge), edge.weight) for edge in graph.edges()] == [("a related_to b", 3.0), ("b has_part a", 1.0)]
    report = graph.report
    assert report["rows_read"] == 4 == sum(
        count for reason, count in report.items() if reason.startswith(("kept_", "merged_", "skipped_"))
    )  # fmt: skip


@pytest.mark.parametrize("form", ["graphml", "node-link"])
@pytest.mark.parametrize("weight", [-1.0, 0.0, "heavy"])
def test_weights_that_are_none_are_faults(tmp_path, form, weight):
    source = nx.DiGraph([("a", "b", {"weight": weight}), ("b", "c", {"weight": weight})])
    with pytest.raises(SourceError, match="2 of 2 rows are bad"):
        written(source, form, tmp_path / "graph")
    path = tmp_path / "graph"
    read = read_graphml if form == "graphml" else read_node_link
    with pytest.warns(KgzslWarning, match="2 skipped_weight_not"):
        assert read(path, limits=LENIENT).edges() == ()
    with pytest.raises(SourceError, match="skipped_weight_not"):
        read(path, strict=True)


def test_which_attributes_count_is_said_by_the_caller(file):
    nodes = [{"id": "a", "title": "Ann", "tags": ["x", 1]}, {"id": "b", "aliases": "Bob"}]
    links = [{"source": "a", "target": "b", "kind": "knows"}, {"source": "b", "target": "a", "key": "eats"}]
    path = file(json.dumps({"nodes": nodes, "links": links}))
    graph = read_node_link(path, relation="kind", label="title", relations={"knows": "^related_to"}, name="people")
    assert [str(edge) for edge in graph.edges()] == ["b eats a", "b related_to a"]
    assert (graph.name, graph.concept("a").label, graph.concept("a").more["tags"]) == ("people", "Ann", '["x", 1]')
    assert graph.concept("b").aliases == ("Bob",)
    path = file(json.dumps({"nodes": nodes, "links": links[1:]}))
    assert [str(edge) for edge in read_node_link(path, default_relation="causes").edges()] == ["b eats a"]


def test_integer_ids_become_strings_all_or_none(file):
    data = {"nodes": [{"id": 1}, {"id": 2}], "links": [{"source": 1, "target": 2}]}
    graph = read_node_link(file(json.dumps(data)))
    assert (list(graph), graph.report["integer_ids"]) == (["1", "2"], 2)
    for ids in ([1, "1"], [1, 1.0], [True, 2], [None, "a"], [1.5, 2.5]):
        nodes = [{"id": id_} for id_ in ids]
        with pytest.raises(SourceError, match="ids must be strings"):
            read_node_link(file(json.dumps({"nodes": nodes, "links": []})))


JSON_FAULTS = [
    ('{"nodes": [{"id": "a", "x": NaN}], "links": []}', "NaN is no JSON number"),
    ('{"nodes": [{"id": "a", "x": -Infinity}], "links": []}', "-Infinity is no JSON number"),
    ('{"nodes": [', "is not JSON"),
    ("null", "expected an object"),
    ('{"nodes": []}', "expected a list of objects under \"edges\"; it has 'nodes'"),
    ('{"nodes": [1], "links": []}', 'expected a list of objects under "nodes"'),
    ('{"nodes": [], "links": [], "graph": []}', 'expected an object under "graph"'),
    ('{"nodes": [{"id": "a"}, {"id": "a"}], "links": []}', "1 node ids stand there twice"),
    ('{"nodes": [{"id": "a"}], "links": [{"source": "a", "target": "b"}]}', "not there: 'b'"),
    ('{"nodes": [{"id": "a"}], "links": [{"source": "a"}]}', "ids must be strings"),
    ('{"nodes": [], "links": [], "graph": {"kgzsl": "{}"}}', "the description of the graph is not one"),
    ('{"nodes": [], "links": [], "graph": {"kgzsl": "{\\"format\\": 2}"}}', "format 2 is not readable"),
    ('{"nodes": [], "links": [], "graph": {"kgzsl": "{\\"format\\": 1}"}}', "does not hold"),
    ("", "the file is empty"),
    (b"\xff\xfe{\0}\0", "UTF-16"),
]


@pytest.mark.parametrize(("content", "words"), JSON_FAULTS, ids=[words for _, words in JSON_FAULTS])
def test_json_that_is_no_graph_is_refused(file, content, words):
    with pytest.raises(KgzslError, match=words.replace("(", r"\(")):
        read_node_link(file(content))


def test_deep_json_is_refused_before_it_is_parsed(file):
    with pytest.raises(LimitExceededError, match="nesting is 100000"):
        read_node_link(file("[" * 10**5))
    deep = '{"nodes": [{"id": "' + "[" * 500 + '"}], "links": []}'
    assert len(read_node_link(file(deep))) == 1


# -- hostile XML ---------------------------------------------------------------------------------------------------

EMPTY = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="directed">{}</graph></graphml>'


def graphml(doctype, node='<node id="a"/>'):
    return f'<?xml version="1.0"?>{doctype}' + EMPTY.format(node)


def many(count, value):
    return "<!DOCTYPE g [" + "".join(f'<!ENTITY e{n} "{value}">' for n in range(count)) + "]>"


UNSAFE = [
    ('<!DOCTYPE g [<!ENTITY a "1"><!ENTITY b "&a;&a;">]>', UnsafeInputError, "nested entity 'b'"),
    ('<!DOCTYPE g [<!ENTITY a SYSTEM "file:///etc/passwd">]>', UnsafeInputError, "'file:///etc/passwd'"),
    ('<!DOCTYPE g [<!ENTITY % a "x">]>', UnsafeInputError, "parameter entity 'a'"),
    ('<!DOCTYPE g SYSTEM "http://example.org/g.dtd">', UnsafeInputError, "'http://example.org/g.dtd'"),
    ('<!DOCTYPE g PUBLIC "p" "g.dtd">', UnsafeInputError, "is kept at 'g.dtd', which is not opened"),
    (many(257, "x"), LimitExceededError, "xml_entities is 257"),
    (many(1, "x" * 2049), LimitExceededError, "xml_entity_bytes is 2049"),
]


@pytest.mark.parametrize(("doctype", "error", "words"), UNSAFE, ids=[words for *_, words in UNSAFE])
def test_xml_that_asks_for_more_is_refused(file, doctype, error, words):
    """G10: no entity of another document, no nesting of entities, no bomb."""
    with pytest.raises(error, match=words):
        read_graphml(file(graphml(doctype)))


def test_flat_entities_are_read_and_their_use_is_bounded(file):
    text = '<!DOCTYPE g [<!ENTITY ex "http://ex.org/">]>'
    assert list(read_graphml(file(graphml(text, '<node id="&ex;a"/>')))) == ["http://ex.org/a"]
    bomb = many(1, "x" * 2000)
    for use in ("&e0;" * 10**4, "".join(f'<data key="{"&e0;" * 100}"/>' for _ in range(100))):
        with pytest.raises(LimitExceededError, match="expansion_factor"):
            read_graphml(file(graphml(bomb, f'<node id="a">{use}</node>')))


def test_hostile_xml_files_are_refused_and_flat_ones_pass(shared_data):
    """The attack files of the RDF suite: the guard is the same for any XML."""
    folder = shared_data("suites/hostile/rdf")
    for entry in json.loads((folder.parent / "manifest.json").read_text()):
        path = folder.parent / entry["file"]
        entities = any(word in path.name for word in ("laughs", "blowup", "xxe", "parameter", "external"))
        if path.suffix != ".rdf" or (not entities and "protege" not in path.name):
            continue
        if entities:
            with pytest.raises((UnsafeInputError, LimitExceededError)):
                guard_xml(path.read_bytes(), path, limits=Limits())
        else:
            guard_xml(path.read_bytes(), path, limits=Limits())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<graphml", "is not well-formed XML"),
        (EMPTY.format("<node/>"), "is not GraphML"),
        (EMPTY.format('<node id="a"/><edge source="a"/>'), "edges end at None"),
        (EMPTY.format('<node id="a"/><edge source="a" target="b"/>'), "edges end at 'b'"),
        (EMPTY.format('<node id="a"><graph><node id="b"/></graph></node>'), "holds 2 graphs"),
        ("<other/>", "is not GraphML"),
        ('<?xml version="1.0" encoding="nonsense"?><g/>', "XML|encoding"),
    ],
)
def test_xml_that_is_no_graph_is_refused(file, content, words):
    with pytest.raises(SourceError, match=words):
        read_graphml(file(content))


def test_deep_xml_is_refused(file):
    with pytest.raises(LimitExceededError, match="nesting"):
        read_graphml(file("<a>" * 300 + "</a>" * 300))


def test_missing_files_and_empty_ids(tmp_path, file):
    for read in (read_graphml, read_node_link):
        with pytest.raises(DataMissingError):
            read(tmp_path / "absent")
    nodes = [{"id": ""}, {"id": "a"}]
    data = {"nodes": nodes, "links": [{"source": "", "target": "a"}]}
    with pytest.warns(KgzslWarning, match="1 skipped_empty_cell"):
        graph = read_node_link(file(json.dumps(data)), limits=LENIENT)
    assert list(graph) == ["a"]


def test_networkx_objects_are_taken_or_refused():
    """G8: views and frozen graphs as well; ids that are not strings are told."""
    source = pets(nx.MultiDiGraph)
    expected = KnowledgeGraph.from_networkx(source).fingerprint
    for graph in (nx.freeze(source.copy()), source.subgraph(["c", "m", "alone"]), source.copy(as_view=True)):
        assert KnowledgeGraph.from_networkx(graph).fingerprint == expected
    with pytest.raises(InputFormatError, match="node names must be strings"):
        KnowledgeGraph.from_networkx(nx.path_graph(3))
