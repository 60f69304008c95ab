"""A file or folder that is absent, in the way, unreadable, altered, unsafe or too large."""

from pathlib import Path

from kgzsl.errors.root import KgzslError

__all__ = [
    "DataMissingError",
    "IntegrityError",
    "LimitExceededError",
    "OutputExistsError",
    "SourceError",
    "UnsafeInputError",
    "VersionError",
]


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


class OutputExistsError(KgzslError, FileExistsError):
    """Something stands where a file or folder is to be written. Attribute: `path`."""

    def __init__(self, path: str | Path, reason: str) -> None:
        self.path = str(path)
        super().__init__(f"{self.path} {reason}")


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
