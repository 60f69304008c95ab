"""One HTTP request and its answer, within bounds of time and size."""

import os
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, IncompleteRead, ReadTimeoutError

from kgzsl.errors import LimitExceededError
from kgzsl.sources.limits import Limits

__all__ = ["Answer", "TransportError", "exchange"]

_BLOCK = 1 << 16
_ERROR_BYTES = 1 << 16
_AUTOMATIC_WINDOW = 32 + zlib.MAX_WBITS  # gzip or zlib, as the first bytes say


class TransportError(Exception):
    """No whole answer came. `temporary` tells whether to try again may help."""

    def __init__(self, reason: str, *, temporary: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.temporary = temporary


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers (any case), and the body unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Watch:
    """Shuts the sockets of a request when its time is up.

    A timeout of a socket starts anew with every byte, so a server that drips, in the body or in the headers, never
    meets one.
    """

    def __init__(self) -> None:
        self.is_over = False
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._sockets.append(connection)
            if self.is_over:
                self._shut(connection)

    def _expire(self) -> None:
        with self._lock:
            self.is_over = True
            for connection in self._sockets:
                self._shut(connection)

    @staticmethod
    def _shut(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def over(self, seconds: float) -> Iterator[None]:
        """Watch for so many seconds, or until the end of the `with`."""
        timer = threading.Timer(seconds, self._expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _pool_classes(opened: Callable[[socket.socket], None]) -> dict[str, type[HTTPConnectionPool]]:
    """Connection pools whose connections tell of their sockets."""

    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            opened(self.sock)

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            opened(self.sock)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class _WatchedAdapter(HTTPAdapter):
    """An adapter of requests that lets a watch know of each socket."""

    def __init__(self, watch: _Watch) -> None:
        self._pools = _pool_classes(watch.opened)
        super().__init__()

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        super().init_poolmanager(*given, **named)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **named)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = self._pools
        return manager


def exchange(url: str, *, headers: Mapping[str, str], data: bytes | None, limits: Limits, seconds: float) -> Answer:
    """Send one request and read its answer; redirects are answers like others.

    Proxies and certificates are taken from the environment, as requests takes them; passwords in `.netrc` are not.
    `TransportError` if no whole answer comes within `seconds`; `LimitExceededError` if it is too large.
    """
    watch = _Watch()
    with requests.Session() as session, watch.over(seconds):
        session.trust_env = False
        for scheme in ("http://", "https://"):
            session.mount(scheme, _WatchedAdapter(watch))
        try:
            response = session.request(
                "GET" if data is None else "POST",
                url,
                headers={**headers, "Accept-Encoding": "gzip, deflate"},
                data=data,
                stream=True,
                allow_redirects=False,
                timeout=(min(limits.connect_seconds, seconds), min(limits.read_seconds, seconds)),
                proxies=get_environ_proxies(url),
                verify=os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True,
            )
            with response:
                body = b"" if response.is_redirect else _read(url, response, limits)
        except (requests.RequestException, HTTPError, OSError, zlib.error) as error:
            if watch.is_over:
                raise TransportError(f"no whole answer within {seconds:.3g} s", temporary=False) from error
            raise _explained(error, limits) from error
        if watch.is_over:  # a shut socket reads as the end of a body without length
            raise TransportError(f"no whole answer within {seconds:.3g} s", temporary=False)
        return Answer(response.status_code, response.headers, body)


def _explained(error: Exception, limits: Limits) -> TransportError:
    """What stands behind an error of requests or urllib3, in words."""
    chain = list(_chain(error))
    connect, read = f"{limits.connect_seconds:.3g} s", f"{limits.read_seconds:.3g} s"
    meanings: tuple[tuple[Any, str], ...] = (
        (socket.gaierror, "not reachable (host name not found)"),
        (ConnectionRefusedError, "not reachable (refused)"),
        (requests.ConnectTimeout, f"not reachable (no connection within {connect})"),
        (requests.ReadTimeout | ReadTimeoutError, f"silent for {read}"),
        (IncompleteRead, "answer cut short"),
        (zlib.error, "answer does not unpack"),
    )
    lasting: tuple[tuple[Any, str], ...] = (
        (ssl.SSLError | requests.exceptions.SSLError, f"no secure connection ({chain[-1]})"),
        (requests.exceptions.InvalidURL, "not a usable address"),
    )
    for temporary, known in ((False, lasting), (True, meanings)):
        for kinds, reason in known:
            if any(isinstance(link, kinds) for link in chain):
                return TransportError(reason, temporary=temporary)
    return TransportError(f"connection broken ({type(chain[-1]).__name__})")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all it came from: causes, contexts, and errors among the arguments, as urllib3 keeps them."""
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        link = waiting.pop()
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        inner = [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
        waiting += [part for part in inner if isinstance(part, BaseException)]


def _read(url: str, response: requests.Response, limits: Limits) -> bytes:
    """The body, unpacked, read only as far as the bounds go; of an error page, the beginning."""
    announced = response.headers.get("Content-Length", "")
    if response.ok and announced.isdigit() and int(announced) > limits.body_bytes:
        raise LimitExceededError(_bare(url), limit="body_bytes", allowed=limits.body_bytes, found=int(announced))
    packed = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packed not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise TransportError(f"answer packed as {packed[:40]!r}, which was not asked for", temporary=False)
    blocks = response.raw.stream(_BLOCK, decode_content=False)
    unpacked = blocks if packed in ("identity", "") else _unpacked(_bare(url), blocks, limits)
    body = bytearray()
    for block in unpacked:
        body += block
        if not response.ok and len(body) >= _ERROR_BYTES:
            return bytes(body[:_ERROR_BYTES])
        if len(body) > limits.body_bytes:
            found = f"more than {limits.body_bytes}"
            raise LimitExceededError(_bare(url), limit="body_bytes", allowed=limits.body_bytes, found=found)
    return bytes(body)


def _unpacked(url: str, blocks: Iterator[bytes], limits: Limits) -> Iterator[bytes]:
    """Unpack gzip or zlib in steps of bounded size; a stream that stops before its end is an error."""
    unpacker = zlib.decompressobj(_AUTOMATIC_WINDOW)
    taken = given = 0
    for packed in blocks:
        taken += len(packed)
        left = packed
        while left:
            if unpacker.eof:
                unpacker = zlib.decompressobj(_AUTOMATIC_WINDOW)
            block = unpacker.decompress(left, _BLOCK)
            left = unpacker.unconsumed_tail or unpacker.unused_data
            given += len(block)
            if given > limits.expansion_slack + limits.gzip_ratio * taken:
                ratio = f"more than {given // taken}"
                raise LimitExceededError(url, limit="gzip_ratio", allowed=limits.gzip_ratio, found=ratio)
            yield block
    while not unpacker.eof:  # what zlib still holds back
        block = unpacker.decompress(b"", _BLOCK)
        if not block:
            raise zlib.error("the packed stream ends early")
        yield block


def _bare(url: str) -> str:
    """The address without user name, password, query or fragment."""
    plain = url.partition("?")[0].partition("#")[0]
    scheme, _, rest = plain.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"
