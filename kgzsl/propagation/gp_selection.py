"""Settings of the graph Gaussian process, chosen on the seen classes alone: some of them pretend to be unseen."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.contracts import Supervision
from kgzsl.display.progress import shown, steps
from kgzsl.errors import InputFormatError
from kgzsl.graph.index import IntArray
from kgzsl.propagation.gp_folds import Fold, Guesses, held_out_smoother, leave_one_out_cosine, random_folds
from kgzsl.propagation.gp_kernels import KernelSource
from kgzsl.propagation.gp_settings import GPSettings, default_candidates
from kgzsl.propagation.gp_threads import one_thread

__all__ = ["Examples", "choose_examples", "select_settings"]

Float64 = NDArray[np.float64]

EXAMPLES_PER_CLASS = 25
MAX_EXAMPLES = 4000
"""More examples than this hardly move an accuracy that is averaged over classes, and cost time."""

FEWEST_CLASSES = 4
"""With fewer seen classes no fold holds two of them."""

TRIALS = 500
"""How many classes should have pretended to be unseen, over all splits."""

SMALL = 400
"""Up to so many seen classes the products are too small to be shared out to several threads."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs of the seen classes, sorted by class: rows `start[c]` to `start[c] + count[c]` are those of class c."""

    inputs: Float64
    start: IntArray
    count: IntArray

    def rows(self, classes: IntArray) -> IntArray:
        """Rows of the examples of some classes, class after class."""
        return np.concatenate([np.arange(self.start[c], self.start[c] + self.count[c]) for c in classes])


