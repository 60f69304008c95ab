"""The shares of one candidate computed a second time, by another road: whole inverses instead of searches.

Nothing here uses the model's terms beyond its fitted numbers (targets, shares, betas, noise, prior) and its word that
nothing is known of a class (a length of 0.0), nor the explainer's walks: the adjacency is built from the edges again,
the kernels from an outright inverse, the Gaussian process from its definition, and a path is weighed by the
determinant of a block of that inverse.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from numpy.typing import NDArray

from kgzsl.explain.account import knowledge_support
from kgzsl.explain.decision import Candidate, ClosedFormModel, ClosedFormTerms, Decision

__all__ = ["Recount", "recount"]

Float64 = NDArray[np.float64]

DENSE_LIMIT = 2_500
_BATCH = 64


@dataclass(eq=False)
class _Inverse:
    """Rows of (I + beta L)^-1: of the dense inverse up to `DENSE_LIMIT` nodes, solved one by one above it."""

    adjacency: Any
    beta: float
    _whole: Float64 | None = None
    _factor: Any = None
    _kept: dict[int, Float64] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = self.adjacency.shape[0]
        if size <= DENSE_LIMIT:
            laplacian = np.eye(size) - self.adjacency.toarray()
            self._whole = np.linalg.inv(np.eye(size) + self.beta * laplacian)
        else:
            identity = scipy.sparse.eye_array(size, format="csc")
            system = (1 + self.beta) * identity - self.beta * self.adjacency.tocsc()
            self._factor = scipy.sparse.linalg.splu(system, permc_spec="MMD_AT_PLUS_A")

    def row(self, node: int) -> Float64:
        if self._whole is not None:
            return np.asarray(self._whole[node])
        if node not in self._kept:
            self._kept[node] = self._solved(node)
        return self._kept[node]

    def block(self, nodes: Sequence[int]) -> Float64:
        """The inverse among some nodes."""
        return np.array([self._solved(node)[list(nodes)] for node in nodes])

    def _solved(self, node: int) -> Float64:
        if self._whole is not None or node in self._kept:
            return self.row(node)
        unit = np.zeros(self.adjacency.shape[0])
        unit[node] = 1.0
        return np.asarray(self._factor.solve(unit))

    def times(self, nodes: Sequence[int], values: Float64) -> Float64:
        """Rows of the inverse times `values`, a few columns at a time."""
        if self._whole is not None:
            return np.asarray(self._whole[list(nodes)] @ values)
        starts = range(0, values.shape[1], _BATCH)
        found = [self._factor.solve(np.ascontiguousarray(values[:, at : at + _BATCH]))[list(nodes)] for at in starts]
        return np.concatenate(found, axis=1)


@dataclass(frozen=True, eq=False)
class Recount:
    """What the ledger of a candidate has to agree with; signed and scaled like it."""

    constants: dict[str, float]
    sources: Float64
    support: Float64
    variance: float | None
    support_word: str
    score: float
    parts: dict[str, Float64] = field(repr=False)
    inverses: dict[str, _Inverse] = field(repr=False)
    adjacency: Any = field(repr=False)

    def path(self, nodes: Sequence[int], kernels: Iterable[str]) -> float:
        """The credit of a path in these kernels: of all walks whose loop erasure it is."""
        if len(nodes) == 1:
            return self._staying(nodes[0], kernels)
        credit = 0.0
        hops = np.prod([self.adjacency[here, there] for here, there in pairwise(nodes)])
        for name in kernels:
            inverse = self.inverses[name]
            green = (1 + inverse.beta) * np.array([inverse.row(node)[list(nodes)] for node in nodes])
            damping = inverse.beta / (1 + inverse.beta)
            weight = damping ** (len(nodes) - 1) * hops * np.linalg.det(green) / (1 + inverse.beta)
            credit += self.parts[name][nodes[-1]] * weight / inverse.row(nodes[0])[nodes[-1]]
        return float(credit)

    def _staying(self, node: int, kernels: Iterable[str]) -> float:
        """A path of one concept is all there is between it and itself."""
        return float(sum(self.parts[name][node] for name in kernels))


def recount(decision: Decision, model: ClosedFormModel, sign: float, candidate: Candidate) -> Recount:
    """All shares of a candidate, from the graph's edges, the features and the fitted numbers."""
    terms = model.terms(candidate.index, candidate.features)
    seen = candidate.index.positions(decision.model.classes)
    inputs = np.asarray(decision.inputs, dtype=np.float64)
    unit = sign / decision.temperature
    constants = {"offset": -unit * candidate.offset} if candidate.offset else {}
    if candidate.is_seen:
        return _recounted_seen(decision, candidate, terms, unit, constants)
    here = candidate.index.positions([candidate.concept])
    if not terms.norms(here)[0]:
        empty = np.zeros(candidate.index.num_concepts)
        constants["unknown"] = 0.0
        return Recount(constants, empty, np.zeros(len(seen)), None, "none", sum(constants.values()), {}, {}, None)
    node = int(here[0])
    centred = np.asarray(candidate.features, dtype=np.float64)
    centred = centred - centred[seen].mean(axis=0)
    adjacency = _adjacency(decision, candidate)
    inverses = {name: _Inverse(adjacency, beta) for name, beta in terms.betas.items()}
    places = [node, *seen.tolist()]
    rows = {name: _kernel_rows(name, places, inverses, centred) for name in terms.shares}
    kernels = {name: terms.shares[name] * kernel for name, (kernel, _) in rows.items()}
    kernel = sum(kernels.values(), np.zeros((len(places), len(places))))
    noisy = kernel[1:, 1:] + terms.settings.noise * np.eye(len(seen))
    mean, match, residuals = _prior(terms, centred, node, seen)
    dual = np.linalg.solve(noisy, residuals @ inputs)
    weights = mean + match + np.linalg.solve(noisy, kernel[0, 1:]) @ residuals
    unit /= float(np.linalg.norm(weights))
    constants["mean"] = unit * float(mean @ inputs)
    if terms.settings.prior:
        constants["match"] = unit * float(match @ inputs)
    variance = float(kernel[0, 0] - kernel[0, 1:] @ np.linalg.solve(noisy, kernel[0, 1:]))
    parts = {}
    for name, share in terms.shares.items():
        scales = rows[name][1]
        pull = unit * share * scales[0] * dual * scales[1:]
        if name == "text":
            parts[name] = np.zeros(len(centred))
            parts[name][node] = centred[node] @ (pull @ centred[seen])
        else:
            parts[name] = _spread(inverses[name], node, seen, pull, None if name == "walk" else centred)
    return Recount(
        constants=constants,
        sources=sum(parts.values(), np.zeros(len(centred))),
        support=unit * np.linalg.solve(noisy, kernel[0, 1:]) * (residuals @ inputs),
        variance=variance,
        support_word=knowledge_support(variance, np.diagonal(np.linalg.inv(noisy)), terms.settings.noise),
        score=unit * float(weights @ inputs) + constants.get("offset", 0.0),
        parts=parts,
        inverses=inverses,
        adjacency=adjacency,
    )


