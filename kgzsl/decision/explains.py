"""The methods of a classifier that take its decisions apart, or ask what would change them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from kgzsl.decision.asking import decision_for
from kgzsl.decision.checking import explained_input, require_count
from kgzsl.decision.classes import LabelSpace
from kgzsl.decision.what_if import WhatIf, what_if
from kgzsl.display.progress import shown
from kgzsl.explain.counterfactual import Counterfactual, Edits, counterfactual, facts_against
from kgzsl.explain.plugins import explained
from kgzsl.explain.rerun import Fact
from kgzsl.graph.concept import Edge

if TYPE_CHECKING:
    from kgzsl.decision.problem import Problem

__all__ = ["Explains"]


class Explains:
    """What an estimator with a fitted `Problem` can say of its decisions."""

    if TYPE_CHECKING:
        show_progress: bool | None

        def _fitted(self) -> Problem: ...

    def explain(
        self,
        x: ArrayLike,
        *,
        target: str | None = None,
        against: str | None = "runner-up",
        k: int = 10,
        effects: bool = False,
        explainer: Any = None,
        label_space: LabelSpace = "all",
    ) -> Any:
        """Why `target` (None: the prediction), rather than `against`.

        `against` is "runner-up", any other class, or None for the score itself. `label_space` are the classes that
        the prediction and the runner-up are chosen from. The explanation adds up to the margin, in log odds. With
        `effects` it also says what becomes of the margin when the fact of a reason is removed: a decision for each.
        The result is an `Explanation`. `explainer` None takes exact shares, and integrated gradients where a network
        cannot be opened up; "integrated-gradients", "shapley", "occlusion", "gradient", "gnn-explainer" or an object
        with `explain(decision, *, k)` gives what that makes, credits of facts.

        >>> from kgzsl.testing import example_classifier
        >>> why = example_classifier().explain([0, 0, 1, 0, 1, 0], label_space="unseen", k=2)
        >>> why.prediction, why.foil, [row.label for row in why.items]
        ('tiger', 'fox', ["tiger's own description", 'fox is a kind of canine'])
        """
        problem = self._fitted()
        require_count(k)
        inputs = explained_input(self, x)
        decision = decision_for(problem, inputs, target, against, label_space)
        with shown(self.show_progress):
            return explained(decision, explainer, k=int(k), effects=effects)

    def counterfactual(
        self,
        x: ArrayLike,
        *,
        target: str | None = None,
        edits: Edits = "remove",
        allowed: Iterable[Edge | Fact] | None = None,
        max_edits: int = 3,
        budget: int = 300,
        label_space: LabelSpace = "all",
    ) -> Counterfactual:
        """The smallest change of the graph after which `target` (None: any other class) is predicted.

        `edits` are "remove", "add" or "both"; `allowed` are the facts that may be added. No new round is begun once
        `budget` decisions were taken, which bounds the effort in proportion, not to the last one;
        `kgzsl.explain.counterfactual` says how the set is found, and its `certificate` how small it is.

        >>> from kgzsl.testing import example_classifier
        >>> clf = example_classifier()
        >>> print(clf.counterfactual([0, 1, 1, 0, 1, 0], label_space="unseen"))
        without “dog is a kind of canine” and “lion is a kind of feline”: fox instead of tiger (certified minimal)
        """
        problem = self._fitted()
        against = "runner-up" if target is None else target
        goal = None if target is None else problem.classes.concepts[problem.classes.place(target)]
        with shown(self.show_progress):
            decision = decision_for(problem, explained_input(self, x), None, against, label_space)
            ranked = facts_against(decision) if edits != "add" else ()
            return counterfactual(
                decision, ranked, goal=goal, edits=edits, allowed=allowed, max_edits=max_edits, budget=budget
            )

    def what_if(
        self,
        x: ArrayLike,
        *,
        remove: Iterable[Edge | Fact] = (),
        add: Iterable[Edge | Fact] = (),
        label_space: LabelSpace = "all",
    ) -> WhatIf:
        """What would be predicted if the graph did not say `remove`, and said `add`: lists of (head, relation, tail).

        The fitted parameters stay, unseen classes get their weights from the edited graph, whose normalisation is
        redone; seen classes keep theirs.

        >>> from kgzsl.testing import example_classifier
        >>> clf = example_classifier()
        >>> clf.what_if([0, 0, 1, 0, 1, 0], remove=[("tiger", "is_a", "feline")], label_space="unseen").is_changed
        False
        """
        return what_if(self._fitted(), explained_input(self, x), label_space, remove=remove, add=add)
