"""Small trainings run in one thread, and leave PyTorch's threads as they were."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from kgzsl.propagation import SGCN, NetworkPropagator, network
from kgzsl.propagation.torch_threads import one_torch_thread

THREADS = 3


@pytest.fixture(autouse=True)
def several_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    yield
    torch.set_num_threads(before)


class Counting(torch.nn.Module):
    """Notes how many threads there are at each call of `forward`."""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.layer = torch.nn.Linear(in_channels, out_channels)
        self.found = []

    def forward(self, x, edge_index, edge_weight=None):
        self.found.append(torch.get_num_threads())
        return self.layer(x)


@pytest.mark.parametrize(("small", "expected"), [(network.SMALL, 1), (30 * 24, 1), (30 * 24 - 1, THREADS)])
def test_only_small_problems_are_limited(problem_of, monkeypatch, small, expected):
    monkeypatch.setattr(network, "SMALL", small)  # 30 rows and 5 * 4 + 4 parameters
    fitted = NetworkPropagator(Counting, epochs=3, device="cpu").fit(*problem_of())
    assert fitted.network.found == [expected] * 3
    assert torch.get_num_threads() == THREADS


def test_the_number_of_threads_changes_no_byte_of_a_small_problem(problem_of):
    index, features, supervision = problem_of(num_concepts=80, num_seen=40, width=64, dim=64)
    found = []
    for threads in (1, THREADS):
        torch.set_num_threads(threads)
        fitted = SGCN(hidden=32, epochs=5, device="cpu").fit(index, features, supervision)
        found.append([value.numpy().tobytes() for value in fitted.network.state_dict().values()])
    assert found[0] == found[1]


def test_the_last_to_leave_and_an_error_lift_the_limit(problem_of):
    with one_torch_thread(), one_torch_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == THREADS
    with pytest.raises(ZeroDivisionError), one_torch_thread():
        raise ZeroDivisionError
    assert torch.get_num_threads() == THREADS
    index, features, supervision = problem_of()
    with pytest.raises(FloatingPointError), np.errstate(all="ignore"):
        SGCN(hidden=4, epochs=9, learning_rate=1e38, device="cpu").fit(index, features, supervision)
    assert torch.get_num_threads() == THREADS
