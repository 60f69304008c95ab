"""The rows of an explanation, and how paths are gathered into reasons a person reads."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from kgzsl.explain.account import Account, Float64, Ledger, Origin, PathCredit, magnitude
from kgzsl.explain.routes import Facts, Route
from kgzsl.explain.wording import claim, listed, own_description, unambiguous
from kgzsl.graph.concept import Edge
from kgzsl.graph.path import Path

__all__ = ["Bundle", "Credit", "Entry", "Kind", "Reasons", "constant_rows", "gather", "in_order"]

Kind = Literal["reason", "examples", "match", "path", "fact", "support", "concept", "pattern", "constant", "rest"]

_CITED_PATHS = 3
_NEAR = 3


@dataclass(frozen=True)
class Credit:
    """One row: an additive share of the margin.

    `sides` is what the target and the foil put into it, signs as in the margin. `gross` is the sum of the
    magnitudes that it nets. `concepts` are the ids it is about: along a path its nodes, for a reason the sources,
    largest first. `paths` are its largest paths, `facts` the edges it cites, `near` the seen classes that its
    largest shares come from. `key` is the same for the same row of another explanation.

    >>> from kgzsl.testing import example_classifier
    >>> row = example_classifier().explain([0, 0, 1, 0, 1, 0]).items[0]
    >>> row.kind, row.label, row.concepts[:2]
    ('examples', "lion's own examples", ('lion',))
    """

    kind: Kind
    key: tuple[str, ...]
    label: str
    credit: float
    note: str = ""
    sides: tuple[float, float] = (0.0, 0.0)
    gross: float = 0.0
    concepts: tuple[str, ...] = ()
    paths: tuple[Path, ...] = field(default=(), repr=False)
    facts: tuple[Edge, ...] = field(default=(), repr=False)
    near: tuple[tuple[str, float], ...] = field(default=(), repr=False)


def in_order(rows: Iterable[Credit]) -> tuple[Credit, ...]:
    """Largest first, then by key."""
    return tuple(sorted(rows, key=lambda row: (-magnitude(row.credit), row.key)))


@dataclass(frozen=True)
class Entry:
    """A listed path on one side."""

    side: int
    route: Route
    path: PathCredit

    @property
    def source(self) -> str:
        """Where the path ends."""
        return self.route.nodes[-1]

    @property
    def group(self) -> tuple[str, ...]:
        """Paths that say the same of their first concept: everything above the highest concept is read once.

        Paths that lead there over other relations say something else, where they are told apart.
        """
        route = self.route
        if route.relations:
            return (*self._claimed, *(route.relations[: route.pivot] or route.relations))
        return self._claimed

    @property
    def _claimed(self) -> tuple[str, ...]:
        route = self.route
        if route.shape == "meet":
            return ("meet", route.steps[0].relation.name, route.nodes[1])
        if route.shape == "chain":
            return ("chain", *route.nodes[1:])
        return (route.shape, route.nodes[route.pivot])


@dataclass(frozen=True)
class Bundle:
    """Paths of one group whose sources lean the same way, once target and foil are netted source by source."""

    key: tuple[str, ...]
    entries: tuple[Entry, ...]
    sources: tuple[tuple[str, float], ...]

    @property
    def credit(self) -> float:
        """What target and foil net to."""
        return math.fsum(credit for _, credit in self.sources)

    @property
    def gross(self) -> float:
        """Sum of the sources' magnitudes."""
        return math.fsum(abs(credit) for _, credit in self.sources)

    @cached_property
    def lead(self) -> Entry:
        """The path that speaks for the rest: the target's before the foil's, then the largest."""
        return min(self.entries, key=lambda entry: (entry.side, -magnitude(entry.path.credit), entry.route.nodes))

    def side(self, side: int) -> float:
        """The part of the target (0) or of the foil (1)."""
        return math.fsum(entry.path.credit for entry in self.entries if entry.side == side)


