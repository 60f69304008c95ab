"""Gates on facts as gates on the pairs of concepts that they join."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgzsl.explain.chains import Chains
from kgzsl.graph.index import GraphIndex, IntArray

__all__ = ["PairGates"]


class PairGates:
    """Every pair of concepts that facts in `rows` of an index join, whichever way they lead.

    A pair is joined as long as any of its facts is there, so its gate is 1 - Π (1 - gate of a fact): of one fact, its
    own. `fact_of` is the place of each row's gate among the gates. Gates come as `[num_facts]`, or as many columns of
    them `[num_facts, n]`, and what is made of them has the same columns.
    """

    def __init__(self, index: GraphIndex, rows: IntArray, fact_of: IntArray) -> None:
        low = np.minimum(index.head[rows], index.tail[rows])
        high = np.maximum(index.head[rows], index.tail[rows])
        apart = low != high
        keys = low[apart] * index.num_concepts + high[apart]
        self._keys, pair_of = np.unique(keys, return_inverse=True)
        self.num_pairs = len(self._keys)
        self._num_concepts = index.num_concepts
        facts = fact_of[apart].astype(np.int64)
        order = np.argsort(pair_of, kind="stable")
        firsts = np.searchsorted(pair_of[order], np.arange(self.num_pairs))
        rank = np.arange(len(order)) - firsts[pair_of[order]]
        # a pair's facts, one in each column; where it has fewer, its first one, which `_spare` takes out again
        joining = np.repeat(facts[order][firsts][:, None], int(rank.max(initial=0)) + 1, axis=1)
        joining[pair_of[order], rank] = facts[order]
        spare = np.ones(joining.shape, dtype=bool)
        spare[pair_of[order], rank] = False
        self._joining, self._spare = torch.from_numpy(joining), torch.from_numpy(spare)
        self.ends = (
            torch.from_numpy(self._keys // index.num_concepts),
            torch.from_numpy(self._keys % index.num_concepts),
        )

    def gates(self, gates: Tensor) -> Tensor:
        """One for each pair, from one for each fact."""
        if self._joining.shape[1] == 1:
            return gates[self._joining[:, 0]]
        spare = self._spare.reshape(*self._spare.shape, *[1] * (gates.ndim - 1))
        return 1 - torch.where(spare, 1.0, 1 - gates[self._joining]).prod(dim=1)

    def inverse_roots(self, pair_gates: Tensor) -> Tensor:
        """1 / sqrt(1 + what is open at each concept) `[num_concepts]`."""
        degree = pair_gates.new_ones(self._num_concepts, *pair_gates.shape[1:])
        degree = degree.index_add(0, self.ends[0], pair_gates).index_add(0, self.ends[1], pair_gates)
        return degree.rsqrt()

    def behind(
        self, chains: Chains, here: IntArray, there: IntArray, relations: Sequence[str | None], number: IntArray
    ) -> NDArray[np.int64]:
        """Places of the gates that links hang on, as `all_along` gives them, whatever relation is said to be behind."""
        return self.all_along(chains, here, there)

    def along(self, chains: Chains, here: int, there: int) -> tuple[int, ...]:
        """Places of the pairs that a link between two positions stands for; empty for a concept and itself."""
        steps = np.array([here, *chains.between(here, there)], dtype=np.int64)
        return tuple(self._places(steps[:-1], steps[1:]).tolist())

    def all_along(self, chains: Chains, here: IntArray, there: IntArray) -> NDArray[np.int64]:
        """`along` for many links `[n, longest]`; `num_pairs` stands for a step that a shorter one does not take."""
        direct, apart = self._places(here, there), here != there
        known = apart & (direct < self.num_pairs)
        longer = np.flatnonzero(apart & ~known).tolist()
        found = {place: self.along(chains, int(here[place]), int(there[place])) for place in longer}
        longest = max((len(chain) for chain in found.values()), default=1)
        chained = np.full((len(here), longest), self.num_pairs, dtype=np.int64)
        chained[known, 0] = direct[known]
        for place, chain in found.items():
            chained[place, : len(chain)] = chain
        return chained

    def _places(self, here: IntArray, there: IntArray) -> NDArray[np.int64]:
        """Of the pairs of neighbours, one each; `num_pairs` where no fact joins them."""
        keys = np.minimum(here, there) * self._num_concepts + np.maximum(here, there)
        places = np.searchsorted(self._keys, keys)
        joined = places < self.num_pairs
        joined[joined] = self._keys[places[joined]] == keys[joined]
        return np.where(joined, places, self.num_pairs).astype(np.int64)
