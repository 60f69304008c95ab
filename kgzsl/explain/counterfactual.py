"""The smallest change of the graph that changes a decision, each step of it a decision taken again."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb
from typing import TYPE_CHECKING, get_args

from kgzsl.counts import checked_count
from kgzsl.display.progress import Advance, progress
from kgzsl.errors import InputFormatError, UnknownNameError
from kgzsl.explain.counterfactual_result import Certificate, Change, Counterfactual, Edits, split
from kgzsl.explain.decision import Decision
from kgzsl.explain.plugins import explained
from kgzsl.explain.rerun import CLEAR, Fact, Rerun, fact_of
from kgzsl.graph.concept import Edge
from kgzsl.graph.relation import stored_relation

if TYPE_CHECKING:
    from kgzsl.explain.certifying import Scan

__all__ = ["Certificate", "Change", "Counterfactual", "Edits", "counterfactual", "facts_against"]

_SETS_A_DECISION = 1_000
_GATED_A_DECISION = 5
"""Sets beyond two facts that are scored in the gated form, where it is known, for each decision of the budget."""
_SCANNED = 2
"""Sets of so many facts are all tried in a model's gated form, where decisions would be too many."""


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
    show_progress: bool | None = None,
) -> Counterfactual:
    """The smallest set of edits after which `goal` (None: any class but the predicted one) is predicted.

    `ranked` are facts in the order in which they are worth trying, such as by their credit; those of the whole graph
    come after them. Of the first `num_candidates` the single effects are measured, edits are added greedily by what
    they do together, and those that turn out needless are put back. Then smaller sets are tried, all single facts
    first, until `budget` decisions were taken; scores without up to a thousand sets for each of these are computed to
    try all sets of one and two, and up to five for each to choose among larger ones. `allowed` are the facts that may
    be added; None takes what the classes with the highest scores are said to have. An interruption changes nothing.
    """
    if edits not in get_args(Edits):
        raise UnknownNameError("kind of edit", str(edits), known=get_args(Edits))
    for name, count in {"max_edits": max_edits, "num_candidates": num_candidates, "budget": budget}.items():
        checked_count(count, name)
    rerun = Rerun(decision)
    with progress(budget, "looking for the smallest change", show=show_progress) as advance:
        quest = _Quest(rerun, goal, edits, max_edits, budget, advance)
        return quest.run(_candidates(rerun, ranked, goal, edits, allowed), num_candidates)


def facts_against(decision: Decision) -> tuple[Fact, ...]:
    """The facts that speak for the target rather than the foil, those with the largest credit first."""
    rows = explained(decision).by("facts")
    return tuple((row.key[1], row.key[2], row.key[3]) for row in rows if row.kind == "fact" and row.credit > 0)


@dataclass
class _Quest:
    """A search for the smallest set; decisions are counted by `rerun`."""

    rerun: Rerun
    goal: str | None
    edits: Edits
    max_edits: int
    budget: int
    advance: Advance
    _scan: "Scan | None" = None
    _is_cut: bool = False

    def __post_init__(self) -> None:
        start = self.rerun.outcome()
        self.before = start.prediction
        if self.goal is not None and self.goal not in start.concepts:
            raise InputFormatError(f"{self.goal!r} is not among the classes in the running")
        if self.goal == self.before:
            raise InputFormatError(f"{self.goal!r} is predicted already")

    def lead(self, changes: Iterable[Change]) -> float:
        taken = self.rerun.num_reruns
        lead = self.rerun.outcome(*split(changes)).lead(self.before, self.goal)
        self.advance(self.rerun.num_reruns - taken)
        return lead

    @property
    def is_spent(self) -> bool:
        return self.rerun.num_reruns >= self.budget

    def run(self, changes: Sequence[Change], num_candidates: int) -> Counterfactual:
        tried = changes[:num_candidates]
        singles = {change: self.lead([change]) for change in tried}
        strongest = sorted(tried, key=lambda change: (-singles[change], change.fact, not change.is_removal))
        self._scan = self._scanned(changes)
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
            leads = self._leads([[*chosen, change] for change in left])
            chosen.append(left[leads.index(max(leads))])  # of equal ones that which does more alone
            if self.lead(chosen) > CLEAR:
                return chosen
        return None

    def _pruned(self, chosen: list[Change]) -> list[Change]:
        for change in list(chosen):
            without = [other for other in chosen if other != change]
            if without and self.lead(without) > CLEAR:
                chosen = without
        return chosen

    def _smaller(
        self, every: Sequence[Change], strongest: Sequence[Change], size: int
    ) -> tuple[list[Change] | None, Certificate]:
        """A set of fewer than `size` edits that does it, or the word that there is none."""
        certificate: Certificate = "certified"
        for fewer in range(1, size):
            whole = comb(len(every), fewer) <= self.budget - self.rerun.num_reruns
            below = certificate
            if fewer <= _SCANNED and self.goal is None and self._scan is not None:
                scanned = self._scan.sets(fewer, most_sets=_SETS_A_DECISION * self.budget)
                if scanned is not None:
                    changing = ([Change(fact, True) for fact in facts] for facts in scanned)
                    found = next((changes for changes in changing if self.lead(changes) > CLEAR), None)
                    if found is not None:
                        return found, below
                    continue
            pool = every if whole else strongest
            if not whole:
                certificate = "within the facts tried"
            for subset in self._affordable(self._promising(pool, fewer)):
                if self.lead(subset) > CLEAR:
                    return list(subset), below
            if self.is_spent or self._is_cut:
                return None, "greedy"
        return None, certificate

    def _scanned(self, every: Sequence[Change]) -> "Scan | None":
        """The decision in its model's gated form, where it has one and decisions would be too many."""
        is_network = hasattr(self.rerun.decision.model, "opened")  # which has loaded PyTorch
        if any(not change.is_removal for change in every) or not (is_network or len(every) > self.budget):
            return None
        from kgzsl.explain.certifying import Scan  # loads PyTorch

        scan = Scan(self.rerun.decision, self.before)
        return scan if scan.is_known else None

    def _leads(self, sets: Sequence[Sequence[Change]]) -> list[float]:
        """The lead after each of some sets of changes."""
        if self._scan is None or len(sets[0]) < 2:
            return [self.lead(changes) for changes in sets]
        leads: list[float] = self._scan.leads([[change.fact for change in changes] for changes in sets], self.goal)
        return leads

    def _promising(self, pool: Sequence[Change], size: int) -> Iterator[tuple[Change, ...]]:
        """Sets of changes worth a decision: all, or those that come near to a change in the gated form."""
        sets = combinations(pool, size)
        if self._scan is None or size < 2:
            return sets
        from kgzsl.explain.certifying import NEAR

        kept = list(islice(sets, _GATED_A_DECISION * self.budget))
        self._is_cut = len(kept) < comb(len(pool), size)
        leads = self._leads(kept)
        return (changes for changes, lead in zip(kept, leads, strict=True) if lead > -NEAR)

    def _affordable(self, subsets: Iterator[tuple[Change, ...]]) -> Iterator[tuple[Change, ...]]:
        return islice(subsets, max(self.budget - self.rerun.num_reruns, 0))

    def _told(self, found: Sequence[Change] | None, certificate: Certificate, num_tried: int) -> Counterfactual:
        changes = sorted(found or (), key=lambda change: (not change.is_removal, change.fact))
        removed, added = split(changes)
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
            goal=self.goal,
            edits=self.edits,
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
