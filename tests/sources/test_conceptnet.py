"""The reader of ConceptNet's dump: real rows, chosen and merged; rows of the reliability table in comments."""

import json
import signal
import threading
import time
from collections import Counter
from contextlib import contextmanager

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgzsl.errors import InputFormatError, UnknownConceptError, UnknownNameError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.storage import STORED_FILES, read_tables, write_tables
from kgzsl.sources import conceptnet_dump
from kgzsl.sources.conceptnet import read_conceptnet
from kgzsl.sources.conceptnet_uri import assertion_uri
from kgzsl.sources.limits import Limits


def line(relation, start, end, weight=1.0, dataset="/d/t", **more):
    info = json.dumps({"dataset": dataset, "license": "cc:by/4.0", "sources": [], **more, "weight": weight})
    return "\t".join([assertion_uri(relation, start, end), relation, start, end, info])


@pytest.fixture
def dump(tmp_path):
    """Write lines as a dump and give its path."""

    def write(*lines, name="assertions.csv"):
        path = tmp_path / name
        path.write_text("".join(f"{row}\n" for row in lines), encoding="utf-8")
        return path

    return write


def accounted(report):
    return sum(number for name, number in report.items() if name.startswith(("kept_", "merged_", "skipped_")))


def spelled(graph):
    return [str(edge) for edge in graph.edges()]


# -- the real rows -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def assertions(shared_data):
    return shared_data("conceptnet/assertions.csv")


def test_every_row_of_conceptnets_test_build_is_accounted_for(assertions):  # B17, B18, B21
    report = dict(read_conceptnet(assertions, strict=True).report)
    assert report["rows_read"] == accounted(report) == 764
    assert report == {
        "rows_read": 764, "blank_lines": 0, "kept_edges": 656, "kept_external_urls": 79, "merged_duplicate": 12,
        "merged_other_way_round": 11, "skipped_self_loop": 3, "skipped_self_loop_after_merging": 0, "skipped_affix": 0,
        "skipped_external_url_of_no_concept": 3, "skipped_other_language": 0, "negative_edges": 2,
        "normalised_rows": 0, "relations_without_rule": 0, "duplicate_json_keys": 0,
    }  # fmt: skip


def test_relations_are_those_of_the_rows(assertions):
    counted = Counter(row.split("\t")[1] for row in assertions.read_text(encoding="utf-8").split("\n")[:-1])
    assert {name: counted[f"/r/{name}"] for name in ("Synonym", "RelatedTo", "ExternalURL", "IsA")} == {
        "Synonym": 408, "RelatedTo": 102, "ExternalURL": 82, "IsA": 58,
    }  # fmt: skip
    graph = read_conceptnet(assertions)
    said = dict(graph.edges_table.group_by("relation").agg(pl.col("num_rows").sum()).iter_rows())
    assert sum(said.values()) == 764 - 82 - 3
    assert said["synonym"] == 408 - 3
    assert said["is_a"] == 58
    assert said["related_to"] == 102


@pytest.mark.parametrize("place", range(10))
def test_conceptnets_own_queries_find_their_edges(shared_data, assertions, place):
    rows = json.loads(shared_data("suites/conceptnet5/query_expected.json").read_text(encoding="utf-8"))["rows"]
    graph = read_conceptnet(assertions, query=rows[place]["query"], senses="keep")
    found = {
        frozenset([f"/r/{name}", edge.head, edge.tail])
        for edge in graph.edges()
        for name in [{"related_to": "RelatedTo", "synonym": "Synonym", "form_of": "FormOf"}[edge.relation]]
    }
    assert found == {
        frozenset(id_[4:-1].replace("/,", ",").rstrip("/").split(",")) for id_ in rows[place]["expected_ids"]
    }


@pytest.mark.parametrize("senses", ["merge", "keep"])
@pytest.mark.parametrize("hops", [0, 1, 2])
def test_a_neighbourhood_is_that_of_the_whole_graph(assertions, senses, hops):
    whole = read_conceptnet(assertions, senses=senses)
    part = read_conceptnet(assertions, senses=senses, around="/c/en/test", hops=hops)
    roots = [id_ for id_ in whole.ids if id_ == "/c/en/test" or id_.startswith("/c/en/test/")]
    expected = whole.neighborhood(roots, hops=hops)
    assert part.ids == expected.ids
    assert part.edges_table.equals(expected.edges_table)
    assert part.report["rows_read"] == accounted(part.report) == 764


