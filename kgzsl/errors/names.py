"""A name that stands for nothing, for too much, or for something of another vocabulary."""

from collections.abc import Mapping, Sequence

from kgzsl.errors.files import VersionError
from kgzsl.errors.inputs import InputFormatError
from kgzsl.errors.root import KgzslError
from kgzsl.errors.wording import begun, cut, harmless, listing, offered

__all__ = [
    "AmbiguousLabelError",
    "ConceptFormError",
    "ConceptVersionError",
    "GroundingError",
    "UnknownConceptError",
    "UnknownNameError",
    "UnknownRelationError",
]


class UnknownConceptError(KgzslError, KeyError):
    """No concept has this id. `id` is the value asked for, `nearest` the closest valid ids, best first."""

    def __init__(self, id: str, *, graph: str, num_concepts: int, nearest: Sequence[str] = (), hint: str = "") -> None:
        self.id = id
        self.nearest = tuple(nearest)
        tail = f" ({hint})" if hint else ""
        where = f"graph {harmless(graph)} ({num_concepts:,} concepts)"
        # by name: in the errors that are this one and another, `super()` is the other
        KgzslError.__init__(self, f"no concept {cut(id)} in {where}{offered(nearest)}{tail}")


class ConceptFormError(UnknownConceptError, InputFormatError):
    """Neither an id nor a name in a graph whose ids are of one form, which the message states."""


class ConceptVersionError(UnknownConceptError, VersionError):
    """An id of another version of the vocabulary than the graph's: numbers are never carried over.

    Attributes: `id`, `file` (the graph's name), `found` and `supported` (the two versions), `nearest` (empty).
    """

    def __init__(self, id: str, *, graph: str, num_concepts: int, found: str, supported: str) -> None:
        hint = (
            f"it is an id of {found}, and the graph has {supported}; one number stands for different concepts in the "
            "two, so use the concept's name, or its id in the graph's version"
        )
        super().__init__(id, graph=graph, num_concepts=num_concepts, hint=hint)
        self.file = graph
        self.found = found
        self.supported = supported


class UnknownRelationError(KgzslError, KeyError):
    """No relation or kind of relation has this name. Attributes: `name`, `nearest`."""

    def __init__(self, name: str, *, graph: str, known: Sequence[str], nearest: Sequence[str] = ()) -> None:
        self.name = name
        self.nearest = tuple(nearest)
        super().__init__(
            f"no relation {cut(name)} in graph {harmless(graph)}{offered(nearest)}; "
            f"it has {listing(known, limit=30) or 'none'}"
        )


class UnknownNameError(KgzslError, ValueError):
    """No plug-in, graph or option has this name. Attributes: `kind`, `name`, `known`, `nearest`."""

    def __init__(self, kind: str, name: str, *, known: Sequence[str], nearest: Sequence[str] = ()) -> None:
        self.kind = kind
        self.name = name
        self.known = tuple(known)
        self.nearest = tuple(nearest)
        super().__init__(f"no {kind} is called {name!r}{offered(nearest)}; known: {listing(known, limit=30)}")


class AmbiguousLabelError(KgzslError, LookupError):
    """A label names several concepts. `candidates` are (id, definition) pairs, best first."""

    def __init__(self, label: str, candidates: Sequence[tuple[str, str]]) -> None:
        self.label = label
        self.candidates = tuple(candidates)
        lines = "".join(f"\n  {harmless(id_)}: {begun(definition)}" for id_, definition in self.candidates[:12])
        more = f"\n  and {len(self.candidates) - 12} more" if len(self.candidates) > 12 else ""
        super().__init__(f"{cut(label)} names {len(self.candidates)} concepts; use one of the ids{lines}{more}")


class GroundingError(KgzslError, ValueError):
    """Class labels that stand for no concept or for several, all of them at once.

    `missing` maps each label without a concept to the nearest ids; `ambiguous` maps each label with several
    concepts to their (id, definition) pairs.
    """

    def __init__(
        self,
        *,
        missing: Mapping[str, Sequence[str]],
        ambiguous: Mapping[str, Sequence[tuple[str, str]]],
        graph: str,
    ) -> None:
        self.missing = {label: tuple(ids) for label, ids in missing.items()}
        self.ambiguous = {label: tuple(pairs) for label, pairs in ambiguous.items()}
        lines = [f"  {label!r} is not in the graph{offered(ids)}" for label, ids in self.missing.items()]
        lines += [
            f"  {label!r} is one of: " + "; ".join(harmless(f"{id_} ({text[:50]})") for id_, text in pairs[:6])
            for label, pairs in self.ambiguous.items()
        ]
        count = len(lines)
        if count > 30:
            lines = [*lines[:30], f"  and {count - 30} more"]
        lines += ["of several, kgzsl.ground(graph, labels, under='…') keeps what lies below one"] * bool(self.ambiguous)
        super().__init__(
            f"{count} class label(s) do not stand for exactly one concept of graph {harmless(graph)}; "
            "use the ids instead:\n" + "\n".join(lines)
        )
