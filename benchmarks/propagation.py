"""Seconds an epoch of SGCN and DGP on the ImageNet graph, beside a plain implementation of the same epoch.

The plain one is what the models' published code does: every row of every layer, a training and an evaluation pass,
sparse COO products, `F.dropout` and PyTorch's default Adam. Both start from the same parameters. With dropout 0 their
losses must be equal; with the papers' dropout 0.5 only the time can be compared. Inputs and targets are random.

    python benchmarks/propagation.py --data ../shared/data --threads 2
"""

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional

from kgzsl.contracts import FloatArray, Supervision
from kgzsl.graph.index import GraphIndex
from kgzsl.propagation.convolution_network import Architecture, ConvolutionNetwork
from kgzsl.propagation.network import fit_module
from kgzsl.propagation.topology import AncestorTopology, NeighborTopology, Topology
from kgzsl.sources.imagenet import read_imagenet_graph

NUM_INPUTS, NUM_HIDDEN, NUM_OUTPUTS = 300, 2048, 2049
MODELS: dict[str, tuple[Topology, Architecture]] = {
    "SGCN": (NeighborTopology(normalization="row"), Architecture(hidden=(NUM_HIDDEN,), bias="after")),
    "DGP": (AncestorTopology(num_groups=5), Architecture(hidden=(NUM_HIDDEN,), num_groups=5, bias="before")),
}


class PlainNetwork(nn.Module):
    """Two layers over all rows; the bias stands after (SGCN) or before (DGP) the product with the adjacencies."""

    def __init__(self, network: ConvolutionNetwork, adjacencies: Sequence[Sequence[Tensor]], dropout: float) -> None:
        super().__init__()
        copied = [layer.state_dict() for layer in network.layers]
        self.weights = nn.ParameterList(state["weight"].T.clone() for state in copied)
        self.biases = nn.ParameterList(state["bias"].clone() for state in copied)
        self.attention = nn.ParameterList(state["attention"].clone() for state in copied if "attention" in state)
        self.adjacencies, self.dropout = adjacencies, dropout

    def forward(self, x: Tensor) -> Tensor:
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = functional.dropout(x, self.dropout, training=self.training and self.dropout > 0)
            if self.attention:
                support = torch.mm(x, weight) + bias
                shares = functional.softmax(self.attention[layer], dim=0)
                parts = (torch.mm(a, support) * share for a, share in zip(self.adjacencies[layer], shares, strict=True))
                x = next(parts)
                for part in parts:
                    x = x + part
            else:
                x = torch.mm(self.adjacencies[layer][0], torch.mm(x, weight)) + bias
            x = functional.leaky_relu(x, 0.2) if layer == 0 else x
        return functional.normalize(x)


@dataclass(frozen=True)
class Problem:
    """The graph, and random features and targets."""

    index: GraphIndex
    features: FloatArray
    supervision: Supervision


@dataclass(frozen=True)
class Timing:
    """Seconds of each epoch, and the loss before each step."""

    seconds: list[float]
    losses: list[float]
    rows: Sequence[int]


def problem(data: Path) -> Problem:
    """The graph of the DGP authors' code, with 300 random features a concept and 2,049 random targets a seen class."""
    graph = read_imagenet_graph(
        data / "imagenet" / "imagenet-split.json", data / "imagenet" / "imagenet-xml-wnids.json"
    )
    seen = sorted(graph.resolve(wnid) for wnid in _train_wnids(data / "imagenet" / "imagenet-split.json"))
    rng = np.random.default_rng(0)
    features = _unit_rows(rng, len(graph.index.ids), NUM_INPUTS)
    weights = _unit_rows(rng, len(seen), NUM_OUTPUTS)
    supervision = Supervision(classes=tuple(seen), weights=weights, kind="linear", show_progress=False)
    return Problem(graph.index, features, supervision)