def test_a_result_is_written_as_parquet_and_read_back(assertions, tmp_path):
    graph = read_conceptnet(assertions)
    write_tables(graph, tmp_path)
    back = read_tables({name: (tmp_path / name).read_bytes() for name in STORED_FILES}, location=tmp_path)
    assert back.fingerprint == graph.fingerprint
    assert back.concepts_table.equals(graph.concepts_table)
    assert back.edges_table.equals(graph.edges_table)
    assert dict(back.report) == dict(graph.report)


def test_packing_and_order_of_rows_change_nothing(assertions, dump):
    plain = read_conceptnet(assertions)
    turned = read_conceptnet(dump(*reversed(assertions.read_text(encoding="utf-8").split("\n")[:-1])))
    assert turned.fingerprint == plain.fingerprint
    assert turned.edges_table.equals(plain.edges_table)
    assert turned.concepts_table.equals(plain.concepts_table)
    assert dict(turned.report) == dict(plain.report)


# -- what a row becomes --------------------------------------------------------------------------------------------


def test_a_row_becomes_an_edge_with_all_it_says(dump):
    text = "[[a wheel]] is part of [[a car]]"
    path = dump(
        line("/r/PartOf", "/c/en/wheel/n/wn/artifact", "/c/en/sports_car/n", 2.5, "/d/wordnet", surfaceText=text)
    )
    graph = read_conceptnet(path)
    (edge,) = graph.edges()
    assert (edge.head, edge.relation, edge.tail) == ("/c/en/sports_car", "has_part", "/c/en/wheel")
    assert (edge.weight, edge.source) == (2.5, "/d/wordnet")
    assert dict(edge.more) == {
        "surface_texts": [text], "head_senses": ["n"], "tail_senses": ["n/wn/artifact"], "num_rows": 1,
    }  # fmt: skip
    car = graph.concept("/c/en/sports_car/n")
    assert (car.id, car.label, car.alternate_ids) == ("/c/en/sports_car", "sports car", ("/c/en/sports_car/n",))
    assert dict(car.more) == {"language": "en", "pos": ["n"], "senses": ["n"], "external_urls": []}


def test_senses_are_merged_or_kept(dump):  # B19
    path = dump(
        line("/r/IsA", "/c/en/test/n/wn/act", "/c/en/act"),
        line("/r/IsA", "/c/en/test/v", "/c/en/act"),
        line("/r/IsA", "/c/en/test", "/c/en/act"),
    )
    merged, kept = read_conceptnet(path), read_conceptnet(path, senses="keep")
    assert spelled(merged) == ["/c/en/test is_a /c/en/act"]
    assert merged.edges()[0].more["head_senses"] == ["n/wn/act", "v"]
    assert (merged.report["kept_edges"], merged.report["merged_duplicate"]) == (1, 2)
    assert merged.concept("/c/en/test").more["pos"] == ["n", "v"]
    assert spelled(kept) == [f"/c/en/test{sense} is_a /c/en/act" for sense in ("", "/n/wn/act", "/v")]
    assert {concept.label for concept in map(kept.concept, kept.ids)} == {"act", "test"}
    assert kept.concept("/c/en/test/n/wn/act").alternate_ids == ()


def test_rows_that_say_the_same_are_one_edge_with_the_largest_weight(dump):  # B21, B22
    path = dump(
        line("/r/RelatedTo", "/c/en/b", "/c/en/a", 1.0, "/d/x", surfaceText="b a"),
        line("/r/RelatedTo", "/c/en/a", "/c/en/b", 3.0, "/d/y", surfaceText="a b"),
        line("/r/RelatedTo", "/c/en/a", "/c/en/b", 2.0, "/d/y"),
        line("/r/IsA", "/c/en/a", "/c/en/b"),
        line("/r/IsA", "/c/en/b", "/c/en/a"),
    )
    graph = read_conceptnet(path)
    assert spelled(graph) == ["/c/en/a is_a /c/en/b", "/c/en/a related_to /c/en/b", "/c/en/b is_a /c/en/a"]
    edge = graph.edges(relation="related_to")[0]
    assert (edge.weight, edge.source, edge.more["num_rows"]) == (3.0, "/d/x, /d/y", 3)
    assert edge.more["surface_texts"] == ["a b", "b a"]
    assert (graph.report["merged_duplicate"], graph.report["merged_other_way_round"]) == (1, 1)


