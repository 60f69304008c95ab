"""Answers that know when not to be sure, as methods of the classifier."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from kgzsl.decision.ancestor import Ancestors, predict_ancestor
from kgzsl.decision.classes import LabelSpace
from kgzsl.decision.conformal import Method, predict_set
from kgzsl.decision.conformal_sets import ClassSets
from kgzsl.decision.problem import Problem
from kgzsl.decision.rejection import OutOfGraph, out_of_graph

__all__ = ["DecisionDoors"]


class DecisionDoors:
    """Sets, ancestors and refusals of a fitted classifier.

    All are calibrated at the fit, on seen classes that were pretended to be unseen: their examples were scored by a
    model that had none of them. What is promised holds on average over classes, if new classes resemble a random draw
    of the known ones. Features of a network that was trained on the known classes favour these, so that it promises
    too much: on Tiny ImageNet 84 to 88 % of the answers of `predict_ancestor` at 90 % are right on unseen classes
    (`benchmarks/decisions.py`), and 91 % where the network knows those too. Held-out examples of the known classes mend
    the seen side; only examples of classes that the network was not trained on could mend the unseen one. Without
    examples, and for trained networks without `calibration="stacking"`, an `InputFormatError` says what is missing.
    """

    def _fitted(self) -> Problem:
        raise NotImplementedError

    def _inputs(self, X: ArrayLike) -> NDArray[Any]:
        """Checked inputs `[num_samples, dim]`, as the user gave them."""
        raise NotImplementedError

    def predict_set(
        self,
        X: ArrayLike,
        *,
        coverage: float = 0.9,
        label_space: LabelSpace = "all",
        method: Method = "lac",
        hierarchical: bool = False,
    ) -> ClassSets:
        """For each input a set of classes that has the right one with probability `coverage`, never an empty one.

        Split-conformal over classes: the hierarchical quantile of Lee, Barber and Willett (2023), where each class
        weighs the same. `method` is "lac" (the smallest sets on average) or "aps" (sets that are larger where the
        input is harder). Where seen and unseen classes are in the label space, each side has a limit of its own, so
        that the promise holds for inputs of either. `coverage` can be at most K / (K + 1) with K seen classes.

        With `hierarchical`, a set is said in the fewest words: a kind of things may stand for all classes below it,
        also for a few that the flat set does not have.

        >>> from kgzsl.testing import example_classifier
        >>> example_classifier().predict_set([[0, 0, 1, 0, 1, 0]], coverage=0.8).labels
        (('tiger', 'fox'),)
        """
        return predict_set(
            self._fitted(),
            self._inputs(X),
            coverage=coverage,
            label_space=label_space,
            method=method,
            hierarchical=hierarchical,
        )

    def predict_ancestor(self, X: ArrayLike, *, confidence: float = 0.9, label_space: LabelSpace = "all") -> Ancestors:
        """For each input the class, or the kind of things it is of, that is right with probability `confidence`.

        The way leads from the best class to the parent with the largest probability, that of all classes below it
        (each counted once), up to the first concept whose probability exceeds a threshold (Goren, Galil and El-Yaniv,
        "Hierarchical selective classification", NeurIPS 2024). The threshold is found by conformal risk control, each
        class weighing the same; where both sides are in the label space, it is the higher one of the two. Concepts on
        a cycle are one. What has nothing above it is below "any class".

        >>> from kgzsl.testing import example_classifier
        >>> print(example_classifier().predict_ancestor([[0, 0, 1, 0, 1, 0]], confidence=0.7)[0])
        some kind of feline (0.99): tiger 0.85, lion 0.14, cat 0.00
        """
        return predict_ancestor(self._fitted(), self._inputs(X), confidence=confidence, label_space=label_space)

    def out_of_graph(self, X: ArrayLike, *, rate: float = 0.05, label_space: LabelSpace = "all") -> OutOfGraph:
        """How little the classes explain each input, and which inputs are therefore taken for none of them.

        At most the share `rate` of inputs of the classes is refused. It says nothing of how many strange inputs are
        found: those of classes near to the known ones are hard to tell.

        >>> from kgzsl.testing import example_classifier
        >>> example_classifier().out_of_graph([[0, 0, 1, 0, 1, 0]], rate=0.2).is_out.tolist()
        [False]
        """
        return out_of_graph(self._fitted(), self._inputs(X), rate=rate, label_space=label_space)
