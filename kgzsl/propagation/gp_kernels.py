"""The kernels of the graph Gaussian process: text, walks, and text convolved over the graph."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.graph.index import IntArray
from kgzsl.propagation.gp_resolvent import Peeling, Resolvent, normalized_adjacency

__all__ = ["ConvolvedKernel", "Kernel", "KernelSource", "TextKernel", "WalkKernel", "unit_rows"]

Float64 = NDArray[np.float64]


def unit_rows(values: Float64) -> Float64:
    """Rows divided by their lengths; a row of zeros stays."""
    norms = np.linalg.norm(values, axis=1, keepdims=True)
    scaled: Float64 = np.divide(values, norms, out=np.zeros_like(values), where=norms > 0)
    return scaled


def _inverse_root(diagonal: Float64) -> Float64:
    return np.divide(1.0, np.sqrt(diagonal), out=np.zeros_like(diagonal), where=diagonal > 0)


@dataclass(frozen=True, eq=False)
class TextKernel:
    """Cosine of centred features: the text kernel of METHODS section 3, scaled to unit diagonal.

    `centred` `[num_concepts, dim]` are the features minus their mean over the seen classes.
    """

    centred: Float64
    beta: float = 0.0

    def scale(self, positions: IntArray) -> Float64:
        """1 / sqrt(k_uu) before scaling; 0 for a concept whose centred features are all 0."""
        return _inverse_root((self.centred[positions] ** 2).sum(axis=1))

    def between(self, first: IntArray, second: IntArray) -> Float64:
        """Scaled kernel `[len(first), len(second)]`."""
        return unit_rows(self.centred[first]) @ unit_rows(self.centred[second]).T


@dataclass(frozen=True, eq=False)
class WalkKernel:
    """R_beta scaled to unit diagonal: R_us / sqrt(R_uu R_ss)."""

    resolvent: Resolvent

    @property
    def beta(self) -> float:
        """Mean length of a walk."""
        return self.resolvent.beta

    def scale(self, positions: IntArray) -> Float64:
        """1 / sqrt(R_uu)."""
        return _inverse_root(self.resolvent.diagonal(positions))

    def between(self, first: IntArray, second: IntArray) -> Float64:
        """Scaled kernel `[len(first), len(second)]`."""
        one, two = self.resolvent.rows(first), self.resolvent.rows(second)
        kernel = self.resolvent.between(one, two)
        kernel *= _inverse_root(self.resolvent.diagonal(one))[:, None]
        kernel *= _inverse_root(self.resolvent.diagonal(two))[None, :]
        return kernel


@dataclass(frozen=True, eq=False)
class ConvolvedKernel:
    """Cosine of the centred features convolved with R_beta: a linear graph convolution of unlimited depth."""

    resolvent: Resolvent
    half: Float64 = field(repr=False)

    @property
    def beta(self) -> float:
        """Mean length of a walk."""
        return self.resolvent.beta

    def features(self, positions: IntArray) -> Float64:
        """Rows of R X before scaling, `[len(positions), dim]`."""
        return self.resolvent.solved(positions, self.half)

    def scale(self, positions: IntArray) -> Float64:
        """1 / length of the convolved features."""
        return _inverse_root((self.features(positions) ** 2).sum(axis=1))

    def between(self, first: IntArray, second: IntArray) -> Float64:
        """Scaled kernel `[len(first), len(second)]`."""
        return unit_rows(self.features(first)) @ unit_rows(self.features(second)).T


Kernel = TextKernel | WalkKernel | ConvolvedKernel


@dataclass(eq=False)
class KernelSource:
    """Kernels over one graph and one matrix of features, each built when first asked for and then shared."""

    adjacency: Any
    centred: Float64
    _peeling: Peeling | None = field(default=None, repr=False)
    _resolvents: dict[float, Resolvent] = field(default_factory=dict, repr=False)

    @property
    def peeling(self) -> Peeling:
        """The normalised adjacency, and the order in which it is eliminated."""
        if self._peeling is None:
            self._peeling = Peeling.of(normalized_adjacency(self.adjacency))
        return self._peeling

    def resolvent(self, beta: float) -> Resolvent:
        """R_beta."""
        if beta not in self._resolvents:
            self._resolvents[beta] = Resolvent(self.peeling, beta)
        return self._resolvents[beta]

    def kernel(self, name: str, beta: float = 0.0) -> Kernel:
        """The kernel called "text", "walk" or "convolved"."""
        build: dict[str, Callable[[], Kernel]] = {
            "text": lambda: TextKernel(self.centred),
            "walk": lambda: WalkKernel(self.resolvent(beta)),
            "convolved": lambda: ConvolvedKernel(self.resolvent(beta), self.resolvent(beta).half_solved(self.centred)),
        }
        return build[name]()
