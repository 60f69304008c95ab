"""What a Gaussian process gives classes without their own targets, from one inverse over all of them.

With G = (K_SS + λI)^-1, classes F get -G_FF^-1 G_FR applied to the targets of the rest R, as if the process had been
solved over R alone. So a setting costs one inverse, and a fold one small solve.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kgzsl.graph.index import IntArray
from kgzsl.propagation.gp_kernels import unit_rows

__all__ = ["Fold", "Guesses", "held_out_smoother", "leave_one_out_cosine", "random_folds"]

Float64 = NDArray[np.float64]


def held_out_smoother(gram: Float64, fold: IntArray) -> Float64:
    """C `[len(fold), S]` so that C Y is what the process gives the fold's classes without their rows of Y.

    `gram` is (K_SS + λI)^-1 over all seen classes. The mean is taken over the other classes; the fold's own columns
    are 0 and each row sums to 1.
    """
    smoother = -np.asarray(np.linalg.solve(gram[np.ix_(fold, fold)], gram[fold]), dtype=np.float64)
    smoother[:, fold] = 0.0
    smoother += (1 - smoother.sum(axis=1))[:, None] / (len(gram) - len(fold))
    smoother[:, fold] = 0.0
    return smoother


def _leave_one_out_smoother(gram: Float64) -> Float64:
    """Every class as a fold of its own: C `[S, S]`, diagonal 0, rows summing to 1."""
    smoother: Float64 = -gram / np.diagonal(gram)[:, None]
    np.fill_diagonal(smoother, 0.0)
    smoother += (1 - smoother.sum(axis=1))[:, None] / (len(gram) - 1)
    np.fill_diagonal(smoother, 0.0)
    return smoother


def leave_one_out_cosine(gram: Float64, targets: Float64, *, guess: Float64 | None = None) -> float:
    """Mean cosine between each seen target and what the process gives its class without it.

    `guess` `[S, d]` is the prior's share of each class, α times its first guess.
    """
    smoother = _leave_one_out_smoother(gram)
    given = smoother @ targets if guess is None else guess + smoother @ (targets - guess)
    return float((unit_rows(given) * unit_rows(targets)).sum(axis=1).mean())


def random_folds(num: int, folds: int, repeats: int, random_state: int) -> list[IntArray]:
    """`repeats` times all classes, cut at random into folds of nearly equal size."""
    found = []
    for repeat in range(repeats):
        shuffled = np.random.default_rng((random_state, repeat)).permutation(num)
        found += [np.sort(shuffled[part::folds]) for part in range(folds)]
    return found


@dataclass(frozen=True, eq=False)
class Guesses:
    """First guesses of all seen classes: from the features as they are, or from a ridge map to the targets.

    `centred` are the features of the seen classes, `text` their cosines. A ridge map never learns from a class whose
    guess is then judged.
    """

    centred: Float64
    text: Float64
    targets: Float64
    shared_space: bool

    def without(self, fold: IntArray) -> Float64:
        """Unit rows `[S, d]`, made without the targets of the fold."""
        if self.shared_space:
            return unit_rows(self.centred)
        rest = np.setdiff1d(np.arange(len(self.targets)), fold)
        noisy = self.text[np.ix_(rest, rest)] + np.eye(len(rest))
        return unit_rows(self.text[:, rest] @ np.linalg.solve(noisy, self.targets[rest]))

    def each_without_itself(self) -> Float64:
        """Unit rows `[S, d]`, each made without its own target."""
        if self.shared_space:
            return unit_rows(self.centred)
        inverse = np.linalg.inv(self.text + np.eye(len(self.text)))
        return unit_rows(self.targets - (inverse @ self.targets) / np.diagonal(inverse)[:, None])


@dataclass(frozen=True, eq=False)
class Fold:
    """Classes that pretend to be unseen, their examples, and the products that scoring needs.

    `own` is the place in `classes` of each example and `counts` how many each class has. `example_w`
    `[S, num_examples]` and `target_w` `[S, S]` are products of the seen targets with examples and targets; `example_p`
    `[S, num_examples]`, `target_p` and `guess_p` `[S, S]` those of the first guesses with examples, targets and first
    guesses.
    """

    classes: IntArray
    counts: IntArray
    own: IntArray
    example_w: NDArray[np.float32]
    target_w: Float64
    example_p: NDArray[np.float32] | None = None
    target_p: Float64 | None = None
    guess_p: Float64 | None = None

    def with_guess(self, examples: Float64, targets: Float64, guess: Float64) -> "Fold":
        """The fold with first guesses `[S, d]`, so that priors can be scored."""
        return replace(
            self, example_p=(guess @ examples.T).astype(np.float32), target_p=targets @ guess.T, guess_p=guess @ guess.T
        )

    def accuracies(self, smoother: Float64, priors: Sequence[float]) -> list[Float64]:
        """Accuracy of each class of the fold among the fold's classes, once for every α; ties count against it."""
        squares = ((smoother @ self.target_w) * smoother).sum(axis=1)
        cross, guess_squares, left = np.zeros_like(squares), np.zeros_like(squares), None
        if self.example_p is not None and self.target_p is not None and self.guess_p is not None:
            # ŵ = C W + α (P_F - C P): the process learns what the first guess leaves
            left = -smoother
            left[np.arange(len(self.classes)), self.classes] += 1
            cross = ((smoother @ self.target_p) * left).sum(axis=1)
            guess_squares = ((left @ self.guess_p) * left).sum(axis=1)
        found = []
        for prior in priors:
            lengths = np.sqrt(np.maximum(squares + 2 * prior * cross + prior**2 * guess_squares, 1e-30))[:, None]
            scores = (smoother / lengths).astype(np.float32) @ self.example_w
            if prior and left is not None:
                scores += (prior * left / lengths).astype(np.float32) @ self.example_p
            found.append(self._accuracy(scores))
        return found

    def _accuracy(self, scores: NDArray[np.float32]) -> Float64:
        mine = scores[self.own, np.arange(len(self.own))]
        right = (scores >= mine).sum(axis=0) == 1
        hits = np.bincount(self.own[right], minlength=len(self.classes))
        found: Float64 = hits / np.maximum(self.counts, 1)
        return found
