"""Every error kgzsl raises on purpose.

Each one is also the built-in exception a Python programmer expects, carries its facts as attributes, and
says in its message what was wrong, where, and what to do next.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = [
    "AmbiguousLabelError",
    "ConceptFormError",
    "ConceptVersionError",
    "DataMissingError",
    "ExplanationError",
    "GroundingError",
    "InputFormatError",
    "IntegrityError",
    "InvalidGraphError",
    "KgzslError",
    "KgzslWarning",
    "LimitExceededError",
    "MissingDependencyError",
    "MissingFeaturesError",
    "NetworkError",
    "NoPathError",
    "NotInductiveError",
    "NumericError",
    "OfflineError",
    "OutputExistsError",
    "PluginError",
    "ResourceLimitError",
    "SourceError",
    "SplitError",
    "UnknownConceptError",
    "UnknownNameError",
    "UnknownRelationError",
    "UnsafeInputError",
    "VersionError",
    "listing",
]


_ACTING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # as in `kgzsl.display.text`, a floor above
_LONGEST_ID = 80


def _harmless(text: str, *, kept: str = "") -> str:
    """`text` with characters that would act on a terminal or reorder a line written as escapes, but for `kept`."""
    if text.isascii() and text.isprintable():
        return text
    acting = {mark for mark in set(text) - set(kept) if unicodedata.category(mark) in _ACTING}
    return text.translate({ord(mark): mark.encode("unicode_escape").decode("ascii") for mark in acting})


def _cut(text: str) -> str:
    """`text` as a literal, of which a message shows the beginning if it is long."""
    whole = str(text)
    return repr(whole) if len(whole) <= _LONGEST_ID else f"{whole[:_LONGEST_ID]!r}… ({len(whole):,} characters)"


class KgzslWarning(UserWarning):
    """Something was done by a stated policy, and the result counts it.

    >>> import kgzsl
    >>> issubclass(kgzsl.errors.KgzslWarning, UserWarning)
    True
    """


class KgzslError(Exception):
    """The root of all errors raised by kgzsl; catch it to catch them all.

    >>> import kgzsl
    >>> issubclass(kgzsl.errors.UnknownConceptError, kgzsl.errors.KgzslError)
    True
    """

    def __init__(self, message: str) -> None:
        message = _harmless(message, kept="\n\t")
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        # KeyError would show repr(message)
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuilt, (type(self), self.message, dict(self.__dict__)))


def _rebuilt(cls: type[KgzslError], message: str, facts: dict[str, Any]) -> KgzslError:
    """An error travelling between processes arrives with its facts, whatever its constructor takes."""
    builtin: Any = cls
    while builtin.__module__ != "builtins":
        builtin = builtin.__base__  # lays the instance out; `cls.__new__` may be another parent's, which refuses
    error: KgzslError = builtin.__new__(cls)
    error.args = (message,)
    error.__dict__.update(facts)
    return error


def listing(items: Sequence[object], *, limit: int = 10) -> str:
    """`'a', 'b', 'c' and 7 more`: at most `limit` items, the rest counted.

    >>> listing(["cat", "dog", "fox"], limit=2)
    "'cat', 'dog' and 1 more"
    """
    shown = ", ".join(repr(item) for item in items[:limit])
    hidden = len(items) - limit
    return f"{shown} and {hidden:,} more" if hidden > 0 else shown


def _nearest(nearest: Sequence[str]) -> str:
    return f"; nearest: {listing(nearest, limit=5)}" if nearest else ""


class UnknownConceptError(KgzslError, KeyError):
    """No concept has this id. `id` is the value asked for, `nearest` the closest valid ids, best first."""

    def __init__(self, id: str, *, graph: str, num_concepts: int, nearest: Sequence[str] = (), hint: str = "") -> None:
        self.id = id
        self.nearest = tuple(nearest)
        tail = f" ({hint})" if hint else ""
        where = f"graph {_harmless(graph)} ({num_concepts:,} concepts)"
        # by name: in the errors that are this one and another, `super()` is the other
        KgzslError.__init__(self, f"no concept {_cut(id)} in {where}{_nearest(nearest)}{tail}")


class UnknownRelationError(KgzslError, KeyError):
    """No relation or kind of relation has this name. Attributes: `name`, `nearest`."""

    def __init__(self, name: str, *, graph: str, known: Sequence[str], nearest: Sequence[str] = ()) -> None:
        self.name = name
        self.nearest = tuple(nearest)
        super().__init__(
            f"no relation {_cut(name)} in graph {_harmless(graph)}{_nearest(nearest)}; "
            f"it has {listing(known, limit=30) or 'none'}"
        )


class UnknownNameError(KgzslError, ValueError):
    """No plug-in, graph or option has this name. Attributes: `kind`, `name`, `known`, `nearest`."""

    def __init__(self, kind: str, name: str, *, known: Sequence[str], nearest: Sequence[str] = ()) -> None:
        self.kind = kind
        self.name = name
        self.known = tuple(known)
        self.nearest = tuple(nearest)
        super().__init__(f"no {kind} is called {name!r}{_nearest(nearest)}; known: {listing(known, limit=30)}")


class AmbiguousLabelError(KgzslError, LookupError):
    """A label names several concepts. `candidates` are (id, definition) pairs, best first."""

    def __init__(self, label: str, candidates: Sequence[tuple[str, str]]) -> None:
        self.label = label
        self.candidates = tuple(candidates)
        lines = "".join(f"\n  {_harmless(f'{id_}: {definition[:80]}')}" for id_, definition in self.candidates[:12])
        more = f"\n  and {len(self.candidates) - 12} more" if len(self.candidates) > 12 else ""
        super().__init__(f"{_cut(label)} names {len(self.candidates)} concepts; use one of the ids{lines}{more}")


class GroundingError(KgzslError, ValueError):
    """Class labels that stand for no concept or for several, all of them at once.

    `missing` maps each label without a concept to the nearest ids; `ambiguous` maps each label with several
    concepts to their (id, definition) pairs.
    """

    def __init__(
        self,
        *,
        missing: Mapping[str, Sequence[str]],
        ambiguous: Mapping[str, Sequence[tuple[str, str]]],
        graph: str,
    ) -> None:
        self.missing = {label: tuple(ids) for label, ids in missing.items()}
        self.ambiguous = {label: tuple(pairs) for label, pairs in ambiguous.items()}
        lines = [f"  {label!r} is not in the graph{_nearest(ids)}" for label, ids in self.missing.items()]
        lines += [
            f"  {label!r} is one of: " + "; ".join(_harmless(f"{id_} ({text[:50]})") for id_, text in pairs[:6])
            for label, pairs in self.ambiguous.items()
        ]
        count = len(lines)
        if count > 30:
            lines = [*lines[:30], f"  and {count - 30} more"]
        lines += ["of several, kgzsl.ground(graph, labels, under='…') keeps what lies below one"] * bool(self.ambiguous)
        super().__init__(
            f"{count} class label(s) do not stand for exactly one concept of graph {_harmless(graph)}; "
            "use the ids instead:\n" + "\n".join(lines)
        )


class NoPathError(KgzslError, LookupError):
    """Two concepts are not connected by the relations asked for. Attributes: `start`, `end`."""

    def __init__(self, start: str, end: str, *, relations: str) -> None:
        self.start = start
        self.end = end
        super().__init__(f"no path from {start!r} to {end!r} over {relations}; allow more relations with relations=")


class SourceError(KgzslError, ValueError):
    """A source could not be read. Attributes: `location`, `line` (1-based or None), `reason`."""

    def __init__(self, location: str | Path, reason: str, *, line: int | None = None) -> None:
        self.location = str(location)
        self.line = line
        self.reason = reason
        where = f"{self.location}, line {line}" if line is not None else self.location
        super().__init__(f"{where}: {reason}")


class DataMissingError(KgzslError, FileNotFoundError):
    """A file or folder that is needed does not exist. Attribute: `path`."""

    def __init__(self, path: str | Path, reason: str) -> None:
        self.path = str(path)
        super().__init__(f"{self.path}: {reason}")


class IntegrityError(KgzslError, ValueError):
    """A file is not what was written: truncated, altered or incomplete. Attributes: `file`, `expected`, `found`."""

    def __init__(self, file: str | Path, *, expected: str, found: str, advice: str = "") -> None:
        self.file = str(file)
        self.expected = expected
        self.found = found
        super().__init__(f"{self.file}: expected {expected}, found {found}" + (f"; {advice}" if advice else ""))


class VersionError(KgzslError, ValueError):
    """A file was written in a format this version does not read. Attributes: `file`, `found`, `supported`."""

    def __init__(self, file: str | Path, *, found: object, supported: str) -> None:
        self.file = str(file)
        self.found = found
        self.supported = supported
        super().__init__(f"{self.file}: format {found!r} is not readable here; this version reads {supported}")


class UnsafeInputError(KgzslError, ValueError):
    """A file asks for what reading must not do: fetch, open another file, expand without bound."""


class LimitExceededError(KgzslError, ValueError):
    """Input is larger than a named limit allows. Attributes: `limit`, `allowed`, `found`.

    `advice` is what to do where the limit is none of `Limits`.
    """

    def __init__(
        self,
        location: str | Path,
        *,
        limit: str,
        allowed: object,
        found: object,
        advice: str = "pass limits= to allow more",
    ) -> None:
        self.limit = limit
        self.allowed = allowed
        self.found = found
        super().__init__(f"{location}: {limit} is {found}, and {allowed} is allowed; {advice}")


class NetworkError(KgzslError, OSError):
    """A request failed for good. Attributes: `url`, `status` (None without an answer), `attempts`, `retry_after`.

    >>> from kgzsl.errors import NetworkError
    >>> NetworkError("no answer", url="http://example.org", status=503).status
    503
    """

    def __init__(
        self,
        message: str,
        *,
        url: str,
        status: int | None = None,
        attempts: int = 1,
        retry_after: float | None = None,
    ) -> None:
        self.url = url
        self.status = status
        self.attempts = attempts
        self.retry_after = retry_after
        super().__init__(message)


class OfflineError(NetworkError):
    """The network is switched off by KGZSL_OFFLINE=1, and the answer is not in the cache.

    >>> from kgzsl.errors import NetworkError, OfflineError
    >>> issubclass(OfflineError, NetworkError)
    True
    """


class InvalidGraphError(KgzslError, ValueError):
    """The tables do not make a graph. `report` maps each fault to its examples."""

    def __init__(self, message: str, *, report: Mapping[str, Sequence[object]] | None = None) -> None:
        self.report = {fault: tuple(examples) for fault, examples in (report or {}).items()}
        lines = "".join(f"\n  {fault}: {listing(examples, limit=5)}" for fault, examples in self.report.items())
        super().__init__(message + lines)


class InputFormatError(KgzslError, ValueError):
    """An array, table or argument given by the caller is not of the form asked for."""


class ConceptFormError(UnknownConceptError, InputFormatError):
    """Neither an id nor a name in a graph whose ids are of one form, which the message states."""


class ConceptVersionError(UnknownConceptError, VersionError):
    """An id of another version of the vocabulary than the graph's: numbers are never carried over.

    Attributes: `id`, `file` (the graph's name), `found` and `supported` (the two versions), `nearest` (empty).
    """

    def __init__(self, id: str, *, graph: str, num_concepts: int, found: str, supported: str) -> None:
        hint = (
            f"it is an id of {found}, and the graph has {supported}; one number stands for different concepts in the "
            "two, so use the concept's name, or its id in the graph's version"
        )
        super().__init__(id, graph=graph, num_concepts=num_concepts, hint=hint)
        self.file = graph
        self.found = found
        self.supported = supported


class MissingFeaturesError(KgzslError, LookupError):
    """Concepts without features. `ids` lists every one of them."""

    def __init__(self, ids: Sequence[str], *, source: str, advice: str) -> None:
        self.ids = tuple(ids)
        super().__init__(f"{source} has no features for {len(ids):,} concept(s): {listing(self.ids)}; {advice}")


class OutputExistsError(KgzslError, FileExistsError):
    """Something stands where a file or folder is to be written. Attribute: `path`."""

    def __init__(self, path: str | Path, reason: str) -> None:
        self.path = str(path)
        super().__init__(f"{self.path} {reason}")


class SplitError(KgzslError, ValueError):
    """Seen and unseen classes overlap, or one side is empty. `overlap` lists the classes on both sides."""

    def __init__(self, message: str, *, overlap: Sequence[str] = ()) -> None:
        self.overlap = tuple(overlap)
        super().__init__(message)


class NotInductiveError(KgzslError, TypeError):
    """This model cannot give weights to a concept that was not there when it was fitted."""


class NumericError(KgzslError, FloatingPointError):
    """A computation left the finite numbers. Attribute: `epoch`, or None outside training.

    >>> NumericError("the loss is nan", epoch=7).epoch
    7
    """

    def __init__(self, message: str, *, epoch: int | None = None) -> None:
        self.epoch = epoch
        super().__init__(message)


class ResourceLimitError(KgzslError, MemoryError):
    """An operation would need more memory than a stated limit; nothing was allocated."""


class ExplanationError(KgzslError, AssertionError):
    """An explanation's printed numbers do not follow from the model and the graph."""


class PluginError(KgzslError, ImportError):
    """A plug-in was found but could not be loaded or does not fulfil its contract."""


class MissingDependencyError(KgzslError, ImportError):
    """An optional dependency is not installed; the message says which extra brings it.

    >>> from kgzsl.errors import MissingDependencyError
    >>> print(MissingDependencyError("pandas", extra="pandas", purpose="Table.to_pandas"))
    Table.to_pandas needs pandas; install it with: pip install "kgzsl[pandas]"
    """

    def __init__(self, package: str, *, extra: str, purpose: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(f'{purpose} needs {package}; install it with: pip install "kgzsl[{extra}]"')
