"""Whether an explanation's numbers follow from graph, features, model and input."""

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from kgzsl.errors import ExplanationError, KgzslError
from kgzsl.explain.account import Account
from kgzsl.explain.effects import effects
from kgzsl.explain.ledger import is_closed_form
from kgzsl.explain.making import Made, assumptions, make
from kgzsl.explain.network_recount import NetworkRecount, network_recount
from kgzsl.explain.recount import Recount, recount
from kgzsl.explain.rerun import Rerun
from kgzsl.explain.views import pattern_of, view

if TYPE_CHECKING:
    from kgzsl.explain.credits import Credit
    from kgzsl.explain.decision import Decision
    from kgzsl.explain.explanation import Explanation

__all__ = ["check"]

Recounted = Recount | NetworkRecount
_Way = tuple[tuple[str, ...], tuple[str, ...]]
"""The concepts of a path, and its relations where these tell it from others."""

_RELATIVE = 1e-6
_STORED = 1e-4
"""Scores come from weights stored as float32; shares are float64."""


class _Checker:
    """Compares numbers and remembers the size against which rounding is judged."""

    def __init__(self, size: float) -> None:
        self.size = size

    def same(self, what: str, found: float, expected: float, *, tolerance: float = _RELATIVE) -> None:
        slack = tolerance * abs(expected) + 1e-3 * tolerance * self.size
        if not abs(found - expected) <= slack:
            raise ExplanationError(f"{what}: the explanation says {found!r}, a recount gives {expected!r}")

    def close(self, what: str, found: float, expected: float) -> None:
        """Of numbers that no size of credits bounds, such as probabilities."""
        if not abs(found - expected) <= _RELATIVE * abs(expected):
            raise ExplanationError(f"{what}: the explanation says {found!r}, a recount gives {expected!r}")

    def true(self, holds: bool, message: str) -> None:
        if not holds:
            raise ExplanationError(message)


def check(explanation: "Explanation") -> None:
    """Raise `ExplanationError` at the first number, fact or sum that a recount does not give."""
    decision = explanation.decision
    recounts = _recounts(decision)
    size = math.fsum(_size(again) for again in recounts)
    checker = _Checker(size)
    paths: dict[tuple[int, _Way], float] = {}
    for side, (account, again) in enumerate(zip(explanation.reasons.ledger.accounts, recounts, strict=True)):
        paths |= {(side, way): credit for way, credit in _account(checker, account, again).items()}
    score = math.fsum(again.score for again in recounts)
    checker.same("total", explanation.total, score)
    checker.same("margin", explanation.margin, decision.margin)
    word = recounts[0].support_word
    checker.true(explanation.support == word, f"support: says {explanation.support}, a recount gives {word}")
    checker.same("margin", explanation.margin, score, tolerance=_STORED * max(1.0, size / max(abs(score), 1e-300)))
    _items(checker, explanation, recounts, paths)
    for name in explanation.views:
        rows = explanation.by(name)
        checker.same(f"view {name}", math.fsum(row.credit for row in rows), explanation.total)
        _view(checker, explanation, name, recounts, paths)
        _citations(explanation, rows)
    _citations(explanation, explanation.rows)
    _decided(checker, explanation)
    _retold(checker, explanation)
    if explanation.effects is not None:
        measured = effects(explanation.reasons, explanation.items, Rerun(decision))
        checker.true(explanation.effects.keys() == measured.keys(), "effects: of other rows than are measured anew")
        for key, margin in explanation.effects.items():
            checker.same(f"the margin without {' '.join(key)}", margin, measured[key])


def _recounts(decision: "Decision") -> list[Recounted]:
    model = decision.model
    if is_closed_form(model):
        return [recount(decision, model, sign, candidate) for sign, candidate in decision.sides()]
    return [network_recount(decision, model, sign, candidate) for sign, candidate in decision.sides()]  # type: ignore[arg-type]


def _decided(checker: _Checker, explanation: "Explanation") -> None:
    """What was decided, how likely it was said to be, and by what method."""
    decision = explanation.decision
    foil = decision.foil
    said = {
        "prediction": (explanation.prediction, decision.target.concept),
        "foil": (explanation.foil, None if foil is None else foil.concept),
        "probability": (explanation.probability, decision.target.probability),
        "foil_probability": (explanation.foil_probability, None if foil is None else foil.probability),
        "method": (explanation.method, decision.method),
        "assumptions": (explanation.assumptions, assumptions(decision)),
    }
    for name, (found, expected) in said.items():
        checker.true(found == expected, f"{name}: the explanation says {found!r}, the decision was {expected!r}")
    if decision.log_partition is not None:
        for _, candidate in decision.sides():
            if candidate.probability is not None:
                share = math.exp(candidate.score - decision.log_partition)
                checker.close(f"probability of {candidate.concept}", candidate.probability, share)
    mine, other = explanation.probability, explanation.foil_probability
    if mine is not None and other is not None:
        likelier, other = (mine, other) if decision.margin >= 0 else (other, mine)
        checker.close("odds of the two probabilities", other, likelier * math.exp(-abs(decision.margin)))


