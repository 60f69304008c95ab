"""Fixtures shared by the whole suite."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Give the path of a test data file that is not part of the repository, or skip the test."""
    root = Path(os.environ.get("KGZSL_TEST_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")

    def path(name: str) -> Path:
        file = root / name
        if not file.exists():
            pytest.skip(f"needs the external test data {name}; set KGZSL_TEST_DATA to its folder")
        return file

    return path
