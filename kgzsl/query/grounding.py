"""From what a class is called to the concept it stands for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kgzsl.errors import InputFormatError, UnknownNameError
from kgzsl.graph.concept import Concept
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.lookup import numbered_sense, plain, wordnet_version
from kgzsl.graph.selection import reached
from kgzsl.query.grounding_advice import JoinedNames, advised, hint
from kgzsl.query.grounding_file import read_overrides
from kgzsl.query.grounding_result import GroundedLabel, Grounding
from kgzsl.query.grounding_spelling import joined, list_of_names, other_numerus, other_spellings

__all__ = ["GROUNDING_METHODS", "ground", "ground_classes", "grounded"]

GROUNDING_METHODS = ("ids", "senses", "names", "lists", "spellings", "plurals")
"""Ways to look for a label, in the order they are tried."""
_STRICT = ("ids", "names")

Overrides = Mapping[str, str] | str | Path


def ground(
    graph: KnowledgeGraph,
    labels: Iterable[str],
    *,
    overrides: Overrides | None = None,
    under: Sequence[str] | str | None = None,
    relations: Iterable[str] | str | None = None,
    prefer: str | None = None,
    methods: Sequence[str] = GROUNDING_METHODS,
) -> Grounding:
    """The concept that each class label stands for, how it was found, and what to decide about the others.

    A label is tried as an id or alternate id (`n02129604`, `02129604-n`), a numbered sense of a word (`dog.n.02`), a
    label or alias without regard to case, underscores, hyphens and Unicode composition, a list of names that one
    concept bears (`cow, moo-cow`), another spelling (`KillerWhale`, `polar+bear`, `AwA:n02129604`), and a plural or
    singular; the first of `methods` that finds a concept decides. Several concepts are an ambiguity, and are listed:
    nothing is chosen among them without being told to. A label given twice has one row.

    `overrides` maps labels to ids and comes before all else; it may be the path of a JSON file (`write_overrides`).
    `under` keeps the concepts at or below one or several others, over `relations` (None: taxonomic).
    `prefer="first-sense"` takes, among several concepts, the one of which the word is the first sense, if there is
    only one; it needs a graph that numbers senses, as WordNet does, and is counted as "first sense".

    The result never raises for a label; `Grounding.require` does. `UnknownConceptError` is raised for `under` and for
    overrides that no concept has, `InputFormatError` for a label that is not a string.

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> print(ground(kg, ["Polar_bears", "n2391049", "crane"], under="animal.n.01"))
    3 of 3 labels found in wordnet: 1 alternate id, 1 label, 1 plural
    <BLANKLINE>
    label        concept        how           definition
    Polar_bears  ice_bear.n.01  plural        white bear of Arctic regions
    n2391049     zebra.n.01     alternate id  any of several fleet black-and-white striped African…
    crane        crane.n.05     label         large long-necked wading bird of marshes and plains i…
    """
    if isinstance(labels, str):
        raise InputFormatError(f"labels are given as a list, not as one string: [{labels!r}]")
    _check_methods(methods)
    decided = read_overrides(overrides) if isinstance(overrides, str | Path) else dict(overrides or {})
    targets = graph.concept_columns.rows(decided.values(), graph=graph.name).tolist()
    search = _Search(
        graph,
        dict(zip(decided, targets, strict=True)),
        None if under is None else frozenset(_below(graph, under, relations)),
        under if isinstance(under, str) else "the concepts of under=",
        _checked_preference(graph, prefer),
        tuple(methods),
    )
    asked = dict.fromkeys(_text(label) for label in labels)
    rows = [search.row(label) for label in asked]
    unused = tuple(label for label in decided if label not in asked)
    return Grounding(graph.name, tuple(advised(graph, rows, search.inside)), unused)


def ground_classes(graph: KnowledgeGraph, labels: Iterable[str]) -> tuple[str, ...]:
    """The id of the one concept that each class label stands for, in their order.

    A label is an id, an alternate id, or a name that exactly one concept bears; no other spelling is tried (`ground`
    tries them, and shows what it did). `GroundingError` lists all labels that stand for no concept or for several,
    the first ten of the former with the nearest ids; `InputFormatError` those that stand for the same one.

    >>> import kgzsl
    >>> ground_classes(kgzsl.load_graph("wordnet"), ["tiger.n.02", "n02391049", "giant panda"])
    ('tiger.n.02', 'zebra.n.01', 'giant_panda.n.01')
    """
    found = grounded(graph, labels)
    _require_distinct(found)
    return tuple(found.values())


def grounded(graph: KnowledgeGraph, labels: Iterable[str]) -> dict[str, str]:
    """The concept's id by label; as `ground_classes`, but several labels may stand for one concept."""
    return dict(ground(graph, labels, methods=_STRICT).require())


