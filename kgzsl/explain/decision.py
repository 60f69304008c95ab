"""What was decided, and what a model has to offer so that the decision can be taken apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from kgzsl.graph.index import GraphIndex, IntArray
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = [
    "Candidate",
    "ClosedFormModel",
    "ClosedFormTerms",
    "Decision",
    "NetworkModel",
    "OpenLayer",
    "OpenNetwork",
    "Predicted",
    "Readout",
    "Running",
    "Settings",
]

Float64 = NDArray[np.float64]


class Settings(Protocol):
    """Noise on the diagonal of the kernel, and the weight of a concept's own features as first guess."""

    @property
    def noise(self) -> float:
        """λ."""
        ...

    @property
    def prior(self) -> float:
        """α; 0 for none."""
        ...


class ClosedFormTerms(Protocol):
    """The sum behind raw weights `m_u + k_uS G (W_S - m_S)` on one graph, with three kernels by name.

    "text" is <x̄_u, x̄_s>, "walk" is R_us, "convolved" is <(R x̄)_u, (R x̄)_s>, R = (I + beta (I - Â))^-1; each is
    multiplied by its share and by `scale` at both ends. Arrays are float64.

    >>> from kgzsl.testing import example_decision
    >>> target = example_decision().target
    >>> terms = example_decision().model.terms(target.index, target.features)
    >>> terms.targets.shape, terms.gram.shape
    ((6, 5), (6, 6))
    """

    @property
    def settings(self) -> Settings:
        """λ and α."""
        ...

    @property
    def seen(self) -> IntArray:
        """Positions of the seen classes `[S]`."""
        ...

    @property
    def targets(self) -> Float64:
        """W_S `[S, d]`."""
        ...

    @property
    def gram(self) -> Float64:
        """G = (K_SS + λI)^-1 `[S, S]`."""
        ...

    @property
    def residuals(self) -> Float64:
        """W_S - m_S `[S, d]`."""
        ...

    @property
    def mean(self) -> Float64:
        """The part of m that all concepts share `[d]`."""
        ...

    @property
    def shares(self) -> Mapping[str, float]:
        """Mixing weight of each kernel in use."""
        ...

    @property
    def betas(self) -> Mapping[str, float]:
        """Mean walk length of "walk" and "convolved", where in use."""
        ...

    @property
    def centred(self) -> Float64:
        """X̄ `[num_concepts, f]`."""
        ...

    @property
    def normalized_adjacency(self) -> Any:
        """Â, scipy sparse."""
        ...

    @property
    def prior_map(self) -> Float64 | None:
        """From features to targets `[f, d]`; None where they share a space or there is no prior."""
        ...

    def scale(self, name: str, positions: IntArray) -> Float64:
        """1 / sqrt of a kernel's own diagonal `[n]`."""
        ...

    def coefficients(self, positions: IntArray) -> Float64:
        """k_uS G `[n, S]`."""
        ...

    def prior_rows(self, positions: IntArray) -> Float64:
        """m_u `[n, d]`."""
        ...

    def norms(self, positions: IntArray) -> Float64:
        """Lengths of the raw weights `[n]`, exactly 0.0 where nothing at all is known."""
        ...

    def dual(self, inputs: Float64) -> Float64:
        """α(x) = G (W_S - m_S) x `[S]`."""
        ...

    def variance(self, positions: IntArray) -> Float64:
        """k_uu - k_uS G k_Su `[n]`, in [0, 1]."""
        ...


class ClosedFormModel(Protocol):
    """A fitted propagator that can be opened up.

    >>> from kgzsl.testing import example_decision
    >>> example_decision("graph-gp").model.classes
    ('cat', 'dog', 'eagle', 'lion', 'owl', 'wolf')
    """

    @property
    def classes(self) -> tuple[str, ...]:
        """Seen classes, in the order of the terms."""
        ...

    @property
    def relations(self) -> tuple[str, ...] | None:
        """Relations whose edges the model walks; None for the taxonomic ones."""
        ...

    def terms(self, index: GraphIndex, features: Any, /) -> ClosedFormTerms:
        """The terms on this graph."""
        ...


class OpenLayer(Protocol):
    """One graph convolution: `operator` (H `weight` + `before`) + `after`; a bias it does not have is None."""

    @property
    def operator(self) -> Any:
        """As a scipy csr `[num_targets, num_sources]`, over the rows that the network reads and gives there."""
        ...

    @property
    def groups(self) -> Sequence[Any]:
        """What `operator` is the sum of: normalised adjacencies, each times its share."""
        ...

    @property
    def weight(self) -> Float64:
        """`[in_channels, out_channels]`."""
        ...

    @property
    def before(self) -> Float64 | None:
        """Added before messages are sent."""
        ...

    @property
    def after(self) -> Float64 | None:
        """Added to what has arrived."""
        ...


class Readout(Protocol):
    """A last layer in closed form: its weight, with the bias as last row where there is one, is C W_S.

    Where it has a matrix for each of its parts, these stand one below the other.
    """

    @property
    def coefficients(self) -> Float64:
        """C `[channels (+ 1), num_seen]`."""
        ...

    @property
    def targets(self) -> Float64:
        """W_S `[num_seen, dim]`, in the order of the model's classes."""
        ...