def _retold(checker: _Checker, explanation: "Explanation") -> None:
    """Every row of the explanation and of its views, words and all, against those made from the decision anew."""
    made = make(explanation.decision, explanation.reasons.ledger.reach, len(explanation.items))
    for part in ("items", "others", "constants"):
        _same_rows(checker, part, getattr(explanation, part), getattr(made, part))
    for number in ("coverage", "cancellation"):
        checker.same(number, getattr(explanation, number), getattr(made, number))
    checker.true(explanation.support == made.support, f"support: says {explanation.support}, it is {made.support}")
    for name in explanation.views:
        _same_rows(checker, f"view {name}", explanation.by(name), _viewed(made, name))


def _viewed(made: Made, name: str) -> "tuple[Credit, ...]":
    return view(made.reasons, name)  # type: ignore[arg-type]  # one of VIEWS


def _same_rows(checker: _Checker, part: str, found: "tuple[Credit, ...]", expected: "tuple[Credit, ...]") -> None:
    checker.true([row.key for row in found] == [row.key for row in expected], f"{part}: other rows than are made anew")
    for row, again in zip(found, expected, strict=True):
        for name in ("kind", "label", "note", "concepts", "paths", "facts"):
            said, is_so = getattr(row, name), getattr(again, name)
            checker.true(
                said == is_so, f"{row.label}, {name}: the explanation says {said!r}, made anew it is {is_so!r}"
            )
        checker.true(
            [concept for concept, _ in row.near] == [concept for concept, _ in again.near],
            f"{row.label}, near: the explanation says {row.near!r}, made anew it is {again.near!r}",
        )
        for (concept, share), (_, expected_share) in zip(row.near, again.near, strict=True):
            checker.same(f"{row.label}, near {concept}", share, expected_share)
        numbers = zip((row.credit, row.gross, *row.sides), (again.credit, again.gross, *again.sides), strict=True)
        for name, (value, value_again) in zip(("credit", "gross", "target", "foil"), numbers, strict=True):
            checker.same(f"{row.label}, {name}", value, value_again)


def _size(again: Recounted) -> float:
    return float(np.abs(again.sources).sum()) + sum(abs(credit) for credit in again.constants.values())


def _account(checker: _Checker, account: Account, again: Recounted) -> dict[_Way, float]:
    """Check one side of the books; the recounted credit of every listed path."""
    name = account.candidate.concept
    checker.true(dict(account.constants).keys() == again.constants.keys(), f"{name}: other constants than in a recount")
    for constant, credit in account.constants:
        checker.same(f"{name}, {constant}", credit, again.constants[constant])
    for place in np.flatnonzero((account.sources != 0) | (again.sources != 0)).tolist():
        concept = account.candidate.index.ids[place]
        checker.same(f"{name} from {concept}", float(account.sources[place]), float(again.sources[place]))
    given = [] if account.support is None else account.support.tolist()
    again_given = [] if again.support is None else again.support.tolist()
    for row, (found, expected) in enumerate(zip(given, again_given, strict=True)):
        checker.same(f"{name} from seen class number {row}", found, expected)
    paths: dict[_Way, float] = {}
    for path in account.paths:
        checker.true(len(set(path.nodes)) == len(path.nodes), f"{name}: {path.nodes} visits a concept twice")
        places = account.candidate.index.positions(path.nodes).tolist()
        way = path.nodes, path.relations
        if isinstance(again, NetworkRecount):
            recounted = again.path(places, path.relations)
        else:
            recounted = again.path(places, [kernel for kernel, _ in path.kernels])
        paths[way] = path.credit if recounted is None else recounted
        checker.same(f"{name}, path {' - '.join(path.nodes)}", path.credit, paths[way])
    rest = float(again.sources.sum()) - math.fsum(paths.values())
    checker.same(f"{name}, paths that are not listed", account.rest, rest)
    if account.variance is not None and again.variance is not None:
        checker.same(f"{name}, variance", account.variance, again.variance, tolerance=_STORED)
    return paths


def _items(
    checker: _Checker,
    explanation: "Explanation",
    recounts: list[Recounted],
    paths: Mapping[tuple[int, _Way], float],
) -> None:
    bundles = {bundle.key: bundle for bundle in explanation.reasons.bundles}
    constants = _constants(explanation, recounts)
    for row in (*explanation.items, *explanation.constants):
        if row.key in bundles:
            entries = bundles[row.key].entries
            members = ((entry.side, (entry.path.nodes, entry.path.relations)) for entry in entries)
            expected = math.fsum(paths[member] for member in members)
        elif row.key in constants:
            expected = constants[row.key]
        else:
            raise ExplanationError(f"{row.label}: a recount has no such row")
        checker.same(row.label, row.credit, expected)
        checker.same(f"{row.label}, target and foil", math.fsum(row.sides), row.credit)
    score = math.fsum(again.score for again in recounts)
    shown = math.fsum(row.credit for row in (*explanation.items, *explanation.constants))
    checker.same("what is not shown", math.fsum(row.credit for row in explanation.others), score - shown)
    everything = math.fsum(row.gross for row in explanation.rows)
    hidden = math.fsum(row.gross for row in explanation.others)
    if everything:
        checker.same("coverage", explanation.coverage, 1.0 - hidden / everything)
        checker.same("cancellation", explanation.cancellation, abs(explanation.total) / everything)


