"""What decisions promise and what they keep, on the Tiny ImageNet features.

130 seen and 35 unseen classes of a network that was trained on the seen ones, on the very photographs that calibrate
here. So three settings are measured: as it is; with the seen side calibrated on every second held-out photograph (and
tested on the others); and class splits among the 130 classes, which the network all knows, where 35 of them, drawn at
random, play the unseen ones. The last is what the promise is about; the first two show what the network's training
takes from it. Accuracies and coverages are means over classes.

    python benchmarks/decisions.py --data ../shared/data --splits 10
"""

import argparse
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from kgzsl.bench import TinyImageNet
from kgzsl.classifier import ZeroShotClassifier
from kgzsl.decision.ancestor import predict_ancestor
from kgzsl.decision.conformal import predict_set
from kgzsl.decision.fitting import Examples, Settings, fit_problem
from kgzsl.decision.problem import Problem
from kgzsl.decision.rejection import out_of_graph
from kgzsl.errors import KgzslWarning
from kgzsl.evaluation.generalized import calibration_curve, sample_margins, seen_unseen_accuracy
from kgzsl.propagation.graph_gp import GraphGP
from kgzsl.sources.catalog import load_graph

Photos = tuple[NDArray[Any], NDArray[Any]]
LEVEL = 0.9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the test data")
    parser.add_argument("--splits", type=int, default=10, help="class splits among the known classes")
    parser.add_argument("--threads", type=int, default=2, help="threads of linear algebra")
    options = parser.parse_args()
    warnings.simplefilter("ignore", KgzslWarning)
    console = Console(width=120)
    with threadpool_limits(options.threads):
        data = TinyImageNet.read(options.data / "tiny-imagenet")
        bench = Bench(data)
        console.print(bench.gammas())
        console.print(bench.decisions(options.splits))
        console.print(bench.hubs())
        console.print(bench.refusals())


def macro(right: NDArray[Any], labels: NDArray[Any]) -> float:
    return float(np.mean([right[labels == label].mean() for label in np.unique(labels)]))


def auroc(known: NDArray[Any], strange: NDArray[Any]) -> float:
    truth = np.r_[np.zeros(len(known)), np.ones(len(strange))]
    return float(roc_auc_score(truth, np.r_[known, strange]))


def part(photos: Photos, labels: Any) -> Photos:
    rows = np.isin(photos[1], list(labels))
    return photos[0][rows], photos[1][rows]


