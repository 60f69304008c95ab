"""Endpoints that misbehave, one way a test; numbers in comments are rows of the reliability table."""

import json
import re

import pytest

from kgzsl.errors import KgzslWarning, LimitExceededError, NetworkError, OfflineError, SourceError, UnsafeInputError
from kgzsl.sources import http
from kgzsl.sources.limits import Limits
from kgzsl.sources.sparql import read_sparql
from tests.sources.loopback import Answer, LoopbackServer, closed_port
from tests.sources.sparql_server import RESULTS, query_of, sparql_server, store_of

CHAIN = " ".join(f":a :p :b{place} ." for place in range(9)) + ' :a rdfs:label "a" . :b0 rdfs:label "b" .'
TOTAL = re.compile(r"LIMIT (\d+)(?: OFFSET (\d+))?$")
QUICK = Limits(connect_seconds=0.5, read_seconds=0.3, total_seconds=0.6)


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """The pauses asked for, none of them made."""
    made = []
    monkeypatch.setattr(http, "pause", made.append)
    return made


def read(server, **options):
    return read_sparql(server.url("/"), **{"around": "http://x.org/a", "hops": 1, "page_size": 4, **options})


def meddling(change, *, when="LIMIT", turtle=CHAIN):
    """Serve the store, with `change(query, bindings)` in place of the bindings of some answers."""

    def meddle(query, given):
        if not re.search(when, query):
            return given
        result = json.loads(given.body)
        result["results"]["bindings"] = change(query, result["results"]["bindings"])
        return Answer(json.dumps(result), content_type=RESULTS)

    return sparql_server(store_of(turtle), meddle=meddle)


def edges_of(query):
    """Whether this is a page of edges rather than of labels."""
    return "LIMIT" in query and "LANG" not in query


# -- F3: as any HTTP service ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected", "tries"),
    [
        (Answer("<!DOCTYPE html><html>Sign in</html>", content_type="text/html"), "answered text/html", 1),
        (Answer("<html>", status=502, content_type="text/html"), r"answered 502 \(an HTML page\)", 4),
        (Answer("Virtuoso 42000 Error: the estimated execution time exceeds", status=500), "answered 500 .*42000", 4),
        (Answer("no", status=429, headers={"Retry-After": "86400"}), "asks to wait 86,400 s", 1),
        (Answer("parse error near SELECT", status=400, content_type="text/plain"), "answered 400 .*parse error", 1),
        (Answer("<sparql/>", content_type="application/sparql-results+xml"), "sparql-results\\+xml.*expected", 1),
        (Answer('{"head": {"vars": ["s"]}, "results": {"bin', content_type=RESULTS), "cut short or damaged", 4),
        (Answer('{"head": {"vars": ["s"]}}', content_type=RESULTS, cut=12), "cut short", 4),
        (Answer("[" * 100_000, content_type=RESULTS), "cut short or damaged .*nested", 4),
        (Answer(b'{"head": "\xff"}', content_type=RESULTS), "cut short or damaged", 4),
    ],
)
def test_an_endpoint_that_fails_for_good_is_a_network_error_that_names_the_way_out(answer, expected, tries):
    with LoopbackServer({"/": answer}) as server:
        with pytest.raises(NetworkError, match=f"(?s){expected}.*read a dump") as caught:
            read(server)
        assert len(server.asked) == tries
        assert caught.value.url == server.url("/")
        assert len(str(caught.value)) < 500


@pytest.mark.parametrize("answer", [Answer("{}", hang=5), Answer("{" * 400, drip=0.05), Answer("{}", drip_headers=0.1)])
def test_an_endpoint_that_hangs_or_drips_is_left(answer):
    with (
        LoopbackServer({"/": answer}) as server,
        pytest.raises(NetworkError, match=r"silent for|no whole answer within"),
    ):
        read(server, limits=QUICK)


@pytest.mark.parametrize("endpoint", ["file:///etc/passwd", "http://[", "x", "ftp://a/", "http://a b/"])
def test_what_is_no_address_is_opened_by_nobody(endpoint):
    for auth in (None, ("ann", "secret")):
        with pytest.raises(UnsafeInputError, match="nothing was opened"):
            read_sparql(endpoint, around="http://x.org/a", auth=auth)


def test_nobody_there_and_offline(monkeypatch):
    endpoint = f"http://127.0.0.1:{closed_port()}/"
    with pytest.raises(NetworkError, match="refused"):
        read_sparql(endpoint, around="http://x.org/a")
    monkeypatch.setenv("KGZSL_OFFLINE", "1")
    with pytest.raises(OfflineError):
        read_sparql(endpoint, around="http://x.org/a")