def _constants(explanation: "Explanation", recounts: Iterable[Recounted]) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = {}
    for again, account in zip(recounts, explanation.reasons.ledger.accounts, strict=True):
        for name, credit in again.constants.items():
            own = name in ("examples", "match", "unknown")
            key = (name, account.candidate.concept) if own else (name,)
            found[key] = found.get(key, 0.0) + credit
    return found


def _view(
    checker: _Checker,
    explanation: "Explanation",
    name: str,
    recounts: list[Recounted],
    paths: Mapping[tuple[int, _Way], float],
) -> None:
    """Rows of a view against sums made anew under the same keys."""
    expected: dict[tuple[str, ...], float] = dict(_constants(explanation, recounts))
    accounts = explanation.reasons.ledger.accounts
    for side, (account, again) in enumerate(zip(accounts, recounts, strict=True)):
        mine = {way: credit for (at, way), credit in paths.items() if at == side}
        role = "target" if side == 0 else "foil"
        expected["rest", role] = float(again.sources.sum()) - math.fsum(mine.values())
        ids = account.candidate.index.ids
        if name == "paths":
            expected |= {("path", role, *nodes, *relations): credit for (nodes, relations), credit in mine.items()}
        elif name == "facts":
            _add_facts(expected, explanation, side, mine)
        elif name == "patterns":
            for (nodes, relations), credit in mine.items():
                route = explanation.reasons.facts[side].route(nodes, relations)
                _add(expected, ("pattern", *pattern_of(route)), credit)
        elif name == "support":
            seen = account.candidate.index.positions(explanation.decision.model.classes).tolist()
            shares = [] if again.support is None else again.support.tolist()
            for place, credit in zip(seen, shares, strict=True):
                _add(expected, ("support", ids[place]), credit)
        else:
            for place in np.flatnonzero(again.sources).tolist():
                _add(expected, ("concept", ids[place]), float(again.sources[place]))
    for row in explanation.by(name):
        if row.key == ("rest",):
            continue  # many concepts in one row: what the view's total leaves for it
        checker.true(row.key in expected, f"{name}, {row.label}: a recount has no such row")
        checker.same(f"{name}, {row.label}", row.credit, expected[row.key])


def _add(sums: dict[tuple[str, ...], float], key: tuple[str, ...], credit: float) -> None:
    sums[key] = sums.get(key, 0.0) + credit


def _add_facts(
    sums: dict[tuple[str, ...], float],
    explanation: "Explanation",
    side: int,
    paths: Mapping[_Way, float],
) -> None:
    decision = explanation.decision
    _, candidate = decision.sides()[side]
    graph = decision.graph_of(candidate)
    wanted = decision.model.relations or ("taxonomic",)
    names = {rel.name for rel in graph.relations.values() if rel.name in wanted or rel.kind in wanted}
    joining: dict[frozenset[str], list[tuple[str, ...]]] = {}
    table = graph.edges_table
    for head, relation, tail in zip(table["head"], table["relation"], table["tail"], strict=True):
        if relation in names:
            joining.setdefault(frozenset((head, tail)), []).append(("fact", head, relation, tail))
    for (nodes, relations), credit in paths.items():
        if len(nodes) == 1:
            _add(sums, ("own", nodes[0]), credit)
        for number, (here, there) in enumerate(pairwise(nodes)):
            facts = joining[frozenset((here, there))]
            if relations:
                name = relations[number].removeprefix("^")
                ends = (there, here) if relations[number].startswith("^") else (here, there)
                facts = [fact for fact in facts if fact == ("fact", ends[0], name, ends[1])]
            for fact in facts:
                _add(sums, fact, credit / (len(nodes) - 1) / len(facts))


def _citations(explanation: "Explanation", rows: "Iterable[Credit]") -> None:
    """Every fact that a row cites is in a graph of the decision."""
    decision = explanation.decision
    graphs = [decision.graph_of(candidate) for _, candidate in decision.sides()]
    known: set[tuple[str, str, str]] = set()
    for row in rows:
        for edge in (*row.facts, *(edge for path in row.paths for edge in path.edges)):
            fact = (edge.head, edge.relation, edge.tail)
            if fact not in known and not any(_states(graph, fact) for graph in graphs):
                raise ExplanationError(f"{row.label}: cites {edge}, which no graph of the decision says")
            known.add(fact)


def _states(graph: object, fact: tuple[str, str, str]) -> bool:
    try:
        return bool(graph.edges(*fact))  # type: ignore[attr-defined]
    except KgzslError:
        return False
