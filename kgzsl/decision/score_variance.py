"""How uncertain the scores of a closed-form model are: what the graph leaves open of a class, times the input's part.

With W_S - m_S = R and G = (K_SS + λI)^-1, the process has k ⊗ Ω as its covariance, Ω = Rᵀ G R / S estimated from the
seen classes (the maximum of the likelihood). A score <x, ŵ_u> / |ŵ_u| then has variance v_u / |ŵ_u|² · xᵀ Ω x: the
graph's part is known before any input is.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.decision.view import GraphView

__all__ = ["class_variances", "has_variance", "input_variances"]


def has_variance(model: Any) -> bool:
    """Whether a fitted model has closed-form terms to take variances from."""
    return hasattr(model, "terms")


def class_variances(model: Any, view: GraphView, concepts: Sequence[str]) -> NDArray[np.float64]:
    """The graph's part v_u / |ŵ_u|² of each concept; v_u for one of which nothing is known, so that its row is zero."""
    terms = model.terms(view.index, view.features)
    positions = view.index.positions(concepts)
    lengths = np.asarray(terms.norms(positions), dtype=np.float64)
    lengths = np.where(lengths > 0, lengths, 1.0)
    return np.asarray(terms.variance(positions) / lengths**2, dtype=np.float64)


def input_variances(model: Any, view: GraphView, inputs: NDArray[Any]) -> NDArray[np.float64]:
    """The input's part xᵀ Ω x of each prepared input `[num_samples, dim]`."""
    terms = model.terms(view.index, view.features)
    along = np.asarray(inputs, dtype=np.float64) @ terms.residuals.T
    return np.asarray(np.maximum(((along @ terms.gram) * along).sum(axis=1), 0.0) / len(terms.residuals))