def test_loops_are_counted_as_written_or_made_by_merging(dump):  # B17
    path = dump(line("/r/Synonym", "/c/en/a/n", "/c/en/a/n"), line("/r/Synonym", "/c/en/a/n", "/c/en/a/v"))
    merged, kept = read_conceptnet(path), read_conceptnet(path, senses="keep")
    assert (merged.report["skipped_self_loop"], merged.report["skipped_self_loop_after_merging"]) == (1, 1)
    assert (kept.report["skipped_self_loop"], kept.report["kept_edges"]) == (1, 1)


NEGATIVE = ("Antonym", "DistinctFrom", "NotCapableOf", "NotDesires", "NotHasProperty", "NotUsedFor", "ObstructedBy")


def test_negative_relations_are_kept_apart(dump):  # B20
    path = dump(
        *(line(f"/r/{name}", "/c/en/fish", f"/c/en/{name.lower()}") for name in NEGATIVE),
        line("/r/IsA", "/c/en/fish", "/c/en/animal"),
    )
    graph = read_conceptnet(path)
    assert {rel.kind for rel in graph.relations.values()} == {"negative", "taxonomic"}
    assert graph.report["negative_edges"] == len(NEGATIVE) == len(graph.index.edge_rows("negative"))
    assert len(graph.index.edge_rows(None)) == 1


def test_addresses_belong_to_their_concept_and_are_no_concepts(dump):  # B18
    page = "http://en.wiktionary.org/wiki/test"
    path = dump(
        line("/r/IsA", "/c/en/test", "/c/en/act"),
        line("/r/ExternalURL", "/c/en/test/n", page),
        line("/r/ExternalURL", "/c/en/test", page),
        line("/r/ExternalURL", "/c/en/other", page),
        line("/r/ExternalURL", "/c/en/test", "/c/en/act"),
    )
    with pytest.warns(UserWarning, match="skipped_not_a_concept"):
        graph = read_conceptnet(path)
    assert graph.ids == ("/c/en/act", "/c/en/test")
    assert graph.concept("/c/en/test").more["external_urls"] == [page]
    report = graph.report
    kept = [report[f"{name}"] for name in ("kept_external_urls", "skipped_external_url_of_no_concept")]
    assert (kept, report["merged_duplicate"]) == ([1, 1], 1)
    assert report["rows_read"] == accounted(report)


def test_addresses_have_no_language(assertions):  # B18
    whole, english = read_conceptnet(assertions), read_conceptnet(assertions, languages="en")
    assert {"/c/en/test"} < set(english.ids) < {id_ for id_ in whole.ids if id_.startswith("/c/en/")} | {"/c/en/test"}
    for id_ in english.ids:
        assert english.concept(id_).more["external_urls"] == whole.concept(id_).more["external_urls"]


def test_the_graph_is_one_that_all_checks_find_in_order(assertions):
    graph = read_conceptnet(assertions)
    again = KnowledgeGraph.from_tables(
        graph.concepts_table, graph.edges_table, graph.relations.values(), name=graph.name, report=graph.report
    )
    assert again.concepts_table.equals(graph.concepts_table)
    assert again.edges_table.equals(graph.edges_table)
    assert again.concepts_table.schema == graph.concepts_table.schema
    assert again.coded_edges.equals(graph.coded_edges)
    assert list(again.relations.items()) == list(graph.relations.items())


def test_unknown_relations_are_associations_under_their_own_name(dump):  # B23
    path = dump(line("/r/Frobnicates", "/c/en/a", "/c/en/b"), line("/r/dbpedia/genus", "/c/en/a", "/c/en/b"))
    graph = read_conceptnet(path)
    assert [(rel.name, rel.kind) for rel in graph.relations.values()] == [
        ("Frobnicates", "association"),
        ("dbpedia_genus", "taxonomic"),
    ]
    assert graph.report["relations_without_rule"] == 1


