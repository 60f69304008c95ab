"""Fetching from a server that misbehaves, one way a test; numbers in comments are rows of the reliability table."""

import gzip
import json
import re
import socket
import time
from email.utils import formatdate

import pytest

from kgzsl.errors import LimitExceededError, NetworkError, OfflineError, SourceError, UnsafeInputError
from kgzsl.sources import http
from kgzsl.sources.http import fetch, fetch_json, is_same_host, masked
from kgzsl.sources.limits import Limits
from tests.sources.loopback import Answer, LoopbackServer, closed_port

PAGE = "<!DOCTYPE html><html><title>502 Bad Gateway</title></html>"


@pytest.fixture
def waits(monkeypatch):
    """The pauses asked for, none of them made."""
    made = []
    monkeypatch.setattr(http, "pause", made.append)
    return made


def get(server, path="/", **options):
    return fetch(server.url(path), accept="application/json", **options)


def test_an_answer_comes_back_whole():
    with LoopbackServer({"/a": Answer('{"é": 1}', content_type="application/json; charset=utf-8")}) as server:
        answer = get(server, "/a", params={"q": "x y&z"})
        assert (answer.url, answer.status, answer.media_type) == (server.url("/a?q=x+y%26z"), 200, "application/json")
        assert answer.text() == '{"é": 1}'
        (asked,) = server.asked
        assert asked.query == {"q": "x y&z"}
        assert asked.headers["User-Agent"].startswith("kgzsl/")


def test_data_is_posted():
    with LoopbackServer({"/q": Answer("{}")}) as server:
        get(server, "/q", data=b"SELECT", content_type="application/sparql-query")
        (asked,) = server.asked
        assert (asked.method, asked.body) == ("POST", b"SELECT")
        assert asked.headers["Content-Type"] == "application/sparql-query"


@pytest.mark.parametrize("answer", [Answer("[1]" * 300, chunked=True), Answer("[1]" * 300, packed=True)])
def test_chunks_and_gzip_are_undone(answer):
    with LoopbackServer({"/": answer}) as server:
        assert get(server).body == b"[1]" * 300


def test_several_gzip_members_are_one_body():
    body = gzip.compress(b"[1,") + gzip.compress(b"2]")
    with LoopbackServer({"/": Answer(body, headers={"Content-Encoding": "gzip"})}) as server:
        assert fetch_json(server.url()) == [1, 2]


def test_nobody_listening_is_refused_after_all_tries(waits):  # C1
    url = f"http://127.0.0.1:{closed_port()}/"
    with pytest.raises(NetworkError, match=r"not reachable \(refused\), after 3 tries in .* s; use the dump") as caught:
        fetch(url, accept="*/*", retries=2, advice="use the dump")
    assert (caught.value.url, caught.value.status, caught.value.attempts) == (url, None, 3)
    assert len(waits) == 2


def test_an_unknown_host_is_said_to_be_unknown(waits):  # C1
    with pytest.raises(NetworkError, match="host name not found"):
        fetch("http://nowhere.invalid/", accept="*/*", retries=0)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_tried_again(waits, status):  # C2
    with LoopbackServer({"/": [Answer(PAGE, status=status, content_type="text/html")] * 2 + [Answer("[1]")]}) as server:
        assert fetch_json(server.url()) == [1]
        assert server.hits("/") == 3


def test_a_server_that_stays_in_trouble_is_an_error(waits):  # C2
    with LoopbackServer({"/": Answer(PAGE, status=502, content_type="text/html")}) as server:
        with pytest.raises(NetworkError, match=r"answered 502 \(an HTML page\), after 4 tries") as caught:
            get(server)
        assert (caught.value.status, caught.value.attempts) == (502, 4)
    assert [low <= wait <= 3 * low for wait, low in zip(waits, (0.125, 0.25, 0.5), strict=True)] == [True] * 3


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
def test_a_page_in_place_of_data_is_refused(kind):  # C3
    with LoopbackServer({"/": Answer(PAGE, content_type=kind)}) as server:
        with pytest.raises(NetworkError, match="answered text/html, expected application/json"):
            fetch_json(server.url())
        assert server.hits("/") == 1


def test_a_page_that_is_expected_is_given():
    with LoopbackServer({"/": Answer(PAGE, content_type="text/html")}) as server:
        assert get(server, expect=["text/html"]).text() == PAGE


