"""What calibrated stacking does to seen and unseen accuracy, from four seen classes to ninety-five.

Gamma is chosen on seen classes that are pretended to be unseen. Of few, these have lost relatives that really unseen
classes have, and ask for too much; so gamma is held back by what it does to samples of seen classes before all that
were ever pretended to be unseen. Beside no gamma and the one in use stand the one that the folds ask for, and the best
in hindsight, which nobody can know. Means over draws of classes, and the lowest seen accuracy of any draw.

Worlds: animals, vehicles, birds and fruit of WordNet with made-up samples ("wordnet"); made-up graphs ("made up");
definitions as inputs ("definitions"); photographs of Tiny ImageNet's known classes ("tiny"), if --data has them.

    python benchmarks/few_classes.py --data ../shared/data --draws 8
"""

import argparse
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from kgzsl.bench import TinyImageNet, synthetic
from kgzsl.classifier import ZeroShotClassifier
from kgzsl.demo import definition_task
from kgzsl.errors import KgzslWarning
from kgzsl.evaluation.generalized import CalibrationCurve, calibration_curve, seen_unseen_accuracy
from kgzsl.features import TextFeatures
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.catalog import load_graph

Samples = tuple[NDArray[Any], NDArray[Any]]
UNSEEN = 6
RULES = ("none", "folds", "held back", "best")


@dataclass(frozen=True)
class World:
    graph: KnowledgeGraph
    features: Any
    unseen: list[str]
    train: Samples
    test_seen: Samples
    test_unseen: Samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the test data")
    parser.add_argument("--draws", type=int, default=8, help="draws of classes for each line")
    parser.add_argument("--threads", type=int, default=2, help="threads of linear algebra")
    options = parser.parse_args()
    warnings.simplefilter("ignore", KgzslWarning)
    table = Table(
        "world", "seen classes", *(f"{rule}: s, u, H" for rule in RULES), "lowest s: folds", "held back", "held"
    )
    with threadpool_limits(options.threads):
        for name, num_seen, draw in worlds(options.data):
            found = np.stack([measured(draw(100 * num_seen + seed, num_seen)) for seed in range(options.draws)])
            mean, lowest = found.mean(axis=0), found[:, :, 0].min(axis=0)
            cells = [" ".join(f"{value:.2f}" for value in mean[row]) for row in range(len(RULES))]
            held = int((found[:, 1] != found[:, 2]).any(axis=1).sum())
            table.add_row(name, str(num_seen), *cells, f"{lowest[1]:.2f}", f"{lowest[2]:.2f}", str(held))
    Console(width=150).print(table)


def worlds(data: Path | None) -> Iterator[tuple[str, int, Callable[[int, int], World]]]:
    for num_seen in (4, 6, 8, 12, 16, 20, 24, 40):
        yield "wordnet", num_seen, scattered
    for num_seen in (4, 8, 12, 16, 20, 32):
        yield "made up", num_seen, made_up
    for num_seen in (6, 8, 12, 16, 20, 32, 80):
        yield "definitions", num_seen, defined
    if data is not None:
        for num_seen in (4, 6, 8, 12, 16, 20, 32, 95):
            yield "tiny", num_seen, lambda seed, number: photographed(data, seed, number)


def measured(world: World) -> NDArray[np.float64]:
    """(s, u, H) under each of the rules."""
    clf = ZeroShotClassifier(world.graph, features=world.features, unseen=world.unseen, calibration="stacking")
    problem = clf.fit(*world.train).problem_
    inputs, labels = (np.concatenate(both) for both in zip(world.test_seen, world.test_unseen, strict=True))
    scores = problem.raw_scores(problem.scale.prepare(inputs), problem.classes.places("all"))
    judged = scores, np.array([problem.classes.place(label) for label in labels]), problem.classes.is_seen
    curve: CalibrationCurve = calibration_curve(*judged)
    chosen = problem.calibration
    asked = chosen.gamma if chosen.held_back_from is None else chosen.held_back_from
    gammas = 0.0, asked, chosen.gamma, float(curve.gamma[int(curve.harmonic_mean.argmax())])
    found = [seen_unseen_accuracy(*judged, gamma) for gamma in gammas]
    return np.array([[sides.seen, sides.unseen, sides.harmonic_mean] for sides in found])


