"""From a decision to the rows of its explanation: what `explain` shows, and what `verify` makes a second time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from kgzsl.explain.account import Ledger, Reach, knowledge_support
from kgzsl.explain.credits import Bundle, Credit, Reasons, constant_rows, gather, in_order
from kgzsl.explain.decision import Decision
from kgzsl.explain.ledger import is_closed_form, keep_books
from kgzsl.explain.routes import Facts

__all__ = ["Made", "assumptions", "counted", "make"]

_ASSUMED = (
    "the length of the weights counts as a constant",
    "walks count under their loop-erased path",
    "a credit is a share of the number, not what removing a fact would change",
)
_FROZEN = "each unit of the network passes what it passed in this decision"

_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Made:
    """All that an explanation says beyond what the decision itself says."""

    items: tuple[Credit, ...]
    others: tuple[Credit, ...]
    constants: tuple[Credit, ...]
    support: str
    reasons: Reasons = field(repr=False)

    @property
    def rows(self) -> tuple[Credit, ...]:
        """Items, others and constants."""
        return (*self.items, *self.others, *self.constants)

    @property
    def total(self) -> float:
        """What the rows add up to."""
        return math.fsum(row.credit for row in self.rows)

    @property
    def gross(self) -> float:
        """The magnitudes of the rows, added up."""
        return math.fsum(row.gross for row in self.rows)

    @property
    def coverage(self) -> float:
        """The part of it that items and constants show."""
        shown = math.fsum(row.gross for row in (*self.items, *self.constants))
        return shown / self.gross if self.gross else 1.0

    @property
    def cancellation(self) -> float:
        """|total| over the magnitudes."""
        return abs(self.total) / self.gross if self.gross else 1.0


def make(decision: Decision, reach: Reach, k: int) -> Made:
    """The `k` largest reasons, what is left, and the constants; the same bytes whenever it is called."""
    ledger = keep_books(decision, reach)
    reasons = gather(ledger, _facts(decision))
    items, others, constants = _rows(reasons, k)
    made = Made(items, others, constants, _support(ledger), reasons)
    # an explanation may be kept for long, and a column is as long as the graph
    for account in ledger.accounts:
        if account.origin is not None and account.origin.walks is not None:
            account.origin.walks.forget()
    return made


def assumptions(decision: Decision) -> tuple[str, ...]:
    """Under what the shares of a decision are exact."""
    return _ASSUMED if is_closed_form(decision.model) else (_FROZEN, *_ASSUMED)


def _facts(decision: Decision) -> tuple[Facts, ...]:
    """The facts of each side; of one graph they are read once."""
    target = Facts(decision.graph, decision.model.relations)
    graphs = [decision.graph_of(side) for _, side in decision.sides()]
    return tuple(target if graph is decision.graph else Facts(graph, target.relations) for graph in graphs)


def _rows(reasons: Reasons, k: int) -> tuple[tuple[Credit, ...], tuple[Credit, ...], tuple[Credit, ...]]:
    """The k largest of bundles and own-standing shares; what is left, as one row; the constants."""
    names = {account.candidate.concept: account.candidate.label for account in reasons.ledger.accounts}
    if len(set(names.values())) < len(names):
        names = dict(reasons.names((), ()))
    standing = constant_rows(reasons.ledger, names)
    own = [row for row in standing if row.kind != "constant"]
    worded = reasons.rows(reasons.bundles[:k])
    items = in_order([*worded, *own])[:k]
    kept = {row.key for row in items}
    left = [bundle for bundle in reasons.bundles if bundle.key not in kept]
    rest = _rest(reasons.ledger, left, [row for row in own if row.key not in kept])
    return items, rest, tuple(row for row in standing if row.kind == "constant")


def _rest(ledger: Ledger, left: Sequence[Bundle], own: Sequence[Credit]) -> tuple[Credit, ...]:
    """All that is not among the items, in one row: reasons too small, and paths that were not listed."""
    sides = (
        math.fsum([*(b.side(0) for b in left), *(row.sides[0] for row in own), ledger.accounts[0].rest]),
        math.fsum([*(b.side(1) for b in left), *(row.sides[1] for row in own), *(a.rest for a in ledger.accounts[1:])]),
    )
    unlisted = math.fsum(account.rest_gross for account in ledger.accounts)
    gross = math.fsum([*(bundle.gross for bundle in left), *(row.gross for row in own), unlisted])
    whole = math.fsum(float(np.abs(account.sources).sum()) for account in ledger.accounts)
    if not left and not own and gross <= _ROUNDING * whole:
        return ()
    num_unlisted = sum(account.num_rest for account in ledger.accounts)
    num_left = len(left) + len(own)
    fainter = counted(num_unlisted, "fainter source") if num_unlisted else "paths that are not listed"
    label = counted(num_left, "smaller reason") if num_left else fainter
    note = f"and {fainter}" if num_left and num_unlisted else ""
    return (Credit("rest", ("rest",), label, math.fsum(sides), note, sides, gross),)


def _support(ledger: Ledger) -> str:
    target = ledger.accounts[0]
    if target.candidate.is_seen:
        return "seen"
    if target.is_pathless:
        return "none"
    if target.variance is None or target.terms is None:
        return "not rated"
    return knowledge_support(target.variance, np.diagonal(target.terms.gram), target.terms.settings.noise)


def counted(number: int, what: str) -> str:
    """`1 smaller reason`, `1,200 smaller reasons`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
