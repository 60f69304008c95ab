"""The smallest change of the graph that changes a decision, each step of it a decision taken again."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice
from math import comb
from typing import Literal, get_args

from kgzsl.display.html import html_table
from kgzsl.display.table import Table
from kgzsl.display.text import escape_text
from kgzsl.errors import ExplanationError, InputFormatError, UnknownNameError
from kgzsl.explain.decision import Decision
from kgzsl.explain.plugins import explained
from kgzsl.explain.rerun import Fact, Outcome, Rerun, fact_of
from kgzsl.graph.concept import Edge
from kgzsl.graph.relation import stored_relation

__all__ = ["Certificate", "Change", "Counterfactual", "Edits", "counterfactual", "facts_against"]

Edits = Literal["remove", "add", "both"]
Certificate = Literal["certified", "within the facts tried", "greedy", "none found"]

_CLEAR = 1e-9
"""A class wins if its score is higher by more than this: what is equal in truth differs by rounding."""
_SHOWN = 3
_SETS_A_DECISION = 1_000
_SCANNED = 2
"""Sets of so many facts are all tried in a model's gated form, where decisions would be too many."""


@dataclass(frozen=True)
class Change:
    """One fact to take away or to put in."""

    fact: Fact
    is_removal: bool

    def __str__(self) -> str:
        return escape_text(f"{'remove' if self.is_removal else 'add'} “{' '.join(self.fact)}”")


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """Facts whose removal (or addition) changes what is predicted, found by taking the decision again.

    `removed` and `added` make the change; `before` and `after` are the predictions, `margin` what the class that won
    first is ahead of the one that wins afterwards, before and after. `certificate` says how small the set is known
    to be: "certified" if no smaller set of facts of the whole graph does it, "within the facts tried" if none of the
    `num_tried` facts with the largest effects does, "greedy" if smaller sets were too many to try, and "none found"
    if no set of the size allowed was found among those tried. `num_reruns` counts the decisions taken.

    >>> from kgzsl.testing import example_classifier
    >>> found = example_classifier().counterfactual([0, 1, 1, 0, 1, 0], label_space="unseen")
    >>> found.is_found, found.before, found.after, [str(change) for change in found.changes]
    (True, 'tiger', 'fox', ['remove “dog is_a canine”', 'remove “lion is_a feline”'])
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

    @property
    def is_found(self) -> bool:
        """Whether there is a change at all."""
        return self.certificate != "none found"

    def __len__(self) -> int:
        return len(self.removed) + len(self.added)

    @property
    def changes(self) -> tuple[Change, ...]:
        """Removals, then additions."""
        return (*(Change(fact, True) for fact in self.removed), *(Change(fact, False) for fact in self.added))

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
            if _wins(again.outcome(*_split(part)), self.before, self.after):
                raise ExplanationError(f"{self}: {left_out} is not needed")

    def __str__(self) -> str:
        if not self.is_found:
            return f"no change of the facts tried gives another class than {self._label(self.before)}"
        shown = ", ".join(str(change) for change in self.changes[:_SHOWN])
        more = f" and {len(self) - _SHOWN} more" if len(self) > _SHOWN else ""
        verdict = f"{self._label(self.after)} instead of {self._label(self.before)}"
        return f"{shown}{more}: {verdict} ({self._words()})"

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
        if not self.is_found:
            return html_table([], [], caption=str(self))
        first, second = (f"{margin:+.2f}" for margin in self.margin)
        verdict = f"{self._label(self.after)} instead of {self._label(self.before)}"
        tried = f"{self.num_tried:,} facts tried, {self.num_reruns:,} decisions taken"
        return html_table(
            self.to_table().rows,
            self.to_table().columns,
            caption=f"{verdict}, if it were not so",
            notes=[f"margin {first}, then {second}; {self._words()}; {tried}"],
        )

    def _words(self) -> str:
        words = {"certified": "minimal, certified", "within the facts tried": f"minimal among {self.num_tried} facts"}
        return words.get(self.certificate, self.certificate)

    def _label(self, concept: str) -> str:
        for running in self.decision.running:
            if concept in running.concepts:
                return escape_text(running.graph.concept(concept).label)
        return escape_text(concept)


def counterfactual(
    decision: Decision,
    ranked: Sequence[Fact] = (),
    *,
    goal: str | None = None,
    edits: Edits = "remove",
    allowed: Iterable[Edge | Fact] | None = None,
    max_edits: int = 3,
    num_candidates: int = 30,
    budget: int = 300,
) -> Counterfactual:
    """The smallest set of edits after which `goal` (None: any class but the predicted one) is predicted.

    `ranked` are facts in the order in which they are worth trying, such as by their credit; those of the whole graph
    come after them. Of the first `num_candidates` the single effects are measured, edits are added greedily by what
    they do together, and those that turn out needless are put back. Then smaller sets are tried, all single facts
    first, until `budget` decisions were taken; scores without up to a thousand sets for each of these are computed to
    try all sets of one and two. `allowed` are the facts that may be added; None takes what the classes with the highest
    scores are said to have.
    """
    if edits not in get_args(Edits):
        raise UnknownNameError("kind of edit", str(edits), known=get_args(Edits))
    if max_edits < 1 or num_candidates < 1 or budget < 1:
        raise InputFormatError("max_edits, num_candidates and budget are at least 1")
    rerun = Rerun(decision)
    return _Quest(rerun, goal, max_edits, budget).run(_candidates(rerun, ranked, goal, edits, allowed), num_candidates)


def facts_against(decision: Decision) -> tuple[Fact, ...]:
    """The facts that speak for the target rather than the foil, those with the largest credit first."""
    rows = explained(decision).by("facts")
    return tuple((row.key[1], row.key[2], row.key[3]) for row in rows if row.kind == "fact" and row.credit > 0)


def _split(changes: Iterable[Change]) -> tuple[list[Fact], list[Fact]]:
    found = list(changes)
    return [c.fact for c in found if c.is_removal], [c.fact for c in found if not c.is_removal]


def _wins(outcome: Outcome, before: str, goal: str | None) -> bool:
    """Whether another class than `before` (or `goal`) is clearly ahead."""
    return _lead(outcome, before, goal) > _CLEAR


def _lead(outcome: Outcome, before: str, goal: str | None) -> float:
    """How far the class that shall win is ahead of the best of the others; negative as long as it is not."""
    mine = [
        score
        for concept, score in zip(outcome.concepts, outcome.scores, strict=True)
        if _is_wanted(concept, before, goal)
    ]
    theirs = [
        score
        for concept, score in zip(outcome.concepts, outcome.scores, strict=True)
        if not _is_wanted(concept, before, goal)
    ]
    if not mine or not theirs:
        raise InputFormatError("a counterfactual needs two classes in the running, the predicted one and another")
    return float(max(mine) - max(theirs))


def _is_wanted(concept: str, before: str, goal: str | None) -> bool:
    return concept != before if goal is None else concept == goal


@dataclass
class _Quest:
    """A search for the smallest set; decisions are counted by `rerun`."""

    rerun: Rerun
    goal: str | None
    max_edits: int
    budget: int

    def __post_init__(self) -> None:
        start = self.rerun.outcome()
        self.before = start.prediction
        if self.goal is not None and self.goal not in start.concepts:
            raise InputFormatError(f"{self.goal!r} is not among the classes in the running")
        if self.goal == self.before:
            raise InputFormatError(f"{self.goal!r} is predicted already")

    def lead(self, changes: Iterable[Change]) -> float:
        return _lead(self.rerun.outcome(*_split(changes)), self.before, self.goal)

    @property
    def is_spent(self) -> bool:
        return self.rerun.num_reruns >= self.budget

    def run(self, changes: Sequence[Change], num_candidates: int) -> Counterfactual:
        tried = changes[:num_candidates]
        singles = {change: self.lead([change]) for change in tried}
        strongest = sorted(tried, key=lambda change: (-singles[change], change.fact, not change.is_removal))
        found = self._greedy(strongest)
        if found is None:
            found, certificate = self._smaller(changes, strongest, self.max_edits + 1)
            return self._told(found, certificate if found else "none found", len(strongest))
        found = self._pruned(found)
        smaller, certificate = self._smaller(changes, strongest, len(found))
        return self._told(smaller or found, certificate, len(strongest))

    def _greedy(self, strongest: Sequence[Change]) -> list[Change] | None:
        """Edits added one by one, each the one that helps most."""
        chosen: list[Change] = []
        while len(chosen) < self.max_edits:
            left = [change for change in strongest if change not in chosen]
            if not left or self.is_spent:
                return None
            best = max(left, key=lambda change: (self.lead([*chosen, change]), -strongest.index(change)))
            chosen.append(best)
            if self.lead(chosen) > _CLEAR:
                return chosen
        return None

    def _pruned(self, chosen: list[Change]) -> list[Change]:
        for change in list(chosen):
            without = [other for other in chosen if other != change]
            if without and self.lead(without) > _CLEAR:
                chosen = without
        return chosen

    def _smaller(
        self, every: Sequence[Change], strongest: Sequence[Change], size: int
    ) -> tuple[list[Change] | None, Certificate]:
        """A set of fewer than `size` edits that does it, or the word that there is none."""
        certificate: Certificate = "certified"
        for fewer in range(1, size):
            whole = comb(len(every), fewer) <= self.budget - self.rerun.num_reruns
            scannable = self.goal is None and all(change.is_removal for change in every)
            if not whole and fewer <= _SCANNED and scannable:
                from kgzsl.explain.certifying import sets_that_may_change  # loads PyTorch

                most = _SETS_A_DECISION * self.budget
                scanned = sets_that_may_change(self.rerun.decision, self.before, fewer, most_sets=most)
                if scanned is not None:
                    changing = ([Change(fact, True) for fact in facts] for facts in scanned)
                    found = next((changes for changes in changing if self.lead(changes) > _CLEAR), None)
                    if found is not None:
                        return found, certificate
                    continue
            pool = every if whole else strongest
            if not whole:
                certificate = "within the facts tried"
            for subset in self._affordable(combinations(pool, fewer)):
                if self.lead(subset) > _CLEAR:
                    return list(subset), certificate
            if self.is_spent:
                return None, "greedy"
        return None, certificate

    def _affordable(self, subsets: Iterator[tuple[Change, ...]]) -> Iterator[tuple[Change, ...]]:
        return islice(subsets, max(self.budget - self.rerun.num_reruns, 0))

    def _told(self, found: Sequence[Change] | None, certificate: Certificate, num_tried: int) -> Counterfactual:
        changes = sorted(found or (), key=lambda change: (not change.is_removal, change.fact))
        removed, added = _split(changes)
        start, end = self.rerun.outcome(), self.rerun.outcome(removed, added)
        after = end.prediction
        return Counterfactual(
            removed=tuple(removed),
            added=tuple(added),
            before=self.before,
            after=after,
            margin=(start.score(self.before) - start.score(after), end.score(self.before) - end.score(after)),
            certificate=certificate,
            num_tried=num_tried,
            num_reruns=self.rerun.num_reruns,
            decision=self.rerun.decision,
        )


def _candidates(
    rerun: Rerun, ranked: Sequence[Fact], goal: str | None, edits: Edits, allowed: Iterable[Edge | Fact] | None
) -> list[Change]:
    """What may be edited: ranked facts first, then the others by name."""
    changes: list[Change] = []
    if edits != "add":
        known = [fact for fact in dict.fromkeys(ranked) if fact in rerun.facts]
        changes += [Change(fact, True) for fact in (*known, *sorted(rerun.facts - set(known)))]
    if edits != "remove":
        given = _borrowed(rerun, goal) if allowed is None else [_addable(rerun, fact_of(edge)) for edge in allowed]
        new = [Change(fact, False) for fact in dict.fromkeys(given) if fact not in rerun.facts]
        changes = [*new, *changes]
    if not changes:
        raise InputFormatError("there is no fact that could be removed or added")
    return changes


def _addable(rerun: Rerun, fact: Fact) -> Fact:
    """A fact as the graph would hold it; `InputFormatError` if it cannot take it."""
    head, relation, tail = fact
    for running in rerun.decision.running:
        index = running.index
        if head in index.position and tail in index.position:
            stored = stored_relation(index.relations, relation)
            head, relation, tail = (head, relation, tail) if stored is None else (tail, stored, head)
            if head == tail:
                raise InputFormatError(f"a fact joins two concepts; {head!r} stands at both ends of {relation}")
            index.relation_codes((relation,))
            return head, relation, tail
    strange = next(end for end in (head, tail) if all(end not in r.index.position for r in rerun.decision.running))
    raise InputFormatError(
        f"the part of the graph that decides has no concept {strange!r}, so that {' '.join(fact)!r} cannot be tried; "
        "what_if(add=...) takes facts that bring concepts along"
    )


def _borrowed(rerun: Rerun, goal: str | None, *, num_classes: int = 10) -> list[Fact]:
    """What the classes with the highest scores are said to have, said of the class that shall win."""
    start = rerun.outcome()
    order = sorted(zip(start.concepts, start.scores.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
    best = [concept for concept, _ in order]
    wanted = goal or next(concept for concept in best if concept != start.prediction)
    said: dict[str, list[Fact]] = {}
    for fact in sorted(rerun.facts):
        said.setdefault(fact[0], []).append(fact)
    lenders = [concept for concept in best[: num_classes + 1] if concept != wanted]
    return [
        (wanted, relation, tail) for lender in lenders for _, relation, tail in said.get(lender, ()) if tail != wanted
    ]
