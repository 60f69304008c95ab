"""ConceptNet's web API, played by a server on loopback that misbehaves; rows of the reliability table in comments."""

import json
import os
from urllib.parse import unquote

import pytest

from kgzsl.errors import (
    InputFormatError,
    KgzslWarning,
    NetworkError,
    OfflineError,
    SourceError,
    UnknownConceptError,
    UnsafeInputError,
)
from kgzsl.sources import conceptnet_api, http
from kgzsl.sources.conceptnet import read_conceptnet
from kgzsl.sources.conceptnet_api import Bucket
from tests.sources.loopback import Answer, LoopbackServer, closed_port

NOT_A_NODE = {"error": {"status": 404, "details": "/c/en/x is not a node in ConceptNet."}}


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """The pauses asked for, none of them made."""
    made = []
    monkeypatch.setattr(http, "pause", made.append)
    return made


def edge(relation, start, end, /, **changed):
    def node(uri):
        return {"@id": uri, "@type": "Node", "label": uri.split("/")[3], "language": uri.split("/")[2]}

    return {
        "@id": f"/a/[{relation}/,{start}/,{end}/]",
        "@type": "Edge",
        "rel": {"@id": relation, "label": relation},
        "start": node(start),
        "end": node(end),
        "weight": 1.0,
        "dataset": "/d/t",
        "license": "cc:by/4.0",
        "sources": [{"contributor": "/s/x"}],
        "surfaceText": None,
    } | changed


EDGES = [
    edge("/r/IsA", "/c/en/dog", "/c/en/animal"),
    edge("/r/IsA", "/c/en/cat", "/c/en/animal", weight=2.0, surfaceText="[[a cat]] is [[an animal]]"),
    edge("/r/Antonym", "/c/en/dog/n", "/c/en/cat"),
    edge("/r/PartOf", "/c/en/paw", "/c/en/cat"),
    edge("/r/Synonym", "/c/en/dog", "/c/fr/chien"),
]


def page(edges, following=None, path="/c/en/dog"):
    view = {"@id": path, "paginatedProperty": "edges"} | ({"nextPage": following} if following else {})
    return Answer(json.dumps({"@id": path, "edges": edges, "view": view, "version": "5.8.1"}))


def conceptnet(edges, size=2):
    """Answer as the API does: the edges that touch a concept, some a page."""

    def answer(asked):
        uri = unquote(asked.path)
        touching = [e for e in edges if any(f"{e[end]['@id']}/".startswith(f"{uri}/") for end in ("start", "end"))]
        if not touching:
            return Answer(json.dumps(NOT_A_NODE), status=404)
        offset = int(asked.query["offset"])
        more = offset + size < len(touching)
        return page(
            touching[offset : offset + size], f"{asked.path}?offset={offset + size}&limit={size}" if more else None
        )

    return answer


def read(server, around="/c/en/dog", **options):
    return read_conceptnet(api=server.url(options.pop("base", "")), around=around, **{"cache": False} | options)


def spelled(graph):
    return [str(found) for found in graph.edges()]


def accounted(report):
    return sum(number for name, number in report.items() if name.startswith(("kept_", "merged_", "skipped_")))


def test_one_hop_is_every_page_of_the_concept():
    with LoopbackServer(conceptnet(EDGES)) as server:
        graph = read(server)
        assert server.hits("/c/en/dog") == 2
    assert spelled(graph) == [
        "/c/en/cat antonym /c/en/dog", "/c/en/dog is_a /c/en/animal", "/c/en/dog synonym /c/fr/chien",
    ]  # fmt: skip
    assert (graph.report["requests"], graph.report["retries"]) == (2, 0)
    assert graph.report["rows_read"] == accounted(graph.report) == 3


def test_two_hops_are_the_concept_and_its_neighbours():
    with LoopbackServer(conceptnet(EDGES)) as server:
        graph = read(server, hops=2, languages="en")
        assert {asked.path for asked in server.asked} == {"/c/en/dog", "/c/en/animal", "/c/en/cat"}
    assert len(graph) == 4
    cat = graph.edges("/c/en/cat", "is_a")[0]
    assert (cat.weight, cat.more["surface_texts"]) == (2.0, ["[[a cat]] is [[an animal]]"])
    assert graph.report["merged_met_again"] == 3
    assert graph.report["skipped_other_language"] == 1
    assert graph.report["rows_read"] == accounted(graph.report)


def test_the_api_and_the_dump_say_the_same(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "".join(
            "\t".join([e["@id"], e["rel"]["@id"], e["start"]["@id"], e["end"]["@id"], json.dumps(e)]) + "\n"
            for e in EDGES
        )
    )
    with LoopbackServer(conceptnet(EDGES)) as server:
        asked = read(server, hops=3)
    from_dump = read_conceptnet(path, around="/c/en/dog", hops=3)
    assert asked.fingerprint == from_dump.fingerprint
    assert asked.edges_table.equals(from_dump.edges_table)


