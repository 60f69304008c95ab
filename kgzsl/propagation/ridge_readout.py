"""The last layer of a trained network solved in closed form, so that each seen class's part in it is known.

With Φ the rows that the last layer multiplies (what arrives from the hidden layer, and its bias as a column), the
trained weight is replaced by Θ = C W_S with C = (Φ_Sᵀ Φ_S + λ I)^-1 Φ_Sᵀ. A row Φ_u Θ is then Σ_s α_us w_s with
α_u = Φ_u C: what class s's own classifier gives to class u, exactly. Where each relation has a matrix of its own, Φ has
columns for each; where these are mixed from common ones, for each of those, and the mixture stays as it was trained.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from kgzsl.contracts import FloatArray
from kgzsl.errors import IntegrityError
from kgzsl.propagation.convolution import GraphConvolution
from kgzsl.propagation.convolution_network import Blocks, ConvolutionNetwork
from kgzsl.propagation.network_inputs import NetworkInputs
from kgzsl.propagation.sparse_product import SparseBlock

__all__ = ["PENALTIES", "RidgeReadout", "solve_readout"]

Float64 = NDArray[np.float64]

PENALTIES = tuple(10.0**exponent for exponent in range(-5, 3))
"""Candidates for λ, in units of the mean squared length of the seen rows."""


@dataclass(frozen=True, eq=False)
class RidgeReadout:
    """C `[channels (+ 1), num_seen]`, whose last row is the bias's where there is one, and W_S `[num_seen, dim]`.

    Of several matrices the rows of C stand one below the other.

    `penalty` is λ in units of the mean squared length of the seen rows, the one of `PENALTIES` with the least squared
    error when each seen class is left out in its turn.
    """

    coefficients: Float64
    targets: Float64
    penalty: float

    @property
    def weight(self) -> Float64:
        """Θ `[channels (+ 1), dim]`."""
        return self.coefficients @ self.targets

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is written to disk."""
        return {"readout.coefficients": self.coefficients, "readout.targets": self.targets}

    @classmethod
    def from_arrays(cls, penalty: float, arrays: Mapping[str, NDArray[Any]], *, num_seen: int) -> "RidgeReadout":
        """The readout that was written."""
        found = [np.array(arrays[name], dtype=np.float64) for name in ("readout.coefficients", "readout.targets")]
        coefficients, targets = found
        fits = coefficients.ndim == targets.ndim == 2 and coefficients.shape[1] == len(targets) == num_seen
        if not fits or not all(np.isfinite(values).all() for values in found):
            shapes = f"arrays of shapes {coefficients.shape} and {targets.shape}"
            raise IntegrityError("network", expected=f"a finite readout of {num_seen} seen classes", found=shapes)
        return cls(coefficients, targets, float(penalty))


def solve_readout(network: ConvolutionNetwork, inputs: NetworkInputs, targets: FloatArray) -> RidgeReadout:
    """Solve for the seen classes' rows and put the solution into the network's last layer.

    `inputs` are those that give the rows of the seen classes, in the order of `targets` `[num_seen, dim]`.
    """
    rows = _last_rows(network, inputs)
    wanted = np.asarray(targets, dtype=np.float64)
    gram = rows @ rows.T
    scale = float(np.trace(gram)) / len(gram) or 1.0
    values, vectors = np.linalg.eigh(gram)
    turned = vectors.T @ wanted

    def error(penalty: float) -> float:
        """Of each seen class when it is left out: Σ ‖[(K + λ)^-1 W]_s / [(K + λ)^-1]_ss‖²."""
        inverse = 1.0 / (np.maximum(values, 0.0) + penalty * scale)
        alpha = vectors @ (inverse[:, None] * turned)
        own = np.einsum("si,i,si->s", vectors, inverse, vectors)
        return float(((alpha / own[:, None]) ** 2).sum())

    penalty = min(PENALTIES, key=lambda candidate: (error(candidate), candidate))
    inverse = 1.0 / (np.maximum(values, 0.0) + penalty * scale)
    coefficients = rows.T @ (vectors * inverse) @ vectors.T
    readout = RidgeReadout(coefficients, wanted, penalty)
    layer = _last_layer(network)
    layer.take(torch.from_numpy(readout.weight).to(layer.weight))
    return readout


def _last_layer(network: ConvolutionNetwork) -> GraphConvolution:
    layer = network.layers[-1]
    assert isinstance(layer, GraphConvolution)
    return layer


def _last_rows(network: ConvolutionNetwork, inputs: NetworkInputs) -> Float64:
    """Φ `[num_rows, channels (+ 1)]`: what the last layer's weight is multiplied with, its bias as a column."""
    assert isinstance(inputs.edge_index, Blocks)
    with torch.inference_mode():
        current = inputs.x
        for layer, block in zip(network.layers[:-1], inputs.edge_index.layers[:-1], strict=True):
            current = functional.leaky_relu(layer(current, block, None), network.architecture.negative_slope)
        block = inputs.edge_index.layers[-1]
        assert isinstance(block, SparseBlock)  # of inputs that are not for training
        rows = _last_layer(network).collected(current, block)
    return np.asarray(rows.cpu().numpy(), dtype=np.float64)
