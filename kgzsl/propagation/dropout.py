"""Dropout whose masks come from a generator of their own."""

import torch
from torch import Tensor, nn

__all__ = ["ByteDropout"]

_STEPS = 256


class ByteDropout(nn.Module):
    """Zero a share of the entries while training and scale up the others (Srivastava et al., JMLR 2014).

    One random byte decides on each entry, eight of them from one draw: a draw for each entry, as in `F.dropout`, is
    several times slower on a processor. The share is therefore a multiple of 1/256, the one nearest to `probability`
    (`rate`); kept entries are divided by 1 - `rate`, so that the expectation is exact. `generator` lives on the device
    of the input; None stands for PyTorch's global one.
    """

    def __init__(self, probability: float, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        # a rate of 1 would leave nothing to scale up
        self.threshold = min(round(probability * _STEPS), _STEPS - 1)
        self.generator = generator

    @property
    def rate(self) -> float:
        """The share that is zeroed."""
        return self.threshold / _STEPS

    @property
    def is_active(self) -> bool:
        """Whether a call changes its input."""
        return self.training and self.threshold > 0

    def forward(self, x: Tensor) -> Tensor:
        """`x` with new random zeros while training; `x` itself otherwise."""
        if not self.is_active:
            return x
        draws = torch.empty((x.numel() + 7) // 8, dtype=torch.int64, device=x.device)
        # the bounds cover all 64 bits; without them the sign bit is never set
        draws.random_(-(2**63), None, generator=self.generator)
        kept = draws.view(torch.uint8)[: x.numel()].view(x.shape) >= self.threshold
        return x * kept.to(x.dtype).mul_(1.0 / (1.0 - self.rate))

    def extra_repr(self) -> str:
        """The share that is zeroed."""
        return f"rate={self.rate}"
