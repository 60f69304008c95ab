"""The one training loop of all networks."""

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kgzsl.display.progress import progress
from kgzsl.errors import InputFormatError, KgzslWarning, NumericError

__all__ = ["TrainingLog", "TrainingSettings", "check_settings", "resolved_device", "train"]


@dataclass(frozen=True)
class TrainingSettings:
    """Full-batch Adam (Kingma and Ba, ICLR 2015); `weight_decay` is added to the gradient of every parameter."""

    epochs: int
    learning_rate: float
    weight_decay: float
    device: str


@dataclass(frozen=True)
class TrainingLog:
    """What happened: the loss before each step, the seconds of all, and whether an interrupt cut it short."""

    losses: NDArray[np.float64]
    seconds: float
    interrupted: bool


def train(
    network: nn.Module,
    predict: Callable[[], Tensor],
    targets: Tensor,
    settings: TrainingSettings,
    *,
    show_progress: bool | None = None,
    description: str = "training",
) -> TrainingLog:
    """Fit the parameters of `network` so that the rows of `predict()` come near to `targets`.

    Loss: 1 / (2 |S|) times the sum of squared distances. An interrupt (Ctrl-C) keeps the weights of the last step and
    warns; before the first step it is raised as ever. `NumericError` if the loss is not finite, with the epoch,
    counted from 1.
    """
    optimizer = torch.optim.Adam(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )
    losses: list[float] = []
    interrupted, started = False, time.perf_counter()
    network.train()
    try:
        with progress(settings.epochs, description, show=show_progress) as advance:
            for epoch in range(1, settings.epochs + 1):
                value = _step(predict, targets, optimizer, epoch)
                losses.append(value)
                advance(note=f"loss {value:.4f}")
    except KeyboardInterrupt:
        if not losses:
            raise
        interrupted = True
        message = f"training stopped at epoch {len(losses)} of {settings.epochs}; its weights are kept"
        warnings.warn(message, KgzslWarning, stacklevel=2)
    finally:
        network.eval()
    if not all(bool(torch.isfinite(parameter).all()) for parameter in network.parameters()):
        raise _diverged("a parameter is not finite", len(losses))
    return TrainingLog(np.array(losses), time.perf_counter() - started, interrupted)


def _step(predict: Callable[[], Tensor], targets: Tensor, optimizer: torch.optim.Optimizer, epoch: int) -> float:
    """One epoch; gives the loss before the step."""
    optimizer.zero_grad(set_to_none=True)
    loss = (predict() - targets).square().sum() / (2 * len(targets))
    value = float(loss.detach())
    if not np.isfinite(value):
        raise _diverged(f"the loss is {value}", epoch)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return value


def _diverged(what: str, epoch: int) -> NumericError:
    return NumericError(f"{what} at epoch {epoch}; check the features, or lower learning_rate", epoch=epoch)


def resolved_device(device: str) -> torch.device:
    """The device of that name; "auto" is CUDA where PyTorch finds it, else the processor."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.empty(0, device=device)
        return torch.device(device)
    except (RuntimeError, AssertionError, TypeError) as error:
        raise InputFormatError(
            f"device={device!r} is not allowed: 'auto', 'cpu' or a device that PyTorch finds on this machine"
        ) from error


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse the first setting out of range, naming it, its value and the range."""
    for name, value in settings.items():
        if name not in _RANGES:
            continue
        allowed, is_allowed = _RANGES[name]
        for each in value if isinstance(value, tuple) else (value,):
            if not is_allowed(each):
                raise InputFormatError(f"{name}={value!r} is not allowed: {allowed}")


def _is_integer(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and bool(np.isfinite(value))


_RANGES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "epochs": ("an integer of at least 1", lambda value: _is_integer(value) and value >= 1),
    "hidden": ("integers of at least 1", lambda value: _is_integer(value) and value >= 1),
    "num_bases": (
        "an integer of at least 1, or None",
        lambda value: value is None or (_is_integer(value) and value >= 1),
    ),
    "num_groups": ("an integer of at least 1", lambda value: _is_integer(value) and value >= 1),
    "readout": ('"trained" or "ridge"', lambda value: value in ("trained", "ridge")),
    "hops": ("an integer of at least 1, or None", lambda value: value is None or (_is_integer(value) and value >= 1)),
    "learning_rate": ("a number above 0", lambda value: _is_number(value) and value > 0),
    "weight_decay": ("a number of at least 0", lambda value: _is_number(value) and value >= 0),
    "dropout": ("a number of at least 0 and below 1", lambda value: _is_number(value) and 0 <= value < 1),
    "random_state": ("an integer from 0 to 2**63 - 1", lambda value: _is_integer(value) and 0 <= value < 2**63),
}
