"""Headers of the user's own: sent to the host they were given for, to no other, and shown to nobody."""

import traceback

import pytest

from kgzsl.errors import InputFormatError, NetworkError
from kgzsl.sources.conceptnet import read_conceptnet
from kgzsl.sources.http import fetch
from kgzsl.sources.http_headers import checked_headers, headers_digest
from kgzsl.sources.reading import read
from kgzsl.sources.sparql import read_sparql
from tests.sources.loopback import Answer, LoopbackServer
from tests.sources.sparql_server import sparql_server, store_of
from tests.sources.test_conceptnet_api import EDGES, conceptnet

TOKEN = {"Authorization": "Bearer hidden-token"}
TURTLE = "<http://x/a> <http://x/p> <http://x/b> ."


def redirect(target):
    return Answer("", status=302, headers={"Location": target})


def tokens(server):
    return [asked.headers.get("Authorization") for asked in server.asked]


def test_headers_are_sent_with_every_request_and_redirect_of_the_host():
    with LoopbackServer({"/": redirect("/end"), "/end": Answer("{}")}) as server:
        fetch(server.url(), accept="*/*", headers=TOKEN)
        assert tokens(server) == [TOKEN["Authorization"]] * 2


def test_headers_cross_to_no_other_host_even_one_that_is_allowed():
    with LoopbackServer({"/": Answer("{}")}) as other, LoopbackServer({"/": redirect(other.url())}) as server:
        fetch(server.url(), accept="*/*", headers=TOKEN, allow_hosts=["127.0.0.1"])
        assert tokens(server) == [TOKEN["Authorization"]]
        assert tokens(other) == [None]


def test_headers_stand_in_no_message_and_no_traceback():
    with LoopbackServer({"/": Answer('{"error": "no"}', status=403)}) as server:
        with pytest.raises(NetworkError) as caught:
            fetch(server.url(), accept="*/*", headers=TOKEN)
        assert "hidden" not in "".join(traceback.format_exception(caught.value))
        assert "hidden" not in repr(vars(caught.value))


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Authorization": "Bearer hidden\r\nX: y"}, "the value of Authorization .* is not printable ASCII"),
        ({"Authorization": " hidden"}, "without spaces around it"),
        ({"Authorization": "hiddén"}, "is not printable ASCII"),
        ({"Authorization": ""}, "is not printable ASCII"),
        ({"Authorization": 7}, r"it is int\)"),
        ({"hidden: x\n": "y"}, "a name that HTTP does not allow"),
        ({7: "y"}, "a name that HTTP does not allow, int"),
        ({"Host": "hidden"}, "may not set Host, which follows"),
        ({"content-LENGTH": "hidden"}, "may not set content-LENGTH"),
        ("Authorization: hidden", "maps names to values.*not str"),
    ],
)
def test_headers_that_are_none_are_refused_without_saying_them(headers, words):
    with pytest.raises(InputFormatError, match=words) as caught:
        fetch("http://127.0.0.1:1/", accept="*/*", headers=headers)
    assert "hidd" not in str(caught.value)


def test_a_digest_tells_headers_apart_and_gives_none_away():
    assert headers_digest({}) == ""
    assert headers_digest({"A": "1", "b": "2"}) == headers_digest({"B": "2", "a": "1"})
    assert len({headers_digest({"A": value}) for value in ("1", "2", "3")}) == 3
    assert "hidden" not in headers_digest(TOKEN)
    assert checked_headers(None) == {}


def test_rdf_behind_a_token_is_read():
    with LoopbackServer({"/x.ttl": Answer(TURTLE, content_type="text/turtle")}) as server:
        assert len(read(server.url("/x.ttl"), headers=TOKEN)) == 2
        assert tokens(server) == [TOKEN["Authorization"]]


def test_files_and_texts_take_no_headers(tmp_path):
    path = tmp_path / "x.ttl"
    path.write_text(TURTLE)
    for location in (path, str(path)):
        with pytest.raises(InputFormatError, match="headers= go along with a request"):
            read(location, source="rdf", headers=TOKEN)
    with pytest.raises(InputFormatError, match="headers= go along with requests"):
        read_conceptnet(path, headers=TOKEN)


def test_an_endpoint_behind_a_token_is_read():
    with sparql_server(store_of(":cat :eats :mouse .")) as server:
        assert len(read_sparql(server.url("/q"), around="http://x.org/cat", headers=TOKEN)) == 2
        assert set(tokens(server)) == {TOKEN["Authorization"]}


def test_the_cache_keeps_what_each_reader_may_read_and_no_token(tmp_path):
    with LoopbackServer(conceptnet(EDGES)) as server:

        def asked_for(headers, base=""):
            before = len(server.asked)
            read_conceptnet(api=server.url(base), around="/c/en/dog", cache=tmp_path, headers=headers)
            return len(server.asked) - before

        assert asked_for(TOKEN) == 2
        assert asked_for(TOKEN) == 0
        assert asked_for({"Authorization": "Bearer another"}) == 2
        assert asked_for(None) == 2
        assert tokens(server)[:2] == [TOKEN["Authorization"]] * 2
        url = server.url("").replace("http://", "http://ann:hidden-password@")
        read_conceptnet(api=url, around="/c/en/dog", cache=tmp_path)
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) == 8
    assert not any(b"hidden" in path.read_bytes() or b"another" in path.read_bytes() for path in kept)
