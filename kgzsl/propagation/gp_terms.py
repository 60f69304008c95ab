"""A fitted graph Gaussian process, opened up: every term of the sum that a classifier weight is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.graph.index import IntArray
from kgzsl.propagation.gp_kernels import Kernel, KernelSource, TextKernel, unit_rows
from kgzsl.propagation.gp_resolvent import Resolvent
from kgzsl.propagation.gp_settings import GPSettings

__all__ = ["GPTerms", "compile_terms"]

Float64 = NDArray[np.float64]

ROUNDING = float(np.finfo(np.float32).eps)
"""Targets have 32 bits: what is left of a sum that cancels to this share of its summands is rounding."""


@dataclass(frozen=True, eq=False)
class GPTerms:
    """The sum behind `ŵ_u = m_u + k_uS G (W_S - m_S)`, for one graph and one matrix of features.

    Everything is float64 and before the output is scaled to unit length; divide by `norms(positions)` to get there.
    With a prepared input x the score is `m_u·x + Σ_s k_us α_s(x)`, `α = dual(x)`, or
    `m_u·x + Σ_s c_us (w_s - m_s)·x`, `c = coefficients`. Positions are those of the index.

    * `seen` positions of the seen classes, in the order of the model's `classes`; `targets` their rows `[S, d]`;
    * `shares` mixing weights and `betas` mean walk lengths by kernel name, kernels in use only;
    * `gram` is `G = (K_SS + λI)^-1` `[S, S]`; `residuals` is `W_S - m_S` `[S, d]`; `mean` the part of m that all
      concepts share;
    * `centred` the features minus their mean over the seen classes `[num_concepts, f]`;
    * `normalized_adjacency` is D^-1/2 (A+I) D^-1/2 as `csr_array`.
    """

    settings: GPSettings
    seen: IntArray
    targets: Float64
    shares: Mapping[str, float]
    betas: Mapping[str, float]
    gram: Float64
    residuals: Float64
    mean: Float64
    centred: Float64
    normalized_adjacency: Any
    kernels: Mapping[str, Kernel] = field(repr=False)
    prior_map: Float64 | None = field(repr=False)
    _last: dict[int | None, Float64] = field(default_factory=dict, repr=False)

    def kernel_parts(self, positions: IntArray) -> dict[str, Float64]:
        """What each kernel adds to k_uS `[n, S]`, mixed and scaled."""
        return {name: self.shares[name] * kernel.between(positions, self.seen) for name, kernel in self.kernels.items()}

    def kernel(self, positions: IntArray) -> Float64:
        """k_uS `[n, S]`, the sum of `kernel_parts`; that of one concept is kept for the next question about it."""
        key = int(positions[0]) if len(positions) == 1 else None
        kept = self._last.get(key) if key is not None else None
        if kept is not None:
            return kept
        total = np.zeros((len(positions), len(self.seen)))
        for part in self.kernel_parts(positions).values():
            total += part
        if key is not None:
            total.flags.writeable = False
            self._last.clear()
            self._last[key] = total
        return total

    def coefficients(self, positions: IntArray) -> Float64:
        """c_us = (k_uS G)_s `[n, S]`: how much of what is special about seen class s goes into u."""
        return self.kernel(positions) @ self.gram

    def scale(self, name: str, positions: IntArray) -> Float64:
        """1 / sqrt(k_uu) of a kernel before scaling `[n]`; a part is share · scale_u · scale_s · unscaled kernel."""
        return self.kernels[name].scale(positions)

    def resolvent(self, name: str) -> Resolvent:
        """R_beta of the kernel "walk" or "convolved"."""
        kernel = self.kernels[name]
        if isinstance(kernel, TextKernel):
            raise KeyError(name)
        return kernel.resolvent

    def prior_rows(self, positions: IntArray) -> Float64:
        """m_u `[n, d]`: the shared mean, plus α times the concept's own first guess."""
        rows = np.tile(self.mean, (len(positions), 1))
        if self.settings.prior:
            rows += self.settings.prior * first_guess(self.centred[positions], self.prior_map)
        return rows

    @property
    def seen_prior(self) -> Float64:
        """m_S `[S, d]`."""
        return self.targets - self.residuals

    def raw_weights(self, positions: IntArray) -> Float64:
        """ŵ_u `[n, d]` before unit length; exactly 0 where the summands cancel, so that nothing is known."""
        prior, coefficients = self.prior_rows(positions), self.coefficients(positions)
        rows = prior + coefficients @ self.residuals
        rows[np.linalg.norm(rows, axis=1) <= self._rounding(prior, coefficients)] = 0.0
        return rows

    def _rounding(self, prior: Float64, coefficients: Float64) -> Float64:
        """Length up to which a raw row may be rounding alone `[n]`."""
        summands = np.abs(coefficients) @ np.linalg.norm(self.residuals, axis=1)
        summands += np.linalg.norm(prior - self.mean, axis=1)
        shared, each = np.linalg.norm(self.mean), np.linalg.norm(self.residuals, axis=1).max(initial=0.0)
        # a mean that the targets cancel to is rounding as a whole; twice its length, as it adds to the rest
        of_mean = 2 * shared if shared <= ROUNDING * each else ROUNDING * shared
        return np.asarray(ROUNDING * summands + of_mean)

    def norms(self, positions: IntArray) -> Float64:
        """Lengths of `raw_weights` `[n]`: exactly 0.0 for a concept of which nothing is known."""
        return np.linalg.norm(self.raw_weights(positions), axis=1)  # type: ignore[no-any-return]

    def dual(self, inputs: Float64) -> Float64:
        """α(x) = G (W_S - m_S) x: `[S]` for one prepared input `[d]`, `[S, n]` for `[n, d]`."""
        return self.gram @ (self.residuals @ np.asarray(inputs, dtype=np.float64).T)

    def variance(self, positions: IntArray) -> Float64:
        """k_uu - k_uS G k_Su `[n]`, in [0, 1]: 1 for a concept that nothing seen says anything about."""
        kernel = self.kernel(positions)
        own = np.zeros(len(positions))
        for name, part in self.kernels.items():
            own += self.shares[name] * (part.scale(positions) > 0)
        explained = np.einsum("us,us->u", kernel @ self.gram, kernel)
        return np.asarray(np.clip(own - explained, 0.0, 1.0))


