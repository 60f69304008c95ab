"""Where the command line begins: what it says by itself, what its help and its errors say, what Tab fills in."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from kgzsl.cli import app
from kgzsl.cli.completing import EXPLAINER_NAMES, PROPAGATOR_NAMES, concept_ids, graph_names
from kgzsl.decision.propagators import PROPAGATORS
from kgzsl.explain.plugins import EXPLAINERS
from kgzsl.graph import KnowledgeGraph

ROOT = Path(__file__).resolve().parents[1]


def kgzsl(*arguments, **environment):
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-m", "kgzsl", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=env)


def completed(line, cwd=None):
    """What the shell is offered for the last word of a command line."""
    words = shlex.split(line)
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "_KGZSL_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    command = [sys.executable, "-m", "kgzsl"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=env, cwd=cwd)
    assert done.stderr == ""
    return done.stdout.split()


def test_alone_it_says_what_to_try_within_a_terminal():
    done = kgzsl()
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 88
    assert len(lines) <= 20
    assert sum(line.startswith("  kgzsl ") for line in lines) == 7


def test_every_command_that_it_says_is_one_with_these_options():
    lines = [line for line in kgzsl().stdout.splitlines() if line.startswith("  kgzsl ")]
    for line in lines:
        words = shlex.split(line.partition("    ")[0])[1:]
        asked = [*words[: 2 if words[0] in ("graph", "bench") else 1], "--help"]
        help_ = CliRunner().invoke(app, asked, prog_name="kgzsl").output
        for option in (word for word in words if word.startswith("-")):
            assert option in help_


def commands_of(group, *words):
    yield words
    for name, command in getattr(group, "commands", {}).items():
        yield from commands_of(command, *words, name)


@pytest.mark.parametrize("words", list(commands_of(get_command(app))), ids=" ".join)
def test_help_shows_a_value_beside_what_takes_one_alone(words):
    shown = CliRunner().invoke(app, [*words, "--help"], prog_name="kgzsl", env={"COLUMNS": "200"}).output
    assert re.search(r"--help +Show this message", shown)
    assert "bool" not in shown.lower()


def test_a_question_that_it_says_has_an_answer():
    done = kgzsl("graph", "path", "dog.n.01", "cat.n.01")
    assert done.returncode == 0
    assert "dog is a kind of canine" in done.stdout


def test_the_program_is_called_kgzsl_however_it_is_run():
    assert "Usage: kgzsl demo" in kgzsl("demo", "--nope").stderr
    assert "Usage: kgzsl graph" in kgzsl("graph", "--help").stdout


def test_questions_come_before_housekeeping_in_the_help():
    listed = kgzsl("graph", "--help").stdout.partition("Commands")[2].splitlines()
    names = [line[2:11].strip() for line in listed if line.startswith("│ ")]
    order = ["list", "info", "find", "path", "query", "audit", "convert", "build"]
    assert [name for name in names if name] == order


def test_names_that_the_help_and_tab_know_are_those_of_the_registries():
    assert set(PROPAGATOR_NAMES) == set(PROPAGATORS.builtin)
    assert set(EXPLAINER_NAMES) == set(EXPLAINERS.builtin)
    shown = " ".join(kgzsl("fit", "--help", COLUMNS="200").stdout.split())
    assert all(f"{name}" in shown for name in PROPAGATOR_NAMES)


def test_help_does_not_load_what_only_work_needs():
    program = (
        "import sys\nfrom kgzsl.cli import app\n"
        "from typer.testing import CliRunner\nCliRunner().invoke(app, ['fit', '--help'])\n"
        "assert not {'torch', 'polars', 'scipy'} & set(sys.modules)"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", program], check=False, env=env).returncode == 0


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("kgzsl gr", ["graph"]),
        ("kgzsl graph info word", ["wordnet", "wordnet-3.0"]),
        ("kgzsl graph find zebra.n", ["zebra.n.01"]),
        ("kgzsl graph path --graph freshwater water:eurasian_o", ["water:eurasian_otter"]),
        ("kgzsl graph path a b --relations has_p", ["has_part"]),
        ("kgzsl graph path a b -g freshwater -r has_h", ["has_habitat"]),
        ("kgzsl graph path a b -r taxo", ["taxonomic"]),
        ("kgzsl fit --propagator s", ["sgcn", "sae", "sje", "sync"]),
        ("kgzsl predict model --label-space un", ["unseen"]),
        ("kgzsl explain model --explainer sh", ["shapley"]),
        ("kgzsl graph path --graph nowhere.ttl zebra.n", []),
        ("kgzsl graph build f", ["freshwater"]),
    ],
)
def test_tab_fills_in(line, offered, tmp_path):
    assert completed(line, cwd=tmp_path) == offered


def test_tab_fills_in_files_where_a_graph_may_be_one(tmp_path):
    (tmp_path / "mine.ttl").touch()
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "deep.obo").touch()
    assert completed("kgzsl graph info m", cwd=tmp_path) == ["mine.ttl", "more/"]
    assert completed("kgzsl graph info more/d", cwd=tmp_path) == ["more/deep.obo"]


def test_a_missing_input_is_named_with_its_option_and_the_nearest_file(tmp_path):
    np.save(tmp_path / "photos.npy", np.zeros((1, 2)))
    done = kgzsl("predict", tmp_path, "--input", tmp_path / "photo.npy")
    assert done.returncode == 3
    assert done.stderr.startswith(f"kgzsl: --input {tmp_path / 'photo.npy'}: no such file; did you mean")
    assert "photos.npy" in done.stderr
    assert "did you mean" not in kgzsl("predict", tmp_path, "--input", tmp_path / "other.csv").stderr


def test_a_missing_graph_file_leads_to_the_list(tmp_path):
    done = kgzsl("graph", "info", tmp_path / "nowhere.ttl")
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "kgzsl graph list" in done.stderr


def test_what_comes_after_a_fit_works_with_the_model(zoo, tmp_path):
    zoo.graph.write(tmp_path / "zoo")
    np.savez(tmp_path / "train.npz", X=zoo.X, y=zoo.y)
    (tmp_path / "unseen.txt").write_text("\n".join(zoo.unseen), encoding="utf-8")
    options = ["--input", tmp_path / "train.npz", "--unseen", tmp_path / "unseen.txt", "--graph", tmp_path / "zoo"]
    hints = {}
    for model in ("graph-gp", "conse"):
        arguments = ["fit", *options, "--propagator", model, "--out", tmp_path / model]
        done = CliRunner().invoke(app, [str(each) for each in arguments])
        assert done.exit_code == 0, done.output
        hints[model] = done.stderr
    assert "kgzsl explain" in hints["graph-gp"]
    assert "kgzsl explain" not in hints["conse"]
    assert "kgzsl predict" in hints["conse"]


def test_paths_line_up_behind_their_numbers_in_a_terminal(monkeypatch, capsys):
    from kgzsl.cli import answers

    monkeypatch.setattr(answers, "_is_watched", lambda: True)
    monkeypatch.setattr(answers, "width", lambda: 30)
    answers.Form().numbered(["dog is a kind of canine, which is a kind of animal", "short"])
    assert capsys.readouterr().out.splitlines() == [
        " 1  dog is a kind of canine,",
        "    which is a kind of animal",
        " 2  short",
    ]


def test_what_would_act_in_the_shell_or_on_the_terminal_is_not_offered(tmp_path, monkeypatch):
    hostile = [r"a\$(touch x)", "a`id`", "a$HOME", "a;id", "a|id", "a&id", "a>x", "a\x1b[2J", "a\nb", "a\u202eb"]
    path = KnowledgeGraph.from_tables(["a.n.01", "a's.n.02", *hostile], []).write(tmp_path / "odd.json")
    asked = SimpleNamespace(params={"graph": str(path)})
    assert concept_ids(asked, "a") == ["a's.n.02", "a.n.01"]
    for name in hostile:
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert graph_names("a") == []
    assert graph_names("o") == ["odd.json"]
