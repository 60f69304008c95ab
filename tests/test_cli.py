"""The command line, run as a person runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def kgzsl(*arguments, **options):
    command = [sys.executable, "-m", "kgzsl", *map(str, arguments)]
    options["env"] = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


def test_alone_it_shows_where_to_start():
    done = kgzsl()
    assert "kgzsl demo" in done.stdout + done.stderr


def test_version():
    done = kgzsl("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("kgzsl ")


def test_list_names_wordnet():
    done = kgzsl("graph", "list")
    assert done.returncode == 0
    assert "wordnet" in done.stdout
    assert "117,659" in done.stdout


def test_info_counts_relations():
    done = kgzsl("graph", "info", "wordnet")
    assert done.returncode == 0
    assert "117,659 concepts" in done.stdout
    assert "89,089" in done.stdout  # is_a: 75,850 noun and 13,239 verb edges


def test_an_unknown_graph_is_one_line_and_code_3():
    done = kgzsl("graph", "info", "wordnte")
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "'wordnet'" in done.stderr


def test_debug_shows_where_the_error_came_from():
    done = kgzsl("--debug", "graph", "info", "wordnte")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_a_wrong_option_is_code_2():
    assert kgzsl("demo", "--no-such-option").returncode == 2


def test_missing_data_is_named(tmp_path):
    done = kgzsl("bench", "tiny-imagenet", "--data", tmp_path)
    assert done.returncode == 3
    assert "features.npz" in done.stderr


def test_a_missing_source_folder_is_named(tmp_path):
    done = kgzsl("graph", "build", "wordnet", "--source", tmp_path / "nowhere", "--target", tmp_path / "out")
    assert done.returncode == 3
    assert "nowhere" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_demo_writes_its_report(tmp_path):
    done = kgzsl("demo", "--report", tmp_path / "report.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "graph-gp" in done.stdout
    assert "<!doctype html>" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_report_folder_that_does_not_exist_costs_no_work(tmp_path):
    done = kgzsl("demo", "--report", tmp_path / "no" / "report.html")
    assert done.returncode == 3
    assert "graph-gp" not in done.stdout


def test_a_seed_below_zero_is_wrong_usage(tmp_path):
    done = kgzsl("demo", "--seed", -1, cwd=tmp_path)
    assert done.returncode == 2
    assert "--seed" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("demo", "--report"),
        ("bench", "tiny-imagenet", "--data", "nowhere", "--csv"),
        ("graph", "audit", "no", "--html"),
    ],
    ids=["demo", "bench", "audit"],
)
def test_where_to_write_is_checked_before_the_work(tmp_path, arguments):
    done = kgzsl(*arguments, tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"{tmp_path} is a folder; name a file" in done.stderr
    done = kgzsl(*arguments, tmp_path / "no" / "table.csv")
    assert (done.returncode, done.stdout) == (3, "")
    assert "the folder of table.csv does not exist" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="pipes and signals are asked for as POSIX has them")
@pytest.mark.parametrize("arguments", [("graph", "info", "wordnet"), ("--version",), ("--help",)])
def test_a_reader_that_goes_away_ends_it_in_silence(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "kgzsl", *arguments]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, env=environment, timeout=120, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


INTERRUPTED = """
import sys
import kgzsl.cli, kgzsl.sources.catalog

def interrupted():
    raise KeyboardInterrupt

kgzsl.sources.catalog.list_graphs = interrupted
sys.argv = ["kgzsl", "graph", "list"]
kgzsl.cli.main()
"""


def test_an_interruption_is_code_130():
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", INTERRUPTED]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
