"""Seconds to explain a decision, and how far its shares are from the score: every model, two graphs.

The Tiny ImageNet graph with its sentence vectors, and the graph of the DGP authors' code with 1,000 seen classes,
300 random features a concept and 512 random weights a class. Each explanation names 10 items. "gap" is the largest
|margin - total| over the sum of all |credit|: of stored weights (float32 from networks), and of the same model
computed in float64.

    python benchmarks/explaining.py --data ../shared/data --threads 2
"""

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from kgzsl.bench import TinyImageNet
from kgzsl.classifier import ZeroShotClassifier
from kgzsl.errors import KgzslWarning
from kgzsl.features import MatrixFeatures
from kgzsl.propagation.dgp import DGP
from kgzsl.propagation.gcnz import GCNZ
from kgzsl.propagation.gp_settings import GPSettings
from kgzsl.propagation.graph_gp import GraphGP
from kgzsl.propagation.sgcn import SGCN
from kgzsl.sources.catalog import load_graph
from kgzsl.sources.imagenet import read_imagenet_graph

EPOCHS = 30
"""Enough for gates that are not random; what is measured does not hang on how well a network is trained."""
SETTINGS = GPSettings.of(text=1, walk=1, convolved=1, walk_beta=3.0, convolved_beta=3.0)
MODELS = {
    "graph-gp": lambda: GraphGP(settings=SETTINGS),
    "sgcn": lambda: SGCN(epochs=EPOCHS),
    "sgcn, solved readout": lambda: SGCN(epochs=EPOCHS, readout="ridge"),
    "dgp": lambda: DGP(epochs=EPOCHS),
    "gcnz": lambda: GCNZ(epochs=EPOCHS),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the test data")
    parser.add_argument("--threads", type=int, default=2, help="threads of linear algebra")
    parser.add_argument("--pairs", type=int, default=1000, help="(example, foil) pairs on the Tiny ImageNet graph")
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=list(MODELS), help="which models")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    warnings.simplefilter("ignore", KgzslWarning)  # some classes have no path to a seen one
    table = Table("graph", "model", "pairs", "ms, median", "slowest", "gap, stored", "gap, float64", title="explain")
    with threadpool_limits(options.threads):
        for row in measured(options.data, options.models, options.pairs):
            table.add_row(*row)
    Console(width=120).print(table)


def measured(data: Path, models: list[str], num_pairs: int) -> Iterator[tuple[str, ...]]:
    photographs = TinyImageNet.read(data / "tiny-imagenet")
    graph = load_graph("wordnet")
    for name in models:
        clf = ZeroShotClassifier(
            graph, features=photographs.sentences, propagator=MODELS[name](), unseen=photographs.unseen
        ).fit(*photographs.train)
        yield "Tiny ImageNet", name, *timed(clf, photographs.test_unseen[0], num_pairs)
    imagenet, features, seen, unseen = imagenet_problem(data / "imagenet")
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((len(seen), 513))
    inputs = rng.standard_normal((10, 512))
    for name in models:
        clf = ZeroShotClassifier(imagenet, features=features, propagator=MODELS[name](), unseen=unseen)
        clf.fit_weights(weights, seen)
        yield f"ImageNet, {len(imagenet):,}", name, *timed(clf, inputs, 10)


def imagenet_problem(data: Path) -> tuple[object, MatrixFeatures, list[str], list[str]]:
    split = json.loads((data / "imagenet-split.json").read_text(encoding="utf-8"))
    graph = read_imagenet_graph(data / "imagenet-split.json", data / "imagenet-xml-wnids.json")
    seen, unseen = (sorted(graph.resolve(wnid) for wnid in split[part]) for part in ("train", "test"))
    features = np.random.default_rng(1).standard_normal((len(graph), 300))
    return graph, MatrixFeatures(features, graph.ids), seen, unseen


def timed(clf: ZeroShotClassifier, inputs: np.ndarray, num_pairs: int) -> tuple[str, ...]:
    """Random inputs with random unseen classes as target and foil."""
    rng = np.random.default_rng(2)
    seconds, stored, exact = [], [0.0], [0.0]
    for number in range(num_pairs + 2):
        target, foil = rng.choice(clf.unseen_classes_, size=2, replace=False)
        x = inputs[rng.integers(len(inputs))]
        started = time.perf_counter()
        explanation = clf.explain(x, target=target, against=foil, k=10)
        if number < 2:  # what is kept for later calls is made in the first ones
            continue
        seconds.append(time.perf_counter() - started)
        size = sum(row.gross for row in explanation.rows)
        stored.append(abs(explanation.residual) / size)
        exact.append(abs(in_float64(explanation) - explanation.total) / size)
    return (
        f"{num_pairs:,}",
        f"{1000 * statistics.median(seconds):.0f}",
        f"{1000 * max(seconds):.0f}",
        f"{max(stored):.1e}",
        f"{max(exact):.1e}",
    )


def in_float64(explanation: object) -> float:
    """The margin by a forward pass in float64, beside the explainer's own algebra."""
    decision = explanation.decision
    total = 0.0
    for sign, side in decision.sides():
        if hasattr(decision.model, "terms"):
            row = decision.model.terms(side.index, side.features).raw_weights(side.index.positions([side.concept]))[0]
        else:
            network = decision.model.opened(side.index, side.concept)
            row = np.asarray(side.features[network.rows[0]], dtype=np.float64)
            for number, layer in enumerate(network.layers):
                row = layer.operator @ (row @ layer.weight + (0.0 if layer.before is None else layer.before))
                row = row + (0.0 if layer.after is None else layer.after)
                if number < len(network.layers) - 1:
                    row = np.where(row > 0, row, network.negative_slope * row)
            row = row[0]
        score = float(row @ decision.inputs) / float(np.linalg.norm(row))
        total += sign * (score - side.offset) / decision.temperature
    return total


if __name__ == "__main__":
    main()
