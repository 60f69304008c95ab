"""Rules that turn a graph into the normalised edges along which a network sends messages."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgzsl.errors import InputFormatError, UnknownNameError, listing
from kgzsl.graph.index import GraphIndex
from kgzsl.propagation.propagated_relations import named_relations, propagated_relations

__all__ = [
    "AncestorTopology",
    "Messages",
    "NeighborTopology",
    "RelationTopology",
    "Topology",
    "topology_from_config",
]

Normalization = Literal["symmetric", "row", "none"]
_NORMALIZATIONS = ("symmetric", "row", "none")


@dataclass(frozen=True)
class Messages:
    """Normalised adjacencies `[target, source]`, one tuple of groups for each step of a network.

    Layer `l` of a network uses `steps[l % len(steps)]`. A plain graph convolution has one step with one group; DGP has
    two steps (from descendants, from ancestors), each with a group for every distance. Where a group is what one
    relation brings, `links` names it, as `RelationTopology` does; empty elsewhere.

    >>> from kgzsl.propagation import NeighborTopology
    >>> from kgzsl.testing import example_graph
    >>> messages = NeighborTopology().messages(example_graph().index)
    >>> messages.num_nodes, messages.num_groups, messages.edges()[0].shape
    (12, 1, (2, 34))
    """

    steps: tuple[tuple[sparse.csr_array, ...], ...]
    links: tuple[str, ...] = ()

    @property
    def num_nodes(self) -> int:
        """Number of concepts, isolated ones included."""
        return int(self.steps[0][0].shape[0])

    @property
    def num_groups(self) -> int:
        """Adjacencies in one step."""
        return len(self.steps[0])

    def of_layer(self, layer: int) -> tuple[sparse.csr_array, ...]:
        """The groups that layer number `layer`, counted from 0, averages over."""
        return self.steps[layer % len(self.steps)]

    def edges(self, step: int = 0, group: int = 0) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """`edge_index` `[2, num_edges]` (source, target) and `edge_weight`, as PyTorch Geometric takes them.

        Sorted by target, then source.
        """
        matrix = self.steps[step][group].tocoo()
        edge_index = np.stack([matrix.col, matrix.row]).astype(np.int64)
        return edge_index, matrix.data.astype(np.float32)


@runtime_checkable
class Topology(Protocol):
    """A rule from a graph to messages; it holds no graph, so that a fitted network works on any other one.

    >>> from kgzsl.propagation import NeighborTopology, Topology
    >>> isinstance(NeighborTopology(), Topology)
    True
    """

    def messages(self, index: GraphIndex) -> Messages:
        """Normalised adjacencies over the positions of `index`."""
        ...

    def config(self) -> dict[str, Any]:
        """JSON values; `topology_from_config` builds an equal rule."""
        ...


@dataclass(frozen=True)
class NeighborTopology:
    """Every edge sends messages both ways, and every concept sends one to itself.

    `normalization` "symmetric" is D^-1/2 (A + I) D^-1/2 (Kipf and Welling, ICLR 2017, eq. 2), "row" is D^-1 (A + I),
    and "none" leaves A (+ I) as it is, for modules that normalise by themselves. A holds ones: edge weights are not
    used, and parallel edges count once. `relations` are names or kinds; None means the taxonomic ones. Negative
    ones and annotations are refused.

    >>> from kgzsl.propagation import NeighborTopology
    >>> from kgzsl.testing import example_graph
    >>> messages = NeighborTopology(normalization="row").messages(example_graph().index)
    >>> messages.steps[0][0].sum(axis=1).round(6).tolist() == [1.0] * 12
    True
    """

    normalization: Normalization = "row"
    self_loops: bool = True
    relations: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "relations", named_relations(self.relations))

    def messages(self, index: GraphIndex) -> Messages:
        """One step with one group, `[num_concepts, num_concepts]`."""
        if self.normalization not in _NORMALIZATIONS:
            raise UnknownNameError("normalization", str(self.normalization), known=_NORMALIZATIONS)
        adjacency = sparse.csr_array(index.adjacency(propagated_relations(index, self.relations), symmetric=True))
        if self.self_loops:
            adjacency = (adjacency + sparse.eye_array(index.num_concepts, format="csr")).tocsr()
        return Messages(steps=((_normalized(adjacency, self.normalization),),))

    def config(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {"kind": "neighbors", **_json_fields(self)}


@dataclass(frozen=True)
class AncestorTopology:
    """Every concept is linked to all its ancestors, in groups by distance (DGP: Kampffmeyer et al., CVPR 2019).

    Groups hold the pairs at distance 0, 1, ... and, in the last one, `num_groups` - 1 or more; each is D_k^-1 A_k, so
    that a concept without relatives at that distance receives nothing from the group. The first step averages over
    descendants, the second over ancestors. With `num_groups=1` all pairs, a concept and itself included, are one group.
    `relations` are names or kinds; None means the taxonomic ones. Negative ones and annotations are refused.

    >>> from kgzsl.propagation import AncestorTopology
    >>> from kgzsl.testing import example_graph
    >>> messages = AncestorTopology().messages(example_graph().index)
    >>> len(messages.steps), messages.num_groups
    (2, 5)
    """

    num_groups: int = 5
    relations: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "relations", named_relations(self.relations))

    def messages(self, index: GraphIndex) -> Messages:
        """Two steps with `num_groups` groups each."""
        if self.num_groups < 1:
            raise InputFormatError(f"num_groups={self.num_groups!r} is not allowed: an integer of at least 1")
        nodes, ancestors, distances = index.ancestor_pairs(propagated_relations(index, self.relations))
        size = index.num_concepts
        up, down = [], []
        for group in range(self.num_groups):
            last = group == self.num_groups - 1
            kept = distances >= group if last else distances == group
            ones = np.ones(int(kept.sum()))
            pairs = sparse.coo_array((ones, (nodes[kept], ancestors[kept])), shape=(size, size))
            up.append(_normalized(pairs.T.tocsr(), "row"))
            down.append(_normalized(pairs.tocsr(), "row"))
        return Messages(steps=(tuple(up), tuple(down)))

    def config(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {"kind": "ancestors", **_json_fields(self)}


@dataclass(frozen=True)
class RelationTopology:
    """Each relation sends messages both ways, in two groups of its own, and every concept sends one to itself.

    `relations` are the names of relations, in the order of the groups: first what heads hear from tails, then what
    tails hear from heads, of each; the last group is the concepts themselves. Every row is divided by the number of
    its messages (Schlichtkrull et al., ESWC 2018, eq. 2 with c_ir = |N_i^r|). Edges count once each, whatever
    their weight; an edge from a concept to itself sends nothing. A relation that a graph does not have sends nothing
    there, and one that is not named is not heard.

    >>> from kgzsl.propagation import RelationTopology
    >>> from kgzsl.testing import example_graph
    >>> messages = RelationTopology(("is_a",)).messages(example_graph().index)
    >>> messages.links
    ('is_a', '^is_a', '')
    """

    relations: tuple[str, ...]
    normalization = "row"

    def __post_init__(self) -> None:
        if not isinstance(self.relations, list | tuple) or len(set(self.relations)) != len(self.relations):
            raise InputFormatError(f"relations={self.relations!r} is not allowed: a tuple of different relation names")
        object.__setattr__(self, "relations", tuple(self.relations))

    @classmethod
    def of(cls, index: GraphIndex, relations: tuple[str, ...] | None) -> "RelationTopology":
        """The relations of `index` among these names and kinds; None for the taxonomic ones.

        Negative ones and annotations are refused.
        """
        codes = index.relation_codes(propagated_relations(index, relations))
        return cls(tuple(sorted(index.relations[code].name for code in codes)))

    def require(self, index: GraphIndex) -> None:
        """Refuse relations that `index` does not have, that say what a class is not, and kinds of relations."""
        found = RelationTopology.of(index, self.relations).relations
        kinds = [name for name in self.relations if name not in found]
        if kinds:
            raise InputFormatError(
                f"relations={self.relations!r} is not allowed: {listing(kinds)} are kinds of relations, and messages "
                f"go over single ones; RelationTopology.of(index, relations) finds {listing(found)}"
            )

    @property
    def links(self) -> tuple[str, ...]:
        """The relation of each group, `^` before one heard against its direction; "" for the concepts themselves."""
        return (*(link for name in self.relations for link in (name, f"^{name}")), "")

    @property
    def num_relations(self) -> int:
        """Groups of messages between concepts: the relations of PyTorch Geometric's layers."""
        return 2 * len(self.relations)

    def messages(self, index: GraphIndex) -> Messages:
        """One step with two groups for each relation, and one for the concepts themselves."""
        code = {relation.name: number for number, relation in enumerate(index.relations)}
        groups = []
        for name in self.relations:
            rows = np.flatnonzero((index.relation == code.get(name, -1)) & (index.head != index.tail))
            groups += [_means(index, index.head[rows], index.tail[rows])]
            groups += [_means(index, index.tail[rows], index.head[rows])]
        own = sparse.csr_array(sparse.eye_array(index.num_concepts, format="csr"))
        return Messages(steps=((*groups, own),), links=self.links)

    def config(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {"kind": "relations", "relations": list(self.relations)}


def topology_from_config(config: Mapping[str, Any]) -> Topology:
    """The built-in rule that `config` of a topology described."""
    rules: dict[str, type[NeighborTopology | AncestorTopology | RelationTopology]] = {
        "neighbors": NeighborTopology,
        "ancestors": AncestorTopology,
        "relations": RelationTopology,
    }
    fields = dict(config)
    kind = fields.pop("kind", "")
    if kind not in rules:
        raise UnknownNameError("topology", str(kind), known=tuple(sorted(rules)))
    return rules[kind](**fields)


def _means(index: GraphIndex, targets: Any, sources: Any) -> sparse.csr_array:
    """Rows of equal shares that add up to 1, or are empty."""
    shares = 1.0 / np.maximum(np.bincount(targets, minlength=index.num_concepts), 1)
    size = index.num_concepts
    matrix = sparse.coo_array((shares[targets], (targets, sources)), shape=(size, size)).tocsr()
    matrix.sort_indices()
    return sparse.csr_array(matrix)


def _normalized(adjacency: sparse.csr_array, normalization: str) -> sparse.csr_array:
    """Rows (and columns) divided by degrees; a row without entries stays empty."""
    matrix = sparse.csr_array(adjacency, dtype=np.float64, copy=True)
    matrix.sort_indices()
    if normalization == "none":
        return matrix
    degree = np.asarray(matrix.sum(axis=1)).ravel()
    power = -0.5 if normalization == "symmetric" else -1.0
    scale = np.power(degree, power, out=np.zeros_like(degree), where=degree > 0)
    scaled = matrix.data * np.repeat(scale, np.diff(matrix.indptr))
    if normalization == "symmetric":
        scaled = scaled * scale[matrix.indices]
    return sparse.csr_array((scaled, matrix.indices, matrix.indptr), shape=matrix.shape)


def _json_fields(rule: NeighborTopology | AncestorTopology) -> dict[str, Any]:
    fields = asdict(rule)
    fields["relations"] = None if rule.relations is None else list(rule.relations)
    return fields