def test_a_failure_now_and_then_does_no_harm(waits):
    count = iter(range(10_000))

    def meddle(query, given):
        place = next(count)
        faults = {1: Answer("busy", status=503), 4: Answer(given.body, content_type=RESULTS, cut=20)}
        return faults.get(place % 6, given)

    with sparql_server(store_of(CHAIN), meddle=meddle) as server:
        graph = read(server)
    assert len(graph) == 10
    assert len(waits) >= 3


@pytest.mark.parametrize(
    "body", ["[]", "3", "null", '{"head": {}, "boolean": true}', '{"results": {"bindings": {"s": 1}}}']
)
def test_json_that_is_no_result_is_not_taken_for_an_empty_one(body):
    answers = {"/": Answer(body, content_type=RESULTS)}
    with LoopbackServer(answers) as server, pytest.raises(SourceError, match="no SPARQL result"):
        read(server)


@pytest.mark.parametrize("value", ["many", "", "1e9", "-1", None])
def test_a_count_that_is_none_is_an_error(value):
    def count(query, rows):
        return [{name: {"type": "literal", "value": value} for name in ("all", "isIRI", "isBlank")}]

    with meddling(count, when="COUNT") as server, pytest.raises(SourceError, match="a count was answered"):
        read(server)


# -- F4: limits that nobody speaks of ---------------------------------------------------------------------------


@pytest.mark.parametrize("row_limit", [1, 2, 3])
def test_a_server_that_cuts_its_answers_is_read_on(row_limit):
    with sparql_server(store_of(CHAIN), row_limit=row_limit) as server:
        graph = read(server)
        assert not any("OFFSET" in query for asked in server.asked if edges_of(query := query_of(asked)))
    assert len(graph.edges_table) == 9
    assert graph.report["pages_cut_by_server"] >= 2
    assert graph.report["truncated"] == 0


def test_what_is_withheld_is_counted_and_told():
    def first_page_only(query, rows):
        return [] if edges_of(query) and ("STR(?s) >" in query or "OFFSET" in query) else rows

    with meddling(first_page_only) as server:
        with pytest.warns(KgzslWarning, match="withheld 5 rows"):
            graph = read(server)
        assert len(graph.edges_table) == 4
        assert (graph.report["truncated"], graph.report["rows_withheld"]) == (1, 5)
        with pytest.raises(SourceError, match="gave 4 of 9 rows and no more"):
            read(server, strict=True)


def test_an_engine_that_sorts_otherwise_than_it_compares_loses_nothing():
    names = ["B", "a", "C", "b", "A", "c"]
    store = store_of(" ".join(f":a :p :x{name} ." for name in names))

    def by_other_rules(query, given):
        """Page by an order without case, while the filter inside the query goes by code points."""
        found = TOTAL.search(query)
        if not found or not edges_of(query):
            return given
        rows = [
            {variable: {"type": "uri", "value": term.value} for variable, term in zip("spo", row, strict=True)}
            for row in store.query(TOTAL.sub("", query))
        ]
        rows.sort(key=lambda row: [row[variable]["value"].lower() for variable in "spo"])
        start = int(found[2] or 0)
        result = {"results": {"bindings": rows[start : start + int(found[1])]}}
        return Answer(json.dumps(result), content_type=RESULTS)

    with sparql_server(store, meddle=by_other_rules) as server:
        for page_size in (1, 2, 3, 5):
            graph = read(server, page_size=page_size)
            assert [row[2][-1] for row in graph.edges_table.select("head", "relation", "tail").rows()] == sorted(names)
            assert graph.report["truncated"] == 0


# -- F5: rows that are not as they should be ---------------------------------------------------------------------


def one_row(**changed):
    """Change the first row of the pages of edges that have several."""

    def change(query, rows):
        if edges_of(query) and len(rows) > 1:
            row = {**rows[0], **changed}
            rows[0] = {variable: term for variable, term in row.items() if term is not None}
        return rows

    return change


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"o": None}, "skipped_bindings_missing"),
        ({"s": None, "p": None}, "skipped_bindings_missing"),
        ({"o": {"type": "bnode", "value": "b0"}}, "skipped_blank_nodes_unasked"),
        ({"o": {"type": "literal", "value": "x"}}, "skipped_bindings_of_another_kind"),
        ({"p": {"type": "uri"}}, "skipped_bindings_of_another_kind"),
        ({"p": "http://x.org/p"}, "skipped_bindings_of_another_kind"),
        ({"o": {"type": "martian", "value": "x"}}, "skipped_bindings_of_another_kind"),
        ({"o": {"type": "uri", "value": "http://x.org/a> } DROP ALL"}}, "skipped_bad_iris"),
        ({"o": {"type": "uri", "value": "relative"}}, "skipped_bad_iris"),
        ({"s": {"type": "uri", "value": "http://evil.org/"}}, "skipped_not_asked_for"),
    ],
)
def test_a_broken_row_is_counted_and_told_or_with_strict_an_error(changed, reason):
    with meddling(one_row(**changed)) as server:
        with pytest.warns(KgzslWarning, match=reason):
            graph = read(server, page_size=20)
        assert (len(graph.edges_table), graph.report[reason], graph.report["truncated"]) == (8, 1, 0)
        with pytest.raises(SourceError, match=reason):
            read(server, page_size=20, strict=True)
        with pytest.raises(SourceError, match="more than 0 %"):
            read(server, page_size=20, limits=Limits(max_bad_fraction=0))


