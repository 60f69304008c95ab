"""Look a knowledge graph over before anything is learnt from it."""

from collections.abc import Iterable

import numpy as np

from kgzsl.errors import InputFormatError, UnknownNameError
from kgzsl.graph.index import IntArray
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.lookup import nearest_of
from kgzsl.query.audit_checks import CHECKS, TABLE_CHECKS, Check, Severity
from kgzsl.query.audit_report import AuditReport, Finding
from kgzsl.query.audit_subject import Subject

__all__ = ["CHECKS", "AuditReport", "Check", "Finding", "Severity", "audit"]


def audit(
    graph: KnowledgeGraph,
    *,
    seen: Iterable[str] | None = None,
    classes: Iterable[str] | None = None,
    relations: Iterable[str] | str | None = None,
    ignore: Iterable[str] = (),
) -> AuditReport:
    """Every fault that `CHECKS` knows, found in a graph: contradictions, gaps, names that are confused.

    `relations` span the taxonomy (None: taxonomic ones). With `seen` and `classes`, ids or anything `resolve` takes,
    classes that no seen class reaches and classes that nothing describes are found as well. `ignore` leaves checks
    out by code, and the report says so. Nothing is changed, and the same graph gives the same report.

    >>> import networkx
    >>> from kgzsl.graph import KnowledgeGraph
    >>> kinds = networkx.DiGraph([("leopard", "panther"), ("panther", "leopard"), ("panther", "cat")])
    >>> report = audit(KnowledgeGraph.from_networkx(kinds, relation="is_a"), ignore=["N301", "N302"])
    >>> report.ok, [(finding.code, finding.count, finding.examples) for finding in report.found]
    (False, [('E101', 1, ('leopard -> panther -> leopard',))])
    """
    if not isinstance(ignore, Iterable):
        raise InputFormatError(f"ignore= lists the codes of checks, not {ignore!r}")
    ignored = (ignore,) if isinstance(ignore, str) else tuple(ignore)
    unknown = [str(code) for code in ignored if code not in CHECKS]
    if unknown:
        raise UnknownNameError("check", unknown[0], known=list(CHECKS), nearest=nearest_of(unknown[0], list(CHECKS)))
    if (seen is None) != (classes is None):
        raise InputFormatError("seen= and classes= are given together: which classes are to be reached from which")
    chosen = relations if isinstance(relations, str) or not isinstance(relations, Iterable) else tuple(relations)
    graph.index.relation_codes(chosen)  # an unknown relation is the caller's mistake, not the graph's
    subject = Subject(graph, chosen, _positions(graph, seen), _positions(graph, classes))
    broken = bool(CHECKS["E108"].find(subject).count)
    findings = [_run(check, subject, broken=broken) for code, check in CHECKS.items() if code not in ignored]
    kept_out = tuple(code for code in CHECKS if code in ignored)
    return AuditReport(graph.name, graph.index.num_concepts, graph.index.num_edges, tuple(findings), kept_out)


def _run(check: Check[Subject], subject: Subject, *, broken: bool) -> Finding:
    if broken and check.code not in TABLE_CHECKS:
        return Finding(check, 0, skipped="edges lead nowhere, see E108")
    result = check.find(subject)
    return Finding(check, result.count, result.examples, result.skipped)


def _positions(graph: KnowledgeGraph, ids: Iterable[str] | None) -> IntArray | None:
    return None if ids is None else np.unique(graph.concept_columns.rows(ids, graph=graph.name))