def choose_examples(supervision: Supervision) -> Examples:
    """At most `EXAMPLES_PER_CLASS` inputs of each class, drawn; without inputs, the targets themselves.

    The draw is from rows sorted along a random direction, so that it does not depend on the order they are given in.
    """
    num = len(supervision.classes)
    inputs, labels = supervision.inputs, supervision.labels
    if inputs is None or labels is None:
        return Examples(supervision.weights.astype(np.float64), np.arange(num), np.ones(num, dtype=np.int64))
    dim = supervision.weights.shape[1]
    if inputs.shape != (len(labels), dim):
        raise InputFormatError(
            f"inputs have shape {inputs.shape}; with {len(labels)} labels it must be {len(labels), dim}"
        )
    if len(labels) and not (labels.min() >= 0 and labels.max() < num):
        raise InputFormatError(f"labels are places among {num} classes; they run from {labels.min()} to {labels.max()}")
    if not np.isfinite(inputs).all():
        raise InputFormatError("the inputs hold NaN or infinite values")
    rng = np.random.default_rng(supervision.random_state)
    order = np.lexsort((inputs @ rng.standard_normal(dim), labels))
    most = max(1, min(EXAMPLES_PER_CLASS, MAX_EXAMPLES // num))
    chosen = []
    for begin, end in pairwise(np.searchsorted(labels[order], np.arange(num + 1))):
        chosen.append(order[begin + rng.permutation(end - begin)[:most]])
    count = np.array([len(rows) for rows in chosen], dtype=np.int64)
    taken = inputs[np.concatenate(chosen)].astype(np.float64)
    return Examples(taken, np.cumsum(count) - count, count)


def select_settings(
    source: KernelSource,
    seen: IntArray,
    supervision: Supervision,
    *,
    candidates: Sequence[GPSettings] | None,
    shared_space: bool,
    folds: int,
    repeats: int | None,
) -> tuple[GPSettings, dict[str, Any]]:
    """The best candidate, and a report with the scores of all.

    Per-class accuracy on the classes that pretend to be unseen decides, the leave-one-class-out cosine breaks ties,
    and then the order of the candidates. `repeats` None stands for as many as let `TRIALS` classes pretend, at least
    1 and at most 4.
    """
    num = len(seen)
    tried = default_candidates(has_prior=shared_space) if candidates is None else tuple(candidates)
    if num < FEWEST_CLASSES:
        first = _fallback(shared_space) if candidates is None else tried[0]
        return first, {"chosen_by": f"default: fewer than {FEWEST_CLASSES} seen classes"}
    folds = min(folds, num // 2)
    repeats = min(4, max(1, -(-TRIALS // num))) if repeats is None else repeats
    comparison = _Comparison(source, seen, supervision, shared_space=shared_space)
    parts = random_folds(num, folds, repeats, supervision.random_state)
    with one_thread() if num <= SMALL else nullcontext(), shown(supervision.show_progress):
        accuracy, cosine = comparison.scores(tried, parts)
    best = max(range(len(tried)), key=lambda place: (round(accuracy[place], 9), round(cosine[place], 9), -place))
    report = {
        "chosen_by": "fold accuracy" if supervision.inputs is not None else "fold accuracy of the targets",
        "num_folds": folds,
        "num_repeats": repeats,
        "num_examples": len(comparison.examples.inputs),
        "fold_accuracy": accuracy[best],
        "leave_one_out_cosine": cosine[best],
        "candidates": [
            {**settings.to_dict(), "fold_accuracy": accuracy[place], "leave_one_out_cosine": cosine[place]}
            for place, settings in enumerate(tried)
        ],
    }
    return tried[best], report


def _fallback(shared_space: bool) -> GPSettings:
    prior = 1.0 if shared_space else 0.0
    return GPSettings.of(text=1, walk=1, convolved=1, walk_beta=10.0, convolved_beta=10.0, noise=0.3, prior=prior)


class _Comparison:
    """Everything about the seen classes that does not change from one setting to the next."""

    def __init__(self, source: KernelSource, seen: IntArray, supervision: Supervision, *, shared_space: bool) -> None:
        self._source = source
        self._seen = seen
        self._targets = supervision.weights.astype(np.float64)
        self._shared = shared_space
        self._known: dict[tuple[str, float], Float64] = {}
        self.examples = choose_examples(supervision)

    def scores(self, tried: Sequence[GPSettings], parts: Sequence[IntArray]) -> tuple[list[float], list[float]]:
        """Fold accuracy and leave-one-out cosine of each; settings that differ in α alone share the solves."""
        guesses = self._guesses() if any(settings.prior for settings in tried) else None
        guess = None if guesses is None else guesses.each_without_itself()
        folds = self._folds(parts, guesses)
        num_trials = max(1, sum(np.count_nonzero(fold.counts) for fold in folds))
        groups: dict[GPSettings, list[int]] = {}
        for place, settings in enumerate(tried):
            groups.setdefault(replace(settings, prior=0.0), []).append(place)
        accuracy, cosine = [0.0] * len(tried), [0.0] * len(tried)
        for settings, places in steps(list(groups.items()), "choosing settings"):
            gram = np.asarray(np.linalg.inv(self._noisy_kernel(settings)), dtype=np.float64)
            priors = [tried[place].prior for place in places]
            for fold in folds:
                smoother = held_out_smoother(gram, fold.classes)
                for place, right in zip(places, fold.accuracies(smoother, priors), strict=True):
                    accuracy[place] += float(right.sum()) / num_trials
            for place, prior in zip(places, priors, strict=True):
                share = None if guess is None or not prior else prior * guess
                cosine[place] = leave_one_out_cosine(gram, self._targets, guess=share)
        return accuracy, cosine

    def _guesses(self) -> Guesses:
        return Guesses(self._source.centred[self._seen], self._kernel("text", 0.0), self._targets, self._shared)

    def _folds(self, parts: Sequence[IntArray], guesses: Guesses | None) -> list[Fold]:
        target_w = self._targets @ self._targets.T
        example_w = (self._targets @ self.examples.inputs.T).astype(np.float32)
        folds = []
        for classes in parts:
            rows, counts = self.examples.rows(classes), self.examples.count[classes]
            own = np.repeat(np.arange(len(classes)), counts)
            fold = Fold(classes, counts, own, example_w[:, rows], target_w)
            if guesses is not None:
                fold = fold.with_guess(self.examples.inputs[rows], self._targets, guesses.without(classes))
            folds.append(fold)
        return folds

    def _noisy_kernel(self, settings: GPSettings) -> Float64:
        total: Float64 = settings.noise * np.eye(len(self._seen))
        for name, share, beta in settings.kernels():
            total += share * self._kernel(name, beta)
        return total

    def _kernel(self, name: str, beta: float) -> Float64:
        if (name, beta) not in self._known:
            self._known[name, beta] = self._source.kernel(name, beta).between(self._seen, self._seen)
        return self._known[name, beta]
