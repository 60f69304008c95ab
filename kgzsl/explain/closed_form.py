"""Explains a decision of a model that is a sum: kernels of walks and texts, mixed and solved in closed form."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from kgzsl.errors import ExplanationError, InputFormatError
from kgzsl.explain.credits import Bundle, Credit, Reasons, constant_rows, gather, in_order
from kgzsl.explain.decision import Decision
from kgzsl.explain.explanation import Explanation
from kgzsl.explain.ledger import Ledger, Reach, keep_books, knowledge_support
from kgzsl.explain.routes import Facts

__all__ = ["ClosedFormExplainer", "Explainer", "explain"]

_MODEL_TOLERANCE = 1e-4

_ASSUMPTIONS = (
    "the length of the weights counts as a constant",
    "walks count under their loop-erased path",
    "a credit is a share of the number, not what removing a fact would change",
)


class Explainer(Protocol):
    """Takes decisions apart."""

    def explain(self, decision: Decision, *, k: int = 10) -> Explanation:
        """The `k` largest reasons of a decision, and all that is left over."""
        ...


@dataclass(frozen=True)
class ClosedFormExplainer:
    """Exact shares of a decision, for models that can be opened as `ClosedFormTerms`.

    The score of an unseen class is m_u·x + Σ_s k_us α_s(x) over the length of its weights. k_us is split over the
    three kernels, the walk kernel over loop-erased paths from u to s, the convolved kernel over the concepts whose
    descriptions u reaches and the paths to them. `reach` says how many paths are listed; the rest is a row.
    """

    reach: Reach = field(default_factory=Reach)

    def explain(self, decision: Decision, *, k: int = 10) -> Explanation:
        """The `k` largest reasons of a decision, and all that is left over."""
        if k < 1:
            raise InputFormatError(f"k is {k}; an explanation shows at least one reason")
        _check(decision)
        ledger = keep_books(decision, self.reach)
        facts = _facts(decision)
        reasons = gather(ledger, facts)
        items, others, constants = _rows(reasons, k)
        total = math.fsum(row.credit for row in (*items, *others, *constants))
        everything = math.fsum(row.gross for row in (*items, *others, *constants))
        shown = math.fsum(row.gross for row in (*items, *constants))
        explanation = Explanation(
            prediction=decision.target.concept,
            foil=None if decision.foil is None else decision.foil.concept,
            probability=decision.target.probability,
            foil_probability=None if decision.foil is None else decision.foil.probability,
            margin=decision.margin,
            total=total,
            items=items,
            others=others,
            constants=constants,
            coverage=shown / everything if everything else 1.0,
            cancellation=abs(total) / everything if everything else 1.0,
            support=_support(ledger),
            method=decision.method,
            assumptions=_ASSUMPTIONS,
            decision=decision,
            reasons=reasons,
        )
        _agree(explanation, everything)
        # an explanation may be kept for long, and a column is as long as the graph
        for account in ledger.accounts:
            if account.origin is not None and account.origin.walks is not None:
                account.origin.walks.forget()
        return explanation


def explain(decision: Decision, *, k: int = 10) -> Explanation:
    """The `k` largest reasons of a decision of a closed-form model, and all that is left over."""
    return ClosedFormExplainer().explain(decision, k=k)


def _facts(decision: Decision) -> tuple[Facts, ...]:
    """The facts of each side; of one graph they are read once."""
    target = Facts(decision.graph, decision.model.relations)
    graphs = [decision.graph_of(side) for _, side in decision.sides()]
    return tuple(target if graph is decision.graph else Facts(graph, target.relations) for graph in graphs)


def _check(decision: Decision) -> None:
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


def _rows(reasons: Reasons, k: int) -> tuple[tuple[Credit, ...], tuple[Credit, ...], tuple[Credit, ...]]:
    """The k largest of bundles and own-standing shares; what is left, as one row; the constants."""
    names = {account.candidate.concept: account.candidate.label for account in reasons.ledger.accounts}
    if len(set(names.values())) < len(names):
        names = dict(reasons.names((), ()))
    standing = constant_rows(reasons.ledger, names)
    own = [row for row in standing if row.kind != "constant"]
    worded = reasons.rows(reasons.bundles[:k])
    items = in_order([*worded, *own])[:k]
    kept = {row.key for row in items}
    left = [bundle for bundle in reasons.bundles if bundle.key not in kept]
    rest = _rest(reasons.ledger, left, [row for row in own if row.key not in kept])
    return items, rest, tuple(row for row in standing if row.kind == "constant")


def _rest(ledger: Ledger, left: Sequence[Bundle], own: Sequence[Credit]) -> tuple[Credit, ...]:
    """All that is not among the items, in one row: reasons too small, and paths that were not listed."""
    sides = (
        math.fsum([*(b.side(0) for b in left), *(row.sides[0] for row in own), ledger.accounts[0].rest]),
        math.fsum([*(b.side(1) for b in left), *(row.sides[1] for row in own), *(a.rest for a in ledger.accounts[1:])]),
    )
    unlisted = math.fsum(account.rest_gross for account in ledger.accounts)
    gross = math.fsum([*(bundle.gross for bundle in left), *(row.gross for row in own), unlisted])
    if not gross:
        return ()
    num_unlisted = sum(account.num_rest for account in ledger.accounts)
    note = f"and {num_unlisted:,} fainter sources" if num_unlisted else ""
    label = f"{len(left) + len(own):,} smaller reasons"
    return (Credit("rest", ("rest",), label, math.fsum(sides), note, sides, gross),)


def _support(ledger: Ledger) -> str:
    target = ledger.accounts[0]
    if target.variance is None:
        return "seen"
    return knowledge_support(target.variance, np.diagonal(target.terms.gram), target.terms.settings.noise)
