"""The benchmark runs, and its dump has the form that it claims."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "conceptnet.py"


@pytest.mark.slow
def test_the_benchmark_finds_the_same_rows_and_says_what_is_extrapolated():
    command = [sys.executable, str(SCRIPT), "--lines", "20000", "--repeats", "1", "--packed"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "20,000 lines" in said
    assert "extrapolated" in said
    kept = int(said.split(" rows kept")[0].split()[-1].replace(",", ""))
    assert 0.07 < kept / 20_000 < 0.09