def test_terms_are_put_into_normal_form(dump):
    path = dump(line("/r/IsA", "/c/en/Café", "/c/en/cafe\u0301"), line("/r/IsA", "/c/en/Hot dog", "/c/en/C++"))
    graph = read_conceptnet(path)
    assert graph.ids == ("/c/en/c++", "/c/en/hot_dog")
    assert (graph.report["normalised_rows"], graph.report["skipped_self_loop_after_merging"]) == (2, 1)


# -- choosing ------------------------------------------------------------------------------------------------------


@pytest.fixture
def mixed(dump):
    return dump(
        line("/r/IsA", "/c/en/dog", "/c/en/animal", 2.0),
        line("/r/IsA", "/c/en/cat", "/c/en/animal", 0.5),
        line("/r/PartOf", "/c/en/tail", "/c/en/dog", 1.0),
        line("/r/Synonym", "/c/en/dog", "/c/fr/chien", 1.0),
        line("/r/Synonym", "/c/fr/chien", "/c/eng/dog", 1.0),
        line("/r/Antonym", "/c/en/dog", "/c/en/cat", 1.0),
        line("/x", "/c/fr/x", "/c/en/dog"),
    )


@pytest.mark.parametrize(
    ("options", "edges", "skipped"),
    [
        ({"languages": "en"}, 4, {"other_language": 3}),
        ({"languages": ["fr", "en"]}, 5, {"other_language": 1, "not_a_relation": 1}),
        ({"languages": ["ja"]}, 0, {"other_language": 7}),
        ({"relations": "IsA"}, 2, {"other_relation": 4, "not_a_relation": 1}),
        ({"relations": ["/r/IsA", "has_part"]}, 3, {"other_relation": 3, "not_a_relation": 1}),
        ({"relations": ["negative"]}, 1, {"other_relation": 5, "not_a_relation": 1}),
        ({"min_weight": 1.0}, 5, {"low_weight": 1, "not_a_relation": 1}),
        ({"query": {"rel": "/r/IsA", "end": "/c/en"}}, 2, {"outside_query": 4, "not_a_relation": 1}),
        ({"query": {"node": "/c/fr"}, "languages": ["en", "fr"]}, 1, {"outside_query": 4, "other_language": 1}),
    ],
)
@pytest.mark.filterwarnings("ignore:.*skipped 1 skipped_not_a_relation")
def test_rows_are_chosen_and_the_others_counted(mixed, options, edges, skipped):  # B26
    report = read_conceptnet(mixed, **options).report
    assert report["kept_edges"] == edges
    assert {name: number for name, number in report.items() if name.startswith("skipped_") and number} == {
        f"skipped_{name}": number for name, number in skipped.items()
    } | ({"skipped_not_a_relation": 1} if "query" in options and "languages" in options else {})
    assert report["rows_read"] == accounted(report) == 7


def test_a_root_without_edges_is_a_concept(dump):
    path = dump(line("/r/Synonym", "/c/en/a", "/c/en/a"), line("/r/IsA", "/c/en/b", "/c/en/c"))
    assert read_conceptnet(path, around=["/c/en/A"]).ids == ("/c/en/a",)
    assert read_conceptnet(path, around=["/c/en/a", "/c/en/b"], hops=0).ids == ("/c/en/a", "/c/en/b")


def test_an_unknown_root_is_an_error(mixed):
    with pytest.raises(UnknownConceptError, match=r"no concept '/c/en/dgo' .*and 1 more of around=") as caught:
        read_conceptnet(mixed, around=["/c/en/dog", "/c/en/zebra", "/c/en/dgo"])
    assert caught.value.id == "/c/en/dgo"