@dataclass(frozen=True)
class _Search:
    """Where a label may be looked for; `inside` holds the positions that may be found, None all of them."""

    graph: KnowledgeGraph
    decided: Mapping[str, int]
    inside: frozenset[int] | None
    above: str
    first_sense: bool
    methods: tuple[str, ...]

    def row(self, label: str) -> GroundedLabel:
        if label in self.decided:
            return self._found(label, "override", "", self.decided[label])
        version = wordnet_version(label) if "spellings" in self.methods else ""
        if version and version not in self.graph.concept_columns.wordnet_versions:
            return GroundedLabel(label, "", "missing", note=f"WordNet {version} numbers other concepts than this graph")
        outside: list[int] = []
        for method in self.methods:
            how, via, rows = getattr(self, f"_{method}")(label)
            kept = [row for row in rows if self.inside is None or row in self.inside]
            outside += [row for row in rows if row not in kept]
            if len(kept) == 1:
                return self._found(label, how or self._bearing(kept[0], label), via, kept[0])
            if kept:
                return self._several(label, via, kept)
        if outside:
            ids = tuple(dict.fromkeys(self.graph.ids[row] for row in outside))
            return GroundedLabel(label, "", "missing", nearest=ids, note=f"found, but not under {self.above}")
        return GroundedLabel(label, "", "missing", note=hint(self.graph, label))

    def _found(self, label: str, how: str, via: str, row: int) -> GroundedLabel:
        return GroundedLabel(
            label, self.graph.ids[row], how, via, definition=str(self.graph.read_concept(row, "definition"))
        )

    def _several(self, label: str, via: str, rows: Sequence[int]) -> GroundedLabel:
        if self.first_sense:
            numbers = [self.graph.concept_columns.sense_number(row, via or label) for row in rows]
            best = min(numbers)
            if numbers.count(best) == 1:
                return self._found(label, "first sense", via, rows[numbers.index(best)])
        pairs = tuple((self.graph.ids[row], str(self.graph.read_concept(row, "definition"))) for row in rows)
        return GroundedLabel(label, "", "ambiguous", via, candidates=pairs)

    # each: how, the spelling found where it is another, rows

    def _ids(self, label: str) -> tuple[str, str, Sequence[int]]:
        # asked of the table, as an unknown id would have its nearest ones searched for before it is tried as a name
        row = self.graph.concept_columns.row(label)
        if row is None:
            return "", "", ()
        own = self.graph.ids[row].casefold() == label.strip().casefold()
        return ("id" if own else "alternate id"), "", (row,)

    def _senses(self, label: str) -> tuple[str, str, Sequence[int]]:
        asked = numbered_sense(label)
        if asked is None or not self.graph.concept_columns.numbers_senses:
            return "", "", ()
        word, part, number = asked
        columns = self.graph.concept_columns
        rows = [row for row in columns.senses(word, part) if columns.sense_number(row, word) == number]
        return "numbered sense", "", rows

    def _names(self, label: str) -> tuple[str, str, Sequence[int]]:
        rows = self.graph.concept_columns.labelled(label)
        return "", "", rows

    def _bearing(self, row: int, name: str) -> str:
        return "label" if plain(str(self.graph.read_concept(row, "label"))) == plain(name) else "alias"

    def _lists(self, label: str) -> tuple[str, str, Sequence[int]]:
        bearers = [self.graph.concept_columns.labelled(name) for name in list_of_names(label)]
        if not bearers:
            return "", "", ()
        rest = [set(rows) for rows in bearers[1:]]
        return "list of names", "", [row for row in bearers[0] if all(row in rows for rows in rest)]

    def _spellings(self, label: str) -> tuple[str, str, Sequence[int]]:
        for other in other_spellings(label):
            row = self.graph.concept_columns.row(other)
            rows = self.graph.concept_columns.labelled(other) if row is None else (row,)
            if rows:
                return ("alternate id" if row is not None else "spelling"), other, rows
        return "spelling", joined(label), () if hint(self.graph, label) else self._joined.rows(label)

    @cached_property
    def _joined(self) -> JoinedNames:
        return JoinedNames(self.graph)

    def _plurals(self, label: str) -> tuple[str, str, Sequence[int]]:
        found = {form: self.graph.concept_columns.labelled(form) for form in other_numerus(label)}
        real = [form for form, rows in found.items() if rows]
        rows = list(dict.fromkeys(row for form in real for row in found[form]))
        return "plural", real[0] if len(real) == 1 else "", rows


def _text(label: object) -> str:
    if not isinstance(label, str):
        raise InputFormatError(
            f"class labels are strings when there is a graph, not {type(label).__name__} {label!r}: give concept ids "
            "or names; of numbers they are np.array(names)[y], with the names in the order of the numbers"
        )
    return label.id if isinstance(label, Concept) else label


def _check_methods(methods: Sequence[str]) -> None:
    unknown = [name for name in methods if name not in GROUNDING_METHODS]
    if isinstance(methods, str) or unknown:
        raise UnknownNameError("method of grounding", str(unknown[0] if unknown else methods), known=GROUNDING_METHODS)


def _checked_preference(graph: KnowledgeGraph, prefer: str | None) -> bool:
    if prefer is None:
        return False
    if prefer != "first-sense":
        raise UnknownNameError("preference", prefer, known=["first-sense"])
    if not graph.concept_columns.numbers_senses:
        raise InputFormatError(
            f'prefer="first-sense" needs a graph that numbers the senses of words; {graph.name} has no '
            "sense_numbers: use under= or overrides="
        )
    return True


def _below(graph: KnowledgeGraph, under: Sequence[str] | str, relations: Iterable[str] | str | None) -> list[int]:
    start = graph.concept_columns.rows(under, graph=graph.name)
    positions: list[int] = reached(graph.index.down(relations), start).tolist()
    return positions


def _require_distinct(found: dict[str, str]) -> None:
    first: dict[str, str] = {}
    clashes = [
        f"{first[id_]!r} and {label!r} are both {id_}"
        for label, id_ in found.items()
        if first.setdefault(id_, label) != label
    ]
    if clashes:
        raise InputFormatError(f"two class labels for one concept: {'; '.join(clashes[:10])}; use one label for it")
