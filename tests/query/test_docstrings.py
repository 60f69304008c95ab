"""Examples in docstrings print what they say."""

import doctest
import importlib
import pkgutil

import pytest

import kgzsl.query

MODULES = ["kgzsl.query", *(f"kgzsl.query.{module.name}" for module in pkgutil.iter_modules(kgzsl.query.__path__))]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", kgzsl.query.__all__)
def test_every_public_name_is_described(name):
    public = getattr(kgzsl.query, name)
    assert public.__doc__
    for attribute, value in vars(public).items():
        if not attribute.startswith("_") and (callable(value) or isinstance(value, property | classmethod)):
            assert value.__doc__, attribute
