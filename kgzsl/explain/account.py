"""What is kept for each candidate of a decision: every share of its score, and how far its paths are followed."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kgzsl.explain.decision import Candidate, ClosedFormTerms
from kgzsl.explain.walks import WalkKernel

__all__ = ["Account", "Ledger", "Origin", "PathCredit", "Reach", "knowledge_support", "magnitude", "pathless"]

Float64 = NDArray[np.float64]

_EQUAL = 1e-9


def magnitude(credit: float) -> float:
    """|credit| to twelve digits: what differs by rounding alone is equal, and then the names decide the order."""
    return float(f"{abs(credit):.11e}")


@dataclass(frozen=True)
class Reach:
    """How far paths are followed, for each candidate and kernel.

    The largest sources, until `share` of all |credit| or `num_sources`; then the largest paths to any of them, until
    `share` of what these carry or `num_paths`. No larger path to these sources is missed.

    >>> from kgzsl.explain import Reach
    >>> Reach(share=0.9).num_paths
    150
    """

    share: float = 0.97
    num_sources: int = 150
    num_paths: int = 150


@dataclass(frozen=True)
class PathCredit:
    """A simple path from a candidate to where its evidence comes from, and the signed share it carries.

    `kernels` splits the credit, sorted by name. In a closed form "walk" borrows the classifier of the seen class at
    the end, "convolved" compares the description at the end with those around the seen classes, "text" is a path of
    one concept, its own description. In a network "features" are those at the end, and "biases" what its layers add
    there to any concept. `relations` are those of the steps, `^` before one walked from tail to head, where a network
    has a matrix for each; otherwise empty, and all facts that join two concepts share a step.
    """

    nodes: tuple[str, ...]
    credit: float
    kernels: tuple[tuple[str, float], ...]
    relations: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Origin:
    """What is needed to say which seen classes a credit comes from.

    `pull` is α(x) times the convolved kernel's scale `[S]`; `text` the text kernel's credit by seen class `[S]`; `met`
    `[num_concepts]` is what each concept's description finds around the seen classes, and `walks` what spread it.
    """

    pull: Float64
    text: Float64
    met: Float64
    walks: WalkKernel | None


@dataclass(frozen=True, eq=False)
class Account:
    """All shares of one candidate, signed as they enter the margin.

    `constants` are named shares without a path; `sources` is the exact credit of every concept where paths end
    `[num_concepts]`; `paths` those listed, largest first; `rest` what the listed paths leave of the sources, and
    `rest_gross` the sum of its parts' magnitudes. `support` is what each seen class gives, in the order of `classes`,
    None where a model has no such shares. `variance` and `origin` are None for a seen class, for one of which nothing
    is known, and in a network, which has no `terms` either. `is_certified` tells that no path larger than those
    listed can have been missed.
    """

    sign: float
    candidate: Candidate
    terms: ClosedFormTerms | None = field(repr=False)
    constants: tuple[tuple[str, float], ...]
    paths: tuple[PathCredit, ...]
    sources: Float64
    rest: float
    rest_gross: float
    num_rest: int
    support: Float64 | None
    variance: float | None
    origin: Origin | None = field(repr=False)
    classes: tuple[str, ...] = ()
    is_pathless: bool = False
    is_certified: bool = True

    @property
    def total(self) -> float:
        """The signed score, by adding up."""
        return math.fsum([*(credit for _, credit in self.constants), *(path.credit for path in self.paths), self.rest])


@dataclass(frozen=True, eq=False)
class Ledger:
    """One account for the target, and one for the foil if there is one; `reach` is how far their paths go."""

    accounts: tuple[Account, ...]
    reach: Reach

    @property
    def total(self) -> float:
        """The margin, by adding up."""
        return math.fsum(account.total for account in self.accounts)


def knowledge_support(variance: float, gram_diagonal: Float64, noise: float) -> str:
    """How well a class is known from the others, beside the seen classes when each is left out in its turn.

    A seen class that is left out has variance 1 / G_ii - λ. "strong" if the class's own is below that of two thirds
    of them, "moderate" if below a third, else "weak". Nothing of the unseen classes sets the scale.
    """
    left_out = 1.0 / gram_diagonal - noise
    share = float(np.mean(left_out > variance + _EQUAL))
    return "strong" if share >= 2 / 3 else "moderate" if share >= 1 / 3 else "weak"


def pathless(
    sign: float,
    candidate: Candidate,
    terms: ClosedFormTerms | None,
    constants: tuple[tuple[str, float], ...],
    support: Float64 | None,
    classes: tuple[str, ...] = (),
) -> Account:
    """A class that no path leads to: it has its own examples, or nothing is known of it."""
    return Account(
        sign=sign,
        candidate=candidate,
        terms=terms,
        constants=constants,
        paths=(),
        sources=np.zeros(candidate.index.num_concepts),
        rest=0.0,
        rest_gross=0.0,
        num_rest=0,
        support=support,
        variance=None,
        origin=None,
        classes=classes,
        is_pathless=True,
    )
