"""Explainers of others over our networks: GNNExplainer and integrated gradients of PyTorch Geometric and Captum.

A network is wrapped as a classifier with the logits (0, margin), as their fidelity and loss want one, over all links
that the weights of target and foil depend on. A fact's score is the sum of the masks of the links that it stands
behind, both directions; of a link of DGP those are the facts of its chain. Captum is needed here and nowhere else.
"""

import time
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from kgzsl.explain.chains import Chains
from kgzsl.explain.decision import Decision
from kgzsl.explain.rerun import Fact

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message=r".*torch\.jit\.", category=DeprecationWarning)
    from torch_geometric.explain import CaptumExplainer, Explainer, GNNExplainer, ModelConfig
    from torch_geometric.nn import MessagePassing

__all__ = ["CaptumIntegratedGradients", "GNNExplainerRuns", "MarginNetwork"]

RATES, EPOCHS = (0.01, 0.05), (100, 200, 500)
CONFIG = ModelConfig(mode="multiclass_classification", task_level="graph", return_type="raw")


class _Layer(MessagePassing):
    """One graph convolution over given link weights."""

    def __init__(self, layer: Any) -> None:
        super().__init__(aggr="add")
        self.weight = torch.from_numpy(np.ascontiguousarray(layer.weight)).float()
        self.before = None if layer.before is None else torch.from_numpy(layer.before).float()
        self.after = None if layer.after is None else torch.from_numpy(layer.after).float()

    def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor) -> Tensor:
        sent = x @ self.weight
        sent = sent if self.before is None else sent + self.before
        received = self.propagate(edge_index, x=sent, edge_weight=edge_weight)
        return received if self.after is None else received + self.after

    def message(self, x_j: Tensor, edge_weight: Tensor) -> Tensor:
        return edge_weight.view(-1, 1) * x_j


class MarginNetwork(nn.Module):
    """The network of a decision as `forward(x, edge_index, edge_weights)` -> logits (0, margin) `[1, 2]`."""

    def __init__(self, decision: Decision) -> None:
        super().__init__()
        model: Any = decision.model
        unseen = [(sign, side) for sign, side in decision.sides() if not side.is_seen]
        opened = [model.opened(side.index, side.concept) for _, side in unseen]
        index = unseen[0][1].index
        nodes = np.unique(np.concatenate([np.concatenate(network.rows) for network in opened]))
        weights: dict[tuple[int, int], list[float]] = {}
        depth = len(opened[0].layers)
        for network in opened:
            for number, layer in enumerate(network.layers):
                entries = layer.operator.tocoo()
                sources = network.rows[number][entries.col].tolist()
                targets = network.rows[number + 1][entries.row].tolist()
                for source, target, weight in zip(sources, targets, entries.data.tolist(), strict=True):
                    weights.setdefault((source, target), [0.0] * depth)[number] = weight
        self.links = sorted(weights)
        place = {int(node): number for number, node in enumerate(nodes)}
        self.x = torch.from_numpy(np.asarray(unseen[0][1].features)[nodes]).float()
        self.edge_index = torch.tensor([[place[s] for s, _ in self.links], [place[t] for _, t in self.links]])
        self.edge_weights = torch.tensor([weights[link] for link in self.links]).T.contiguous()
        self.layers = nn.ModuleList(_Layer(layer) for layer in opened[0].layers)
        self.slope = opened[0].negative_slope
        self.inputs = torch.from_numpy(np.asarray(decision.inputs)).float() / decision.temperature
        self.ends = [(sign, place[index.position[side.concept]]) for sign, side in unseen]
        self.constant = sum(sign * side.score for sign, side in decision.sides() if side.is_seen)
        self.constant -= sum(sign * side.offset for sign, side in unseen) / decision.temperature
        self.facts_of = _facts_behind(decision, index, self.links)

    def forward(self, x: Tensor, edge_index: Tensor, edge_weights: Tensor) -> Tensor:
        for number, layer in enumerate(self.layers):
            x = layer(x, edge_index, edge_weights[number])
            if number < len(self.layers) - 1:
                x = nn.functional.leaky_relu(x, self.slope)
        rows = nn.functional.normalize(x, dim=1)
        margin = sum(sign * (rows[end] @ self.inputs) for sign, end in self.ends) + self.constant
        return torch.stack([torch.zeros_like(margin), margin])[None]

    def scores(self, masks: Any) -> tuple[tuple[Fact, float], ...]:
        """Facts by the sum of the masks `[num_links]` of the links they stand behind, largest first."""
        sums: dict[Fact, float] = {}
        for facts, mask in zip(self.facts_of, np.asarray(masks, dtype=np.float64).tolist(), strict=True):
            for fact in facts:
                sums[fact] = sums.get(fact, 0.0) + mask
        return tuple(sorted(sums.items(), key=lambda pair: (-pair[1], pair[0])))


