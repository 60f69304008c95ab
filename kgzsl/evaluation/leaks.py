"""Look a zero-shot run over for leaks: ways in which what is tested was known before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kgzsl.display.text import escape_text
from kgzsl.errors import InputFormatError, SplitError, UnknownNameError
from kgzsl.evaluation.leaks_checks import CHECKS
from kgzsl.evaluation.leaks_run import Run, Selection
from kgzsl.graph.lookup import nearest_of
from kgzsl.query.audit_findings import Check, Finding, Findings

__all__ = ["CHECKS", "LeakReport", "Run", "Selection", "audit_protocol"]


@dataclass(frozen=True, repr=False)
class LeakReport(Findings):
    """The findings of the leak auditor in the order of their codes; checks that found nothing are among them.

    `report["L02"]` is one finding, `report.found` those with a leak, `report.not_run` those of checks that lacked what
    they need: `ok` says nothing of these. It prints and renders in a notebook.

    >>> import kgzsl
    >>> rows = {"train": [0, 1], "test_seen": [2], "test_unseen": [3]}
    >>> protocol = kgzsl.Protocol.from_indices(["cat", "dog", "cat", "fox"], **rows)
    >>> report = kgzsl.audit_protocol(kgzsl.Run(protocol=protocol, trained_on=[0, 1, 2]))
    >>> report.ok, report["L01"].count, report.to_dict()["severity"]
    (False, 1, 'error')
    >>> kgzsl.audit_protocol(kgzsl.Run(protocol=protocol)).require().ok
    True
    >>> len(report.not_run), len(report.findings)
    (21, 26)
    """

    run: str
    protocol_sha256: str
    findings: tuple[Finding, ...]
    ignored: tuple[str, ...] = ()

    @property
    def not_run(self) -> tuple[Finding, ...]:
        """The findings of checks that could not be run; `skipped` of each says what it lacks."""
        return tuple(finding for finding in self.findings if finding.skipped)

    def require(self) -> "LeakReport":
        """The same, if it is `ok`; else `SplitError` with every leak that is an error."""
        if errors := self.errors():
            lines = "".join(f"\n  {name}: {'; '.join(examples[:3])}" for name, examples in errors.items())
            raise SplitError(f"{self.run} leaks:{lines}", overlap=tuple(errors))
        return self

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "format": "kgzsl-leaks",
            "version": 1,
            "run": self.run,
            "protocol_sha256": self.protocol_sha256,
            "ok": self.ok,
            "severity": self.severity,
            "checks": len(CHECKS),
            "not_run": [finding.code for finding in self.not_run],
            "ignored": list(self.ignored),
            "findings": self.to_frame().to_dicts(),
        }

    def __repr__(self) -> str:
        return f"<LeakReport {escape_text(self._title())}>"

    def _title(self) -> str:
        protocol = f" under protocol {self.protocol_sha256[:16]}" if self.protocol_sha256 else ""
        left_out = [(len(self.not_run), "could not be run"), (len(self.ignored), "ignored")]
        told = "".join(f", {number} {how}" for number, how in left_out if number)
        num_run = len(self.findings) - len(self.not_run)
        return f"leaks of {self.run}{protocol}: {self._told_counts()} in {num_run} of {len(CHECKS)} checks{told}"


def audit_protocol(run: Run, *, ignore: Sequence[str] = ()) -> LeakReport:
    """Every leak that `CHECKS` knows, found in a run.

    A check without what it needs finds nothing and is listed as not run, with what is missing: no finding is no proof
    for those. `ignore` leaves checks out by code, and the report says so. Nothing is fitted, changed or recorded as a
    read, and the same run gives the same report.

    >>> from kgzsl.evaluation.protocol import Protocol
    >>> labels = ["cat", "cat", "cat", "dog", "fox"]
    >>> protocol = Protocol.from_indices(labels, train=[0, 1, 3], test_seen=[2], test_unseen=[4])
    >>> report = audit_protocol(Run(protocol=protocol, trained_on=[0, 1, 2, 3]))
    >>> report.ok, [(finding.code, finding.count, finding.examples) for finding in report.found]
    (False, [('L01', 1, ('row 2 of test_seen',))])
    """
    if not isinstance(run, Run):
        raise InputFormatError(f"audit_protocol takes a kgzsl.evaluation.leaks.Run, not {type(run).__name__}")
    unknown = [ignore] if isinstance(ignore, str) else [code for code in ignore if code not in CHECKS]
    if unknown:
        code = str(unknown[0])
        raise UnknownNameError("check", code, known=list(CHECKS), nearest=nearest_of(code, list(CHECKS)))
    findings = tuple(_run(check, run) for code, check in CHECKS.items() if code not in ignore)
    kept_out = tuple(code for code in CHECKS if code in ignore)
    return LeakReport(run.name, "" if run.protocol is None else run.protocol.sha256, findings, kept_out)


def _run(check: Check[Run], run: Run) -> Finding:
    result = check.find(run)
    return Finding(check, result.count, result.examples, result.skipped, result.complete)
