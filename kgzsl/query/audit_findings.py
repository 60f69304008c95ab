"""What checks are and what they found, for any audit: values that print, render and turn into tables."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeVar

import polars as pl

from kgzsl.display.html import html_table
from kgzsl.display.text import escape_text, fit, wrap
from kgzsl.errors import UnknownNameError
from kgzsl.query.audit_subject import Found

__all__ = ["SEVERITIES", "Check", "Finding", "Findings", "Severity"]

_WIDTH = 96
_LONGEST = 60

Audited = TypeVar("Audited")
Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""From the worst to the mildest."""


@dataclass(frozen=True, slots=True)
class Check(Generic[Audited]):
    """One check. Codes keep their meaning for ever.

    An error contradicts itself or breaks answers; a warning makes answers poorer; a note is worth knowing.
    """

    code: str
    severity: Severity
    title: str
    explanation: str
    advice: str
    find: Callable[[Audited], Found] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and how often it found its fault; `count` 0 is a check that was run and found nothing.

    `examples` are up to ten, as text, or sum up all if it is `complete`. `skipped` says why a check could not be run,
    else it is "".
    """

    check: Check[Any]
    count: int
    examples: tuple[str, ...] = ()
    skipped: str = ""
    complete: bool = False

    @property
    def code(self) -> str:
        """The check's code."""
        return self.check.code

    @property
    def severity(self) -> Severity:
        """The check's severity."""
        return self.check.severity


class Findings(ABC):
    """The findings of an audit in the order of their codes; checks that found nothing are among them.

    `findings["E101"]` is one finding.
    """

    findings: tuple[Finding, ...]
    ignored: tuple[str, ...]

    def __getitem__(self, code: str) -> Finding:
        for finding in self.findings:
            if finding.code == code:
                return finding
        raise UnknownNameError("check in this audit", code, known=[finding.code for finding in self.findings])

    @property
    def found(self) -> tuple[Finding, ...]:
        """The findings with at least one fault."""
        return tuple(finding for finding in self.findings if finding.count)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many checks of each severity found something."""
        found = [finding.severity for finding in self.found]
        return MappingProxyType({severity: found.count(severity) for severity in SEVERITIES})

    @property
    def severity(self) -> Severity | None:
        """The worst severity found, or None."""
        return next((severity for severity in SEVERITIES if self.counts[severity]), None)

    @property
    def ok(self) -> bool:
        """Whether no error was found; warnings and notes may be."""
        return not self.counts["error"]

    def is_at_least(self, severity: Severity) -> bool:
        """Whether something this severe or worse was found: what a command exits with an error for.

        >>> import kgzsl
        >>> kgzsl.load_graph("freshwater").audit().is_at_least("warning")
        True
        """
        if severity not in SEVERITIES:
            raise UnknownNameError("severity", severity, known=SEVERITIES)
        return any(self.counts[worse] for worse in SEVERITIES[: SEVERITIES.index(severity) + 1])

    def to_frame(self) -> pl.DataFrame:
        """A row for each check, with its words, count and examples.

        >>> import kgzsl
        >>> kgzsl.load_graph("freshwater").audit().to_frame().columns[:3]
        ['code', 'severity', 'count']
        """
        names = ("code", "severity", "count", "title", "examples", "explanation", "advice", "skipped")
        special = {"count": pl.Int64(), "examples": pl.List(pl.String())}
        schema = {name: special.get(name, pl.String()) for name in names}
        rows = [
            (finding.code, finding.severity, finding.count, finding.check.title, list(finding.examples),
             finding.check.explanation, finding.check.advice, finding.skipped)
            for finding in self.findings
        ]  # fmt: skip
        return pl.DataFrame(rows, schema=schema, orient="row")

    def errors(self) -> dict[str, tuple[str, ...]]:
        """Examples of every error found, by its code, count and title.

        >>> import kgzsl
        >>> loop = [("tiger", "is_a", "cat"), ("cat", "is_a", "tiger")]
        >>> zoo = kgzsl.KnowledgeGraph.from_tables(["cat", "tiger"], loop)
        >>> zoo.audit().errors()
        {'E101 1 cycle(s) in the taxonomy': ('cat -> tiger -> cat',)}
        """
        return {
            f"{finding.code} {finding.count:,} {finding.check.title}": finding.examples
            for finding in self.found
            if finding.severity == "error"
        }

    def __str__(self) -> str:
        lines = wrap(escape_text(self._title()), _WIDTH, indent="  ")
        for finding in self.found:
            check = finding.check
            lines += ["", *wrap(f"{check.code} {check.severity}: {finding.count:,} {check.title}", _WIDTH, indent="  ")]
            for text in (check.explanation, f"To do: {check.advice}", f"Found: {_examples(finding)}"):
                lines += _indented(text)
        return "\n".join([*lines, *(line for text in self._rest() for line in ["", *wrap(text, _WIDTH, indent="  ")])])

    def _repr_html_(self) -> str:
        rows = [
            (finding.code, finding.severity, f"{finding.count:,} {finding.check.title}", _examples(finding),
             finding.check.advice)
            for finding in self.found
        ]  # fmt: skip
        columns = ["code", "severity", "found", "examples", "to do"] if rows else []
        page = html_table(rows, columns, caption=self._title())
        rest = [
            (finding.code, finding.check.title, f"not run: {finding.skipped}" if finding.skipped else "none found")
            for finding in self._none()
        ]
        rest += [("", text, "ignored") for text in self.ignored]
        num_run = sum(result == "none found" for _, _, result in rest)
        summary = f"{num_run} checks found nothing, {len(rest) - num_run} were not run or ignored"
        return page + (html_table(rest, ["code", "check", "result"], summary=summary) if rest else "")

    @abstractmethod
    def _title(self) -> str:
        """What was audited, and how many checks of each severity found something."""

    def _told_counts(self) -> str:
        return ", ".join(f"{number} {severity}{'s'[: number != 1]}" for severity, number in self.counts.items())

    def _rest(self) -> list[str]:
        clean = [f"{finding.code} {finding.check.title}" for finding in self.findings if not finding.count]
        clean = [text for text, finding in zip(clean, self._none(), strict=True) if not finding.skipped]
        skipped = [f"{finding.code} ({finding.skipped})" for finding in self._none() if finding.skipped]
        said = (("Checked, none found: ", clean), ("Not run: ", skipped), ("Ignored: ", list(self.ignored)))
        return [f"{start}{'; '.join(texts)}." for start, texts in said if texts]

    def _none(self) -> list[Finding]:
        return [finding for finding in self.findings if not finding.count]


def _examples(finding: Finding) -> str:
    texts = [fit(escape_text(text), _LONGEST) for text in finding.examples]
    hidden = 0 if finding.complete else finding.count - len(texts)
    return "; ".join(texts) + (f"; and {hidden:,} more" if hidden > 0 else "")


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in wrap(text, _WIDTH - 2)]