def test_a_hub_is_followed_to_so_many_neighbours(dump):  # B27
    path = dump(
        *(line("/r/IsA", f"/c/en/x{n:02d}", "/c/en/person") for n in range(50)),
        *(line("/r/IsA", f"/c/en/y{n:02d}", f"/c/en/x{n:02d}") for n in range(50)),
    )
    options = {"around": "/c/en/person", "hops": 2, "max_degree": 10}
    graph = read_conceptnet(path, **options)
    assert len(graph) == 21
    assert (graph.report["hubs_capped"], graph.report["neighbours_not_followed"]) == (1, 40)
    assert read_conceptnet(path, **options).ids == graph.ids
    assert read_conceptnet(path, random_state=1, **options).ids != graph.ids
    assert len(read_conceptnet(path, around="/c/en/person", hops=2)) == 101


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"api": "http://x"}, InputFormatError, "one of the two"),
        ({"senses": "split"}, InputFormatError, "'merge' or 'keep'"),
        ({"languages": []}, InputFormatError, "an empty list"),
        ({"languages": ["e/n"]}, InputFormatError, "e/n"),
        ({"relations": "Eats"}, UnknownNameError, "Eats"),
        ({"relations": []}, InputFormatError, "chooses nothing"),
        ({"around": []}, InputFormatError, "names no concept"),
        ({"around": "dog"}, InputFormatError, "around= takes URIs"),
        ({"around": "/c/en/dog/n"}, InputFormatError, "without senses"),
        ({"around": "/c/en/.."}, InputFormatError, "around= takes URIs"),
        ({"around": "/c/en/dog", "hops": -1}, InputFormatError, "hops is an integer from 0 on"),
        ({"around": "/c/en/dog", "max_degree": 0}, InputFormatError, "max_degree"),
        ({"query": {"begin": "/c/en"}}, UnknownNameError, "begin"),
        ({"query": {}}, InputFormatError, "a query maps"),
        ({"query": {"start": "dog"}}, InputFormatError, "a query maps"),
    ],
)
def test_what_is_asked_for_is_checked_first(tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        read_conceptnet(tmp_path / "absent", **options)


# -- laws ----------------------------------------------------------------------------------------------------------

uris = st.sampled_from([f"/c/{lang}/{term}{sense}" for lang in ("en", "fr") for term in "abc" for sense in ("", "/n")])
relations = st.sampled_from(["/r/IsA", "/r/PartOf", "/r/Synonym", "/r/Odd", "/r/ExternalURL"])
rows = st.tuples(relations, uris, uris, st.sampled_from([0.5, 1.0, 0.0, float("nan"), "2"]))
lines = st.one_of(rows.map(lambda row: line(*row)), st.sampled_from(["", "a\tb", "\t\t\t\t", "x" * 40, "\r"]))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(lines, max_size=12), st.sampled_from(["merge", "keep"]), st.sampled_from([None, "en"]))
@pytest.mark.filterwarnings("ignore::kgzsl.errors.KgzslWarning")
def test_every_line_is_kept_merged_or_skipped_for_one_reason(tmp_path, given_lines, senses, languages):
    path = tmp_path / "any.csv"
    path.write_bytes("".join(f"{row}\n" for row in [*given_lines, line("/r/IsA", "/c/en/q", "/c/en/r")]).encode())
    graph = read_conceptnet(path, senses=senses, languages=languages, limits=Limits(max_bad_fraction=1))
    report = graph.report
    assert report["rows_read"] == accounted(report)
    assert report["rows_read"] + report["blank_lines"] == len(given_lines) + 1
    assert report["kept_edges"] == graph.index.num_edges


# Python may lose an interrupt inside a callback of native code, and says so: it is sent again after a while
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_leaves_nothing_behind(dump):  # B29
    path = dump(*(line("/r/IsA", f"/c/en/{n}", "/c/en/b") for n in range(60_000)))
    before = threading.active_count()
    is_over = threading.Event()

    def interrupt():
        wait = 0.05
        while not is_over.wait(wait):
            signal.raise_signal(signal.SIGINT)
            wait = 5.0

    sender = threading.Thread(target=interrupt)
    sender.start()
    with pytest.raises(KeyboardInterrupt):
        [read_conceptnet(path) for _ in range(1000)]
    is_over.set()
    sender.join()
    until = time.monotonic() + 5  # a thread that was just being started ends by itself
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() == before
    assert len(read_conceptnet(path)) == 60_001


@pytest.mark.parametrize(("options", "passes"), [({}, 1), ({"around": "/c/en/test", "hops": 2}, 3)])
def test_progress_is_told_in_bytes_of_every_pass(assertions, monkeypatch, options, passes):
    told = []

    @contextmanager
    def counted(total, description, *, show=None):
        told.append((total, description))
        yield lambda steps=1, note="": told.append(steps)

    monkeypatch.setattr(conceptnet_dump, "progress", counted)
    read_conceptnet(assertions, **options)
    size = assertions.stat().st_size
    assert told[0] == (size * passes, "reading assertions.csv")
    assert sum(told[1:]) == size * passes
