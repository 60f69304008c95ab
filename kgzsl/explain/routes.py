"""Paths of concepts as the facts they rest on, and the shape by which they are read aloud."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from kgzsl.errors import ExplanationError
from kgzsl.graph.concept import Edge
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.path import Path
from kgzsl.graph.relation import KINDS, Relation

__all__ = ["Facts", "Route", "Shape", "Step", "shape_of"]

Shape = Literal["own", "kind", "meet", "chain"]


@dataclass(frozen=True)
class Step:
    """One step between two concepts: the edge that is cited, and every edge that joins the two.

    Of several, the taxonomic one is cited before the others (the order of `kgzsl.graph.relation.KINDS`), one in
    walking direction before one against it, then the first by name.
    """

    row: int
    relation: Relation
    forward: bool
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Route:
    """A path with its facts.

    `shape` is "own" for a path of one concept; "kind" for taxonomic steps up, then down; "meet" for one relation,
    alone or out and back again; "chain" for any other. `pivot` is the place of the highest concept of "kind", of the
    middle of "meet", and the end of the others. `relations` are those that were asked for, if a path of others between
    the same concepts is another one.
    """

    nodes: tuple[str, ...]
    steps: tuple[Step, ...]
    shape: Shape
    pivot: int
    relations: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Facts:
    """The edges of one graph that a model walks, found by the concepts they join; what was read is kept."""

    graph: KnowledgeGraph
    relations: tuple[str, ...] | None
    _steps: dict[tuple[str, str, str], Step] = field(default_factory=dict, repr=False)
    _edges: dict[int, Edge] = field(default_factory=dict, repr=False)
    _labels: dict[str, str] = field(default_factory=dict, repr=False)

    def route(self, nodes: Sequence[str], relations: Sequence[str] = ()) -> Route:
        """The path along these concepts; `ExplanationError` where no fact joins two of them.

        `relations` say over which facts it leads, `^` before one walked from tail to head; any if there are none.
        """
        named = relations or [""] * (len(nodes) - 1)
        ends = zip(pairwise(nodes), named, strict=True)
        steps = tuple(self._step(here, there, relation) for (here, there), relation in ends)
        shape, pivot = shape_of(steps)
        return Route(tuple(nodes), steps, shape, pivot, tuple(relations))

    def path(self, route: Route) -> Path:
        """The path as the graph gives it, with its edges."""
        edges = self.edges(step.row for step in route.steps)
        forward = tuple(step.forward for step in route.steps)
        labels = {node: self.label(node) for node in route.nodes}
        return Path(route.nodes[0], edges, forward, labels, self.graph.relations)

    def edges(self, rows: Iterable[int]) -> tuple[Edge, ...]:
        """The facts in these rows."""
        wanted = list(rows)
        unread = sorted({row for row in wanted if row not in self._edges})
        self._edges.update(zip(unread, self.graph.edges_at(unread), strict=True))
        return tuple(self._edges[row] for row in wanted)

    def label(self, concept: str) -> str:
        """How the graph calls a concept."""
        if concept not in self._labels:
            self._labels[concept] = str(self.graph.read_concept(int(self.graph.index.position[concept]), "label"))
        return self._labels[concept]

    def definition(self, concept: str) -> str:
        """What the graph says a concept is."""
        return str(self.graph.read_concept(int(self.graph.index.position[concept]), "definition"))

    def _step(self, here: str, there: str, relation: str) -> Step:
        if (here, there, relation) not in self._steps:
            self._steps[here, there, relation] = self._found(here, there, relation)
        return self._steps[here, there, relation]

    def _found(self, here: str, there: str, relation: str) -> Step:
        index = self.graph.index
        start, end = index.positions([here, there]).tolist()
        around = index.around(self.relations)
        joining = zip(around.of(start), around.edges_of(start), strict=True)
        rows = sorted({row for neighbour, row in joining if neighbour == end})
        if relation:
            name, is_forward = relation.removeprefix("^"), not relation.startswith("^")
            leads = (
                (row, index.relations[int(index.relation[row])].name, int(index.head[row]) == start) for row in rows
            )
            rows = [row for row, called, leaves in leads if called == name and leaves == is_forward]
        if not rows:
            named = f" of {relation}" if relation else ""
            raise ExplanationError(
                f"the model walks from {here!r} to {there!r}, but graph {index.name} has no such fact{named}"
            )

        def precedence(row: int) -> tuple[int, bool, str]:
            relation = index.relations[int(index.relation[row])]
            return KINDS.index(relation.kind), int(index.head[row]) != start, relation.name

        row = min(rows, key=precedence)
        return Step(row, index.relations[int(index.relation[row])], int(index.head[row]) == start, tuple(rows))


def shape_of(steps: Sequence[Step]) -> tuple[Shape, int]:
    """How a path of these steps is read, and the place of its highest concept or middle."""
    if not steps:
        return "own", 0
    up = 0
    while up < len(steps) and steps[up].relation.kind == "taxonomic" and steps[up].forward:
        up += 1
    down = up
    while down < len(steps) and steps[down].relation.kind == "taxonomic" and not steps[down].forward:
        down += 1
    if down == len(steps):
        return "kind", up
    returns = len(steps) == 2 and steps[0].relation == steps[1].relation and steps[0].forward != steps[1].forward
    if len(steps) == 1 or returns:
        return "meet", 1
    return "chain", len(steps)
