"""The examples in the docstrings print what they say."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["calibration", "generalized", "hierarchy", "metrics", "report"])
def test_examples_run(name):
    result = doctest.testmod(import_module(f"kgzsl.evaluation.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