def _recounted_seen(
    decision: Decision, candidate: Candidate, terms: ClosedFormTerms, unit: float, constants: dict[str, float]
) -> Recount:
    row = decision.model.classes.index(candidate.concept)
    examples = unit * float(
        np.asarray(terms.targets, dtype=np.float64)[row] @ np.asarray(decision.inputs, dtype=np.float64)
    )
    support = np.zeros(len(decision.model.classes))
    support[row] = examples
    booked = {**constants, "gamma": -unit * decision.gamma, "examples": examples}
    empty = np.zeros(candidate.index.num_concepts)
    return Recount(booked, empty, support, None, "seen", sum(booked.values()), {}, {}, None)


def _adjacency(decision: Decision, candidate: Candidate) -> Any:
    """D^-1/2 (A + I) D^-1/2 from the edges one by one."""
    index = candidate.index
    wanted = decision.model.relations or ("taxonomic",)
    codes = [code for code, rel in enumerate(index.relations) if rel.name in wanted or rel.kind in wanted]
    kept = np.isin(index.relation, codes) & (index.head != index.tail)
    pairs = {frozenset(pair) for pair in zip(index.head[kept].tolist(), index.tail[kept].tolist(), strict=True)}
    ends = np.array(sorted(tuple(sorted(pair)) for pair in pairs), dtype=np.int64).reshape(-1, 2)
    size = index.num_concepts
    rows = np.concatenate([ends[:, 0], ends[:, 1], np.arange(size)])
    columns = np.concatenate([ends[:, 1], ends[:, 0], np.arange(size)])
    root = 1 / np.sqrt(np.bincount(rows, minlength=size))
    return scipy.sparse.csr_array((root[rows] * root[columns], (rows, columns)), shape=(size, size))


def _kernel_rows(
    name: str, places: Sequence[int], inverses: dict[str, _Inverse], centred: Float64
) -> tuple[Float64, Float64]:
    """The kernel at unit diagonal among `places`, and 1 / sqrt of its diagonal before."""
    if name == "walk":
        raw = inverses[name].block(places)
    else:
        vectors = centred[list(places)] if name == "text" else inverses[name].times(places, centred)
        raw = vectors @ vectors.T
    diagonal = np.diagonal(raw)
    scale = np.array([value**-0.5 if value > 0 else 0.0 for value in diagonal.tolist()])
    return scale[:, None] * raw * scale, scale


def _prior(
    terms: ClosedFormTerms, centred: Float64, node: int, seen: NDArray[np.int64]
) -> tuple[Float64, Float64, Float64]:
    """The shared mean, the candidate's own first guess, and W_S - m_S."""
    targets = np.asarray(terms.targets, dtype=np.float64)
    guess = np.zeros((len(seen) + 1, targets.shape[1]))
    if terms.settings.prior:
        rows = _unit(centred[[node, *seen.tolist()]])
        if terms.prior_map is not None:
            gram = rows[1:].T @ rows[1:] + np.eye(rows.shape[1])
            rows = _unit(rows @ np.linalg.solve(gram, rows[1:].T @ targets))
        guess = terms.settings.prior * rows
    mean = (targets - guess[1:]).mean(axis=0)
    return mean, guess[0], targets - guess[1:] - mean


def _unit(rows: Float64) -> Float64:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1.0)


def _spread(inverse: _Inverse, node: int, seen: NDArray[np.int64], pull: Float64, centred: Float64 | None) -> Float64:
    """A graph kernel's credit by the concept it comes from; without features, by the seen class itself."""
    ends = inverse.row(node)
    if centred is not None:
        return np.asarray(ends * (centred @ (pull @ inverse.times(seen.tolist(), centred))))
    credit = np.zeros(len(ends))
    credit[seen] = ends[seen] * pull
    return credit