@pytest.mark.parametrize("status", [200, 400, 500])
def test_an_error_in_json_is_passed_on(waits, status):  # C4
    body = json.dumps({"error": {"details": "the query \x1b is wrong", "status": 400}})
    with LoopbackServer({"/": Answer(body, status=status)}) as server:
        with pytest.raises(NetworkError, match=r"the query \\x1b is wrong") as caught:
            fetch_json(server.url())
        assert caught.value.status == (400 if status == 200 else status)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_is_not_repeated(status):
    with LoopbackServer({"/": Answer("no", status=status)}) as server:
        with pytest.raises(NetworkError, match=rf"answered {status} \(no\), after 1 try"):
            get(server)
        assert server.hits("/") == 1


def test_retry_after_is_obeyed(waits):  # C6
    with LoopbackServer({"/": [Answer(status=429, headers={"Retry-After": "7"}), Answer("[1]")]}) as server:
        assert fetch_json(server.url()) == [1]
    assert waits == [7.0]


def test_retry_after_may_be_a_date(waits):  # C6
    date = formatdate(time.time() + 20, usegmt=True)
    with LoopbackServer({"/": [Answer(status=503, headers={"Retry-After": date}), Answer("[1]")]}) as server:
        fetch_json(server.url())
    assert 17 < waits[0] < 21


@pytest.mark.parametrize("asked", ["86400", "Fri, 31 Dec 2099 23:59:59 GMT", "999999999999"])
def test_retry_after_beyond_reason_is_an_error_at_once(waits, asked):  # C7
    with (
        LoopbackServer({"/": Answer(status=429, headers={"Retry-After": asked})}) as server,
        pytest.raises(NetworkError, match=r"answered 429, and asks to wait [\d,]+ s, after 1 try") as caught,
    ):
        get(server)
    assert waits == []
    assert caught.value.retry_after > 86_000


@pytest.mark.parametrize("asked", ["soon", "-5", "1e9", ""])
def test_retry_after_that_says_nothing_is_passed_over(waits, asked):
    with LoopbackServer({"/": [Answer(status=503, headers={"Retry-After": asked}), Answer("[1]")]}) as server:
        assert fetch_json(server.url()) == [1]
    assert waits[0] < 0.5


def test_a_silent_server_is_given_up(waits):  # C8
    with (
        LoopbackServer({"/": Answer("[]", hang=5)}) as server,
        pytest.raises(NetworkError, match=r"silent for 0\.2 s, after 2 tries"),
    ):
        get(server, limits=Limits(read_seconds=0.2), retries=1)


def test_the_total_bounds_all_tries_together():  # C8
    started = time.monotonic()
    with LoopbackServer({"/": Answer("[]", hang=5)}) as server, pytest.raises(NetworkError):
        get(server, limits=Limits(read_seconds=0.4, total_seconds=0.6), retries=50)
    assert time.monotonic() - started < 4.5


@pytest.mark.parametrize("no_length", [False, True])
@pytest.mark.parametrize("place", ["drip", "drip_headers"])
def test_a_dripping_server_meets_the_total(place, no_length):  # C9
    started = time.monotonic()
    with (
        LoopbackServer({"/": Answer("[1]" * 200, no_length=no_length, **{place: 0.05})}) as server,
        pytest.raises(NetworkError, match=r"no whole answer within 0\.5 s, after 1 try"),
    ):
        get(server, limits=Limits(total_seconds=0.5))
    assert time.monotonic() - started < 9  # the whole of it would take over ten


@pytest.mark.parametrize(
    "cut",
    [
        Answer("[1, 2, 3]" * 99, cut=4),
        Answer("[1, 2, 3]" * 99, cut=150, chunked=True),
        Answer("[1, 2, 3]" * 99, cut=12, packed=True, no_length=True),
    ],
    ids=["length", "chunk", "gzip"],
)
def test_a_cut_answer_is_tried_again_and_never_used(waits, cut):  # C10
    with LoopbackServer({"/": [cut, Answer("[1]")], "/ever": cut}) as server:
        assert get(server).body == b"[1]"
        with pytest.raises(NetworkError, match=r"cut short|unpack|connection broken"):
            get(server, "/ever")
        assert server.hits("/ever") == 4


