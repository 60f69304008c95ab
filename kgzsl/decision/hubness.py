"""A correction of hubs: classes near to every input. One number a class, taken off its scores.

How popular a class is shows in a bank of the inputs of seen classes, so no input to be classified takes part, and an
explanation has one more summand. Both corrections are usually made with the very queries; that would be transductive.

* "csls": half the mean cosine of the class with its 10 nearest bank inputs. Conneau et al., "Word translation without
  parallel data" (ICLR 2018), section 2.3, less the query's own term, which is the same for all classes.
* "inverted-softmax": log of the mean of exp(30 cosine) over the bank, divided by 30. Smith et al., "Offline bilingual
  word vectors, orthogonal transformations and the inverted softmax" (ICLR 2017), equation 9, as a score.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from kgzsl.contracts import FloatArray
from kgzsl.decision.pseudo_unseen import sample_ranks
from kgzsl.errors import InputFormatError

__all__ = ["HUBNESS", "Hubness", "check_hubness", "input_bank"]

HUBNESS = ("csls", "inverted-softmax")
NEAREST = 10
SHARPNESS = 30.0
BANK_SIZE = 2000
"""Inputs kept to judge classes by, evenly over the seen classes."""


@dataclass(frozen=True, eq=False)
class Hubness:
    """The correction's name, and the prepared inputs `[num_inputs, dim]` that it is measured on."""

    kind: str
    bank: FloatArray = field(repr=False)

    def offsets(self, weights: NDArray[Any]) -> NDArray[np.float64]:
        """What to take off the scores of classes with these weights `[num_classes, dim]`."""
        found = np.empty(len(weights))
        bank = self.bank.astype(np.float64)
        for start in range(0, len(weights), 1024):
            part = slice(start, start + 1024)
            cosines = np.asarray(weights[part], dtype=np.float64) @ bank.T
            if self.kind == "csls":
                nearest = min(NEAREST, cosines.shape[1])
                top = np.partition(cosines, cosines.shape[1] - nearest, axis=1)[:, -nearest:]
                found[part] = 0.5 * top.mean(axis=1)
            else:
                found[part] = (logsumexp(SHARPNESS * cosines, axis=1) - np.log(cosines.shape[1])) / SHARPNESS
        return found


def check_hubness(kind: Any, *, has_graph: bool = True) -> None:
    """`InputFormatError` if this is no correction, or one that nothing would be done with."""
    if kind is not None and (not isinstance(kind, str) or kind not in HUBNESS):
        raise InputFormatError(f"hubness is None or one of {', '.join(map(repr, HUBNESS))}, not {kind!r}")
    if kind is not None and not has_graph:
        raise InputFormatError(
            f"hubness={kind!r} corrects classes that a graph describes: give graph=, or leave it out"
        )


def input_bank(inputs: FloatArray, labels: NDArray[np.int64], random_state: int) -> FloatArray:
    """At most 2,000 of the inputs, as many of each class as there are, drawn whatever their order."""
    ranks = sample_ranks(inputs, labels, random_state)
    allowed = max(1, BANK_SIZE // (int(labels.max()) + 1))
    kept = np.flatnonzero(ranks < allowed)
    return np.asarray(inputs[kept[np.lexsort((ranks[kept], labels[kept]))]], dtype=np.float32)