def _facts_behind(decision: Decision, index: Any, links: list[tuple[int, int]]) -> list[list[Fact]]:
    chains, relations = Chains(index, decision.model.relations), decision.model.relations
    joining: dict[tuple[int, int], list[Fact]] = {}
    for row in index.edge_rows(relations).tolist():
        head, tail = int(index.head[row]), int(index.tail[row])
        fact = index.ids[head], index.relations[int(index.relation[row])].name, index.ids[tail]
        joining.setdefault((min(head, tail), max(head, tail)), []).append(fact)
    found = []
    for source, target in links:
        last, facts = target, []
        for step in chains.between(target, source):
            facts += joining.get((min(last, step), max(last, step)), [])
            last = step
        found.append(sorted(set(facts)))
    return found


class _Watched(GNNExplainer):
    """GNNExplainer that tells its mask, and the time, after some numbers of epochs of one run."""

    def __init__(self, rate: float) -> None:
        super().__init__(epochs=max(EPOCHS) + 1, lr=rate)
        self.num_losses, self.masks, self.started = 0, {}, time.perf_counter()

    def _loss(self, y_hat: Tensor, y: Tensor) -> Tensor:
        if self.num_losses in EPOCHS:  # as many steps have been taken
            hard = torch.ones_like(self.edge_mask) if self.hard_edge_mask is None else self.hard_edge_mask
            mask = torch.where(hard.bool(), self.edge_mask.detach().sigmoid(), 0.0)
            self.masks[self.num_losses] = mask.numpy().copy(), time.perf_counter() - self.started
        self.num_losses += 1
        return super()._loss(y_hat, y)


@dataclass
class GNNExplainerRuns:
    """Masks of GNNExplainer (Ying et al., NeurIPS 2019) for each learning rate and number of epochs.

    A run of 500 epochs passes through the masks of one of 100 and of 200, which are taken on the way.
    """

    random_state: int = 0
    seconds: dict[str, list[float]] = field(default_factory=dict)
    _kept: dict[int, tuple[Decision, dict[str, Any]]] = field(default_factory=dict)

    @staticmethod
    def names() -> list[str]:
        return [f"GNNExplainer lr {rate:g} ep {epochs}" for rate in RATES for epochs in EPOCHS]

    def ranking(self, decision: Decision, name: str) -> Any:
        """For one setting; those of one decision are found together."""
        if id(decision) not in self._kept:  # the decision is kept too, so that no other gets its number
            self._kept[id(decision)] = decision, self._run(decision)
        return self._kept[id(decision)][1][name]

    def _run(self, decision: Decision) -> dict[str, Any]:
        network, found = MarginNetwork(decision), {}
        for rate in RATES:
            algorithm = _Watched(rate)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(self.random_state)
                explainer = Explainer(
                    network, algorithm, explanation_type="model", model_config=CONFIG, edge_mask_type="object"
                )
                explainer(network.x, network.edge_index, edge_weights=network.edge_weights)
            for epochs, (mask, seconds) in algorithm.masks.items():
                name = f"GNNExplainer lr {rate:g} ep {epochs}"
                found[name] = network.scores(mask)
                self.seconds.setdefault(name, []).append(seconds)
        return found


class CaptumIntegratedGradients:
    """Integrated gradients over edge masks from 0 to 1 (Sundararajan et al., ICML 2017), 50 steps, by Captum."""

    def __call__(self, decision: Decision) -> Any:
        network = MarginNetwork(decision)
        explainer = Explainer(
            network,
            CaptumExplainer("IntegratedGradients", n_steps=50),
            explanation_type="model",
            model_config=CONFIG,
            edge_mask_type="object",
        )
        explanation = explainer(network.x, network.edge_index, edge_weights=network.edge_weights)
        return network.scores(explanation.edge_mask.detach().numpy())
