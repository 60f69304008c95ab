"""`kgzsl bench`, run as a person runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).resolve().parents[1]


def kgzsl(*arguments, cwd=None):
    command = [sys.executable, "-m", "kgzsl", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment, cwd=cwd)


def test_list_tells_what_each_benchmark_needs():
    done = kgzsl("bench", "list", "--json")
    assert done.returncode == 0, done.stderr
    assert [row["name"] for row in json.loads(done.stdout)] == ["tiny-imagenet", "trec", "synthetic"]


@pytest.mark.slow
def test_a_benchmark_prints_its_table_and_keeps_its_results(tmp_path):
    arguments = ("bench", "synthetic", "--seeds", "1", "--models", "eszsl", "--csv", "table.csv")
    first = kgzsl(*arguments, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[-1].startswith("eszsl")
    assert pl.read_csv(tmp_path / "table.csv")["model"].to_list() == ["eszsl"]
    assert len(list(tmp_path.glob("kgzsl-bench/synthetic-*/eszsl_0-*.json"))) == 1
    second = kgzsl(*arguments, cwd=tmp_path)
    assert second.stdout == first.stdout
    assert "1 of 1 results were there already" in second.stderr


def test_a_csv_in_no_folder_is_refused_before_the_work(tmp_path):
    done = kgzsl("bench", "synthetic", "--csv", tmp_path / "none" / "table.csv", cwd=tmp_path)
    assert done.returncode == 3
    assert "does not exist" in done.stderr
    assert not list(tmp_path.iterdir())
