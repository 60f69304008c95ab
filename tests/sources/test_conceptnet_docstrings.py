"""The examples in the documentation run as printed."""

import doctest
from importlib import import_module

import pytest

MODULES = ("conceptnet_relations", "conceptnet_uri", "http")


@pytest.mark.parametrize("name", MODULES)
def test_examples_run_as_printed(name):
    failed, tried = doctest.testmod(import_module(f"kgzsl.sources.{name}"))
    assert tried
    assert not failed
