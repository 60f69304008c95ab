"""Examples in docstrings print what they say."""

import doctest
import importlib
import pkgutil

import pytest

import kgzsl.graph

MODULES = ["kgzsl.graph", *(f"kgzsl.graph.{module.name}" for module in pkgutil.iter_modules(kgzsl.graph.__path__))]


@pytest.mark.parametrize("name", [*MODULES, "kgzsl.display.progress"])
def test_examples_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", sorted(set(kgzsl.graph.__all__) - {"KINDS", "POSITIVE_KINDS", "SHARED_RELATIONS"}))
def test_every_class_has_an_example_and_every_method_a_docstring(name):
    public = getattr(kgzsl.graph, name)
    assert ">>> " in public.__doc__
    for attribute, value in vars(public).items():
        if not attribute.startswith("_") and (callable(value) or isinstance(value, property | classmethod)):
            assert value.__doc__, attribute
