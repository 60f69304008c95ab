"""The smallest change of a graph that was found, as a value: its words, its table, and the proof of what it says."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from kgzsl.display.html import Noted, html_table
from kgzsl.display.table import Table
from kgzsl.display.text import escape_text
from kgzsl.errors import ExplanationError
from kgzsl.explain.decision import Decision
from kgzsl.explain.page_head import odds
from kgzsl.explain.rerun import CLEAR, Fact, Rerun
from kgzsl.explain.spoken import Spoken

__all__ = ["Certificate", "Change", "Counterfactual", "Edits", "split"]

Edits = Literal["remove", "add", "both"]
Certificate = Literal["certified", "within the facts tried", "greedy", "none found"]


@dataclass(frozen=True)
class Change:
    """One fact to take away or to put in; `sentence` is the fact read aloud."""

    fact: Fact
    is_removal: bool
    sentence: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{'remove' if self.is_removal else 'add'} “{self.sentence or escape_text(' '.join(self.fact))}”"


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """Facts whose removal (or addition) changes what is predicted, found by taking the decision again.

    `removed` and `added` make the change; `before` and `after` are the predictions, `margin` what the class that won
    first is ahead of the one that wins afterwards, before and after. `certificate` says how small the set is known
    to be: "certified" if no smaller set of facts of the whole graph does it, "within the facts tried" if none of the
    `num_tried` facts with the largest effects does, "greedy" if smaller sets were too many to try, and "none found"
    if no set of the size allowed was found among those tried. Sets of the same size may do it as well: this is the
    first that was found. `num_reruns` counts the decisions taken, `goal` and `edits` are what was asked for.

    >>> from kgzsl.testing import example_classifier
    >>> found = example_classifier().counterfactual([0, 1, 1, 0, 1, 0], label_space="unseen")
    >>> found.is_found, found.before, found.after, [str(change) for change in found.changes]
    (True, 'tiger', 'fox', ['remove “dog is a kind of canine”', 'remove “lion is a kind of feline”'])
    >>> found.verify()
    """

    removed: tuple[Fact, ...]
    added: tuple[Fact, ...]
    before: str
    after: str
    margin: tuple[float, float]
    certificate: Certificate
    num_tried: int
    num_reruns: int
    decision: Decision = field(repr=False)
    goal: str | None = None
    edits: Edits = "remove"

    @property
    def is_found(self) -> bool:
        """Whether there is a change at all."""
        return self.certificate != "none found"

    def __len__(self) -> int:
        return len(self.removed) + len(self.added)

    @property
    def changes(self) -> tuple[Change, ...]:
        """Removals, then additions."""
        return tuple(
            Change(fact, is_removal, self._spoken.sentence(fact))
            for facts, is_removal in ((self.removed, True), (self.added, False))
            for fact in facts
        )

    def verify(self) -> None:
        """Take both decisions again by themselves; `ExplanationError` if the prediction is another one than said.

        It is also taken with each of the edits left out: none of these may change the prediction.
        """
        again = Rerun(self.decision)
        before, after = again.outcome(), again.outcome(self.removed, self.added)
        if (before.prediction, after.prediction) != (self.before, self.after):
            raise ExplanationError(
                f"{self}: says {self.before} becomes {self.after}, taken again "
                f"{before.prediction} becomes {after.prediction}"
            )
        gained = (
            before.score(self.before) - before.score(self.after),
            after.score(self.before) - after.score(self.after),
        )
        if max(abs(said - found) for said, found in zip(self.margin, gained, strict=True)) > 1e-6 * max(
            1, *map(abs, gained)
        ):
            raise ExplanationError(f"{self}: margins {self.margin} are said, taken again they are {gained}")
        for left_out in self.changes if self.is_found else ():
            part = [change for change in self.changes if change != left_out]
            if again.outcome(*split(part)).lead(self.before, self.after) > CLEAR:
                raise ExplanationError(f"{self}: {left_out} is not needed")

    def __str__(self) -> str:
        spoken = self._spoken
        if not self.is_found:
            wanted = "another class" if self.goal is None else spoken.name(self.goal)
            what = {"remove": "removal of facts", "add": "addition of facts", "both": "change of facts"}[self.edits]
            return f"no {what} that was tried gives {wanted} instead of {spoken.name(self.before)}"
        return f"{spoken.edits(self.removed, self.added)}: {self._verdict()} ({self._words()})"

    def __repr__(self) -> str:
        return f"<Counterfactual {self}>"

    def to_table(self) -> Table:
        """A row for each fact to remove or to add.

        >>> from kgzsl.testing import example_classifier
        >>> example_classifier().counterfactual([0, 1, 1, 0, 1, 0], label_space="unseen").to_table()["head"]
        ('dog', 'lion')
        """
        rows = [("remove" if change.is_removal else "add", *change.fact) for change in self.changes]
        return Table(["change", "head", "relation", "tail"], rows, caption=str(self))

    def _repr_html_(self) -> str:
        tried = f"{self.num_tried:,} facts tried one by one, {self.num_reruns:,} decisions taken"
        if not self.is_found:
            return html_table([], [], caption=str(self), notes=[tried])
        before, after = self._spoken.name(self.before), self._spoken.name(self.after)
        first, second = (f"{odds(margin)} (margin {margin:+.2f})" for margin in self.margin)
        words = {True: "without the fact", False: "with the fact"}
        rows = [
            (words[change.is_removal], Noted(change.sentence, " ".join(change.fact)), self._source(change.fact))
            for change in self.changes
        ]
        columns = ["change", "fact", "source"] if any(source for _, _, source in rows) else ["change", "fact"]
        return html_table(
            [row[: len(columns)] for row in rows],
            columns,
            caption=f"{self._verdict()}, if the graph said otherwise",
            notes=[
                f"odds of {before} to {after}: {first}; with the change {second}",
                f"{self._meaning()}; {tried}",
            ],
        )

    def _source(self, fact: Fact) -> str:
        """Where the graph has a fact from; "" for one that it does not have."""
        for running in self.decision.running:
            if fact[0] in running.graph.index.position:
                for edge in running.graph.edges(*fact):
                    return edge.source
        return ""

    def _verdict(self) -> str:
        return f"{self._spoken.name(self.after)} instead of {self._spoken.name(self.before)}"

    def _words(self) -> str:
        """How small the change is known to be."""
        if self.certificate == "certified":
            return "certified minimal"
        if self.certificate == "within the facts tried":
            return f"minimal among the {self.num_tried:,} facts tried"
        return "smaller changes were too many to try"

    def _meaning(self) -> str:
        if self.certificate == "certified":
            of = "the graph's facts" if self.edits == "remove" else "the edits allowed"
            return f"certified minimal: no smaller set of {of} does it, others of this size may"
        return f"{self._words()}; others of this size may do it too"

    @cached_property
    def _spoken(self) -> Spoken:
        concepts = {self.before, self.after, *([] if self.goal is None else [self.goal])}
        concepts |= {end for head, _, tail in (*self.removed, *self.added) for end in (head, tail)}
        concepts.update(*(running.concepts for running in self.decision.running))  # told apart from these, too
        return Spoken.of((running.graph for running in self.decision.running), concepts)


def split(changes: Iterable[Change]) -> tuple[list[Fact], list[Fact]]:
    """What is removed, and what is added."""
    found = list(changes)
    return [c.fact for c in found if c.is_removal], [c.fact for c in found if not c.is_removal]