class OpenNetwork(Protocol):
    """Graph convolutions with LeakyReLU between them, as far as one concept's output depends on them."""

    @property
    def rows(self) -> tuple[IntArray, ...]:
        """Positions read by each layer, ascending; the last is the concept's own."""
        ...

    @property
    def layers(self) -> Sequence[OpenLayer]:
        """First to last."""
        ...

    @property
    def negative_slope(self) -> float:
        """Of the units after all layers but the last."""
        ...

    @property
    def normalization(self) -> str:
        """How a group is made of ones: "row" (each row adds up to its share), "symmetric" or "none"."""
        ...

    @property
    def readout(self) -> Readout | None:
        """The closed form of the last layer; None where it was trained."""
        ...


class NetworkModel(Protocol):
    """A trained network that can be opened up.

    >>> from kgzsl.testing import example_decision
    >>> decision = example_decision("sgcn")
    >>> decision.model.opened(decision.target.index, "tiger") is not None
    True
    """

    @property
    def classes(self) -> tuple[str, ...]:
        """Seen classes."""
        ...

    @property
    def relations(self) -> tuple[str, ...] | None:
        """Relations whose edges messages take; None for the taxonomic ones."""
        ...

    def opened(self, index: GraphIndex, concept: str, /) -> OpenNetwork:
        """The layers behind one concept's weights."""
        ...


@dataclass(frozen=True, eq=False)
class Candidate:
    """A class in the running, and the graph that its weights come from.

    `score` is the number that was compared, after all corrections; `offset` was taken off it before the
    temperature, beyond gamma. `graph` is needed where the class was added later and the decision's graph does not
    have it. `weights` `[dim]` is the row that decided.

    >>> from kgzsl.testing import example_decision
    >>> example_decision().target.is_seen
    False
    """

    concept: str
    label: str
    index: GraphIndex = field(repr=False)
    features: NDArray[Any] = field(repr=False)
    is_seen: bool
    score: float
    probability: float | None = None
    offset: float = 0.0
    graph: KnowledgeGraph | None = field(default=None, repr=False)
    weights: NDArray[Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class Running:
    """Classes in the running that share a graph.

    `is_seen` tells which of `concepts` have examples; `weights` `[num_seen, dim]` are the rows of those. `offsets`
    were taken off each score before the temperature, beyond gamma.
    """

    concepts: tuple[str, ...]
    is_seen: NDArray[np.bool_] = field(repr=False)
    weights: NDArray[Any] = field(repr=False)
    offsets: Float64 = field(repr=False)
    index: GraphIndex = field(repr=False)
    features: NDArray[Any] = field(repr=False)
    graph: KnowledgeGraph = field(repr=False)


class Predicted(NamedTuple):
    """The class that was decided for: its concept's id and what it is called."""

    concept: str
    label: str


@dataclass(frozen=True, eq=False)
class Decision:
    """One prepared input, the class to explain, and the class it is compared with (None: the score itself).

    `score = (<inputs, w> - gamma [seen] - offset) / temperature`, with w the seen class's own target, or else the
    propagated row at unit length, or zeros where nothing is known.

    `log_partition` is the log of the sum of exp(score) over all classes in the running, so that a probability is
    exp(score - log_partition). `predicted` is the class with the highest score, `is_foil_chosen` tells that the foil
    was asked for, not found as runner-up. `whole` is the graph that the classifier was fitted on, of which `graph`
    is the part that decides; classes added later have their facts beyond it. `running` are all classes that the
    prediction was chosen from, and target and foil; without it no counterfactual can be asked.

    >>> from kgzsl.testing import example_decision
    >>> decision = example_decision()
    >>> decision.target.concept, decision.foil.concept, decision.method
    ('tiger', 'puma', 'graph-gp')
    """

    inputs: NDArray[Any] = field(repr=False)
    target: Candidate
    foil: Candidate | None
    model: ClosedFormModel | NetworkModel = field(repr=False)
    graph: KnowledgeGraph = field(repr=False)
    temperature: float = 1.0
    gamma: float = 0.0
    method: str = "graph-gp"
    log_partition: float | None = None
    predicted: Predicted | None = None
    is_foil_chosen: bool = False
    whole: KnowledgeGraph | None = field(default=None, repr=False)
    running: tuple[Running, ...] = field(default=(), repr=False)

    @property
    def margin(self) -> float:
        """Score of the target, less that of the foil if there is one."""
        return self.target.score - (self.foil.score if self.foil is not None else 0.0)

    def sides(self) -> tuple[tuple[float, Candidate], ...]:
        """(+1, target), and (-1, foil) if there is one."""
        return ((1.0, self.target),) if self.foil is None else ((1.0, self.target), (-1.0, self.foil))

    def graph_of(self, candidate: Candidate) -> KnowledgeGraph:
        """Where this candidate's facts are."""
        return self.graph if candidate.graph is None else candidate.graph