@pytest.mark.parametrize("cut", [4, 10])
def test_json_cut_without_length_is_tried_again(waits, cut):  # C11
    broken = Answer('{"a": "éééé"}', cut=cut, no_length=True)
    with LoopbackServer({"/": [broken, Answer("{}")], "/ever": broken}) as server:
        assert fetch_json(server.url()) == {}
        with pytest.raises(NetworkError, match=r"answer cut short or damaged .*after 4 tries"):
            fetch_json(server.url("/ever"))


def test_a_gzip_bomb_is_stopped():  # C12
    with (
        LoopbackServer({"/": Answer(b" " * 50_000_000, packed=True)}) as server,
        pytest.raises(LimitExceededError, match="gzip_ratio") as caught,
    ):
        get(server)
    assert caught.value.limit == "gzip_ratio"


@pytest.mark.parametrize("answer", [Answer(b" " * 3000), Answer(b" " * 3000, no_length=True)])
def test_a_body_beyond_its_bound_is_stopped(answer):  # C12
    with LoopbackServer({"/": answer}) as server, pytest.raises(LimitExceededError, match="body_bytes"):
        get(server, limits=Limits(body_bytes=1000))


def test_an_error_page_is_read_only_at_its_beginning():
    with (
        LoopbackServer({"/": Answer(b"x" * 500_000, status=404)}) as server,
        pytest.raises(NetworkError, match=r"answered 404 \(x{200}\)"),
    ):
        get(server, limits=Limits(body_bytes=1000))


def redirect(target, status=302):
    return Answer(status=status, headers={"Location": target})


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "javascript:alert(1)", "data:,x"])
def test_a_redirect_stays_on_http(target):  # C13
    with (
        LoopbackServer({"/": redirect(target)}) as server,
        pytest.raises(UnsafeInputError, match="is not http or https; nothing was opened"),
    ):
        get(server)


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/",
        "http://10.0.0.1/",
        "https://example.org/",
        "//example.org/",
        "http://127.0.0.2/",
    ],
)
def test_a_redirect_stays_on_the_host(target):  # C14
    with LoopbackServer({"/": redirect(target)}) as server, pytest.raises(UnsafeInputError, match="another host"):
        get(server)


def test_a_redirect_to_another_port_is_to_another_host():  # C14
    with LoopbackServer({}) as other, LoopbackServer({"/": redirect(other.url())}) as server:
        with pytest.raises(UnsafeInputError, match="another host"):
            get(server)
        assert other.asked == []


def test_an_allowed_host_is_followed_but_not_to_a_private_address(monkeypatch):  # C14
    def addresses(host, port, *rest, **named):
        address = {"public.test": "93.184.216.34", "inside.test": "10.1.2.3"}[host]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))]

    answers = {"http://public.test/": ("http://inside.test/", 302), "http://inside.test/": (None, 200)}
    seen = []

    def exchange(url, **options):
        seen.append(url)
        target, status = answers[url]
        return http.Answer(status, {"Location": target} if target else {}, b"{}")

    monkeypatch.setattr(socket, "getaddrinfo", addresses)
    monkeypatch.setattr(http, "exchange", exchange)
    options = {"accept": "*/*", "allow_hosts": ["inside.test"]}
    with pytest.raises(UnsafeInputError, match="a private address"):
        fetch("http://public.test/", **options)
    assert seen == ["http://public.test/"]
    assert fetch("http://public.test/", allow_private=True, **options).url == "http://inside.test/"


def test_redirects_end(waits):  # C15
    with LoopbackServer({"/": redirect("/")}) as server:
        with pytest.raises(LimitExceededError, match="redirects is more than 5"):
            get(server)
        assert server.hits("/") == 6


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_repeats_the_request(status):
    with LoopbackServer({"/": redirect("/b", status), "/b": Answer("[2]")}) as server:
        assert fetch_json(server.url(), data=b"q") == [2]
        assert server.asked[-1].body == b"q"
        assert get(server).url == server.url("/b")


def test_a_redirect_after_a_post_may_be_to_a_page_to_get():
    with LoopbackServer({"/": redirect("/b", 303), "/b": Answer("[2]")}) as server:
        fetch_json(server.url(), data=b"q")
        assert server.asked[-1].method == "GET"