def test_zero_hops_ask_for_the_concepts_alone():
    with LoopbackServer(conceptnet(EDGES)) as server:
        graph = read(server, ["/c/en/dog", "/c/en/cat"], hops=0)
    assert graph.ids == ("/c/en/cat", "/c/en/dog")


def test_a_server_that_is_down_is_an_error_that_names_the_dump():  # C1
    with pytest.raises(NetworkError, match=r"not reachable \(refused\), after 3 tries .*the dump works offline"):
        read_conceptnet(api=f"http://127.0.0.1:{closed_port()}", around="/c/en/dog", cache=False)


def test_trouble_is_tried_again_and_counted():  # C2, C6
    trouble = [Answer(status=429, headers={"Retry-After": "3"}), Answer(status=502), page(EDGES[:1])]
    with LoopbackServer({"/c/en/dog": trouble}) as server:
        graph = read(server)
    assert (graph.report["requests"], graph.report["retries"], graph.report["kept_edges"]) == (1, 2, 1)


@pytest.mark.parametrize("status", [200, 500])
def test_an_error_is_never_an_empty_answer(status):  # C4
    body = json.dumps({"error": {"status": 500, "details": "database gone"}})
    with (
        LoopbackServer({"/c/en/dog": Answer(body, status=status)}) as server,
        pytest.raises(NetworkError, match=r"database gone.*the dump works offline"),
    ):
        read(server)


@pytest.mark.parametrize("status", [200, 404])
def test_a_concept_it_does_not_know_is_unknown(tmp_path, status):  # C5
    with LoopbackServer({"/c/en/dgo": Answer(json.dumps(NOT_A_NODE), status=status)}) as server:
        for _ in range(2):
            with pytest.raises(UnknownConceptError, match=r"'/c/en/dgo' .*is not a node") as caught:
                read(server, "/c/en/dgo", cache=tmp_path)
            assert caught.value.id == "/c/en/dgo"
        assert server.hits("/c/en/dgo") == 1


def test_that_a_concept_is_unknown_is_not_believed_for_long(tmp_path, monkeypatch):  # C5
    answers = [Answer(json.dumps(NOT_A_NODE), status=404), page(EDGES[:1])]
    with LoopbackServer({"/c/en/dog": answers}) as server:
        with pytest.raises(UnknownConceptError):
            read(server, cache=tmp_path)
        monkeypatch.setattr(conceptnet_api, "_MISSING_KEPT_SECONDS", -1.0)
        assert read(server, cache=tmp_path).report["kept_edges"] == 1


def test_another_404_is_an_error_of_the_service():
    with LoopbackServer({}) as server, pytest.raises(NetworkError, match="answered 404"):
        read(server)


@pytest.mark.parametrize(
    "target", ["http://evil.example/c/en/dog", "//evil.example/", "http://127.0.0.1:1/x", "/../secret", "file:///etc"]
)
def test_the_next_page_must_be_of_the_same_api(target):  # C16
    with LoopbackServer({"/api/c/en/dog": page(EDGES[:1], target)}) as server:
        with pytest.raises(UnsafeInputError, match="which is not of this API"):
            read(server, base="/api")
        assert len(server.asked) == 1


def test_the_next_page_may_be_a_whole_address():
    with LoopbackServer(
        lambda asked: page(EDGES[:1], f"{server.url()}api/x") if "dog" in asked.path else page(EDGES[1:2])
    ) as server:
        assert read(server, base="/api/").report["rows_read"] == 2


def test_a_page_that_names_itself_is_the_last():  # C16
    with LoopbackServer({"/c/en/dog": page(EDGES[:1], "/c/en/dog?offset=0&limit=1000")}) as server:
        assert read(server).report["pages_repeated"] == 1
        assert len(server.asked) == 1


def test_pages_beyond_the_last_offset_are_not_asked_for(monkeypatch):  # C17
    monkeypatch.setattr(conceptnet_api, "LAST_OFFSET", 4)
    edges = [edge("/r/IsA", f"/c/en/x{number}", "/c/en/dog") for number in range(20)]
    with LoopbackServer(conceptnet(edges)) as server:
        graph = read(server)
    assert (graph.report["truncated_at"], graph.report["kept_edges"]) == (4, 6)


@pytest.mark.parametrize("term", ["a?b#c", "50%", "ab&c=d", "é", "<script>", "a\\b", "c++"])
def test_a_term_stays_one_piece_of_the_path(term):  # C18
    with LoopbackServer(conceptnet([edge("/r/IsA", f"/c/en/{term}", "/c/en/word")])) as server:
        assert read(server, f"/c/en/{term}").ids == tuple(sorted([f"/c/en/{term}", "/c/en/word"]))
        (asked,) = server.asked
        assert unquote(asked.path) == f"/c/en/{term}"
        assert set(asked.query) == {"offset", "limit"}


def test_an_answer_that_is_not_utf8_is_an_error():  # C19
    body = json.dumps({"edges": [], "x": "café"}, ensure_ascii=False).encode("latin-1")
    with LoopbackServer({"/c/en/dog": Answer(body)}) as server, pytest.raises(SourceError, match="not UTF-8"):
        read(server)


