"""Questions asked of a knowledge graph."""

from kgzsl.query.audit import audit
from kgzsl.query.audit_report import AuditReport
from kgzsl.query.grounding import ground, ground_classes
from kgzsl.query.grounding_file import read_overrides, write_overrides
from kgzsl.query.grounding_names import NameCheck, check_names
from kgzsl.query.grounding_result import Grounding

__all__ = [
    "AuditReport",
    "Grounding",
    "NameCheck",
    "audit",
    "check_names",
    "ground",
    "ground_classes",
    "read_overrides",
    "write_overrides",
]
