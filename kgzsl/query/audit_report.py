"""What an audit of a graph found."""

from dataclasses import dataclass
from typing import Any

from kgzsl.display.text import escape_text
from kgzsl.errors import InvalidGraphError
from kgzsl.query.audit_findings import Finding, Findings

__all__ = ["AuditReport", "Finding"]


@dataclass(frozen=True, repr=False)
class AuditReport(Findings):
    """The findings of an audit in the order of their codes; checks that found nothing are among them.

    `report["E101"]` is one finding.

    >>> import kgzsl
    >>> loop = [("tiger", "is_a", "cat"), ("cat", "is_a", "tiger")]
    >>> zoo = kgzsl.KnowledgeGraph.from_tables(["cat", "tiger"], loop)
    >>> report = kgzsl.audit(zoo)
    >>> report.ok, report.severity, report["E101"].examples
    (False, 'error', ('cat -> tiger -> cat',))
    """

    graph: str
    num_concepts: int
    num_edges: int
    findings: tuple[Finding, ...]
    ignored: tuple[str, ...] = ()

    def require(self) -> "AuditReport":
        """The same, if it is `ok`; else `InvalidGraphError` with every error found.

        >>> import kgzsl
        >>> kgzsl.load_graph("freshwater").audit().require().ok
        True
        """
        if errors := self.errors():
            raise InvalidGraphError(f"graph {self.graph} does not pass its audit", report=errors)
        return self

    def to_dict(self) -> dict[str, Any]:
        """JSON values.

        >>> import kgzsl
        >>> kgzsl.load_graph("freshwater").audit().to_dict()["graph"]
        {'name': 'freshwater', 'num_concepts': 457, 'num_edges': 2153}
        """
        return {
            "format": "kgzsl-audit",
            "version": 1,
            "graph": {"name": self.graph, "num_concepts": self.num_concepts, "num_edges": self.num_edges},
            "ok": self.ok,
            "severity": self.severity,
            "ignored": list(self.ignored),
            "findings": self.to_frame().to_dicts(),
        }

    def __repr__(self) -> str:
        return f"<AuditReport {escape_text(self._title())}>"

    def _title(self) -> str:
        return (
            f"audit of {self.graph} ({self.num_concepts:,} concepts, {self.num_edges:,} edges): {self._told_counts()}"
        )