def first_guess(centred: Float64, prior_map: Float64 | None) -> Float64:
    """Unit rows in the space of the targets: the centred features themselves, or what the ridge map makes of them."""
    rows = unit_rows(centred)
    return rows if prior_map is None else unit_rows(rows @ prior_map)


def ridge_map(centred: Float64, targets: Float64) -> Float64:
    """M `[f, d]` from unit features of the seen classes to their targets, ridge penalty 1."""
    rows = unit_rows(centred)
    gram = rows @ rows.T
    gram[np.diag_indices_from(gram)] += 1.0
    return rows.T @ np.linalg.solve(gram, targets)


def compile_terms(
    source: KernelSource, seen: IntArray, targets: Float64, settings: GPSettings, *, shared_space: bool
) -> GPTerms:
    """Solve for these settings: one inverse of `[S, S]`."""
    used = settings.kernels()
    kernels = {name: source.kernel(name, beta) for name, _, beta in used}
    noisy = settings.noise * np.eye(len(seen))
    for name, share, _ in used:
        noisy += share * kernels[name].between(seen, seen)
    prior_map = None
    guess = np.zeros_like(targets)
    if settings.prior:
        prior_map = None if shared_space else ridge_map(source.centred[seen], targets)
        guess = settings.prior * first_guess(source.centred[seen], prior_map)
    mean = (targets - guess).mean(axis=0)
    residuals = targets - guess - mean
    gram = np.asarray(np.linalg.inv(noisy), dtype=np.float64)
    gram = (gram + gram.T) / 2
    return GPTerms(
        settings=settings,
        seen=seen,
        targets=targets,
        shares={name: share for name, share, _ in used},
        betas={name: beta for name, _, beta in used if beta},
        gram=gram,
        residuals=residuals,
        mean=mean,
        centred=source.centred,
        normalized_adjacency=source.peeling.matrix,
        kernels=kernels,
        prior_map=prior_map,
    )
