"""The examples in the docstrings print what they say."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "ale",
        "clip_style",
        "conse",
        "dap",
        "devise",
        "eszsl",
        "exem",
        "iap",
        "prototype",
        "sae",
        "sje",
        "sync",
    ],
)
def test_examples_run(name):
    result = doctest.testmod(import_module(f"kgzsl.baselines.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
