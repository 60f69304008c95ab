"""Every model on the same problem, in one table; measured in parallel, and kept through an interruption."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kgzsl.bench.cells import Benchmark, Cell, Measured
    from kgzsl.bench.lanes import run_cells
    from kgzsl.bench.models import MODELS
    from kgzsl.bench.synthetic import run_synthetic
    from kgzsl.bench.table import BenchRow, BenchTable
    from kgzsl.bench.tiny_imagenet import TinyImageNet, run_tiny_imagenet

__all__ = [
    "MODELS",
    "BenchRow",
    "BenchTable",
    "Benchmark",
    "Cell",
    "Measured",
    "TinyImageNet",
    "run_cells",
    "run_synthetic",
    "run_tiny_imagenet",
]

# a process that measures cells should not wait for what other benchmarks need
_HOME = {
    "MODELS": "models",
    "BenchRow": "table",
    "BenchTable": "table",
    "Benchmark": "cells",
    "Cell": "cells",
    "Measured": "cells",
    "TinyImageNet": "tiny_imagenet",
    "run_cells": "lanes",
    "run_synthetic": "synthetic",
    "run_tiny_imagenet": "tiny_imagenet",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'kgzsl.bench' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"kgzsl.bench.{_HOME[name]}"), name)