class Bench:
    def __init__(self, data: TinyImageNet) -> None:
        self.data, self.graph = data, load_graph("wordnet")
        chosen = self.fitted(GraphGP(), data.seen, data.unseen, data.train)
        self.propagator = GraphGP().settled(chosen.problem_.model)
        self.whole = chosen
        self.held_out: tuple[Photos, Photos] = tuple(  # type: ignore[assignment]
            (data.test_seen[0][start::2], data.test_seen[1][start::2]) for start in (0, 1)
        )

    def fitted(self, propagator: Any, seen: Any, unseen: Any, examples: Photos) -> ZeroShotClassifier:
        means = self.data.means[[self.data.seen.index(label) for label in seen]]
        clf = ZeroShotClassifier(
            self.graph,
            features=self.data.sentences,
            propagator=propagator,
            unseen=list(unseen),
            calibration="stacking",
        )
        return clf.fit_weights(means, list(seen), kind="prototype", X=examples[0], y=examples[1])

    def gammas(self) -> Table:
        table = Table("gamma", "value", "u", "s", "H", title="gamma chosen without unseen classes, and in hindsight")
        problem = self.whole.problem_
        places = problem.classes.places("all")
        inputs = np.vstack([self.data.test_seen[0], self.data.test_unseen[0]])
        labels = [problem.classes.place(label) for label in np.r_[self.data.test_seen[1], self.data.test_unseen[1]]]
        scores, is_seen = problem.raw_scores(problem.scale.prepare(inputs), places), problem.classes.is_seen
        curve = calibration_curve(scores, np.array(labels), is_seen)
        best = int(curve.harmonic_mean.argmax())
        for name, gamma in (("none", 0.0), ("chosen", problem.calibration.gamma), ("best", float(curve.gamma[best]))):
            found = seen_unseen_accuracy(scores, np.array(labels), is_seen, gamma)
            cells = (100 * found.unseen, 100 * found.seen, 100 * found.harmonic_mean)
            table.add_row(name, f"{gamma:.4f}", *(f"{cell:.1f}" for cell in cells))
        return table

    def decisions(self, splits: int) -> Table:
        columns = (
            "setting",
            "inputs",
            "label space",
            "flat",
            "size",
            "hierarchical",
            "size",
            "words",
            "aps",
            "size",
        )
        table = Table(*columns, "ancestor", "bits kept", title=f"coverage at a stated {LEVEL:.0%}, and sizes")
        data = self.data
        for setting, clf, seen in (
            ("as it is", self.whole, data.test_seen),
            (
                "held-out examples",
                self.fitted(self.propagator, data.seen, data.unseen, self.held_out[0]),
                self.held_out[1],
            ),
        ):
            for inputs, photos in (("seen", seen), ("unseen", data.test_unseen)):
                for space in ("all", inputs):
                    self._add(table, setting, inputs, space, [self._measured(clf.problem_, photos, space)])
        found: dict[tuple[str, str], list[list[float]]] = {}
        for seed in range(splits):
            hidden = np.random.default_rng(seed).permutation(len(data.seen))[:35]
            unseen = [data.seen[place] for place in sorted(hidden)]
            seen_ids = [label for label in data.seen if label not in unseen]
            clf = self.fitted(self.propagator, seen_ids, unseen, part(self.held_out[0], seen_ids))
            for inputs, labels in (("seen", seen_ids), ("unseen", unseen)):
                for space in ("all", inputs):
                    measured = self._measured(clf.problem_, part(self.held_out[1], labels), space)
                    found.setdefault((inputs, space), []).append(measured)
        for (inputs, space), rows in found.items():
            self._add(table, f"{splits} class splits", inputs, space, rows)
        return table

    @staticmethod
    def _measured(problem: Problem, photos: Photos, space: str) -> list[float]:
        X, y = photos
        flat, wide = (
            predict_set(problem, X, coverage=LEVEL, label_space=space, hierarchical=hierarchical)
            for hierarchical in (False, True)
        )
        aps = predict_set(problem, X, coverage=LEVEL, label_space=space, method="aps")
        above = predict_ancestor(problem, X, confidence=LEVEL, label_space=space)
        return [
            100 * macro(flat.holds(y), y),
            float(flat.sizes.mean()),
            100 * macro(wide.holds(y), y),
            float(wide.sizes.mean()),
            float(wide.num_words.mean()),
            100 * macro(aps.holds(y), y),
            float(aps.sizes.mean()),
            100 * macro(above.holds(y), y),
            100 * float(above.information.mean()),
        ]

    @staticmethod
    def _add(table: Table, setting: str, inputs: str, space: str, rows: list[list[float]]) -> None:
        table.add_row(setting, inputs, space, *(f"{value:.1f}" for value in np.mean(rows, axis=0)))

    def hubs(self) -> Table:
        columns = ("hubness", "T1", "u", "s", "H", "AUSUC", "skew of N1", "largest share")
        table = Table(*columns, title="against hubs, measured among the unseen classes")
        data, classes = self.data, self.whole.problem_.classes
        labels = np.array([classes.place(label) for label in data.train[1]])
        examples = Examples(classes, data.means, "prototype", data.train[0], labels)
        relations = self.whole.problem_.relations
        assert relations is not None
        for kind in (None, "csls", "inverted-softmax"):
            settings = Settings(self.graph, data.sentences, self.propagator, "stacking", relations, 0, kind)
            problem, _ = fit_problem(settings, examples)
            sides = [problem.scale.prepare(X) for X, _ in (data.test_seen, data.test_unseen)]
            truth = [np.array([classes.place(label) for label in y]) for _, y in (data.test_seen, data.test_unseen)]
            unseen = problem.scores(sides[1], classes.places("unseen"))
            first = unseen.argmax(axis=1) + classes.num_seen
            counts = np.bincount(first - classes.num_seen, minlength=unseen.shape[1])
            scores = problem.scores(np.vstack(sides), classes.places("all"))
            both = seen_unseen_accuracy(scores, np.concatenate(truth), classes.is_seen)
            area = sample_margins(scores, np.concatenate(truth), classes.is_seen).area
            skew = np.mean((counts - counts.mean()) ** 3) / counts.std() ** 3
            accuracies = (macro(first == truth[1], truth[1]), both.unseen, both.seen, both.harmonic_mean, area)
            cells = [f"{100 * value:.1f}" for value in accuracies]
            table.add_row(str(kind), *cells, f"{skew:.2f}", f"{100 * counts.max() / counts.sum():.1f}")
        return table

    def refusals(self) -> Table:
        """Near: photographs of 17 unseen classes that are left out. Far: inputs whose columns are shuffled."""
        columns = ("label space", "kept of known", "refused near", "refused far", "AUROC near", "far")
        table = Table(*columns, "energy near", "far", title="refusals at a rate of 5 %, mean over 5 draws")
        data = self.data
        found: dict[str, list[list[float]]] = {"unseen": [], "all": []}
        for seed in range(5):
            rng = np.random.default_rng(seed)
            order = rng.permutation(len(data.unseen))
            inside = [data.unseen[place] for place in order[:18]]
            clf = self.fitted(self.propagator, data.seen, inside, self.held_out[0])
            near = part(data.test_unseen, [data.unseen[place] for place in order[18:]])[0]
            far = np.stack([rng.permutation(column) for column in data.test_seen[0][:1000].T], axis=1)
            for space, rows in found.items():
                known = part(data.test_unseen, inside)[0]
                if space == "all":
                    known = np.vstack([known, self.held_out[1][0]])
                answers = [out_of_graph(clf.problem_, X, label_space=space) for X in (known, near, far)]
                logits = [clf.decision_function(X, label_space=space) for X in (known, near, far)]
                plain = [-np.logaddexp.reduce(each, axis=1) for each in logits]
                scores = [answer.scores for answer in answers]
                rows.append(
                    [
                        1 - answers[0].is_out.mean(),
                        *(answer.is_out.mean() for answer in answers[1:]),
                        *(auroc(scores[0], each) for each in scores[1:]),
                        *(auroc(plain[0], each) for each in plain[1:]),
                    ]
                )
        for space, rows in found.items():
            table.add_row(space, *(f"{100 * value:.1f}" for value in np.mean(rows, axis=0)))
        return table


if __name__ == "__main__":
    main()
