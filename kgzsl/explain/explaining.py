"""Explains a decision: by the sum that a closed form is, or by the walks that the messages of a network took."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kgzsl.contracts import Explainer
from kgzsl.errors import ExplanationError, InputFormatError
from kgzsl.explain.account import Reach
from kgzsl.explain.decision import Decision
from kgzsl.explain.explanation import Explanation
from kgzsl.explain.making import assumptions, make

__all__ = ["ExactExplainer", "Explainer", "check_decision", "explain"]

_MODEL_TOLERANCE = 1e-4


@dataclass(frozen=True)
class ExactExplainer:
    """Exact shares of a decision, for closed forms (`ClosedFormTerms`) and networks of graph convolutions.

    In a closed form the score of an unseen class is m_u·x + Σ_s k_us α_s(x) over the length of its weights. k_us is
    split over the three kernels, the walk kernel over loop-erased paths from u to s, the convolved kernel over the
    concepts whose descriptions u reaches and the paths to them. In a network it is a sum over the walks that messages
    took, each unit passing what it passed in this decision. `reach` says how many paths are listed; the rest is a row.

    >>> from kgzsl.explain import ExactExplainer, Reach
    >>> from kgzsl.testing import example_decision
    >>> why = ExactExplainer(Reach(num_paths=20)).explain(example_decision(), k=3)
    >>> why.prediction, len(why.items)
    ('tiger', 3)
    """

    reach: Reach = field(default_factory=Reach)
    claims = frozenset({"additive", "antisymmetric"})

    def explain(self, decision: Decision, *, k: int = 10) -> Explanation:
        """The `k` largest reasons of a decision, and all that is left over."""
        check_decision(decision, k)
        made = make(decision, self.reach, int(k))
        explanation = Explanation(
            prediction=decision.target.concept,
            foil=None if decision.foil is None else decision.foil.concept,
            probability=decision.target.probability,
            foil_probability=None if decision.foil is None else decision.foil.probability,
            margin=decision.margin,
            total=made.total,
            items=made.items,
            others=made.others,
            constants=made.constants,
            coverage=made.coverage,
            cancellation=made.cancellation,
            support=made.support,
            method=decision.method,
            assumptions=assumptions(decision),
            decision=decision,
            reasons=made.reasons,
        )
        _agree(explanation, made.gross)
        return explanation


def explain(decision: Decision, *, k: int = 10) -> Explanation:
    """The `k` largest reasons of a decision, and all that is left over.

    >>> from kgzsl.explain import explain
    >>> from kgzsl.testing import example_decision
    >>> explain(example_decision(), k=3).prediction
    'tiger'
    """
    return ExactExplainer().explain(decision, k=k)


def check_decision(decision: Decision, k: Any) -> None:
    """`InputFormatError` for what no explainer can take apart: every one asks this first, one of your own too.

    >>> from kgzsl.testing import example_decision
    >>> check_decision(example_decision(), 0)
    Traceback (most recent call last):
        ...
    kgzsl.errors.InputFormatError: k is 0; an explanation shows at least one reason
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise InputFormatError(f"k is {k!r}; an explanation shows at least one reason")
    inputs = np.asarray(decision.inputs)
    if inputs.ndim != 1 or not np.isfinite(inputs).all():
        raise InputFormatError(f"one finite prepared input [dim] is explained at a time, not shape {inputs.shape}")
    if not decision.temperature > 0:
        raise InputFormatError(f"temperature is {decision.temperature!r}; it must be above 0")
    if decision.foil is not None and decision.foil.concept == decision.target.concept:
        raise InputFormatError(f"target and foil are the same class, {decision.target.concept!r}")


def _agree(explanation: Explanation, everything: float) -> None:
    decision = explanation.decision
    size = max(everything, *(abs(side.score) for _, side in decision.sides()), 1e-12)
    if not abs(explanation.residual) <= _MODEL_TOLERANCE * size:
        raise ExplanationError(
            f"the shares of {explanation.prediction!r} add up to {explanation.total:.8g}, but the decision was "
            f"{explanation.margin:.8g}; the model is not the one that decided"
        )
