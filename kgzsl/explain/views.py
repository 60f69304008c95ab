"""One number read five ways: by path, fact, seen class, concept, pattern. Every view adds up to the same total."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from kgzsl.explain.account import Account
from kgzsl.explain.credits import Credit, Reasons, constant_rows, in_order, naming
from kgzsl.explain.routes import Route
from kgzsl.explain.wording import own_description, sentence

__all__ = ["VIEWS", "View", "pattern_of", "view", "views_of"]

View = Literal["paths", "facts", "support", "concepts", "patterns"]
VIEWS: tuple[str, ...] = get_args(View)

_MOST_CONCEPTS = 200


def views_of(reasons: Reasons) -> tuple[str, ...]:
    """The views a model has: a trained network has no exact share for each seen class."""
    without = any(account.support is None for account in reasons.ledger.accounts)
    return tuple(name for name in VIEWS if name != "support") if without else VIEWS


def view(reasons: Reasons, name: View) -> tuple[Credit, ...]:
    """The rows of one view: largest first, then what is not listed, then the constants."""
    rows, constants = _VIEWS[name](reasons)
    last = [row for row in rows if row.kind == "rest"]
    return (*in_order(row for row in rows if row.kind != "rest"), *in_order(last), *constants)


@dataclass
class _Sums:
    """Credits added up under keys, target and foil apart."""

    parts: dict[tuple[str, ...], tuple[list[float], list[float]]] = field(default_factory=dict)

    def add(self, key: tuple[str, ...], side: int, credit: float) -> None:
        self.parts.setdefault(key, ([], []))[side].append(credit)

    def rows(self, make: Callable[[tuple[str, ...], float, tuple[float, float], float], Credit]) -> list[Credit]:
        """One row a key; equal parts of target and foil are netted before the magnitude is taken."""
        made = []
        for key, (target, foil) in sorted(self.parts.items()):
            sides = (math.fsum(target), math.fsum(foil))
            made.append(make(key, math.fsum([*target, *foil]), sides, math.fsum(map(abs, sides))))
        return made


def _paths(reasons: Reasons) -> tuple[list[Credit], tuple[Credit, ...]]:
    concepts = {node: side for side, route, _ in _routes(reasons) for node in route.nodes}
    names = naming(reasons.ledger, reasons.facts, {**concepts, **_candidates(reasons)})
    rows = []
    for side, route, credit in _routes(reasons):
        sides = (credit, 0.0) if side == 0 else (0.0, credit)
        label = sentence(route, names.__getitem__)
        key = ("path", "target" if side == 0 else "foil", *route.nodes, *route.relations)
        path = reasons.facts[side].path(route)
        rows.append(
            Credit("path", key, label, credit, sides=sides, gross=abs(credit), concepts=route.nodes, paths=(path,))
        )
    return [*rows, *rest_rows(reasons, names)], constant_rows(reasons.ledger, names)


def _facts(reasons: Reasons) -> tuple[list[Credit], tuple[Credit, ...]]:
    sums = _Sums()
    where: dict[tuple[str, ...], tuple[int, int]] = {}
    for side, route, credit in _routes(reasons):
        if not route.steps:
            sums.add(("own", route.nodes[0]), side, credit)
        index = reasons.facts[side].graph.index
        for step in route.steps:
            for row in step.rows:
                ends = index.ids[index.head[row]], index.ids[index.tail[row]]
                key = ("fact", ends[0], index.relations[int(index.relation[row])].name, ends[1])
                where[key] = (side, row)
                sums.add(key, side, credit / len(route.steps) / len(step.rows))
    concepts = {concept: where[key][0] for key in where for concept in (key[1], key[3])}
    names = naming(reasons.ledger, reasons.facts, {**concepts, **_candidates(reasons)})

    def row_of(key: tuple[str, ...], credit: float, sides: tuple[float, float], gross: float) -> Credit:
        if key[0] == "own":
            return Credit("reason", key, own_description(names[key[1]]), credit, "", sides, gross, concepts=key[1:])
        side, row = where[key]
        facts = reasons.facts[side]
        label = f"{names[key[1]]} {facts.graph.relations[key[2]].verb} {names[key[3]]}"
        return Credit("fact", key, label, credit, "", sides, gross, (key[1], key[3]), facts=facts.edges([row]))

    return [*sums.rows(row_of), *rest_rows(reasons, names)], constant_rows(reasons.ledger, names)


def _support(reasons: Reasons) -> tuple[list[Credit], tuple[Credit, ...]]:
    sums = _Sums()
    sides_of: dict[str, int] = {}
    for side, account in reasons.sides:
        assert account.support is not None
        for concept, credit in zip(account.classes, account.support.tolist(), strict=True):
            sides_of.setdefault(concept, side)
            if credit:
                sums.add((concept,), side, credit)
    names = naming(reasons.ledger, reasons.facts, {**sides_of, **_candidates(reasons)})

    def row_of(key: tuple[str, ...], credit: float, sides: tuple[float, float], gross: float) -> Credit:
        return Credit("support", ("support", *key), names[key[0]], credit, "", sides, gross, concepts=key)

    constants = constant_rows(reasons.ledger, names)
    # a seen class's own examples are what it gives as support, and stand there; so is the bias of a solved layer
    within = ("examples", "bias")
    return sums.rows(row_of), tuple(row for row in constants if row.key[0] not in within)


def _concepts(reasons: Reasons) -> tuple[list[Credit], tuple[Credit, ...]]:
    """Where the evidence comes from, whatever the path: exact for every concept, the smallest ones in one row."""
    gross: dict[str, float] = {}
    for account in reasons.ledger.accounts:
        for place in np.flatnonzero(account.sources).tolist():
            concept = account.candidate.index.ids[place]
            gross[concept] = gross.get(concept, 0.0) + abs(float(account.sources[place]))
    shown = sorted(gross, key=lambda concept: (-gross[concept], concept))[:_MOST_CONCEPTS]
    chosen, sums = frozenset(shown), _Sums()
    sides_of: dict[str, int] = {}
    for side, account in reasons.sides:
        for place in np.flatnonzero(account.sources).tolist():
            concept = account.candidate.index.ids[place]
            sums.add((concept,) if concept in chosen else (), side, float(account.sources[place]))
            if concept in chosen:
                sides_of.setdefault(concept, side)
    names = naming(reasons.ledger, reasons.facts, {**sides_of, **_candidates(reasons)})
    left = math.fsum(gross[concept] for concept in gross if concept not in chosen)

    def row_of(key: tuple[str, ...], credit: float, sides: tuple[float, float], net_gross: float) -> Credit:
        if not key:
            label = f"{len(gross) - len(chosen):,} more concepts"
            return Credit("rest", ("rest",), label, credit, "", sides, left)
        return Credit("concept", ("concept", *key), names[key[0]], credit, "", sides, net_gross, concepts=key)

    return sums.rows(row_of), constant_rows(reasons.ledger, names)


def _patterns(reasons: Reasons) -> tuple[list[Credit], tuple[Credit, ...]]:
    """Paths by the relations along them, whatever the concepts: "is_a / ^is_a" is by way of a common kind."""
    sums = _Sums()
    for side, route, credit in _routes(reasons):
        sums.add(pattern_of(route), side, credit)

    def row_of(key: tuple[str, ...], credit: float, sides: tuple[float, float], gross: float) -> Credit:
        label = " / ".join(key) or "own description"
        return Credit("pattern", ("pattern", *key), label, credit, "", sides, gross)

    names = naming(reasons.ledger, reasons.facts, _candidates(reasons))
    return [*sums.rows(row_of), *rest_rows(reasons, names)], constant_rows(reasons.ledger, names)


def pattern_of(route: Route) -> tuple[str, ...]:
    """The relations of a path, `^` before those walked against their direction."""
    return tuple(step.relation.name if step.forward else f"^{step.relation.name}" for step in route.steps)


def rest_rows(reasons: Reasons, names: Mapping[str, str]) -> list[Credit]:
    """What the listed paths leave, one row a side."""
    rows = []
    for side, account in reasons.sides:
        if account.is_pathless:
            continue
        sides = (account.rest, 0.0) if side == 0 else (0.0, account.rest)
        label = f"smaller paths from {names[account.candidate.concept]}"
        note = f"to {account.num_rest:,} more concepts, and other ways" if account.num_rest else "other ways"
        key = ("rest", "target" if side == 0 else "foil")
        rows.append(Credit("rest", key, label, account.rest, note, sides, max(account.rest_gross, abs(account.rest))))
    return rows


def _routes(reasons: Reasons) -> Iterable[tuple[int, Route, float]]:
    for side, account in reasons.sides:
        for path in account.paths:
            yield side, reasons.facts[side].route(path.nodes, path.relations), path.credit


def _candidates(reasons: Reasons) -> dict[str, int]:
    accounts: Iterable[tuple[int, Account]] = reasons.sides
    return {account.candidate.concept: side for side, account in accounts}


_VIEWS: Mapping[str, Callable[[Reasons], tuple[list[Credit], tuple[Credit, ...]]]] = {
    "paths": _paths,
    "facts": _facts,
    "support": _support,
    "concepts": _concepts,
    "patterns": _patterns,
}
