"""What a plug-in has to offer, on one page.

A plug-in fulfils a contract by having its methods; nothing is registered and nothing is inherited.
`kgzsl.testing` checks each of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from kgzsl.graph.index import GraphIndex
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = [
    "Explained",
    "Explainer",
    "FittedPropagator",
    "FloatArray",
    "NodeEncoder",
    "Propagator",
    "Source",
    "State",
    "Supervision",
    "WeightArray",
]

FloatArray = NDArray[np.float32]
WeightArray = NDArray[np.floating[Any]]
"""float32, or float64 from a closed form, whose explanations then add up to the last digit."""
State = tuple[dict[str, Any], dict[str, NDArray[Any]]]
"""What is written to disk: plain JSON values, and arrays by name."""


class Source(Protocol):
    """A function that reads a knowledge graph from somewhere.

    >>> import kgzsl
    >>> from kgzsl.testing import check_source, example_graph
    >>> def read_zoo(location):
    ...     if location != "zoo":
    ...         raise kgzsl.errors.DataMissingError(location, "there is no such zoo")
    ...     return example_graph()
    >>> check_source(read_zoo, "zoo", absent="nowhere")
    """

    def __call__(self, location: str, /) -> KnowledgeGraph: ...


@runtime_checkable
class NodeEncoder(Protocol):
    """Describes concepts by numbers.

    >>> from kgzsl.contracts import NodeEncoder
    >>> from kgzsl.features import TextFeatures
    >>> isinstance(TextFeatures(), NodeEncoder)
    True
    """

    def fit(self, graph: KnowledgeGraph, concepts: Sequence[str]) -> Self:
        """An encoder that has learned what it needs from these concepts; the receiver stays as it is."""
        ...

    def encode(self, graph: KnowledgeGraph, concepts: Sequence[str]) -> FloatArray:
        """Features `[len(concepts), dim]`, in the order of `concepts`."""
        ...

    def state(self) -> State:
        """All that `from_state` needs to build an equal encoder."""
        ...

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The encoder that `state` described."""
        ...


@dataclass(frozen=True)
class Supervision:
    """What is known of the seen classes.

    Rows of `weights` `[num_seen, dim]` have unit length and stand in the order of `classes`. With kind
    "prototype" the inputs are centred and have unit length; with kind "linear" they end in a constant 1.
    `inputs` `[num_samples, dim]` and `labels` (places in `classes`) are None where only weights are known.
    `show_progress` is for the bars of a fit: None draws them where a person looks on, False never, True always.

    >>> from kgzsl.testing import example_supervision
    >>> given = example_supervision()
    >>> given.kind, given.weights.shape, given.inputs.shape
    ('prototype', (6, 5), (48, 5))
    """

    classes: tuple[str, ...]
    weights: FloatArray
    kind: Literal["prototype", "linear"]
    inputs: FloatArray | None = None
    labels: NDArray[np.int64] | None = None
    random_state: int = 0
    show_progress: bool | None = None


@runtime_checkable
class FittedPropagator(Protocol):
    """A function from (index, features) to classifier weights; it holds parameters and no graph.

    >>> import numpy as np
    >>> from kgzsl.contracts import FittedPropagator
    >>> from kgzsl.propagation import GraphGP
    >>> from kgzsl.testing import example_graph, example_supervision
    >>> features = np.eye(12, dtype=np.float32)
    >>> isinstance(GraphGP().fit(example_graph().index, features, example_supervision()), FittedPropagator)
    True
    """

    classes: tuple[str, ...]
    report: Mapping[str, Any]

    def weights(self, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None) -> WeightArray:
        """Unit rows `[len(concepts), dim]`; all concepts of the index if none are named."""
        ...

    def state(self) -> State:
        """All that `from_state` needs to build an equal model."""
        ...

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The model that `state` described."""
        ...


@runtime_checkable
class Propagator(Protocol):
    """Learns from the weights of seen classes to give weights to any concept of a graph.

    >>> from kgzsl.contracts import Propagator
    >>> from kgzsl.propagation import SGCN
    >>> isinstance(SGCN(), Propagator)
    True
    """

    def fit(self, index: GraphIndex, features: FloatArray, supervision: Supervision) -> FittedPropagator:
        """Learn; `features` `[num_concepts, dim]` in the order of the index."""
        ...


class Explained(Protocol):
    """What an explainer says of a decision.

    Rows, as `items` and `by` give them, have `label`, `credit` and `facts`, edges of the knowledge graph. A `verify()`
    that raises if something said does not hold, `with_effects()` and `graph()` are welcome.

    >>> from kgzsl.explain import explain
    >>> from kgzsl.testing import example_decision
    >>> said = explain(example_decision())
    >>> said.prediction, said.foil, abs(said.margin - said.total - said.residual) < 1e-12
    ('tiger', 'puma', True)
    """

    @property
    def prediction(self) -> str:
        """Id of the class explained."""
        ...

    @property
    def foil(self) -> str | None:
        """Id of the class compared with; None where the score itself is explained."""
        ...

    @property
    def method(self) -> str:
        """How credits were found."""
        ...

    @property
    def margin(self) -> float:
        """The target's score, less the foil's if there is one."""
        ...

    @property
    def total(self) -> float:
        """What the credits add up to; 0 where they are no shares."""
        ...

    @property
    def residual(self) -> float:
        """The margin minus the total."""
        ...

    @property
    def items(self) -> tuple[Any, ...]:
        """At most `k` rows, largest first."""
        ...

    def by(self, name: str, /) -> tuple[Any, ...]:
        """All rows of a view; every explainer has "facts"."""
        ...

    def to_text(self) -> str:
        """For people."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        ...


@runtime_checkable
class Explainer(Protocol):
    """Takes a decision (`kgzsl.explain.Decision`) apart, by what its model offers: `terms`, `opened` or `weights`.

    What it claims to keep stands in `claims`, if it has any: "additive" (total and margin agree), "antisymmetric"
    (target and foil exchanged, every credit changes its sign).

    >>> from kgzsl.contracts import Explainer
    >>> from kgzsl.explain import ExactExplainer
    >>> isinstance(ExactExplainer(), Explainer)
    True
    """

    def explain(self, decision: Any, *, k: int = 10) -> Explained:
        """The `k` largest reasons; the same decision gives the same bytes, and stays as it is."""
        ...
