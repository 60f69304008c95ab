"""Gates on facts as gates on the pairs of concepts that they join."""

import numpy as np
import torch
from torch import Tensor

from kgzsl.explain.chains import Chains
from kgzsl.graph.index import GraphIndex, IntArray

__all__ = ["PairGates"]


class PairGates:
    """Every pair of concepts that facts in `rows` of an index join, whichever way they lead.

    A pair is joined as long as any of its facts is there, so its gate is 1 - Π (1 - gate of a fact): of one fact, its
    own. `fact_of` is the place of each row's gate among the gates.
    """

    def __init__(self, index: GraphIndex, rows: IntArray, fact_of: IntArray) -> None:
        low = np.minimum(index.head[rows], index.tail[rows])
        high = np.maximum(index.head[rows], index.tail[rows])
        apart = low != high
        keys = low[apart] * index.num_concepts + high[apart]
        known, pair_of = np.unique(keys, return_inverse=True)
        self.num_pairs = len(known)
        self._number = {int(key): place for place, key in enumerate(known)}
        self._num_concepts = index.num_concepts
        self._pair_of = torch.from_numpy(pair_of.astype(np.int64))
        self._fact_of = torch.from_numpy(fact_of[apart].astype(np.int64))
        self.ends = torch.from_numpy(known // index.num_concepts), torch.from_numpy(known % index.num_concepts)

    def gates(self, gates: Tensor) -> Tensor:
        """One for each pair, from one for each fact."""
        shut = torch.ones(self.num_pairs, dtype=torch.float64)
        return 1 - shut.scatter_reduce(0, self._pair_of, 1 - gates[self._fact_of], reduce="prod")

    def inverse_roots(self, pair_gates: Tensor) -> Tensor:
        """1 / sqrt(1 + what is open at each concept) `[num_concepts]`."""
        degree = torch.ones(self._num_concepts, dtype=torch.float64)
        degree = degree.index_add(0, self.ends[0], pair_gates).index_add(0, self.ends[1], pair_gates)
        return degree.rsqrt()

    def along(self, chains: Chains, here: int, there: int) -> tuple[int, ...]:
        """Places of the pairs that a link between two positions stands for; empty for a concept and itself."""
        places, last = [], here
        for step in chains.between(here, there):
            places.append(self._number[min(last, step) * self._num_concepts + max(last, step)])
            last = step
        return tuple(places)