@dataclass(frozen=True, eq=False)
class Reasons:
    """Every listed path of a decision as bundles, largest first, ready to be worded."""

    ledger: Ledger
    facts: tuple[Facts, ...]
    bundles: tuple[Bundle, ...]

    def rows(self, chosen: Sequence[Bundle]) -> tuple[Credit, ...]:
        """Bundles in words; only those that are shown are worth the look-ups."""
        near = [_near(self.ledger.accounts, bundle) for bundle in chosen]
        names = self.names(chosen, near)
        return tuple(self._row(bundle, shares, names) for bundle, shares in zip(chosen, near, strict=True))

    def names(self, chosen: Sequence[Bundle], near: Sequence[Sequence[tuple[str, float]]]) -> Mapping[str, str]:
        """What each concept of these rows is called, told apart where two share a label."""
        concepts: dict[str, int] = {account.candidate.concept: side for side, account in self.sides}
        for bundle in chosen:
            for entry in bundle.entries:
                for node in entry.route.nodes:
                    concepts.setdefault(node, entry.side)
        for shares in near:
            for concept, _ in shares:
                concepts.setdefault(concept, 0)
        return naming(self.ledger, self.facts, concepts)

    @property
    def sides(self) -> tuple[tuple[int, Account], ...]:
        """Accounts with their place: 0 the target, 1 the foil."""
        return tuple(enumerate(self.ledger.accounts))

    def _row(self, bundle: Bundle, near: tuple[tuple[str, float], ...], names: Mapping[str, str]) -> Credit:
        lead = bundle.lead
        largest = sorted(
            bundle.entries, key=lambda entry: (-magnitude(entry.path.credit), entry.side, entry.path.nodes)
        )
        cited = {
            (entry.side, row): None
            for entry in largest[:_CITED_PATHS]
            for step in entry.route.steps
            for row in step.rows
        }
        edges = {
            (edge.head, edge.relation, edge.tail): edge
            for side in sorted({side for side, _ in cited})
            for edge in self.facts[side].edges(row for at, row in cited if at == side)
        }
        return Credit(
            kind="reason",
            key=bundle.key,
            label=self._label(lead, names),
            credit=bundle.credit,
            note=self._note(bundle, near, names),
            sides=(bundle.side(0), bundle.side(1)),
            gross=bundle.gross,
            concepts=tuple(source for source, _ in bundle.sources),
            paths=tuple(self.facts[entry.side].path(entry.route) for entry in largest[:_CITED_PATHS]),
            facts=tuple(edges.values()),
            near=near,
        )

    def _label(self, lead: Entry, names: Mapping[str, str]) -> str:
        if lead.route.shape == "own":
            return own_description(names[lead.source])
        words = claim(lead.route, names.__getitem__)
        return words if lead.side == 0 else f"{names[lead.route.nodes[0]]} {words}"

    def _note(self, bundle: Bundle, near: tuple[tuple[str, float], ...], names: Mapping[str, str]) -> str:
        lead = bundle.lead
        middle = lead.route.nodes[lead.route.pivot]
        alike = [names[source] for source, _ in bundle.sources if source != middle]
        notes = []
        if lead.side == 0 and any(entry.side == 1 for entry in bundle.entries):
            notes.append(f"{names[self.ledger.accounts[1].candidate.concept]} too")
        if lead.route.shape in ("kind", "meet") and alike:
            below = lead.route.shape == "kind" and not lead.route.pivot
            notes.append(f"{'such as' if below else 'like'} {listed(alike)}")
        elif near:
            notes.append(f"near {listed([names[concept] for concept, _ in near], at_most=_NEAR)}")
        elif lead.route.steps and not alike:  # others may say the same by what is like it
            notes.append(own_description(names[middle]))
        return "; ".join(notes)


def naming(ledger: Ledger, facts: Sequence[Facts], concepts: Mapping[str, int]) -> dict[str, str]:
    """Names of concepts, each read from the graph of the side it is on; candidates keep the label they came with."""
    labels = {concept: facts[side].label(concept) for concept, side in concepts.items()}
    labels |= {account.candidate.concept: account.candidate.label for account in ledger.accounts}
    shared = {label.casefold() for label in labels.values()}
    needed = labels if len(shared) < len(labels) else {}
    definitions = {
        concept: facts[concepts.get(concept, 0)].definition(concept) for concept in needed if concept in concepts
    }
    return unambiguous(labels, definitions)


