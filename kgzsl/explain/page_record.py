"""What is printed of an explanation, as plain values: all that its text, its card and its drawings are made from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kgzsl.display.layered import layered_svg
from kgzsl.explain.credits import naming
from kgzsl.explain.page import html, text
from kgzsl.explain.picture import picture

if TYPE_CHECKING:
    from kgzsl.explain.credits import Credit
    from kgzsl.explain.explanation import Explanation

__all__ = ["Called", "Cited", "Record", "Row", "Told", "Trail", "record_of"]


@dataclass(frozen=True)
class Called:
    """A concept by the name it goes by in this explanation; `kind` is "seen", "unseen" (classes) or "concept"."""

    label: str
    kind: str


@dataclass(frozen=True)
class Told:
    """How a relation is read aloud, from head to tail and back."""

    verb: str
    inverse_verb: str


@dataclass(frozen=True)
class Trail:
    """A path: its concepts, and between each two the relation, with `^` before it if walked from tail to head."""

    concepts: tuple[str, ...]
    relations: tuple[str, ...]

    @property
    def facts(self) -> tuple[tuple[str, str, str], ...]:
        """Each step as the fact it rests on: head, relation, tail."""
        steps = zip(self.concepts, self.relations, self.concepts[1:], strict=False)
        return tuple(
            (there, name[1:], here) if name.startswith("^") else (here, name, there) for here, name, there in steps
        )


@dataclass(frozen=True)
class Cited:
    """A fact, and where the graph has it from."""

    head: str
    relation: str
    tail: str
    weight: float
    source: str


@dataclass(frozen=True)
class Row:
    """A row as `kgzsl.explain.Credit` has it; `effect` is the margin once its facts are removed, None if not tried."""

    kind: str
    key: tuple[str, ...]
    label: str
    note: str
    credit: float
    effect: float | None
    sides: tuple[float, float]
    gross: float
    concepts: tuple[str, ...]
    paths: tuple[Trail, ...]
    facts: tuple[Cited, ...]
    near: tuple[tuple[str, float], ...]

    @property
    def is_shared(self) -> bool:
        """Whether target and foil have it alike: they differ by less than a tenth of what both put in."""
        return abs(self.credit) < 0.1 * (abs(self.sides[0]) + abs(self.sides[1]))


@dataclass(frozen=True, eq=True)
class Record:
    """An explanation without graph and model: it prints as the explanation does, and verifies nothing.

    Fields are those of `Explanation`, with ids as text; `num_reasons` counts all reasons, shown or not, `num_shared`
    those of them that target and foil have alike, `num_fainter` the sources of which no path is listed. `concepts`
    are the names of all that its paths pass, `relations` the verbs of all relations that they take.
    """

    prediction: str
    foil: str | None
    predicted: str | None
    is_foil_chosen: bool
    probability: float | None
    foil_probability: float | None
    margin: float
    total: float
    coverage: float
    cancellation: float
    support: str
    is_certified: bool
    temperature: float
    gamma: float
    method: str
    assumptions: tuple[str, ...]
    graph: str
    fingerprint: str
    has_additions: bool
    num_reasons: int
    num_shared: int
    num_fainter: int
    items: tuple[Row, ...]
    others: tuple[Row, ...]
    constants: tuple[Row, ...]
    labels: Mapping[str, str]
    concepts: Mapping[str, Called] = field(default_factory=dict)
    relations: Mapping[str, Told] = field(default_factory=dict)
    views: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)

    @property
    def residual(self) -> float:
        """The margin minus the total."""
        return self.margin - self.total

    @property
    def rows(self) -> tuple[Row, ...]:
        """Items, others and constants."""
        return (*self.items, *self.others, *self.constants)

    def to_text(self) -> str:
        """As `Explanation.to_text` gives it."""
        return text(self)

    def __str__(self) -> str:
        return self.to_text()

    def to_html(self) -> str:
        """As `Explanation.to_html` gives it."""
        return html(self)

    def to_svg(self, *, max_nodes: int = 12, max_paths: int = 30) -> str:
        """As `Explanation.to_svg` gives it."""
        return layered_svg(picture(self, max_nodes=max_nodes, max_paths=max_paths))

    def _repr_html_(self) -> str:
        return self.to_html()


def record_of(explanation: "Explanation", *, views: Iterable[str] = ()) -> Record:
    """What these views and the page need; names of concepts only if there is a view that draws on them."""
    wanted = tuple(views)
    decision, ledger = explanation.decision, explanation.reasons.ledger
    effects = getattr(explanation, "effects", None) or {}
    shown = {name: tuple(_row(row, {}) for row in explanation.by(name)) for name in wanted}
    concepts, relations = _names(explanation, shown) if wanted else ({}, {})
    own = [
        abs(credit)
        for account in ledger.accounts
        for name, credit in account.constants
        if name in ("examples", "match") and credit
    ]
    bundles = explanation.reasons.bundles
    alike = [abs(b.credit) < 0.1 * (abs(b.side(0)) + abs(b.side(1))) for b in bundles]
    labels = {candidate.concept: candidate.label for _, candidate in decision.sides()}
    if decision.predicted is not None:
        labels.setdefault(decision.predicted.concept, decision.predicted.label)
    searched = [account for account in ledger.accounts if not account.is_pathless]
    return Record(
        prediction=explanation.prediction,
        foil=explanation.foil,
        predicted=None if decision.predicted is None else decision.predicted.concept,
        is_foil_chosen=decision.is_foil_chosen,
        probability=explanation.probability,
        foil_probability=explanation.foil_probability,
        margin=explanation.margin,
        total=explanation.total,
        coverage=explanation.coverage,
        cancellation=explanation.cancellation,
        support=explanation.support,
        is_certified=bool(searched) and all(account.is_certified for account in searched),
        temperature=decision.temperature,
        gamma=decision.gamma,
        method=explanation.method,
        assumptions=explanation.assumptions,
        graph=explanation.known_graph.name,
        fingerprint=explanation.fingerprint,
        has_additions=any(decision.graph_of(side) is not decision.graph for _, side in decision.sides()),
        num_reasons=len(bundles) + len(own),
        num_shared=sum(alike),
        num_fainter=sum(account.num_rest for account in ledger.accounts),
        items=tuple(_row(row, effects) for row in explanation.items),
        others=tuple(_row(row, effects) for row in explanation.others),
        constants=tuple(_row(row, effects) for row in explanation.constants),
        labels=labels,
        concepts=concepts,
        relations=relations,
        views=shown,
    )


def _row(row: "Credit", effects: Mapping[tuple[str, ...], float]) -> Row:
    effect = effects.get(row.key)
    return Row(
        kind=row.kind,
        key=row.key,
        label=row.label,
        note=row.note,
        credit=row.credit,
        effect=None if effect is None else float(effect),
        sides=row.sides,
        gross=row.gross,
        concepts=row.concepts,
        paths=tuple(Trail(tuple(path.concepts), tuple(path.relations)) for path in row.paths),
        facts=tuple(Cited(edge.head, edge.relation, edge.tail, edge.weight, edge.source) for edge in row.facts),
        near=row.near,
    )


def _names(explanation: "Explanation", shown: Mapping[str, Sequence[Row]]) -> tuple[dict[str, Called], dict[str, Told]]:
    """What the concepts of these rows are called, told apart where two share a label, and the verbs between them."""
    decision, reasons = explanation.decision, explanation.reasons
    every = [row for rows in (*shown.values(), [_row(row, {}) for row in explanation.rows]) for row in rows]
    named = dict.fromkeys(concept for row in every for concept in _concepts(row))
    taken = dict.fromkeys(name for row in every for name in _relations(row))
    sides = {
        concept: next(side for side, facts in enumerate(reasons.facts) if concept in facts.graph.index.position)
        for concept in named
    }
    sides |= {account.candidate.concept: side for side, account in reasons.sides}
    names = naming(reasons.ledger, reasons.facts, sides)
    kinds = {
        concept: "seen" if is_seen else "unseen"
        for running in decision.running
        for concept, is_seen in zip(running.concepts, running.is_seen.tolist(), strict=True)
    }
    kinds |= {candidate.concept: "seen" if candidate.is_seen else "unseen" for _, candidate in decision.sides()}
    kinds |= dict.fromkeys(decision.model.classes, "seen")
    known = {name: relation for facts in reversed(reasons.facts) for name, relation in facts.graph.relations.items()}
    return (
        {concept: Called(names[concept], kinds.get(concept, "concept")) for concept in sorted(names)},
        {name: Told(known[name].verb, known[name].inverse_verb) for name in sorted(taken)},
    )


def _concepts(row: Row) -> list[str]:
    found = [*row.concepts, *(concept for path in row.paths for concept in path.concepts)]
    found += [end for fact in row.facts for end in (fact.head, fact.tail)]
    return [*found, *(concept for concept, _ in row.near)]


def _relations(row: Row) -> list[str]:
    return [*(fact.relation for fact in row.facts), *(name for path in row.paths for _, name, _ in path.facts)]
