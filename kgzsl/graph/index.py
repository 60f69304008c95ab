"""A graph as integers: the one place where ids become positions."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import InputFormatError, UnknownConceptError, UnknownRelationError
from kgzsl.graph import closure
from kgzsl.graph.ancestor_rows import PATIENCE, AncestorRows
from kgzsl.graph.lookup import nearest_of
from kgzsl.graph.relation import KINDS, Relation, stored_relation
from kgzsl.graph.walking import Walks

__all__ = ["GraphIndex", "IntArray", "Neighbors"]

IntArray = NDArray[np.int64]


class Neighbors:
    """Compressed rows: `of(v)` are the neighbours of position v, sorted; `edges_of(v)` the edges that lead there.

    `packed` is `indptr` with `indices` behind it: one array reaches a compiled loop sooner than two. Edges come in with
    `rows` ascending, so that among several to one neighbour the first row stands first.
    """

    def __init__(self, sources: IntArray, targets: IntArray, rows: IntArray, num_concepts: int) -> None:
        order = np.argsort(sources * num_concepts + targets, kind="stable")
        self.packed: IntArray = np.empty(num_concepts + 1 + len(order), dtype=np.int64)
        self.indptr, self.indices = self.packed[: num_concepts + 1], self.packed[num_concepts + 1 :]
        self.indptr[:] = np.searchsorted(sources[order], np.arange(num_concepts + 1))
        self.indices[:] = targets[order]
        self.rows = rows[order]
        # a memoryview gives Python integers three times as fast as an array
        self._starts = self.indptr.data
        self._targets = self.indices.data
        self._edges = self.rows.data

    def count(self, positions: Iterable[int]) -> int:
        """How many neighbours they have in all, those of several counted each time."""
        starts = self._starts
        return sum(starts[position + 1] - starts[position] for position in positions)

    def of(self, position: int) -> list[int]:
        """Neighbours of one position, sorted; a neighbour reached by two edges stands twice."""
        return self._targets[self._starts[position] : self._starts[position + 1]].tolist()

    def edges_of(self, position: int) -> list[int]:
        """Rows of the edges to `of(position)`, in the same order."""
        return self._edges[self._starts[position] : self._starts[position + 1]].tolist()


class GraphIndex:
    """Arrays of a graph, and what is compiled from them on first use.

    `head`, `relation`, `tail` are int64 `[num_edges]`, sorted by (head, relation, tail): positions in `ids` and
    places in `relations`; `weight` is float64. A selection of relations is a name, a kind, or several of either;
    None stands for the taxonomic ones. Everything compiled is kept, so the arrays must not be written to.

    >>> import networkx
    >>> from kgzsl.graph import KnowledgeGraph
    >>> animals = networkx.DiGraph([("dog", "mammal"), ("cat", "mammal"), ("mammal", "animal")])
    >>> index = KnowledgeGraph.from_networkx(animals, relation="is_a").index
    >>> index.ids, index.positions(["dog", "cat"])
    (('animal', 'cat', 'dog', 'mammal'), array([2, 1]))
    >>> node, ancestor, distance = index.ancestor_pairs()
    >>> ancestor[node == 2], distance[node == 2]
    (array([2, 3, 0]), array([0, 1, 2]))
    """

    def __init__(
        self,
        ids: Sequence[str],
        relations: Sequence[Relation],
        *,
        head: IntArray,
        relation: IntArray,
        tail: IntArray,
        weight: NDArray[np.float64],
        name: str = "graph",
        position: Mapping[str, int] | None = None,
    ) -> None:
        """Take the arrays; `position`, where each id stands, is made on first use if it is not given."""
        self.name = name
        self.ids = tuple(ids)
        self.relations = tuple(relations)
        self.head, self.relation, self.tail = head.view(), relation.view(), tail.view()
        self.weight = weight.view()
        for array in (self.head, self.relation, self.tail, self.weight):
            array.flags.writeable = False
        self._given_position = position
        self._compiled: dict[tuple[Any, ...], Any] = {}

    @property
    def num_concepts(self) -> int:
        """How many concepts there are."""
        return len(self.ids)

    @property
    def num_edges(self) -> int:
        """How many edges there are."""
        return len(self.head)

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Where each id stands."""
        if self._given_position is not None:
            return self._given_position
        return dict(zip(self.ids, range(len(self.ids)), strict=True))

    def positions(self, ids: Iterable[str]) -> IntArray:
        """Positions of ids, in their order; `UnknownConceptError` at the first that is not in the graph."""
        position = self.position
        try:
            return np.array([position[id_] for id_ in ids], dtype=np.int64)
        except KeyError as error:
            (unknown,) = error.args
            raise self.unknown(str(unknown)) from None

    def unknown(self, id_: str) -> UnknownConceptError:
        """The error for an id that is not here, with the nearest ones."""
        return UnknownConceptError(
            id_, graph=self.name, num_concepts=self.num_concepts, nearest=nearest_of(id_, self.ids)
        )

    def relation_codes(self, relations: Iterable[str] | str | None = None) -> tuple[int, ...]:
        """Codes of the relations whose name or kind is listed; None for the taxonomic ones.

        A kind that no relation has selects nothing; a word that is neither name nor kind is an error.
        """
        wanted = self._wanted(relations)
        return self.once(("codes", *wanted), lambda: self._found_codes(wanted))  # type: ignore[no-any-return]

    def _wanted(self, relations: Iterable[str] | str | None) -> tuple[str, ...]:
        if isinstance(relations, Iterator) or not isinstance(relations, Iterable | None):  # an iterator lasts once
            raise InputFormatError(f"relations are a name, a kind, or a list of them, not {relations!r}")
        if relations is None or isinstance(relations, str):
            return ("taxonomic" if relations is None else relations,)
        return tuple(sorted(relations) if isinstance(relations, Set) else relations)

    def _found_codes(self, wanted: Sequence[str]) -> tuple[int, ...]:
        codes: set[int] = set()
        for word in wanted:
            if not isinstance(word, str):
                raise InputFormatError(f"a relation is named by a string, not {type(word).__name__} {word!r}")
            found = [code for code, rel in enumerate(self.relations) if word in (rel.name, rel.kind)]
            if not found and word not in KINDS:
                names = [rel.name for rel in self.relations]
                raise UnknownRelationError(word, graph=self.name, known=names, nearest=nearest_of(word, names))
            codes.update(found)
        return tuple(sorted(codes))

    def edge_rows(self, relations: Iterable[str] | str | None = None) -> IntArray:
        """Rows of the edges of these relations, ascending."""
        return self._rows(self.relation_codes(relations))

    @cached_property
    def starts(self) -> IntArray:
        """Row of the first edge that leaves each concept, or would, `[num_concepts + 1]`."""
        return np.searchsorted(self.head, np.arange(self.num_concepts + 1)).astype(np.int64)

    def _rows(self, codes: tuple[int, ...]) -> IntArray:
        if len(codes) == len(self.relations):
            return np.arange(self.num_edges, dtype=np.int64)
        return np.flatnonzero(self._chosen(codes)[self.relation])

    def are_walked(self, rows: IntArray, relations: Iterable[str] | str | None = None) -> NDArray[np.bool_]:
        """Whether `up` of these relations goes along the edges in these rows, in either direction."""
        ahead, back = self.directions(relations)
        return self._chosen((*ahead, *back))[self.relation[rows]]

    def _chosen(self, codes: tuple[int, ...]) -> NDArray[np.bool_]:
        chosen = np.zeros(len(self.relations) + 1, dtype=bool)
        chosen[list(codes)] = True
        return chosen

    def once(self, key: tuple[Any, ...], compile_: Callable[[], Any]) -> Any:
        """What `compile_` gives, kept under `key`; two threads may both compile, and keep equal values."""
        if key not in self._compiled:
            self._compiled[key] = compile_()
        return self._compiled[key]

    def directions(self, relations: Iterable[str] | str | None = None) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Codes of the relations to be walked from head to tail, and of those to be walked from tail to head.

        The second are those named by their inverse, `has_kind`, or as `^is_a`.
        """
        return self._walked("directions", relations, lambda *directions: directions)  # type: ignore[no-any-return]

    def _found_directions(self, wanted: Iterable[str]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        ahead: set[int] = set()
        back: set[int] = set()
        for named in wanted:
            word, sides = named, (ahead, back)
            while isinstance(word, str) and word.startswith("^"):
                word, sides = word[1:], sides[::-1]
            turned = stored_relation(self.relations, word)
            side, name = (sides[0], word) if turned is None else (sides[1], turned)
            side.update(self.relation_codes((name,)))
        return tuple(sorted(ahead)), tuple(sorted(back))

    def _walked(self, what: str, relations: Iterable[str] | str | None, compile_: Callable[..., Any]) -> Any:
        """What is compiled of the directions that relations stand for; at once for those asked for before."""
        try:
            return self._compiled[what, relations]
        except (KeyError, TypeError):  # a list has no hash
            pass  # an error about the relations is not to be told as one that followed this
        wanted = self._wanted(relations)
        directions = self.once(("directions of", wanted), lambda: self._found_directions(wanted))
        made = self.once((what, *directions), lambda: compile_(*directions))
        if relations is None or isinstance(relations, str | tuple):
            self._compiled[what, relations] = made
        return made

    def up(self, relations: Iterable[str] | str | None = None) -> Neighbors:
        """From heads to tails: for taxonomic relations, to the parents. Relations may be named by their inverses."""
        try:
            return self._compiled["up", relations]  # type: ignore[no-any-return]
        except (KeyError, TypeError):
            pass
        return self._walked("up", relations, self._compile_up)  # type: ignore[no-any-return]

    def down(self, relations: Iterable[str] | str | None = None) -> Neighbors:
        """From tails to heads: for taxonomic relations, to the children. Relations may be named by their inverses."""
        return self._walked("down", relations, lambda ahead, back: self._compile_up(back, ahead))  # type: ignore[no-any-return]

    def around(self, relations: Iterable[str] | str | None = None) -> Neighbors:
        """Both ways."""
        try:
            return self._compiled["around", relations]  # type: ignore[no-any-return]
        except (KeyError, TypeError):
            pass
        return self._walked("around", relations, self._compile_around)  # type: ignore[no-any-return]

    def _compile_up(self, ahead: tuple[int, ...], back: tuple[int, ...]) -> Neighbors:
        there, here = self._rows(ahead), self._rows(back)
        rows = np.concatenate([there, here])
        sources = np.concatenate([self.head[there], self.tail[here]])
        targets = np.concatenate([self.tail[there], self.head[here]])
        if len(there) and len(here):
            order = np.argsort(rows, kind="stable")
            rows, sources, targets = rows[order], sources[order], targets[order]
        return Neighbors(sources, targets, rows, self.num_concepts)

    def _compile_around(self, ahead: tuple[int, ...], back: tuple[int, ...]) -> Neighbors:
        rows = self._rows(tuple(sorted({*ahead, *back})))
        both = np.stack([self.head[rows], self.tail[rows]], axis=1)
        return Neighbors(both.ravel(), both[:, ::-1].ravel(), np.repeat(rows, 2), self.num_concepts)

    @cached_property
    def walks(self) -> Walks:
        """Room for walks over this graph, and whether they are compiled by now."""
        return Walks(self.num_concepts)

    def adjacency(self, relations: Iterable[str] | str | None = None, *, symmetric: bool = True) -> Any:
        """`scipy.sparse.csr_array` `[num_concepts, num_concepts]` of ones: whether an edge leads from row to column.

        Parallel edges count once. With `symmetric`, either direction is enough.
        """
        codes = self.relation_codes(relations)
        return self.once(("adjacency", codes, symmetric), lambda: closure.adjacency(self, self._rows(codes), symmetric))

    def ancestor_pairs(self, relations: Iterable[str] | str | None = None) -> tuple[IntArray, IntArray, IntArray]:
        """The closure: (node, ancestor, edges on the shortest way up), each node its own ancestor at distance 0.

        Sorted by node, then distance, then ancestor. Terminates on cycles; `ResourceLimitError` where there are more
        than fifty million pairs.
        """
        return self._walked(  # type: ignore[no-any-return]
            "pairs", relations, lambda *_: closure.ancestor_pairs(self.up(relations), self.num_concepts)
        )

    def components(self, relations: Iterable[str] | str | None = None) -> IntArray:
        """Component of each concept, `[num_concepts]`: two have the same number if each is above the other."""
        return self._walked(  # type: ignore[no-any-return]
            "components", relations, lambda *_: closure.components(self.up(relations), self.num_concepts)
        )

    def depths(self, relations: Iterable[str] | str | None = None) -> tuple[IntArray, IntArray]:
        """Shortest and longest number of edges up to a root, `[num_concepts]` each.

        Concepts on a cycle count as one: edges inside it have length 0.
        """
        return self._walked(  # type: ignore[no-any-return]
            "depths", relations, lambda *_: closure.depths(self.up(relations), self.components(relations))
        )

    def ancestor_rows(self, relations: Iterable[str] | str | None = None) -> AncestorRows:
        """The ancestors of every concept; there once many have asked for them."""
        try:
            return self._compiled["rows", relations]  # type: ignore[no-any-return]
        except (KeyError, TypeError):
            pass
        return self._walked("rows", relations, lambda *_: self._compile_rows(self.up(relations)))  # type: ignore[no-any-return]

    def _compile_rows(self, up: Neighbors) -> AncestorRows:
        return AncestorRows(up, self.num_concepts, patience=1 if self.walks.patience == 0 else PATIENCE)

    def lowest_rows(self, relations: Iterable[str] | str | None = None) -> AncestorRows | None:
        """The rows, once they are there and where no cycles are, ready to be asked for lowest common ancestors."""
        rows = self.ancestor_rows(relations)
        if rows.is_prepared:
            return rows
        if not rows.are_there() or len(np.unique(self.components(relations))) < self.num_concepts:
            return None
        rows.prepare_lowest(self.depths(relations)[1])
        return rows

    def ends(self, relations: Iterable[str] | str | None = None) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether nothing stands above a concept, and whether nothing below, `[num_concepts]` each.

        Concepts on a cycle count as one.
        """
        return self._walked(  # type: ignore[no-any-return]
            "ends", relations, lambda *_: closure.ends(self.up(relations), self.components(relations))
        )
