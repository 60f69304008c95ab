"""The books behind a decision: an account for the target and one for the foil."""

from typing import Any, TypeGuard

from kgzsl.explain.account import Ledger, Reach
from kgzsl.explain.closed_form_account import closed_form_account
from kgzsl.explain.decision import ClosedFormModel, Decision
from kgzsl.explain.network_account import network_accounts
from kgzsl.explain.walks import WalkKernel

__all__ = ["is_closed_form", "keep_books"]


def is_closed_form(model: Any) -> TypeGuard[ClosedFormModel]:
    """Whether a model is a sum of kernels; a network has layers instead."""
    return hasattr(model, "terms")


def keep_books(decision: Decision, reach: Reach) -> Ledger:
    """Split target and foil, each as its model allows; candidates on the same graph share its walk kernels."""
    model = decision.model
    if not is_closed_form(model):
        return Ledger(network_accounts(decision, model, reach), reach)  # type: ignore[arg-type]
    kernels: dict[tuple[int, float], WalkKernel] = {}
    sides = decision.sides()
    return Ledger(
        tuple(closed_form_account(decision, model, sign, candidate, reach, kernels) for sign, candidate in sides), reach
    )
