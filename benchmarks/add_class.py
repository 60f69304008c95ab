"""Seconds to add a class to a classifier on the ImageNet graph, and how far its weights are from those of a refit.

The graph of the DGP authors' code, 1,000 seen classes, 300 random features a concept, 2,049 random weights a class.
Each class is added below another concept; then one classifier is fitted with the first of them present, under the
same settings. Weights of all other classes must not move by a bit.

    python benchmarks/add_class.py --data ../shared/data --threads 2
"""

import argparse
import json
import statistics
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.errors import KgzslWarning
from kgzsl.features import MatrixFeatures
from kgzsl.propagation.gp_settings import GPSettings
from kgzsl.propagation.graph_gp import GraphGP
from kgzsl.sources.imagenet import read_imagenet_graph

NUM_FEATURES, NUM_WEIGHTS = 300, 2049
PARENTS = ("giraffe.n.01", "zebra.n.01", "cat.n.01", "vehicle.n.01", "flower.n.01", "bird.n.01", "bread.n.01")
SETTINGS = {
    "walks": GPSettings.of(walk=1, walk_beta=3.0),
    "text and walks": GPSettings.of(text=1, walk=1, walk_beta=3.0),
    "all kernels": GPSettings.of(text=1, walk=1, convolved=1, walk_beta=3.0, convolved_beta=3.0),
    "all kernels, prior": GPSettings.of(text=1, walk=1, convolved=1, walk_beta=3.0, convolved_beta=3.0, prior=0.5),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the test data")
    parser.add_argument("--threads", type=int, default=2, help="threads of linear algebra")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    warnings.simplefilter("ignore", KgzslWarning)  # some classes have no path to a seen one
    with threadpool_limits(options.threads):
        Console(width=120).print(measured(options.data / "imagenet", options.threads))


def measured(data: Path, threads: int) -> Table:
    split = json.loads((data / "imagenet-split.json").read_text(encoding="utf-8"))
    graph = read_imagenet_graph(data / "imagenet-split.json", data / "imagenet-xml-wnids.json")
    seen, unseen = (sorted(graph.resolve(wnid) for wnid in split[part]) for part in ("train", "test"))
    new = [f"new.{number}" for number in range(len(PARENTS))]
    rng = np.random.default_rng(0)
    features = MatrixFeatures(rng.standard_normal((len(graph) + len(new), NUM_FEATURES)), [*graph.ids, *new])
    weights = rng.standard_normal((len(seen), NUM_WEIGHTS))
    title = (
        f"{len(graph):,} concepts, {graph.index.num_edges:,} edges, {len(seen):,} seen and {len(unseen):,} unseen "
        f"classes, {NUM_FEATURES} features, {NUM_WEIGHTS:,} weights, {threads} threads"
    )
    columns = ("settings", "fit, s", "add_class, s: median", "slowest", "differs from a refit by", "others moved")
    table = Table(*columns, title=title)
    for name, settings in SETTINGS.items():
        made = ZeroShotClassifier(graph, features=features, propagator=GraphGP(settings=settings), unseen=unseen)
        started = time.perf_counter()
        clf = clone(made).fit_weights(weights, seen)
        fit = time.perf_counter() - started
        before, seconds = clf.weights_.tobytes(), []
        for id_, parent in zip(new, PARENTS, strict=True):
            started = time.perf_counter()
            clf.add_class(id_, edges=[(id_, "is_a", parent)])
            seconds.append(time.perf_counter() - started)
        moved = clf.weights_[: -len(new)].tobytes() != before
        grown = graph.add_concepts(new[:1]).add_edges([(new[0], "is_a", PARENTS[0])])
        refitted = made.set_params(graph=grown, unseen=[*unseen, new[0]]).fit_weights(weights, seen)
        difference = np.abs(refitted.weights_[-1] - clf.weights_[len(seen) + len(unseen)]).max()
        row = (f"{fit:.2f}", f"{statistics.median(seconds):.2f}", f"{max(seconds):.2f}", f"{difference:.1e}")
        table.add_row(name, *row, "yes" if moved else "no")
    return table


if __name__ == "__main__":
    main()
