"""Questions asked of a knowledge graph."""

from kgzsl.query.alignment import align
from kgzsl.query.alignment_result import Alignment
from kgzsl.query.audit import audit
from kgzsl.query.audit_report import AuditReport
from kgzsl.query.grounding import ground, ground_classes
from kgzsl.query.grounding_file import read_overrides, write_overrides
from kgzsl.query.grounding_names import NameCheck, check_names
from kgzsl.query.grounding_result import Grounding

__all__ = [
    "Alignment",
    "AuditReport",
    "Grounding",
    "NameCheck",
    "align",
    "audit",
    "check_names",
    "ground",
    "ground_classes",
    "read_overrides",
    "write_overrides",
]
