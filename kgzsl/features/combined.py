"""Several encoders side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from kgzsl.contracts import FloatArray, NodeEncoder, State
from kgzsl.errors import InputFormatError, NotInductiveError
from kgzsl.features.missing import unit_rows
from kgzsl.features.registry import ENCODERS
from kgzsl.features.resolve import resolve_features
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["CombinedFeatures"]


@dataclass(frozen=True, eq=False)
class CombinedFeatures:
    """Blocks of several encoders, each row of each block scaled to length one and then by the block's weight.

    `encoders` are encoders or anything `resolve_features` takes; `weights` are positive, all 1 if None. The inner
    product of two rows is then the sum of the blocks' cosines, each times its squared weight. A row that is zero in
    a block (by that encoder's policy) stays zero there.

    >>> import polars as pl
    >>> from kgzsl.graph import KnowledgeGraph
    >>> edges = pl.DataFrame({"head": ["cat"], "relation": ["is_a"], "tail": ["animal"]})
    >>> kg = KnowledgeGraph.from_tables(pl.DataFrame({"id": ["animal", "cat"]}), edges)
    >>> combined = CombinedFeatures(({"animal": [1, 0], "cat": [3, 4]}, "text"), weights=(1.0, 0.5))
    >>> combined.fit(kg, kg.ids).encode(kg, ["cat"]).shape
    (1, 4)
    """

    name: ClassVar[str] = "combined"
    encoders: tuple[Any, ...]
    weights: tuple[float, ...] | None = None
    report: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not self.encoders:
            raise InputFormatError("there are no encoders to combine; give at least one")
        if self.weights is not None and len(self.weights) != len(self.encoders):
            raise InputFormatError(f"{len(self.weights)} weights for {len(self.encoders)} encoders; give one each")
        bad = [weight for weight in self._block_weights if not (np.isfinite(weight) and weight > 0)]
        if bad:
            raise InputFormatError(f"the weight of a block is a positive number, not {bad[0]!r}")

    @property
    def _block_weights(self) -> tuple[float, ...]:
        return (1.0,) * len(self.encoders) if self.weights is None else self.weights

    def fit(self, graph: KnowledgeGraph, concepts: Sequence[str]) -> Self:
        """Fit each encoder; `report` holds their reports by place and name."""
        fitted = tuple(resolve_features(encoder, graph).fit(graph, concepts) for encoder in self.encoders)
        reports = {f"{place}-{_name(block)}": dict(getattr(block, "report", {})) for place, block in enumerate(fitted)}
        return replace(self, encoders=fitted, report=reports)

    def encode(self, graph: KnowledgeGraph, concepts: Sequence[str]) -> FloatArray:
        """Rows `[len(concepts), sum of the dims]`, blocks in the order of the encoders."""
        return self._side_by_side([encoder.encode(graph, concepts) for encoder in self.encoders])

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Rows of any texts, if every encoder takes texts; else `NotInductiveError`."""
        without = [_name(encoder) for encoder in self.encoders if not hasattr(encoder, "encode_texts")]
        if without:
            raise NotInductiveError(f"these encoders describe concepts, not texts: {', '.join(without)}")
        return self._side_by_side([encoder.encode_texts(texts) for encoder in self.encoders])

    def _side_by_side(self, blocks: Sequence[FloatArray]) -> FloatArray:
        weighted = [unit_rows(block) * np.float32(w) for block, w in zip(blocks, self._block_weights, strict=True)]
        return np.concatenate(weighted, axis=1)

    def state(self) -> State:
        """The states of the encoders, arrays under their place; an encoder that no name leads back to is an error."""
        parts, arrays = [], {}
        for place, encoder in enumerate(self.encoders):
            name = _name(encoder)
            if name not in ENCODERS.names() or ENCODERS.load(name) is not type(encoder):
                raise InputFormatError(
                    f"the encoder {type(encoder).__name__} cannot be saved: no entry point of the group "
                    f"{ENCODERS.group} leads back to it under its name {name!r}"
                )
            config, held = encoder.state()
            parts.append({"name": name, "config": config})
            arrays.update({f"{place}.{key}": value for key, value in held.items()})
        weights = None if self.weights is None else list(self.weights)
        return {"encoders": parts, "weights": weights, "report": dict(self.report)}, arrays

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The encoder that `state` described."""
        encoders: list[NodeEncoder] = []
        for place, part in enumerate(config["encoders"]):
            prefix = f"{place}."
            held = {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}
            encoders.append(ENCODERS.load(part["name"]).from_state(part["config"], held))
        weights = None if config["weights"] is None else tuple(config["weights"])
        return cls(tuple(encoders), weights, report=config["report"])


def _name(encoder: Any) -> str:
    return str(getattr(encoder, "name", type(encoder).__name__))