def test_encryption_is_not_left(monkeypatch):
    answer = http.Answer(302, {"Location": "http://a.test/"}, b"")
    monkeypatch.setattr(http, "exchange", lambda url, **options: answer)
    with pytest.raises(UnsafeInputError, match="not encrypted any more"):
        fetch("https://a.test/", accept="*/*")


def test_bytes_that_are_not_utf8_are_an_error():  # C19
    with LoopbackServer({"/": Answer('{"a": "café"}'.encode("latin-1"), content_type="application/json")}) as server:
        with pytest.raises(SourceError, match="not UTF-8"):
            fetch_json(server.url())
        with pytest.raises(SourceError, match="is not text in utf-8"):
            get(server).text()
        assert server.hits("/") == 2


def test_a_stated_charset_is_used():
    body = "café".encode("latin-1")
    with LoopbackServer({"/": Answer(body, content_type='text/plain; charset="ISO-8859-1"')}) as server:
        assert get(server).text() == "café"


def test_credentials_are_used_and_not_shown(waits):  # J10
    with LoopbackServer({"/": Answer("no", status=403), "/ok": [redirect("/end")], "/end": Answer("{}")}) as server:
        url = server.url("/?api_key=hidden3").replace("http://", "http://ann:hidden1@")
        with pytest.raises(NetworkError) as caught:
            fetch(url, accept="*/*", params={"token": "hidden2"})
        assert server.asked[0].headers["Authorization"] == "Basic YW5uOmhpZGRlbjE="
        assert server.asked[0].query == {"api_key": "hidden3", "token": "hidden2"}
        assert not re.search("ann|hidden", f"{caught.value} {caught.value.url}")
        answer = fetch(server.url("/ok").replace("http://", "http://ann:hidden1@"), accept="*/*")
        assert "hidden" not in answer.url
        assert "Authorization" in server.asked[-1].headers


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://u:p@h/x", "http://***@h/x"),
        ("http://u@h/x#f", "http://***@h/x#f"),
        ("http://h/x?a=1&PASSWORD=2&b=", "http://h/x?a=1&PASSWORD=***&b="),
        ("http://h/x?a=1%20b", "http://h/x?a=1%20b"),
        ("http://u:p@[bad/x", "http://***@[bad/x"),
    ],
)
def test_what_is_secret_in_an_address_is_masked(url, shown):  # J10
    assert masked(url) == shown


def test_offline_means_no_socket(monkeypatch):
    monkeypatch.setenv("KGZSL_OFFLINE", "1")
    with LoopbackServer({"/": Answer("{}")}) as server:
        with pytest.raises(OfflineError, match=r"KGZSL_OFFLINE forbids the network; unset it to fetch; use the dump"):
            get(server, advice="use the dump")
        monkeypatch.setenv("KGZSL_OFFLINE", "0")
        get(server)
        assert server.hits("/") == 1


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "/etc/passwd", "http:///x", "http://h:99999/", "http://h/a b", "http://h/\n"]
)
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(UnsafeInputError, match="not an http or https address"):
        fetch(url, accept="*/*")


def test_an_encoding_not_asked_for_is_refused():
    with (
        LoopbackServer({"/": Answer("{}", headers={"Content-Encoding": "br"})}) as server,
        pytest.raises(NetworkError, match="packed as 'br'"),
    ):
        get(server)


@pytest.mark.parametrize(
    "body", [b"not gzip at all", gzip.compress(b"[1]", mtime=0)[:-8] + b"\0" * 8], ids=["text", "checksum"]
)
def test_a_damaged_gzip_body_is_an_error(waits, body):
    with (
        LoopbackServer({"/": Answer(body, headers={"Content-Encoding": "gzip"})}) as server,
        pytest.raises(NetworkError, match="does not unpack"),
    ):
        get(server)


def test_headers_without_end_are_an_error(waits):
    with (
        LoopbackServer({"/": Answer("{}", headers={f"X-{n}": "x" for n in range(200)})}) as server,
        pytest.raises(NetworkError, match="connection broken"),
    ):
        get(server)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("http://h/x", "http://H./y", True),
        ("http://h/", "https://h/", True),
        ("http://h/", "http://h:80/", True),
        ("http://h:8080/", "http://h/", False),
        ("http://h/", "http://h.evil/", False),
        ("http://h/", "ftp://h/", False),
    ],
)
def test_hosts_are_compared_with_their_ports(a, b, same):
    assert is_same_host(a, b) is same
