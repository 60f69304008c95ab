"""The numbers that fix a graph Gaussian process, and which of them are tried."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any, Self

from kgzsl.errors import InputFormatError

__all__ = ["GPSettings", "default_candidates"]

BETAS = (1.0, 3.0, 10.0, 30.0)
"""Mean length of a walk: from direct neighbours to further than any two concepts of a taxonomy lie apart."""

NOISES = (0.1, 0.3, 1.0)
"""Beside kernels of unit diagonal: a target is mostly believed, or counts as much noise as signal."""

PRIORS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Beside targets of unit length: no first guess, up to one that outweighs what is learned."""


@dataclass(frozen=True)
class GPSettings:
    """What is chosen for a graph Gaussian process.

    `text`, `walk` and `convolved` mix the three kernels; they are not negative and sum to 1. `walk_beta` and
    `convolved_beta` are the mean lengths of the walks behind the two kernels that use the graph (0 where the kernel is
    not used). `noise` is λ on the diagonal. `prior` is α, the weight of the concepts' own features as first guess.

    >>> GPSettings.of(text=1, walk=1, walk_beta=3.0)
    GPSettings(text=0.5, walk=0.5, convolved=0.0, walk_beta=3.0, convolved_beta=0.0, noise=0.3, prior=0.0)
    """

    text: float
    walk: float
    convolved: float
    walk_beta: float = 0.0
    convolved_beta: float = 0.0
    noise: float = 0.3
    prior: float = 0.0

    def __post_init__(self) -> None:
        mixing = (self.text, self.walk, self.convolved)
        if min(mixing) < 0 or abs(sum(mixing) - 1) > 1e-9:
            raise InputFormatError(
                f"the mixing weights text, walk, convolved are {mixing}; they must not be negative and must sum to 1 "
                "(GPSettings.of scales them)"
            )
        if not (self.noise > 0 and self.noise < float("inf")):
            raise InputFormatError(f"noise is {self.noise!r}; it must be finite and above 0")
        if not 0 <= self.prior < float("inf"):
            raise InputFormatError(f"prior is {self.prior!r}; it must be finite and not negative")
        for name, share, beta in (
            ("walk", self.walk, self.walk_beta),
            ("convolved", self.convolved, self.convolved_beta),
        ):
            if not (0 <= beta < float("inf") and (beta > 0) == (share > 0)):
                raise InputFormatError(
                    f"{name}_beta is {beta!r} with {name} = {share!r}; a kernel that is used needs a finite beta "
                    "above 0, one that is not used has beta 0"
                )

    @classmethod
    def of(
        cls,
        *,
        text: float = 0.0,
        walk: float = 0.0,
        convolved: float = 0.0,
        walk_beta: float = 0.0,
        convolved_beta: float = 0.0,
        noise: float = 0.3,
        prior: float = 0.0,
    ) -> Self:
        """Settings with mixing weights in any scale."""
        total = text + walk + convolved
        if not total > 0:
            raise InputFormatError("text, walk and convolved are all 0; at least one kernel is needed")
        return cls(
            text / total,
            walk / total,
            convolved / total,
            walk_beta=walk_beta,
            convolved_beta=convolved_beta,
            noise=noise,
            prior=prior,
        )

    def kernels(self) -> tuple[tuple[str, float, float], ...]:
        """(name, mixing weight, beta) of each kernel that is used; beta is 0 for "text"."""
        every = (
            ("text", self.text, 0.0),
            ("walk", self.walk, self.walk_beta),
            ("convolved", self.convolved, self.convolved_beta),
        )
        return tuple(kernel for kernel in every if kernel[1])

    def to_dict(self) -> dict[str, float]:
        """Plain numbers, by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The settings that `to_dict` described."""
        return cls(**{name: float(value) for name, value in values.items()})


def default_candidates(*, has_prior: bool) -> tuple[GPSettings, ...]:
    """Every choice of kernels in equal parts, with every beta and noise; with a prior, every weight of it as well.

    α = 0 is always among them.
    """
    found = []
    for text, walk, convolved in product((0, 1), repeat=3):
        if not text + walk + convolved:
            continue
        walk_betas = BETAS if walk else (0.0,)
        convolved_betas = BETAS if convolved else (0.0,)
        for walk_beta, convolved_beta, noise, prior in product(
            walk_betas, convolved_betas, NOISES, PRIORS if has_prior else (0.0,)
        ):
            found.append(
                GPSettings.of(
                    text=text,
                    walk=walk,
                    convolved=convolved,
                    walk_beta=walk_beta,
                    convolved_beta=convolved_beta,
                    noise=noise,
                    prior=prior,
                )
            )
    return tuple(found)