def gather(ledger: Ledger, facts: tuple[Facts, ...]) -> Reasons:
    """Merge target and foil source by source, then collapse the sources that share a claim and a sign."""
    merged: dict[tuple[tuple[str, ...], str], list[Entry]] = {}
    for side, account in enumerate(ledger.accounts):
        for path in account.paths:
            entry = Entry(side, facts[side].route(path.nodes, path.relations), path)
            merged.setdefault((entry.group, entry.source), []).append(entry)
    collapsed: dict[tuple[str, ...], list[tuple[str, float, list[Entry]]]] = {}
    for (group, source), entries in merged.items():
        net = math.fsum(entry.path.credit for entry in entries)
        collapsed.setdefault((*group, "for" if net >= 0 else "against"), []).append((source, net, entries))
    bundles = []
    for key, members in collapsed.items():
        members.sort(key=lambda member: (-magnitude(member[1]), member[0]))
        gathered = tuple(entry for _, _, among in members for entry in among)
        bundles.append(Bundle(key, gathered, tuple((source, net) for source, net, _ in members)))
    bundles.sort(key=lambda bundle: (-magnitude(bundle.credit), bundle.key))
    return Reasons(ledger, facts, tuple(bundles))


def _near(accounts: Sequence[Account], bundle: Bundle) -> tuple[tuple[str, float], ...]:
    """The seen classes that most of a bundle's credit comes from: k_us α_s, restricted to its paths."""
    shares: dict[str, float] = {}
    for side, account in enumerate(accounts):
        mine = [entry for entry in bundle.entries if entry.side == side]
        if account.origin is None or not mine:
            continue
        credit = _origins(account, account.origin, mine)
        for concept, share in zip(account.classes, credit.tolist(), strict=True):
            shares[concept] = shares.get(concept, 0.0) + share
    total = bundle.credit
    leaning = [(concept, share) for concept, share in shares.items() if share * total > 0]
    leaning.sort(key=lambda pair: (-magnitude(pair[1]), pair[0]))
    return tuple(leaning[:_NEAR])


def _origins(account: Account, origin: Origin, entries: Sequence[Entry]) -> Float64:
    """The credit of these paths by seen class `[S]`."""
    terms, position = account.terms, account.candidate.index.position
    assert terms is not None
    row_of = {seen: row for row, seen in enumerate(terms.seen.tolist())}
    credit = np.zeros(len(terms.seen))
    weights = np.zeros(len(terms.centred))
    for entry in entries:
        end = position[entry.source]
        for name, part in entry.path.kernels:
            if name == "walk":
                credit[row_of[end]] += part
            elif name == "text":
                credit += origin.text
            elif part:
                weights[end] += part / origin.met[end]
    met = np.flatnonzero(weights)
    if origin.walks is not None and len(met):
        spread = origin.walks.apply(terms.centred @ (weights[met] @ terms.centred[met]))
        credit += origin.pull * spread[terms.seen]
    return credit


def constant_rows(ledger: Ledger, names: Mapping[str, str]) -> tuple[Credit, ...]:
    """Shares without a path, target and foil netted where they are the same thing.

    Zero ones are left out, but for a class that nothing is known of: that it has no share is what there is to say.
    """
    netted: dict[tuple[str, ...], list[float]] = {}
    for side, account in enumerate(ledger.accounts):
        for name, credit in account.constants:
            own = name in ("examples", "match", "unknown")
            key: tuple[str, ...] = (name, account.candidate.concept) if own else (name,)
            netted.setdefault(key, [0.0, 0.0])[side] += credit
    rows = []
    for key, (target, foil) in sorted(netted.items()):
        if not target and not foil and key[0] != "unknown":
            continue
        is_far = key[0] == "match" and target < foil  # a foil's shares are turned round
        label = _CONSTANTS["far" if is_far else key[0]].format(*(names[concept] for concept in key[1:]))
        kind: Kind = "examples" if key[0] == "examples" else "match" if key[0] == "match" else "constant"
        credit = target + foil
        rows.append(Credit(kind, key, label, credit, sides=(target, foil), gross=abs(credit), concepts=key[1:]))
    return in_order(rows)


_CONSTANTS = {
    "examples": "{}'s own examples",
    "match": "the input itself lies near {}'s description",
    "far": "the input itself lies far from {}'s description",
    "unknown": "nothing is known of {}",
    "mean": "what all seen classes share",
    "bias": "what the network's last layer gives any class",
    "gamma": "seen-class correction",
    "offset": "score offset",
}
