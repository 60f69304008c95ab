"""PyTorch Geometric's explainers as explainers of decisions: their edge masks, read as scores of facts."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kgzsl.counts import checked_seed
from kgzsl.errors import ExplanationError, MissingDependencyError, PluginError, UnknownNameError
from kgzsl.explain.decision import Decision
from kgzsl.explain.explaining import check_decision
from kgzsl.explain.fact_explanation import FactExplanation, Scores

__all__ = ["PyGExplainer", "gnn_explainer"]

_SIGNED = ("IntegratedGradients", "InputXGradient", "ShapleyValueSampling", "Deconvolution", "GuidedBackprop")
_SHARES = ("IntegratedGradients", "ShapleyValueSampling")


@dataclass(frozen=True)
class PyGExplainer:
    """An algorithm of `torch_geometric.explain` for decisions of networks, ours or foreign ones.

    `algorithm` is the name of a class there, made with `options`, or an instance, of which a copy is used. It sees a
    network that answers `stack([0, margin])`, whose messages it can mask (`kgzsl.explain.message_network`); a fact's
    score is the sum of the masks of its messages, both ways. All of PyTorch Geometric's masks suppress.

    Algorithms of Captum (`PyGExplainer("CaptumExplainer", {"attribution_method": "IntegratedGradients"})`) give signed
    scores of the margin, all but Saliency; those of the integrated kind are shares of it, as far as their quadrature
    goes. Others give masks from 0 to 1, which say how much a fact matters for who is ahead, not for whom: they are
    labelled so and never added up. `is_signed` says which it is where an algorithm of your own is neither.

    PyTorch's global generator is seeded by `random_state` and put back, so that the same decision gives the same
    masks. NumPy's is left alone.

    >>> PyGExplainer("GNNExplainer", {"epochs": 50}).claims
    frozenset()
    """

    algorithm: Any = "GNNExplainer"
    options: Mapping[str, Any] = field(default_factory=dict)
    random_state: int | None = None
    is_signed: bool | None = None

    claims = frozenset[str]()

    def explain(self, decision: Decision, *, k: int = 10) -> FactExplanation:
        """The `k` facts of the largest score."""
        check_decision(decision, k)
        return FactExplanation(decision, self._scores(decision), int(k), lambda: self._scores(decision))

    def _scores(self, decision: Decision) -> Scores:
        import torch

        from kgzsl.explain.message_network import MessageMargin
        from kgzsl.propagation.torch_threads import one_torch_thread

        model: Any = decision.model
        if hasattr(model, "terms"):
            raise ExplanationError(
                f"PyTorch Geometric masks messages, and {decision.method} sends none: it is a closed form, whose exact "
                "shares are explainer='exact'"
            )
        network = MessageMargin(decision)
        algorithm = self._made()
        kind = _kind(algorithm)
        signed = self.is_signed if self.is_signed is not None else kind in _SIGNED
        with one_torch_thread(), torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(checked_seed(self.random_state))
            mask = self._mask(network, algorithm, is_signed=signed).detach()
            baseline = _silent(network, mask) if kind in _SHARES else None
        values = network.credits(mask)
        reached = np.flatnonzero(values).tolist()
        return Scores(
            tuple(network.facts[place] for place in reached),
            values[reached],
            kind if kind == type(algorithm).__name__ else f"{type(algorithm).__name__} {kind}",
            "suppress",
            baseline,
            is_signed=signed,
            is_additive=kind in _SHARES,
        )

    def _made(self) -> Any:
        from torch_geometric import explain

        if not isinstance(self.algorithm, str):
            return copy.deepcopy(self.algorithm)
        known = sorted(name for name in explain.algorithm.__all__ if name.endswith("Explainer"))
        if self.algorithm not in known:
            raise UnknownNameError("algorithm of torch_geometric.explain", self.algorithm, known=known)
        try:
            return getattr(explain, self.algorithm)(**self.options)
        except ImportError as error:
            raise MissingDependencyError(
                str(error.name), extra=str(error.name), purpose=f"PyGExplainer({self.algorithm!r})"
            ) from None
        except (AttributeError, TypeError, ValueError) as error:
            raise PluginError(f"{self.algorithm}({dict(self.options)!r}) cannot be made: {error}") from error

    def _mask(self, network: Any, algorithm: Any, *, is_signed: bool) -> Any:
        """One number for each message."""
        from torch_geometric.explain import Explainer

        if not network.num_links:
            return network.x.new_zeros(network.edge_index.shape[1])
        # an attribution is of class 1, the margin itself; a mask is fitted to who is ahead
        of_margin = is_signed or hasattr(algorithm, "attribution_method_class")
        name = type(algorithm).__name__
        try:
            explainer = Explainer(
                network,
                algorithm=algorithm,
                explanation_type="phenomenon" if of_margin else "model",
                model_config={"mode": "multiclass_classification", "task_level": "graph", "return_type": "raw"},
                node_mask_type=None,
                edge_mask_type="object",
            )
            target = network.edge_index.new_tensor([1]) if of_margin else None
            found = explainer(network.x, network.edge_index, target=target)
        except (AssertionError, NotImplementedError, RuntimeError, TypeError, ValueError) as error:
            raise ExplanationError(f"{name} of PyTorch Geometric cannot take this decision: {error}") from error
        mask = found.get("edge_mask")
        if mask is None:
            raise ExplanationError(f"{name} of PyTorch Geometric gives no edge mask, so nothing is said of facts")
        return mask


def gnn_explainer() -> PyGExplainer:
    """GNNExplainer (Ying et al., NeurIPS 2019) as PyTorch Geometric has it, with its own settings."""
    return PyGExplainer("GNNExplainer")


def _kind(algorithm: Any) -> str:
    """The attribution method of a Captum explainer, the class of any other."""
    return str(getattr(getattr(algorithm, "attribution_method_class", None), "__name__", type(algorithm).__name__))


def _silent(network: Any, mask: Any) -> float:
    """The margin with all messages silent, and what the attribution gives to those a concept sends itself."""
    import torch
    from torch_geometric.explain.algorithm.utils import clear_masks, set_masks

    with torch.no_grad():
        set_masks(network, torch.zeros_like(mask), network.edge_index, apply_sigmoid=False)
        try:
            margin = float(network.margin(network.x, network.edge_index))
        finally:
            clear_masks(network)
    return margin + float(mask[network.num_links :].sum())
