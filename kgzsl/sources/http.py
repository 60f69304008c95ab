"""Fetching over HTTP when the other side is slow, down, wrong or hostile."""

import email.utils
import fnmatch
import ipaddress
import json
import os
import re
import secrets
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from kgzsl._version import __version__
from kgzsl.errors import KgzslError, LimitExceededError, NetworkError, OfflineError, SourceError, UnsafeInputError
from kgzsl.sources.http_headers import checked_headers
from kgzsl.sources.http_transport import Answer, TransportError, exchange
from kgzsl.sources.limits import Limits

__all__ = [
    "Response",
    "checked_json",
    "fetch",
    "fetch_json",
    "is_offline",
    "is_same_host",
    "masked",
    "parsed_json",
]

LONGEST_WAIT: Final = 60.0
"""Seconds that a server may ask us to wait with Retry-After; more is an error at once."""

USER_AGENT: Final = f"kgzsl/{__version__} (knowledge-graph zero-shot learning)"
_PORTS: Final = {"http": 80, "https": 443}
_HTML: Final = ("text/html", "application/xhtml+xml")
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_TEMPORARY: Final = (408, 425, 429)
_SECRET: Final = re.compile(r"key|token|secret|passw|pwd|auth|signature|credential", re.IGNORECASE)
_SHOWN: Final = 200


@dataclass(frozen=True)
class Response:
    """A whole answer: `url` after redirects and without credentials, `content_type` as sent, `body` unpacked.

    `attempts` is how often it was asked for.
    """

    url: str
    status: int
    content_type: str
    body: bytes
    attempts: int = 1

    @property
    def media_type(self) -> str:
        """The content type without parameters, in lower case."""
        return self.content_type.partition(";")[0].strip().lower()

    def text(self) -> str:
        """The body in the charset that it states, else UTF-8, decoded strictly: `SourceError` where it is not."""
        stated = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", self.content_type, re.IGNORECASE)
        charset = stated[1] if stated else "utf-8"
        try:
            return self.body.decode(charset)
        except (UnicodeDecodeError, LookupError) as error:
            raise SourceError(self.url, f"the answer is not text in {charset}: {error}") from error


def is_offline() -> bool:
    """Whether `KGZSL_OFFLINE` forbids the network."""
    return os.environ.get("KGZSL_OFFLINE", "").strip().lower() not in ("", "0", "false", "no")