@cache
def kinds() -> tuple[str, ...]:
    graph, found = load_graph("wordnet"), []
    for top in ("placental.n.01", "vehicle.n.01", "edible_fruit.n.01", "bird.n.01"):
        below = sorted(graph.descendants(top).ids)
        found += below[:: max(1, len(below) // 60)]
    return tuple(sorted(set(found)))


def scattered(seed: int, num_seen: int) -> World:
    """Centres of classes that lean on what is above them, and samples around these."""
    rng = np.random.default_rng(seed)
    graph = load_graph("wordnet")
    drawn = [kinds()[place] for place in rng.permutation(len(kinds()))[: num_seen + UNSEEN]]
    parts: dict[str, NDArray[Any]] = {}
    centres = {}
    for concept in drawn:
        above = graph.ancestors(concept, include_self=True).ids[:8]
        centres[concept] = np.sum([parts.setdefault(id_, rng.standard_normal(32)) for id_ in above], axis=0)

    def samples(classes: list[str], count: int) -> Samples:
        X = [centres[concept] + rng.standard_normal((count, 32)) for concept in classes]
        return np.concatenate(X), np.repeat(classes, count)

    seen, unseen = drawn[:num_seen], drawn[num_seen:]
    return World(graph, "text", unseen, samples(seen, 20), samples(seen, 10), samples(unseen, 10))


def made_up(seed: int, num_seen: int) -> World:
    with patch.multiple(synthetic, _SEEN=num_seen, _UNSEEN=UNSEEN):
        problem = synthetic.SyntheticProblem.draw(seed)

    def samples(classes: tuple[str, ...], part: slice) -> Samples:
        X, y = problem.rows(classes, part)
        return X, np.array(y)

    train, test = samples(problem.seen, slice(8)), samples(problem.seen, slice(8, None))
    return World(
        problem.graph, problem.features, list(problem.unseen), train, test, samples(problem.unseen, slice(None))
    )


@cache
def definitions() -> tuple[Any, TextFeatures, Samples]:
    task = definition_task(load_graph("wordnet"))
    text = TextFeatures(missing="zero").fit(task.graph, task.graph.induced(task.classes).ids)
    X = text.encode_texts(task.definitions)
    known = np.abs(X).sum(axis=1) > 0
    return task, text, (X[known], np.array(task.classes)[task.labels][known])


def defined(seed: int, num_seen: int) -> World:
    task, text, (X, y) = definitions()
    drawn = np.random.default_rng(seed).permutation(np.array(task.classes))[: num_seen + UNSEEN].tolist()
    is_seen, is_held = np.isin(y, drawn[:num_seen]), np.arange(len(y)) % 4 == 3
    parts = [(X[rows], y[rows]) for rows in (is_seen & ~is_held, is_seen & is_held, np.isin(y, drawn[num_seen:]))]
    return World(task.graph, text, drawn[num_seen:], *parts)


@cache
def photographs(data: Path) -> TinyImageNet:
    return TinyImageNet.read(data / "tiny-imagenet")


def photographed(data: Path, seed: int, num_seen: int) -> World:
    """Photographs that the network was not trained on: every second one trains, the others are tested."""
    tiny = photographs(data)
    drawn = np.random.default_rng(seed).permutation(np.array(tiny.seen)).tolist()
    seen, unseen = drawn[:num_seen], drawn[num_seen : num_seen + (UNSEEN if num_seen < 95 else 35)]
    X, y = tiny.test_seen
    is_train = np.arange(len(y)) % 2 == 0
    parts = [np.isin(y, seen) & is_train, np.isin(y, seen) & ~is_train, np.isin(y, unseen) & ~is_train]
    return World(load_graph("wordnet"), tiny.sentences, unseen, *((X[rows], y[rows]) for rows in parts))


if __name__ == "__main__":
    main()
