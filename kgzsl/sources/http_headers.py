"""Headers that a user adds to requests, such as a bearer token: checked, sent to one host, and shown to nobody."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from kgzsl.errors import InputFormatError

__all__ = ["checked_headers", "headers_digest"]

_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_OURS: Final = frozenset({"accept", "accept-encoding", "connection", "content-length", "content-type", "host",
                          "transfer-encoding"})  # fmt: skip


def checked_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    """The headers, if each is one that HTTP can send and none decides what is asked for; values stay unsaid.

    >>> checked_headers({"Authorization": "Bearer abc"})
    {'Authorization': 'Bearer abc'}
    """
    if headers is None:
        return {}
    if not isinstance(headers, Mapping):
        raise InputFormatError(
            f"headers= maps names to values, as {{'Authorization': 'Bearer …'}}, not {_kind(headers)}"
        )
    for name, value in headers.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InputFormatError(f"headers= has a name that HTTP does not allow, {_kind(name)} of {len(str(name))}")
        if name.lower() in _OURS:
            raise InputFormatError(f"headers= may not set {name}, which follows from what is asked for")
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise InputFormatError(
                f"the value of {name} in headers= is not printable ASCII text without spaces around it (it is "
                f"{_kind(value)})"
            )
    return dict(headers)


def _kind(value: Any) -> str:
    """What a value is, without saying it: it may be a secret."""
    return type(value).__name__


def headers_digest(headers: Mapping[str, str]) -> str:
    """What tells answers to one set of headers from those to another, and gives no header away; "" without any."""
    if not headers:
        return ""
    sorted_pairs = sorted((name.lower(), value) for name, value in headers.items())
    return hashlib.sha256(json.dumps(sorted_pairs).encode()).hexdigest()
