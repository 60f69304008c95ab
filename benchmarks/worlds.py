"""Decisions of trained models: in the planted world (W2), and on photographs of Tiny ImageNet under WordNet (W8)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kgzsl.bench import TinyImageNet
from kgzsl.classifier import ZeroShotClassifier
from kgzsl.explain.decision import Decision
from kgzsl.explain.faithfulness_planted import planted_world
from kgzsl.features.matrix import MatrixFeatures
from kgzsl.propagation.dgp import DGP
from kgzsl.propagation.gcnz import GCNZ
from kgzsl.propagation.graph_gp import GraphGP
from kgzsl.propagation.sgcn import SGCN
from kgzsl.sources.catalog import load_graph

__all__ = ["PHOTOGRAPHS", "PLANTED", "Trained", "photographs", "planted"]

PLANTED: Mapping[str, Callable[[], Any]] = {
    "sgcn": lambda: SGCN(hidden=64, epochs=300, dropout=0.0, learning_rate=5e-3, device="cpu"),
    "gcnz": lambda: GCNZ(hidden=(64, 64), epochs=300, learning_rate=5e-3, device="cpu"),
    "graph-gp": GraphGP,
}
"""The models of W2, small as the world is; the same settings for every seed."""

PHOTOGRAPHS: Mapping[str, Callable[[], Any]] = {
    "sgcn": lambda: SGCN(hidden=256, epochs=300, device="cpu"),
    "gcnz": lambda: GCNZ(hidden=(256, 256), epochs=300, device="cpu"),
    "dgp": lambda: DGP(hidden=256, epochs=300, device="cpu"),
}
"""The networks of W8, narrower and shorter trained than the papers'."""


@dataclass(frozen=True)
class Trained:
    """A fitted classifier, its accuracy among unseen classes, and inputs it got right, of different classes first."""

    classifier: ZeroShotClassifier
    accuracy: float
    inputs: Any
    decisions: list[Decision]


def planted(model: str, seed: int, num_cases: int) -> Trained:
    """The planted world of a seed, a model trained in it, and decisions among its 18 unseen classes."""
    world = planted_world(seed)
    classifier = ZeroShotClassifier(
        world.graph,
        features=MatrixFeatures(world.features, world.graph.ids),
        propagator=PLANTED[model](),
        unseen=list(world.unseen),
        relations=world.kinds,
        random_state=seed,
    ).fit(*world.train)
    return _trained(classifier, *world.test, num_cases)


def photographs(model: str, folder: Path, seed: int, num_cases: int) -> Trained:
    """A network trained on the class means of 130 seen classes; decisions among 35 unseen ones."""
    data = TinyImageNet.read(folder)
    classifier = ZeroShotClassifier(
        load_graph("wordnet"),
        features=data.sentences,
        propagator=PHOTOGRAPHS[model](),
        unseen=list(data.unseen),
        random_state=seed,
    ).fit_weights(data.means, data.seen, kind="prototype")
    return _trained(classifier, *data.test_unseen, num_cases)


def _trained(classifier: ZeroShotClassifier, inputs: Any, labels: Any, num_cases: int) -> Trained:
    """The first input of every class that is recognised, then the second ones, and so on."""
    predicted = classifier.predict(inputs, label_space="unseen")
    right = np.flatnonzero(predicted == labels)
    counts: dict[Any, int] = {}
    order = []
    for place in right.tolist():
        counts[labels[place]] = counts.get(labels[place], 0) + 1
        order.append((counts[labels[place]], place))
    chosen = [place for _, place in sorted(order)[:num_cases]]
    asked = [classifier.explain(inputs[place], label_space="unseen").decision for place in chosen]
    return Trained(classifier, float(np.mean(predicted == labels)), inputs[chosen], asked)
