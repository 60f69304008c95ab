"""The weights of a closed form as a differentiable function of gates on the facts of its graph."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kgzsl.errors import ResourceLimitError
from kgzsl.explain.decision import ClosedFormTerms
from kgzsl.explain.pair_gates import PairGates

__all__ = ["GatedClosedForm"]

MOST_CONCEPTS = 2_500
"""The kernels of larger graphs are not inverted outright."""


class GatedClosedForm:
    """ŵ_u of a closed form, every pair of neighbours joined as far as the gates of its facts are open.

    Under "suppress" an entry of Â keeps its normalised size, times its gate; under "remove" the gates are inside
    D^-1/2 (A + I) D^-1/2. Kernels, their scale to unit diagonal and the Gram system are redone for every gates.
    """

    def __init__(self, terms: ClosedFormTerms, pairs: PairGates) -> None:
        size = len(terms.centred)
        if size > MOST_CONCEPTS:
            raise ResourceLimitError(
                f"gates on the facts of a graph of {size:,} concepts; a closed form takes up to {MOST_CONCEPTS:,}: "
                "explain on an induced part of the graph, or read the facts of the paths with by('facts')"
            )
        self._terms, self.pairs, self._size = terms, pairs, size
        self._seen = torch.from_numpy(np.asarray(terms.seen, dtype=np.int64))
        self.centred = torch.from_numpy(np.asarray(terms.centred, dtype=np.float64))
        self._residuals = torch.from_numpy(np.asarray(terms.residuals, dtype=np.float64))
        normalized: Any = terms.normalized_adjacency
        self._kept = torch.from_numpy(normalized.toarray())

    def rows(self, gates: Tensor, nodes: NDArray[np.int64], *, remove: bool) -> Tensor:
        """Raw weights of some positions `[n, len(nodes), dim]`, before they are brought to unit length.

        For columns of gates `[num_facts, n]`.
        """
        adjacency, asked = self._adjacency(gates, remove=remove), self.asked(nodes)
        return self.solved(nodes, lambda name: self._kernel(name, adjacency, asked), gates.shape[1])

    def asked(self, nodes: NDArray[np.int64]) -> Tensor:
        """The positions between which kernels are needed: some, and the seen classes."""
        return torch.cat([torch.from_numpy(nodes), self._seen])

    def solved(self, nodes: NDArray[np.int64], raw_kernel: Callable[[str], Tensor], num_columns: int) -> Tensor:
        """Raw weights by kernels between the positions asked, before these are brought to a unit diagonal."""
        count = len(nodes)
        kernel = torch.zeros(count + len(self._seen), count + len(self._seen), dtype=torch.float64)
        for name, share in sorted(self._terms.shares.items()):
            raw = raw_kernel(name)
            diagonal = raw.diagonal(dim1=-2, dim2=-1)
            scale = torch.where(diagonal > 0, diagonal.clamp_min(1e-300).rsqrt(), torch.zeros_like(diagonal))
            kernel = kernel + share * scale[..., :, None] * raw * scale[..., None, :]
        noise = self._terms.settings.noise * torch.eye(len(self._seen), dtype=torch.float64)
        prior = torch.from_numpy(self._terms.prior_rows(nodes))
        # not by LU: PyTorch's goes wrong for many matrices once the number of threads was changed, as trainings do
        factor = torch.linalg.cholesky(kernel[..., count:, count:] + noise)
        towards = torch.cholesky_solve(kernel[..., count:, :count].contiguous(), factor)
        raw_rows: Tensor = prior + towards.transpose(-1, -2) @ self._residuals
        return raw_rows if raw_rows.ndim == 3 else raw_rows.expand(num_columns, -1, -1)

    def beta(self, name: str) -> float:
        """How far a kernel looks."""
        return float(self._terms.betas[name])

    def resolvent(self, name: str) -> Tensor:
        """((1 + beta) I - beta Â)^-1 with all gates open `[num_concepts, num_concepts]`."""
        beta = self.beta(name)
        found: Tensor = torch.cholesky_inverse(
            torch.linalg.cholesky((1 + beta) * torch.eye(self._size, dtype=torch.float64) - beta * self._kept)
        )
        return found

    def text_kernel(self, asked: Tensor) -> Tensor:
        """What does not depend on the graph."""
        own: Tensor = self.centred[asked] @ self.centred[asked].T
        return own

    def _adjacency(self, gates: Tensor, *, remove: bool) -> Tensor:
        """Â `[n, num_concepts, num_concepts]`."""
        pair_gates, (low, high) = self.pairs.gates(gates), self.pairs.ends
        here = torch.arange(gates.shape[1])[:, None]
        joined = torch.eye(self._size, dtype=torch.float64).repeat(gates.shape[1], 1, 1)
        joined = joined.index_put((here, low, high), pair_gates.T).index_put((here, high, low), pair_gates.T)
        if not remove:
            kept: Tensor = self._kept * joined
            return kept
        roots = self.pairs.inverse_roots(pair_gates).T
        normalized: Tensor = roots[:, :, None] * joined * roots[:, None, :]
        return normalized

    def _kernel(self, name: str, adjacency: Tensor, asked: Tensor) -> Tensor:
        """Between the positions asked, for each column of gates, or once if it does not depend on them."""
        if name == "text":
            return self.text_kernel(asked)
        beta = self.beta(name)
        system = (1 + beta) * torch.eye(self._size, dtype=torch.float64) - beta * adjacency
        units = torch.eye(self._size, dtype=torch.float64)[:, asked]
        # R is symmetric and its inverse diagonally dominant: its columns are its rows, and Cholesky's way is open
        columns = torch.cholesky_solve(units.expand(len(system), -1, -1), torch.linalg.cholesky(system))
        if name == "walk":
            kernel: Tensor = columns[:, asked]
            return kernel
        spread = columns.transpose(1, 2) @ self.centred
        met: Tensor = spread @ spread.transpose(1, 2)
        return met