def test_broken_rows_are_found_on_any_page():
    with meddling(one_row(o=None)) as server:
        with pytest.warns(KgzslWarning):
            graph = read(server, limits=Limits(max_bad_fraction=0.9))
        with pytest.raises(SourceError, match="more than 1 %"):
            read(server)
    assert graph.report["skipped_bindings_missing"] == 2
    assert len(graph.edges_table) == 7


def test_further_variables_and_the_old_name_of_a_literal_are_taken_and_counted():
    def old(query, rows):
        for row in rows:
            row["extra"] = {"type": "literal", "value": "1"}
            if row["o"]["type"] == "literal":
                row["o"]["type"] = "typed-literal"
        return rows

    with meddling(old) as server:
        graph = read(server)
    assert graph.concept("http://x.org/b0").label == "b"
    assert (graph.report["typed_literals"], graph.report["bindings_extra"]) == (2, 11)


def test_characters_that_no_file_can_hold_are_replaced_in_texts():
    def dirty(query, rows):
        for row in rows:
            row["o"]["value"] += "\x00\ud800"
        return rows

    with meddling(dirty, when="LIMIT.*LANG|LANG.*LIMIT") as server:
        with pytest.warns(KgzslWarning, match="control_characters"):
            graph = read(server)
        assert graph.concept("http://x.org/a").label == "a\ufffd\ufffd"
        with pytest.raises(SourceError, match="control_characters"):
            read(server, strict=True)


# -- F6: without end ---------------------------------------------------------------------------------------------


def test_more_rows_than_asked_for_are_no_answer():
    def endless(query, rows):
        return rows * 100 if edges_of(query) else rows

    with meddling(endless) as server, pytest.raises(SourceError, match="answered 400 rows to LIMIT 4"):
        read(server)


def test_the_same_page_for_ever_is_left_at_once():
    def again(query, rows):
        pages[query] = None
        return first.setdefault("rows", rows) if edges_of(query) and "?s ?p ?o" in query and rows else rows

    pages, first = {}, {}
    with meddling(again) as server, pytest.warns(KgzslWarning, match="withheld"):
        graph = read(server)
    assert graph.report["truncated"] >= 1
    assert len(pages) < 12


def test_a_count_without_end_is_refused_before_any_row_travels():
    def count(query, rows):
        return [
            {name: {"type": "literal", "value": "1000000000"} for name in ("all", "isIRI")}
            | {"isBlank": {"value": "0"}}
        ]

    with meddling(count, when="COUNT") as server:
        with pytest.raises(LimitExceededError, match="max_edges is at least 1,000,000,000"):
            read(server)
        assert len(server.asked) == 3


def test_bytes_and_time_have_ends():
    long = {"/": Answer('{"results": {"bindings": [' + "{}," * 10_000, content_type=RESULTS)}
    with LoopbackServer(long) as server, pytest.raises(LimitExceededError, match="body_bytes"):
        read(server, limits=Limits(body_bytes=5_000))
    bomb = Answer(" " * 20_000_000, packed=True, content_type=RESULTS)
    with LoopbackServer({"/": bomb}) as server, pytest.raises(LimitExceededError, match="gzip_ratio"):
        read(server)
    with sparql_server(store_of(CHAIN)) as server, pytest.raises(LimitExceededError, match="give max_seconds="):
        read(server, max_seconds=1e-9)


# -- F7: nodes without a name ------------------------------------------------------------------------------------


def test_blank_nodes_are_never_concepts_and_each_is_counted():
    turtle = CHAIN + " :a :q [], [], [] . [] :q :a . [] :q :a . :b0 :q [ :q :b1 ] ."
    with sparql_server(store_of(turtle)) as server:
        graph = read(server, page_size=2)
    assert all(id_.startswith("http://x.org/") for id_ in graph.ids)
    assert len(graph.edges_table) == 9
    assert graph.report["skipped_blank_node"] == 6


def test_an_answer_in_the_middle_of_which_the_data_change_is_not_called_whole():
    def vanished(query, rows):
        return [row for row in rows if not (edges_of(query) and row["o"]["value"].endswith("b3"))]

    with meddling(vanished) as server, pytest.warns(KgzslWarning, match="withheld 1 rows"):
        graph = read(server, page_size=20, relations="http://x.org/p")
    assert graph.report["truncated"] == 1
