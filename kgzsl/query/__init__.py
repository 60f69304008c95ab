"""Questions asked of a knowledge graph."""

from kgzsl.query.alignment import align
from kgzsl.query.alignment_result import Alignment
from kgzsl.query.audit import audit
from kgzsl.query.audit_report import AuditReport
from kgzsl.query.contradictions import Contradiction, contradictions
from kgzsl.query.entailment import entail
from kgzsl.query.grounding import ground, ground_classes
from kgzsl.query.grounding_file import read_overrides, write_overrides
from kgzsl.query.grounding_names import NameCheck, check_names
from kgzsl.query.grounding_result import Grounding
from kgzsl.query.information_content import InformationContent
from kgzsl.query.pattern_syntax import PatternSyntaxError
from kgzsl.query.proofs import NotEntailedError, Proof, ProofError, why
from kgzsl.query.rules import Rule, RuleSet

__all__ = [
    "Alignment",
    "AuditReport",
    "Contradiction",
    "Grounding",
    "InformationContent",
    "NameCheck",
    "NotEntailedError",
    "PatternSyntaxError",
    "Proof",
    "ProofError",
    "Rule",
    "RuleSet",
    "align",
    "audit",
    "check_names",
    "contradictions",
    "entail",
    "ground",
    "ground_classes",
    "read_overrides",
    "why",
    "write_overrides",
]
