"""Why a class was predicted: exact shares of the decision, traced through the graph."""

from kgzsl.explain.account import Reach
from kgzsl.explain.credits import Credit
from kgzsl.explain.decision import Candidate, ClosedFormModel, ClosedFormTerms, Decision, NetworkModel
from kgzsl.explain.explaining import ExactExplainer, Explainer, check_decision, explain
from kgzsl.explain.explanation import Explanation

__all__ = [
    "Candidate",
    "ClosedFormModel",
    "ClosedFormTerms",
    "Credit",
    "Decision",
    "ExactExplainer",
    "Explainer",
    "Explanation",
    "NetworkModel",
    "Reach",
    "check_decision",
    "explain",
]
