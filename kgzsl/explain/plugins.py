"""Explainers by name, other packages' among them, and which one a decision gets when none is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kgzsl._registry import Registry
from kgzsl.counts import checked_count
from kgzsl.errors import ExplanationError, InputFormatError, PluginError
from kgzsl.explain.decision import Decision
from kgzsl.explain.explaining import ExactExplainer, check_decision
from kgzsl.explain.fact_explanation import FactExplanation, Scores

if TYPE_CHECKING:
    from kgzsl.explain.gates import Semantics  # imports PyTorch

__all__ = [
    "EXPLAINERS",
    "DefaultExplainer",
    "FactExplainer",
    "explained",
    "gradient",
    "integrated_gradients",
    "occlusion",
    "resolve_explainer",
    "shapley",
]

EXPLAINERS = Registry(
    "explainer",
    "kgzsl.explainers",
    {
        "exact": "kgzsl.explain.explaining:ExactExplainer",
        "gnn-explainer": "kgzsl.explain.pyg:gnn_explainer",
        "gradient": "kgzsl.explain.plugins:gradient",
        "integrated-gradients": "kgzsl.explain.plugins:integrated_gradients",
        "occlusion": "kgzsl.explain.plugins:occlusion",
        "shapley": "kgzsl.explain.plugins:shapley",
    },
)


@dataclass(frozen=True)
class FactExplainer:
    """Credits of facts by a method of `kgzsl.explain.fact_credits`.

    `semantics` None removes facts where a model allows it and suppresses them elsewhere. `num_nodes` are the
    Gauss-Legendre nodes of "integrated-gradients"; None takes 16, and for a network that cannot be opened up as many
    as it needs.
    """

    method: str = "integrated-gradients"
    semantics: Semantics | None = None
    num_nodes: int | None = None

    @property
    def claims(self) -> frozenset[str]:
        """What `kgzsl.testing.check_explainer` holds it to."""
        if self.method in ("shapley", "integrated-gradients"):
            return frozenset({"additive", "antisymmetric"})
        return frozenset({"antisymmetric"})

    def explain(self, decision: Decision, *, k: int = 10) -> FactExplanation:
        """The `k` facts of the largest credit, and what they leave of the margin."""
        check_decision(decision, k)
        return FactExplanation(decision, self._scores(decision), int(k), lambda: self._scores(decision))

    def _scores(self, decision: Decision) -> Scores:
        from kgzsl.explain.fact_credits import fact_credits
        from kgzsl.explain.foreign_network import foreign_credits
        from kgzsl.explain.message_layers import is_foreign

        num_nodes = None if self.num_nodes is None else checked_count(self.num_nodes, "num_nodes")
        model = decision.model
        if any(is_foreign(model, side) for _, side in decision.sides()):
            found = foreign_credits(decision, self.method, semantics=self.semantics, num_nodes=num_nodes)
        else:
            method: Any = self.method
            found = fact_credits(decision, method, semantics=self.semantics or "remove", num_nodes=num_nodes or 16)
        return Scores(
            found.facts,
            np.asarray(found.credits, dtype=np.float64),
            found.method,
            found.semantics,
            found.baseline,
            is_additive="additive" in self.claims,
        )


@dataclass(frozen=True)
class DefaultExplainer:
    """Exact shares where the model can be taken apart, else integrated gradients over its messages."""

    claims = frozenset({"additive", "antisymmetric"})

    def explain(self, decision: Decision, *, k: int = 10) -> Any:
        """The `k` largest reasons; `method` says how they were found."""
        check_decision(decision, k)
        if _has_foreign_side(decision):
            return FactExplainer("integrated-gradients").explain(decision, k=k)
        return ExactExplainer().explain(decision, k=k)


def _has_foreign_side(decision: Decision) -> bool:
    """Whether an unseen class of the decision has its weights from a network that cannot be opened up."""
    model = decision.model
    if hasattr(model, "terms") or not hasattr(model, "network"):
        return False  # known without PyTorch, which takes seconds to import
    from kgzsl.explain.message_layers import is_foreign

    return any(is_foreign(model, side) for _, side in decision.sides() if not side.is_seen)


def integrated_gradients() -> FactExplainer:
    """Integrated gradients along all gates opened together."""
    return FactExplainer("integrated-gradients")


def shapley() -> FactExplainer:
    """Exact Shapley values of facts in a network, gates frozen."""
    return FactExplainer("shapley")


def occlusion() -> FactExplainer:
    """The margin less that without the fact, one by one."""
    return FactExplainer("occlusion")


def gradient() -> FactExplainer:
    """How fast the margin falls when a fact begins to fade."""
    return FactExplainer("gradient")


def resolve_explainer(explainer: Any = None) -> Any:
    """An explainer by name or as it is; None for `DefaultExplainer`.

    A name is a built-in one or one that another package offers as entry point of the group "kgzsl.explainers": a
    class or function that makes an explainer without arguments, or the explainer itself.
    """
    if explainer is None:
        return DefaultExplainer()
    if isinstance(explainer, str):
        loaded = EXPLAINERS.load(explainer)
        made = loaded() if isinstance(loaded, type) or not hasattr(loaded, "explain") else loaded
        if not callable(getattr(made, "explain", None)):
            raise PluginError(f"explainer {explainer!r} has no explain(decision, *, k): it is {made!r:.120}")
        return made
    if isinstance(explainer, type) or not callable(getattr(explainer, "explain", None)):
        raise InputFormatError(
            f"explainer is a name ({', '.join(EXPLAINERS.names())}) or an object with explain(decision, *, k), not "
            f"{explainer!r:.120}"
        )
    return explainer


def explained(decision: Decision, explainer: Any = None, *, k: int = 10, effects: bool = False) -> Any:
    """What an explainer says of a decision; with `effects` also the margin once each item's fact is removed."""
    found = resolve_explainer(explainer).explain(decision, k=k)
    if not effects:
        return found
    if not hasattr(found, "with_effects"):
        raise ExplanationError(f"{type(found).__name__} has no with_effects(): ask without effects")
    return found.with_effects()
