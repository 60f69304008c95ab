"""Dropout from a generator of its own."""

import pytest
import torch

from kgzsl.propagation.dropout import ByteDropout


def test_kept_entries_are_scaled_so_that_the_expectation_is_exact():
    dropout = ByteDropout(0.5, generator=torch.Generator().manual_seed(0))
    out = dropout(torch.ones(400, 500))
    assert sorted(out.unique().tolist()) == [0.0, 2.0]
    # 200,000 fair coins: five standard deviations are 0.0056
    assert abs(float((out == 0).float().mean()) - 0.5) < 0.0056


@pytest.mark.parametrize(("asked", "rate"), [(0.0, 0.0), (0.5, 0.5), (0.3, 77 / 256), (0.9999, 255 / 256)])
def test_the_share_is_the_nearest_multiple_of_one_in_256(asked, rate):
    dropout = ByteDropout(asked, generator=torch.Generator().manual_seed(1))
    zeros = float((dropout(torch.ones(100_000)) == 0).float().mean())
    assert dropout.rate == rate
    assert abs(zeros - rate) < 0.008


def test_equal_generators_give_equal_masks_and_no_two_calls_the_same():
    first, second = (ByteDropout(0.5, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    x = torch.ones(7, 9)
    one = first(x)
    assert torch.equal(one, second(x))
    assert not torch.equal(one, first(x))


def test_it_does_nothing_in_evaluation_and_never_touches_the_global_generator():
    before = torch.get_rng_state()
    dropout = ByteDropout(0.5, generator=torch.Generator().manual_seed(0))
    dropout(torch.ones(5, 5))
    x = torch.ones(5, 5)
    assert dropout.eval()(x) is x
    assert torch.equal(torch.get_rng_state(), before)