def time_plain(name: str, given: Problem, *, dropout: float, epochs: int) -> Timing:
    """Every row, a training and an evaluation pass an epoch."""
    topology, architecture = MODELS[name]
    messages = topology.messages(given.index)
    adjacencies = [[_coo(matrix) for matrix in messages.of_layer(layer)] for layer in range(2)]
    plain = PlainNetwork(architecture.build(NUM_INPUTS, NUM_OUTPUTS), adjacencies, dropout)
    optimizer = torch.optim.Adam(plain.parameters(), lr=1e-3, weight_decay=5e-4)
    x, targets = torch.from_numpy(given.features), torch.from_numpy(given.supervision.weights)
    seen = torch.from_numpy(given.index.positions(given.supervision.classes))
    seconds, losses = [], []
    for _ in range(epochs):
        started = time.perf_counter()
        plain.train()
        loss = _loss(plain(x)[seen], targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        plain.eval()
        with torch.no_grad():
            evaluated = _loss(plain(x)[seen], targets).item()
        seconds.append(time.perf_counter() - started)
        losses.append(loss.item())
    losses.append(evaluated)
    return Timing(seconds, losses, (len(x),) * 3)


def time_ours(name: str, given: Problem, *, dropout: float, epochs: int) -> Timing:
    """The library's own training loop."""
    topology, architecture = MODELS[name]
    architecture = Architecture(**{**architecture.__dict__, "dropout": dropout})
    network = architecture.build(NUM_INPUTS, NUM_OUTPUTS)
    network.dropout.generator = torch.Generator().manual_seed(0)
    settings = {"epochs": epochs, "learning_rate": 1e-3, "weight_decay": 5e-4, "device": "cpu"}
    fitted = fit_module(network, topology, given.index, given.features, given.supervision, settings=settings)
    report = fitted.report
    return Timing([report["seconds"] / epochs], report["losses"], report["rows"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the test data")
    parser.add_argument("--epochs", type=int, default=20, help="epochs of the library's loop")
    parser.add_argument("--plain-epochs", type=int, default=2, help="epochs of the plain implementation")
    parser.add_argument("--threads", type=int, default=None, help="threads of PyTorch; its own choice if not given")
    options = parser.parse_args()
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    given = problem(options.data)
    title = (
        f"{given.index.num_concepts:,} concepts, {given.index.num_edges:,} edges, {len(given.supervision.classes):,} "
        f"seen classes, {NUM_INPUTS} → {NUM_HIDDEN:,} → {NUM_OUTPUTS:,}, {torch.get_num_threads()} threads"
    )
    table = Table("model", "dropout", "rows a layer", "plain, s", "kgzsl, s", "ratio", "loss differs by", title=title)
    for name in MODELS:
        for dropout in (0.0, 0.5):
            ours = time_ours(name, given, dropout=dropout, epochs=options.epochs)
            plain = time_plain(name, given, dropout=dropout, epochs=options.plain_epochs)
            table.add_row(*_row(name, dropout, plain, ours))
    Console(width=120).print(table)


def _row(name: str, dropout: float, plain: Timing, ours: Timing) -> list[str]:
    before, after = statistics.fmean(plain.seconds), statistics.fmean(ours.seconds)
    difference = max(abs(a - b) for a, b in zip(plain.losses, ours.losses, strict=False))
    rows = " → ".join(f"{count:,}" for count in ours.rows)
    shown = f"{difference:.1e}" if dropout == 0 else "(random)"
    return [name, str(dropout), rows, f"{before:.2f}", f"{after:.3f}", f"{before / after:.0f}", shown]


def _train_wnids(path: Path) -> list[str]:
    return json.loads(path.read_text(encoding="utf-8"))["train"]


def _unit_rows(rng: np.random.Generator, count: int, dim: int) -> FloatArray:
    rows = rng.standard_normal((count, dim), dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _coo(matrix) -> Tensor:
    entries = matrix.tocoo()
    indices = torch.from_numpy(np.stack([entries.row, entries.col]).astype(np.int64))
    values = torch.from_numpy(entries.data.astype(np.float32))
    return torch.sparse_coo_tensor(indices, values, matrix.shape, check_invariants=False).coalesce()


def _loss(rows: Tensor, targets: Tensor) -> Tensor:
    return (rows - targets).square().sum() / (2 * len(targets))


if __name__ == "__main__":
    main()
