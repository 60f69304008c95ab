"""A way through a knowledge graph that reads aloud."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kgzsl.display.text import escape_text
from kgzsl.errors import InputFormatError
from kgzsl.graph.concept import Edge
from kgzsl.graph.relation import Relation, describe
from kgzsl.graph.showing import path_html

__all__ = ["Path"]


@dataclass(frozen=True, slots=True)
class Path:
    """Edges that lead from `start` on; `forward[i]` says whether edge i is walked from head to tail.

    >>> from kgzsl.graph.concept import Edge
    >>> print(Path("dog", (Edge("dog", "is_a", "canine"), Edge("wolf", "is_a", "canine")), (True, False)))
    dog is a kind of canine, which has kind wolf
    """

    start: str
    edges: tuple[Edge, ...] = ()
    forward: tuple[bool, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False, repr=False)
    relation_types: Mapping[str, Relation] = field(default_factory=dict, hash=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.edges) != len(self.forward):
            raise InputFormatError(f"a path of {len(self.edges)} edges has {len(self.forward)} directions")
        here = str(self.start)
        for edge, ahead in zip(self.edges, self.forward, strict=True):
            if (edge.head if ahead else edge.tail) != here:
                raise InputFormatError(f"the path is at {here!r}, but the next edge is {edge}")
            here = edge.tail if ahead else edge.head

    @property
    def end(self) -> str:
        """The last concept."""
        return self.concepts[-1]

    @property
    def concepts(self) -> tuple[str, ...]:
        """Ids from start to end, one more than there are edges."""
        steps = zip(self.edges, self.forward, strict=True)
        return (str(self.start), *(edge.tail if ahead else edge.head for edge, ahead in steps))

    @property
    def relations(self) -> tuple[str, ...]:
        """Relation of each step; `^` marks one that is walked against its direction."""
        steps = zip(self.edges, self.forward, strict=True)
        return tuple(edge.relation if ahead else f"^{edge.relation}" for edge, ahead in steps)

    def __len__(self) -> int:
        return len(self.edges)

    def __bool__(self) -> bool:
        return True

    def __invert__(self) -> "Path":
        """The same path walked from its end."""
        forward = tuple(not ahead for ahead in reversed(self.forward))
        return Path(self.end, tuple(reversed(self.edges)), forward, self.labels, self.relation_types)

    def _spoken(self) -> tuple[list[str], list[str]]:
        """Labels of the concepts, and the verbs between them."""
        kinds = describe({edge.relation for edge in self.edges}, self.relation_types.values())
        steps = zip(self.edges, self.forward, strict=True)
        verbs = [kinds[edge.relation].verb if ahead else kinds[edge.relation].inverse_verb for edge, ahead in steps]
        return [self.labels.get(id_, id_) for id_ in self.concepts], verbs

    def __str__(self) -> str:
        labels, verbs = self._spoken()
        labels, verbs = [[escape_text(word) for word in words] for words in (labels, verbs)]
        clauses = [f"{verb} {label}" for verb, label in zip(verbs, labels[1:], strict=True)]
        return " ".join([labels[0], ", which ".join(clauses)]).strip()

    def _repr_html_(self) -> str:
        labels, verbs = self._spoken()
        return path_html(list(zip(self.concepts, labels, strict=True)), verbs)
