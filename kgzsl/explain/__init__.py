"""Why a class was predicted: exact shares of the decision, traced through the graph."""

from kgzsl.explain.closed_form import ClosedFormExplainer, Explainer, explain
from kgzsl.explain.credits import Credit
from kgzsl.explain.decision import Candidate, ClosedFormModel, ClosedFormTerms, Decision
from kgzsl.explain.explanation import Explanation
from kgzsl.explain.ledger import Reach

__all__ = [
    "Candidate",
    "ClosedFormExplainer",
    "ClosedFormModel",
    "ClosedFormTerms",
    "Credit",
    "Decision",
    "Explainer",
    "Explanation",
    "Reach",
    "explain",
]
