"""A web server on 127.0.0.1 that misbehaves on request."""

import contextlib
import gzip
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it; `path` is still quoted, `query` is not."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What to send, and what to do wrong.

    `packed` gzips the body; `cut` sends only so many bytes of it and closes; `chunked` and `no_length` send it
    without a length; `hang` waits so many seconds before the first byte; `drip` waits so many seconds before each
    byte of the body, `drip_headers` before each byte of all.
    """

    body: bytes | str = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] | None = None
    packed: bool = False
    cut: int | None = None
    chunked: bool = False
    no_length: bool = False
    hang: float = 0.0
    drip: float = 0.0
    drip_headers: float = 0.0


Behaviour = Answer | Sequence[Answer] | Callable[[Asked], Answer]


class LoopbackServer:
    """Serve `behaviours` by path while in the `with`; a sequence is played one answer a request, the last for ever.

    A function in place of the mapping, or as one of its values, answers what it is asked. Paths without a behaviour
    are 404.
    """

    def __init__(self, behaviours: Mapping[str, Behaviour] | Callable[[Asked], Answer]) -> None:
        self.asked: list[Asked] = []
        self._behaviours = behaviours
        self._played: dict[str, int] = {}
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def hits(self, path: str) -> int:
        return sum(asked.path == path for asked in self.asked)

    def answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            if callable(self._behaviours):
                return self._behaviours(asked)
            behaviour = self._behaviours.get(asked.path)
            if behaviour is None:
                return Answer('{"error": "no such page"}', status=404)
            if isinstance(behaviour, Answer):
                return behaviour
            if callable(behaviour):
                return behaviour(asked)
            place = self._played.get(asked.path, 0)
            self._played[asked.path] = place + 1
            return behaviour[min(place, len(behaviour) - 1)]

    def __enter__(self) -> "LoopbackServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def closed_port() -> int:
    """A port of 127.0.0.1 that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _handler(server: LoopbackServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            self._play()

        def do_POST(self) -> None:
            self._play()

        def _play(self) -> None:
            self.close_connection = True
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            answer = server.answer(Asked(self.command, parts.path, query, dict(self.headers), body))
            with contextlib.suppress(OSError):  # the other side may have left
                server.closing.wait(answer.hang)
                _send(self, answer, server.closing)

    return Handler


def _send(handler: BaseHTTPRequestHandler, answer: Answer, closing: threading.Event) -> None:
    body = answer.body.encode() if isinstance(answer.body, str) else answer.body
    body = gzip.compress(body) if answer.packed else body
    lines = [f"HTTP/1.1 {answer.status} x", f"Content-Type: {answer.content_type}", "Connection: close"]
    lines += ["Content-Encoding: gzip"] if answer.packed else []
    if answer.chunked:
        lines.append("Transfer-Encoding: chunked")
    elif not answer.no_length:
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in (answer.headers or {}).items()]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    _drip(handler, head, answer.drip_headers, closing)
    sent = body if answer.cut is None else body[: answer.cut]
    if answer.chunked:
        sent = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in _parts(sent))
        sent += b"0\r\n\r\n" if answer.cut is None else b"ff\r\n"
    _drip(handler, sent, answer.drip or answer.drip_headers, closing)


def _parts(body: bytes) -> list[bytes]:
    return [body[start : start + 100] for start in range(0, len(body), 100)]


def _drip(handler: BaseHTTPRequestHandler, content: bytes, seconds: float, closing: threading.Event) -> None:
    if not seconds:
        handler.wfile.write(content)
        return
    for byte in content:
        if closing.wait(seconds):
            return
        handler.wfile.write(bytes([byte]))
