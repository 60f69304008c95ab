"""The training loop: the loss, what stops it, and what it leaves alone."""

import numpy as np
import pytest
import torch
from torch import nn

from kgzsl.errors import InputFormatError, KgzslWarning, NumericError
from kgzsl.propagation.training import TrainingSettings, check_settings, resolved_device, train

SETTINGS = TrainingSettings(epochs=6, learning_rate=0.1, weight_decay=0.0, device="cpu")


class Guess(nn.Module):
    """One row of parameters, with something that happens at some call."""

    def __init__(self, at_call=0, happens=None):
        super().__init__()
        self.row = nn.Parameter(torch.zeros(1, 2))
        self.calls, self.at_call, self.happens = 0, at_call, happens

    def forward(self):
        self.calls += 1
        if self.calls == self.at_call:
            return self.happens(self.row)
        return self.row.expand(3, 2)


def interrupt(row):
    raise KeyboardInterrupt


def test_the_loss_is_half_the_mean_squared_distance_and_falls():
    log = train(guess := Guess(), guess, torch.ones(3, 2), SETTINGS)
    # 1 / (2 * 3) times 3 rows times 2 columns of 1
    assert log.losses[0] == 1.0
    assert np.all(np.diff(log.losses) < 0)
    assert len(log.losses) == 6
    assert not log.interrupted
    assert not guess.training


def test_an_interrupt_keeps_the_weights_of_the_last_whole_step():
    stopped, whole = Guess(4, interrupt), Guess()
    with pytest.warns(KgzslWarning, match="stopped at epoch 3 of 6"):
        log = train(stopped, stopped, torch.ones(3, 2), SETTINGS)
    train(whole, whole, torch.ones(3, 2), TrainingSettings(3, 0.1, 0.0, "cpu"))
    assert log.interrupted
    assert len(log.losses) == 3
    assert torch.equal(stopped.row, whole.row)


def test_an_interrupt_before_the_first_step_is_raised():
    guess = Guess(1, interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(guess, guess, torch.ones(3, 2), SETTINGS)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_is_an_error_with_its_epoch(value):
    guess = Guess(3, lambda row: row.expand(3, 2) * value)
    with pytest.raises(NumericError, match="at epoch 3; check the features, or lower learning_rate") as caught:
        train(guess, guess, torch.ones(3, 2), SETTINGS)
    assert caught.value.epoch == 3


def test_a_gradient_that_is_not_finite_after_the_last_loss_is_an_error():
    # the square root of 0 has a finite value and no finite slope
    guess = Guess(6, lambda row: (row - row.detach()).sqrt().expand(3, 2))
    with pytest.raises(NumericError, match="a parameter is not finite at epoch 6"):
        train(guess, guess, torch.ones(3, 2), SETTINGS)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("epochs", 0, "an integer of at least 1"),
        ("epochs", 2.5, "an integer of at least 1"),
        ("epochs", True, "an integer of at least 1"),
        ("hidden", 0, "integers of at least 1"),
        ("hidden", (8, -1), "integers of at least 1"),
        ("num_groups", 0, "an integer of at least 1"),
        ("hops", 0, "an integer of at least 1, or None"),
        ("learning_rate", 0.0, "a number above 0"),
        ("learning_rate", float("nan"), "a number above 0"),
        ("weight_decay", -1e-9, "a number of at least 0"),
        ("dropout", 1.0, "a number of at least 0 and below 1"),
        ("dropout", "0.5", "a number of at least 0 and below 1"),
        ("random_state", -1, "an integer from 0"),
    ],
)
def test_a_setting_out_of_range_names_the_range(name, value, allowed):
    with pytest.raises(InputFormatError) as caught:
        check_settings({name: value})
    assert str(caught.value).startswith(f"{name}={value!r} is not allowed: {allowed}")


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "", "meta?"])
def test_a_device_that_is_not_there_is_refused(device):
    with pytest.raises(InputFormatError, match=r"device=.* is not allowed"):
        resolved_device(device)


def test_auto_is_a_device_that_works():
    assert resolved_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