def masked(url: str) -> str:
    """The address as it may be shown: no user name, no password, no key or token in the query.

    >>> masked("https://ann:secret@example.org/sparql?query=x&api_key=abc")
    'https://***@example.org/sparql?query=x&api_key=***'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return re.sub(r"//[^/]*@", "//***@", url)
    authority = f"***@{parts.netloc.rpartition('@')[2]}" if "@" in parts.netloc else parts.netloc
    query = parts.query
    if _SECRET.search(query):
        pairs = parse_qsl(query, keep_blank_values=True)
        query = urlencode([(name, "***" if _SECRET.search(name) else value) for name, value in pairs], safe="*")
    return urlunsplit(parts._replace(netloc=authority, query=query))


def is_same_host(a: str, b: str) -> bool:
    """Whether two addresses are of the same host and port, both http(s); an upgrade from http to https counts."""
    one, other = urlsplit(a), urlsplit(b)
    if one.scheme not in _PORTS or other.scheme not in _PORTS or _host(one) != _host(other):
        return False
    ports = one.port or _PORTS[one.scheme], other.port or _PORTS[other.scheme]
    return ports[0] == ports[1] or ports == (80, 443)


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".").lower()


def pause(seconds: float) -> None:
    """Wait; a name of its own, so that tests need not."""
    time.sleep(seconds)


def fetch(
    url: str,
    *,
    accept: str,
    limits: Limits = Limits(),  # noqa: B008 -- frozen
    params: Mapping[str, str] | None = None,
    data: bytes | None = None,
    content_type: str | None = None,
    expect: Sequence[str] = (),
    retries: int = 3,
    allow_private: bool = False,
    allow_hosts: Sequence[str] = (),
    advice: str = "",
    headers: Mapping[str, str] | None = None,
    check: Callable[[Response], object] | None = None,
) -> Response:
    """The answer to a GET, or with `data` to a POST, once it is whole and of the form asked for.

    Connection failures, cut answers, 408, 425, 429 and 5xx are tried again up to `retries` times, after a pause that
    doubles and is drawn at random; Retry-After is obeyed up to 60 s. `limits.total_seconds` holds for everything
    together, also for an answer that drips. A `check` that raises ValueError calls an answer damaged; it is tried
    again as well. `expect` lists the media types to accept (`application/*+json` is a pattern); without it, all but
    HTML.

    Redirects, at most `limits.redirects`, stay on http(s), on the same host (or one of `allow_hosts`, then not at a
    private address unless `allow_private` or the given address is one), and do not leave https. The environment's
    proxies are used; `.netrc` is not read. `headers` (a bearer token) go to the given host alone, across no redirect to
    another, and into no message. `KGZSL_OFFLINE=1` forbids it all before a socket is opened.

    Raises `OfflineError`, `NetworkError` (the message ends with `advice`), `LimitExceededError` (`body_bytes`,
    `gzip_ratio`, `redirects`), `UnsafeInputError` (another scheme, another host).
    """
    parts, own = _checked(url), checked_headers(headers)
    if params:
        added = urlencode(params)
        url = urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))
    if is_offline():
        raise OfflineError(
            _sentence(f"{masked(url)}: KGZSL_OFFLINE forbids the network; unset it to fetch", advice), url=masked(url)
        )
    usual = {"Accept": accept, "User-Agent": USER_AGENT} | ({"Content-Type": content_type} if content_type else {})
    task = _Task(url, usual, data, limits, tuple(expect), allow_private, tuple(allow_hosts), check, own)
    return _persistently(task, retries=retries, advice=advice)


def fetch_json(
    url: str,
    *,
    accept: str = "application/json",
    limits: Limits = Limits(),  # noqa: B008 -- frozen
    params: Mapping[str, str] | None = None,
    data: bytes | None = None,
    content_type: str | None = None,
    expect: Sequence[str] = ("application/json", "application/*+json"),
    retries: int = 3,
    allow_private: bool = False,
    allow_hosts: Sequence[str] = (),
    advice: str = "",
    headers: Mapping[str, str] | None = None,
) -> Any:
    """What a JSON answer says; the options are those of `fetch`.

    An answer that stops in the middle is tried again. An object with "error" is a `NetworkError` with its text, and
    never an empty result; text that is not UTF-8 is a `SourceError`.
    """
    answer = fetch(
        url,
        accept=accept,
        limits=limits,
        params=params,
        data=data,
        content_type=content_type,
        expect=expect,
        retries=retries,
        allow_private=allow_private,
        allow_hosts=allow_hosts,
        advice=advice,
        headers=headers,
        check=parsed_json,
    )
    return checked_json(answer, advice=advice)


def checked_json(answer: Response, *, advice: str = "") -> Any:
    """What an answer says in JSON; `NetworkError` with the text of an error that it states."""
    value = parsed_json(answer)
    if isinstance(value, dict) and value.get("error"):
        said = f"{answer.url}: answered with an error: {_error_text(value)}"
        raise NetworkError(_sentence(said, advice), url=answer.url, status=_error_status(value))
    return value


def parsed_json(answer: Response) -> Any:
    """The JSON of an answer; a plain ValueError if it may have been cut, `SourceError` if it is whole and not UTF-8."""
    try:
        answer.body.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            raise
        raise SourceError(answer.url, f"the answer is not UTF-8: {error}") from error
    return json.loads(answer.body)


@dataclass(frozen=True)
class _Task:
    """What to fetch, and what to insist on."""

    url: str
    headers: Mapping[str, str]
    data: bytes | None
    limits: Limits
    expect: tuple[str, ...]
    allow_private: bool
    allow_hosts: tuple[str, ...]
    check: Callable[[Response], object] | None
    own: Mapping[str, str] = field(default_factory=dict, repr=False)


def _persistently(task: _Task, *, retries: int, advice: str) -> Response:
    """Try, wait, try again."""
    started, shown = time.monotonic(), masked(task.url)
    attempts = 0
    while True:
        attempts += 1
        status, asked, cause = None, None, None
        left = task.limits.total_seconds - (time.monotonic() - started)
        try:
            answer, url = _followed(task, left)
            status = answer.status
            if 200 <= status < 300:
                return replace(_accepted(task, answer, masked(url)), attempts=attempts)
            reason, temporary = _refusal(answer), status in _TEMPORARY or status >= 500
            asked = _seconds_asked(answer.headers.get("Retry-After"))
        except TransportError as error:
            reason, temporary, cause = error.reason, error.temporary, error
        spent = time.monotonic() - started
        wait = asked if asked is not None else (0.5 + secrets.SystemRandom().random()) * 0.25 * 2 ** (attempts - 1)
        in_time = wait <= min(LONGEST_WAIT, task.limits.total_seconds - spent)
        if temporary and attempts <= retries and in_time:
            pause(wait)
            continue
        if temporary and asked is not None and not in_time:
            reason += f", and asks to wait {asked:,.0f} s"
        tries = f"{attempts} {'try' if attempts == 1 else 'tries'} in {spent:.1f} s"
        raise NetworkError(
            _sentence(f"{shown}: {reason}, after {tries}", advice),
            url=shown,
            status=status,
            attempts=attempts,
            retry_after=asked,
        ) from cause


def _followed(task: _Task, seconds: float) -> tuple[Answer, str]:
    """The first answer that is no redirect, and its address."""
    until = time.monotonic() + seconds
    url, data = task.url, task.data
    for _ in range(task.limits.redirects + 1):
        left = until - time.monotonic()
        if left <= 0:
            raise TransportError(f"no whole answer within {task.limits.total_seconds:.3g} s", temporary=False)
        own = task.own if is_same_host(task.url, url) else {}
        answer = exchange(url, headers={**task.headers, **own}, data=data, limits=task.limits, seconds=left)
        target = answer.headers.get("Location")
        if answer.status not in _REDIRECTS or not target:
            return answer, url
        url = _redirected(task, url, target)
        data = None if answer.status == 303 else data
    raise LimitExceededError(
        masked(task.url), limit="redirects", allowed=task.limits.redirects, found=f"more than {task.limits.redirects}"
    )


def _redirected(task: _Task, url: str, location: str) -> str:
    """Where a redirect leads, if it may be followed."""
    try:
        target = urljoin(url, location)
        here, there = urlsplit(url), urlsplit(target)
        same = is_same_host(url, target)
    except ValueError as error:
        raise UnsafeInputError(f"{masked(url)} redirects to {location[:80]!r}, which is no address") from error
    start = f"{masked(url)} redirects to {masked(target)[:120]!r}"
    if there.scheme not in _PORTS or not there.hostname:
        raise UnsafeInputError(f"{start}, which is not http or https; nothing was opened")
    if here.scheme == "https" and there.scheme == "http":
        raise UnsafeInputError(f"{start}, which is not encrypted any more; give that address yourself if you trust it")
    if same:
        return urlunsplit(there._replace(netloc=here.netloc)) if here.netloc.endswith(f"@{there.netloc}") else target
    if _host(there) not in {host.lower() for host in task.allow_hosts}:
        raise UnsafeInputError(f"{start}, another host; give that address yourself if you trust it")
    if not task.allow_private and _is_private(there) and not _is_private(urlsplit(task.url)):
        raise UnsafeInputError(f"{start}, a private address; nothing was opened")
    return target


def _is_private(parts: SplitResult) -> bool:
    """Whether a host is, or resolves to, an address that is not of the public network."""
    host = _host(parts)
    try:
        found = {str(entry[4][0]).partition("%")[0] for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return False  # it cannot be reached either
    return any(not ipaddress.ip_address(address).is_global for address in found)


def _accepted(task: _Task, answer: Answer, url: str) -> Response:
    """The answer as a response, if it is of the form asked for and `check` finds no damage."""
    response = Response(url, answer.status, answer.headers.get("Content-Type", ""), answer.body)
    kind = response.media_type
    sniffed = answer.body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    looks_html = kind in _HTML or sniffed.startswith((b"<!doctype html", b"<html"))
    wanted = any(fnmatch.fnmatchcase(kind, pattern) for pattern in task.expect)
    if (looks_html and not set(task.expect) & set(_HTML)) or (task.expect and kind and not wanted):
        found = "text/html" if looks_html else repr(kind[:80])
        expected = " or ".join(task.expect) or "data"
        raise TransportError(f"answered {found}, expected {expected}", temporary=False)
    if task.check is not None:
        try:
            task.check(response)
        except KgzslError:  # whole, and wrong
            raise
        except ValueError as error:
            raise TransportError(f"answer cut short or damaged ({str(error)[:80]})") from error
    return response


def _refusal(answer: Answer) -> str:
    """The status of a failed request, and what the server said of it."""
    try:
        said = _error_text(json.loads(answer.body))
    except ValueError:
        text = answer.body.decode("utf-8", "replace").strip()
        said = (
            "an HTML page" if text[:20].lower().startswith(("<!doctype html", "<html")) else repr(text[:_SHOWN])[1:-1]
        )
    return f"answered {answer.status}" + (f" ({said})" if said else "")


def _error_text(value: Any) -> str:
    """What a JSON error says, on one line and escaped."""
    error = value.get("error", value) if isinstance(value, dict) else value
    if isinstance(error, dict):
        error = next((error[key] for key in ("details", "message", "detail", "title") if error.get(key)), error)
    return repr(str(error)[:_SHOWN])[1:-1]


def _error_status(value: Mapping[str, Any]) -> int:
    """The status that a JSON error states, else 200, with which it came."""
    error = value["error"]
    status = error.get("status") if isinstance(error, dict) else None
    return status if isinstance(status, int) else 200


def _seconds_asked(header: str | None) -> float | None:
    """Seconds that Retry-After asks for, given as a number or as a date; None if it asks for nothing."""
    if header is None:
        return None
    if re.fullmatch(r"\s*\d{1,12}\s*", header):
        return float(header)
    try:
        then = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, then.timestamp() - time.time())


def _checked(url: str) -> SplitResult:
    """The parts of an http(s) address; `UnsafeInputError` for any other."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme.lower() in _PORTS and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or any(ord(character) < 33 for character in url):
        raise UnsafeInputError(f"{masked(url)[:120]!r} is not an http or https address; nothing was opened")
    return parts


def _sentence(message: str, advice: str) -> str:
    return f"{message}; {advice}" if advice else message
