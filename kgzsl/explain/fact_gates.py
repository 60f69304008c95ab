"""Gates on facts as they are, where messages tell by which fact they come."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgzsl.errors import ExplanationError
from kgzsl.explain.chains import Chains
from kgzsl.graph.index import GraphIndex, IntArray

__all__ = ["FactGates"]


class FactGates:
    """The facts in `rows` of an index, each with the gate at its place in `fact_of`.

    Stands where `PairGates` stands for networks in which any fact that joins two concepts is behind their messages.
    """

    def __init__(self, index: GraphIndex, rows: IntArray, fact_of: IntArray) -> None:
        self._codes = {relation.name: code for code, relation in enumerate(index.relations)}
        self._num_concepts = index.num_concepts
        keys = self._keys_of(index.relation[rows], index.head[rows], index.tail[rows])
        order = np.argsort(keys)
        self._keys, self._facts = keys[order], torch.from_numpy(fact_of[order].astype(np.int64))

    def gates(self, gates: Tensor) -> Tensor:
        """One for each of these facts, from one for each fact that there is."""
        return gates[self._facts]

    def inverse_roots(self, gates: Tensor) -> Tensor:
        """`ExplanationError`: degrees are counted for each relation by itself."""
        raise ExplanationError(
            "a network with a matrix for each relation takes means over what each brings; normalization='symmetric' "
            "counts all of them together: semantics='suppress' leaves degrees alone"
        )

    def behind(
        self, chains: Chains, here: IntArray, there: IntArray, relations: Sequence[str | None], number: IntArray
    ) -> NDArray[np.int64]:
        """Places of the gates that links hang on `[n, 1]`: what `here` hears from `there` over a relation.

        `number` is the place of each link's relation among `relations`, `^` before one heard against its direction.
        Links that no fact is behind, of a concept with itself, have the place after the last gate.
        """
        found = np.full(len(here), len(self._keys), dtype=np.int64)
        for place, relation in enumerate(relations):
            if not relation:
                continue
            mine = np.flatnonzero(number == place)
            ends = (here[mine], there[mine]) if not relation.startswith("^") else (there[mine], here[mine])
            code = np.full(len(mine), self._codes.get(relation.removeprefix("^"), -1))
            found[mine] = self._found(self._keys_of(code, *ends), relation)
        return found[:, None]

    def _found(self, keys: NDArray[np.int64], relation: str) -> NDArray[np.int64]:
        at = np.minimum(np.searchsorted(self._keys, keys), max(len(self._keys) - 1, 0))
        if len(keys) and not (len(self._keys) and (self._keys[at] == keys).all()):
            raise ExplanationError(f"the model sends messages over {relation!r} where the graph has no such fact")
        return at.astype(np.int64)

    def _keys_of(self, code: IntArray, head: IntArray, tail: IntArray) -> NDArray[np.int64]:
        size = self._num_concepts
        return (code.astype(np.int64) * size + head) * size + tail
