"""`kgzsl graph find | path | query`, run as a person and as a program run them."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kgzsl.cli import app
from kgzsl.cli.answers import Form

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def process(*arguments, **options):
    """The command in a process of its own: for exit codes, pipes and terminals."""
    command = [sys.executable, "-m", "kgzsl", "graph", *map(str, arguments)]
    options = {"env": ENVIRONMENT, "capture_output": True, "text": True, "encoding": "utf-8", **options}
    return subprocess.run(command, timeout=120, check=False, **options)


def ask(*arguments, **options):
    """The command in this process."""
    done = CliRunner().invoke(app, ["graph", *map(str, arguments)], **options)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    """A small graph in a file, with a label that two concepts bear and one that acts on terminals."""
    file = tmp_path_factory.mktemp("zoo") / "zoo.json"
    from kgzsl.graph.knowledge_graph import KnowledgeGraph

    concepts = [
        {"id": "a1", "label": "zèbre", "aliases": ["horse", "striped horse"], "definition": "striped, in herds"},
        {"id": "a2", "label": "horse", "definition": "a horse"},
        {"id": "a3", "label": "equine"},
        {"id": "a4", "label": "bad\x1b[31m red"},
    ]
    edges = [("a1", "is_a", "a3"), ("a2", "is_a", "a3"), ("a3", "has_part", "a4")]
    return KnowledgeGraph.from_tables(concepts, edges, name="zoo").write(file)


# -- find -------------------------------------------------------------------------------------------------------


def test_find_shows_what_bears_a_name(zoo):
    assert ask("find", "HORSE", "--graph", zoo).stdout.splitlines() == [
        "id  label  aliases               definition",
        "a2  horse                        a horse",
        "a1  zèbre  horse, striped horse  striped, in herds",
    ]


def test_find_takes_an_id_of_any_notation():
    found = json.loads(ask("find", "n02129604", "--json").stdout)
    assert [row["id"] for row in found] == ["tiger.n.02"]


def test_find_suggests_where_nothing_is_found():
    done = process("find", "tigre")
    assert (done.returncode, done.stdout) == (3, "")
    assert "did you mean:\n" in done.stderr
    assert "\n  tigress.n.01  tigress: a female tiger\n" in done.stderr
    done = process("find", "tigre", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (3, [])


def test_an_id_of_another_version_is_said_to_be_one():
    done = process("find", "wn31:102084071-n")
    assert (done.returncode, done.stdout) == (3, "")
    assert "WordNet 3.1" in done.stderr


def test_a_suggestion_does_not_act_on_the_terminal(zoo):
    done = ask("find", "a4 red", "--graph", zoo)
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr.isascii()
    assert "\x1b" not in done.stderr


def test_csv_is_csv(zoo):
    rows = list(csv.DictReader(io.StringIO(ask("find", "horse", "-g", zoo, "--csv").stdout)))
    assert rows[1] == {
        "id": "a1",
        "label": "zèbre",
        "aliases": "horse; striped horse",
        "definition": "striped, in herds",
    }


# -- path -------------------------------------------------------------------------------------------------------


def test_paths_read_aloud():
    assert ask("path", "tiger.n.02", "lion.n.01", "--k", 2).stdout.splitlines() == [
        " 1  tiger is a kind of big cat, which has kind lion",
        " 2  tiger is a member of Panthera, which has member lion",
    ]
    done = ask("path", "tiger.n.02", "lion.n.01", "-r", "is_a,has_part", "-n", 1)
    assert done.stdout == " 1  tiger is a kind of big cat, which has kind lion\n"


def test_paths_keep_from_hubs_when_asked():
    done = ask("path", "tiger.n.02", "lion.n.01", "--weight", "hub", "-k", 1)
    assert done.stdout == " 1  tiger is a member of Panthera, which has member lion\n"


def test_paths_by_labels_and_a_pattern(zoo):
    done = ask("path", "zèbre", "equine", "--pattern", "is_a", "--graph", zoo)
    assert done.stdout == " 1  zèbre is a kind of equine\n"


def test_a_path_as_data(zoo):
    (found,) = json.loads(ask("path", "a1", "a2", "--graph", zoo, "--json").stdout)
    step = {"weight": 1.0, "source": ""}
    assert found == {
        "sentence": "zèbre is a kind of equine, which has kind horse",
        "length": 2,
        "cost": 2.0,
        "concepts": ["a1", "a3", "a2"],
        "steps": [
            {"from": "a1", "relation": "is_a", "to": "a3", **step},
            {"from": "a3", "relation": "^is_a", "to": "a2", **step},
        ],
    }
    rows = list(csv.reader(io.StringIO(ask("path", "a1", "a2", "--graph", zoo, "--csv").stdout)))
    assert rows[0] == ["path", "step", "from", "relation", "to", "weight", "source"]
    assert rows[2] == ["1", "2", "a3", "^is_a", "a2", "1.0", ""]


def test_a_label_of_several_concepts_is_code_3_with_the_candidates():
    done = process("path", "tiger", "lion.n.01")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("kgzsl: 'tiger' names 2 concepts; use one of the ids\n  tiger.n.01: ")


def test_no_path_is_code_3_and_names_options_as_they_are_written(zoo):
    done = process("path", "a1", "a2", "--max-length", 1, "--graph", zoo)
    assert (done.returncode, done.stdout) == (3, "")
    assert "--max-length" in done.stderr
    assert "max_length=" not in done.stderr


# -- query ------------------------------------------------------------------------------------------------------


def test_query_shows_rows(zoo):
    assert ask("query", "?x is_a ?y", "--graph", zoo).stdout.splitlines() == ["x   y", "a1  a3", "a2  a3"]
    labelled = ask("query", "?x ?r a3", "--graph", zoo, "--labels", "--json").stdout
    assert json.loads(labelled)[0] == {"x": "a1", "x_label": "zèbre", "r": "is_a", "r_label": None}


def test_query_reads_the_question_from_standard_input(zoo):
    assert ask("query", "-", "--graph", zoo, "--csv", input="?x is_a a3\n").stdout.splitlines() == ["x", "a1", "a2"]


def test_query_follows_a_pattern(zoo):
    done = ask("query", "--follow", "zèbre", "is_a/has_part?", "--graph", zoo)
    assert done.stdout.splitlines()[1].split() == ["1", "a3", "equine"]
    assert r"bad\x1b[31m red" in done.stdout


def test_query_asks_sparql(zoo):
    done = ask("query", "--sparql", "SELECT ?x { ?x r:is_a c:a3 }", "--graph", zoo, "--labels")
    assert done.stdout.splitlines() == ["x   x_label", "a1  zèbre", "a2  horse"]
    assert ask("query", "--sparql", "ASK { c:a1 r:is_a c:a3 }", "--graph", zoo).stdout == "yes\n"
    assert ask("query", "--sparql", "ASK { c:a1 r:is_a c:a2 }", "--graph", zoo, "--csv").stdout == "answer\nFalse\n"
    done = process("query", "--sparql", "SELECT", "--graph", zoo)
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (3, "", False)


def test_a_query_of_sparql_is_told_of_its_option(zoo):
    done = process("query", "SELECT ?x WHERE { ?x is_a a3 }", "--graph", zoo)
    assert done.returncode == 3
    assert "a whole query of SPARQL is asked with --sparql" in done.stderr


def test_no_rows_are_no_error(zoo):
    done = ask("query", "a2 is_a ?x . ?x is_a ?y", "--graph", zoo)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "x  y\n", "no rows\n")
    assert ask("query", "a2 is_a ?x . ?x is_a ?y", "--graph", zoo, "--json").stdout == "[]\n"


def test_a_limit_is_for_all_forms_and_a_table_says_that_there_is_more():
    assert len(json.loads(ask("query", "?x is_a ?y", "--limit", 60, "--json").stdout)) == 60
    done = ask("query", "?x is_a ?y")
    assert len(done.stdout.splitlines()) == 51
    assert done.stderr == "… and more; --limit 500 shows more, --csv and --json all\n"
    assert ask("query", "?x is_a ?y", "-n", 2).stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("find", "x", "--json", "--csv"),
        ("query", "x", "--sparql", "--follow", "y"),
        ("query", "?x is_a ?y", "-n", "0"),
        ("path", "x", "y", "--weight", "heavy"),
    ],
    ids=["forms", "languages", "limit", "weight"],
)
def test_options_that_do_not_fit_are_wrong_usage(arguments):
    assert ask(*arguments).exit_code == 2


def test_a_wrong_question_is_code_3():
    done = process("query", "?x is_b ?y")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("kgzsl: ")
    assert "Traceback" not in done.stderr


# -- pipes and terminals ----------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="pipes are asked for as POSIX has them")
@pytest.mark.parametrize("form", ["--csv", "--json"])
def test_a_reader_that_leaves_early_ends_it_in_silence(form):
    command = [sys.executable, "-m", "kgzsl", "graph", "query", "?x ?r ?y", form]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout.readline().strip() in (b"x,r,y", b"[")
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 0


def test_data_is_utf8_where_the_terminal_is_not(zoo):
    environment = {**ENVIRONMENT, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = process("find", "a1", "--graph", zoo, "--json", env=environment)
    assert json.loads(done.stdout)[0]["label"] == "zèbre"
    done = process("find", "a1", "--graph", zoo, env=environment)
    assert (done.returncode, "striped, in herds" in done.stdout) == (0, True)


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX's")
def test_a_terminal_is_not_overrun():
    import pty

    leader, follower = pty.openpty()
    environment = {**ENVIRONMENT, "COLUMNS": "60", "TERM": "dumb"}
    command = [sys.executable, "-m", "kgzsl", "graph"]
    for arguments in (("find", "tiger"), ("path", "tiger.n.02", "lion.n.01")):
        done = subprocess.run([*command, *arguments], env=environment, stdout=follower, timeout=120, check=False)
        assert done.returncode == 0
    os.close(follower)
    shown = os.read(leader, 100_000).decode()
    os.close(leader)
    lines = shown.replace("\r\n", "\n").splitlines()
    assert max(map(len, lines)) <= 60
    assert "…" in shown
    assert "\x1b" not in shown


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX's")
@pytest.mark.parametrize(
    "arguments",
    [
        ("find", "bank"),
        ("query", "?bank is_a financial_institution.n.01 . ?sort is_a ?bank"),
        ("query", "--follow", "depository_financial_institution.n.01", "is_a*"),
    ],
)
def test_ids_are_whole_in_a_narrow_terminal(arguments):
    import pty

    leader, follower = pty.openpty()
    environment = {**ENVIRONMENT, "COLUMNS": "50", "TERM": "dumb"}
    command = [sys.executable, "-m", "kgzsl", "graph", *arguments]
    done = subprocess.run(command, env=environment, stdout=follower, timeout=120, check=False)
    os.close(follower)
    shown = os.read(leader, 100_000).decode()
    os.close(leader)
    rows = list(csv.reader(io.StringIO(process(*arguments, "--csv").stdout)))
    wanted = [cell for row in rows[1:] for cell in row if cell.count(".") == 2 and " " not in cell]
    assert done.returncode == 0
    assert max(map(len, wanted)) > 25
    assert set(wanted) <= set(shown.split())


def test_values_that_json_has_no_form_of(capsys):
    import numpy as np

    Form(as_json=True).rows(("n", "d"), [(np.int64(3), Path("x"))])
    assert json.loads(capsys.readouterr().out) == [{"n": 3, "d": "x"}]
