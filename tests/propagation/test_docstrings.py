"""The examples in the docstrings of networks print what they say."""

import doctest
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["sgcn", "gcnz", "dgp", "network"])
def test_examples_run(name):
    result = doctest.testmod(import_module(f"kgzsl.propagation.{name}"))
    assert result.attempted > 0
    assert result.failed == 0


def test_importing_the_package_loads_no_torch_until_a_network_is_used():
    script = "import sys, kgzsl.propagation as p; print('torch' in sys.modules); p.NeighborTopology; p.Messages"
    script += "; print('torch' in sys.modules); print(len(set(dir(p)) & set(p.__all__)) == len(p.__all__))"
    root = str(Path(__file__).parents[2])
    run = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False", "True"]
