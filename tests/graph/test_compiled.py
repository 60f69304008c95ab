"""Kernels: compiled or not, they say the same."""

import sys

import numpy as np

from kgzsl.graph.compiled import kernel


@kernel
def total(values):
    added = 0
    for value in values:
        added += value
    return added


@kernel
def twice(values):
    return 2 * total(values)


def test_a_kernel_gives_what_its_python_gives():
    values = np.arange(10)
    assert total(values) == total.python(values) == 45


def test_a_kernel_may_call_another_of_its_file():
    assert twice(np.arange(10)) == 90


def test_a_kernel_runs_as_python_with_those_it_calls_until_it_is_asked_for():
    first = kernel(total.python)
    second = kernel(lambda values: total(values) + 1)
    globals_ = second.python.__globals__
    kept, globals_["total"] = total, first
    try:
        assert second.interpreted([1, 2, 3]) == 7
    finally:
        globals_["total"] = kept
    assert not first.is_compiled
    assert not second.is_compiled
    assert first.interpreted is first.python


def test_without_numba_a_kernel_is_its_python(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    alone = kernel(lambda value: value + 1)
    assert alone(1) == 2
    assert alone.compiled is alone.python