@pytest.mark.parametrize(
    ("changed", "reason", "said"),
    [
        ({"weight": float("nan")}, "weight_not_finite", "NaN"),  # C20
        ({"weight": -1}, "weight_not_positive", "-1"),
        ({"weight": None}, "weight_missing", "dataset"),  # C21
        ({"rel": "/r/IsA"}, "edge_form", "'rel' has no '@id'"),
        ({"start": {"term": "/c/en/dog"}}, "edge_form", "'start' has no '@id'"),
        ({"end": {"@id": "/c/en/a\tb"}}, "edge_form", "tab or newline"),
        ({"end": {"@id": "/c/en/"}}, "not_a_concept", "/c/en/"),
    ],
)
def test_an_edge_of_another_form_is_counted_and_too_many_are_an_error(changed, reason, said):
    edges = [edge("/r/IsA", "/c/en/dog", f"/c/en/x{number}") for number in range(150)]
    bad = edge("/r/IsA", "/c/en/dog", "/c/en/y", **changed)
    with (
        LoopbackServer({"/c/en/dog": page([*edges, bad])}) as server,
        pytest.warns(KgzslWarning, match=f"skipped_{reason}"),
    ):
        report = read(server).report
    assert (report["kept_edges"], report[f"skipped_{reason}"], accounted(report)) == (150, 1, 151)
    worse = [bad, bad | {"dataset": "/d/other"}, bad | {"dataset": "/d/more", "x": 1}]
    with (
        LoopbackServer({"/c/en/dog": page([*edges, *worse])}) as server,
        pytest.raises(SourceError, match=rf"3 of 153 rows are bad.*{reason}"),
    ):
        read(server)


@pytest.mark.parametrize("body", ["[]", '{"results": []}', '{"edges": {}}', "3"])
def test_an_answer_of_another_service_is_an_error(body):
    with (
        LoopbackServer({"/c/en/dog": Answer(body)}) as server,
        pytest.raises(SourceError, match="is this ConceptNet's API"),
    ):
        read(server)


def test_a_hub_is_asked_for_so_many_edges():
    edges = [edge("/r/IsA", f"/c/en/x{number}", "/c/en/dog") for number in range(20)]
    with LoopbackServer(conceptnet(edges, size=3)) as server:
        graph = read(server, max_degree=5)
        assert len(server.asked) == 2
    report = graph.report
    assert (report["hubs_not_read_to_the_end"], report["hubs_capped"], report["kept_edges"]) == (1, 1, 5)
    assert report["rows_read"] == accounted(report) == 6


def test_the_cache_answers_first_and_offline(tmp_path, monkeypatch):
    with LoopbackServer(conceptnet(EDGES)) as server:
        first = read(server, cache=tmp_path, hops=2)
        asked = len(server.asked)
        second = read(server, cache=tmp_path, hops=2)
        assert len(server.asked) == asked
        monkeypatch.setenv("KGZSL_OFFLINE", "1")
        third = read(server, cache=tmp_path, hops=2)
        with pytest.raises(OfflineError, match="the dump works offline"):
            read(server, cache=tmp_path, hops=3)
        assert len(server.asked) == asked
    assert first.fingerprint == second.fingerprint == third.fingerprint
    assert second.report["answers_from_cache"] == asked
    assert "requests" not in second.report


def test_the_users_cache_folder_is_the_default(tmp_path, monkeypatch):
    monkeypatch.setenv("KGZSL_CACHE", str(tmp_path))
    with LoopbackServer(conceptnet(EDGES)) as server:
        read(server, cache=None)
    assert os.listdir(tmp_path) == ["conceptnet"]  # noqa: PTH208


def test_an_api_is_asked_about_concepts():
    with pytest.raises(InputFormatError, match="give around="):
        read_conceptnet(api="http://127.0.0.1:1")


def test_credentials_of_the_address_are_not_shown():  # J10
    with pytest.raises(NetworkError) as caught:
        read_conceptnet(api=f"http://ann:hidden@127.0.0.1:{closed_port()}", around="/c/en/dog", cache=False)
    assert "hidden" not in str(caught.value)


class FakeClock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def wait(self, seconds):
        self.now += seconds


def test_the_bucket_lets_fifty_through_a_minute():  # C23
    clock = FakeClock()
    bucket = Bucket(50, clock=clock, wait=clock.wait)
    times = []
    for _ in range(200):
        bucket.take()
        times.append(clock.now)
    assert times[:50] == [0.0] * 50
    assert times[150] == pytest.approx((150 - 49) * 60 / 50, abs=0.01)
    for start in times:
        assert sum(start < time <= start + 60 - 1e-6 for time in times) <= 50


def test_requests_go_through_the_bucket(waits):
    with LoopbackServer(conceptnet(EDGES, size=1)) as server:
        read(server, requests_per_minute=6000)
        assert waits == []
