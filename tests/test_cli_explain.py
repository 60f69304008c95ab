"""`kgzsl fit`, `predict` and `explain`, on a model of a few animals."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import kgzsl
from kgzsl.cli import app
from kgzsl.cli.inputs import read_names, read_samples, replaced_file
from kgzsl.errors import DataMissingError, InputFormatError, KgzslError, OutputExistsError
from kgzsl.features.matrix import MatrixFeatures

ROOT = Path(__file__).resolve().parents[1]
PAIRS = [
    "horse equine",
    "zebra equine",
    "donkey equine",
    "tiger feline",
    "lion feline",
    "equine mammal",
    "feline mammal",
]


def ask(*arguments):
    """The command in this process; errors of ours are raised."""
    done = CliRunner().invoke(app, list(map(str, arguments)))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A saved model, and inputs near horse and near tiger."""
    folder = tmp_path_factory.mktemp("models")
    graph = kgzsl.KnowledgeGraph.from_networkx(nx.MultiDiGraph([(*pair.split(), "is_a") for pair in PAIRS]))
    rng = np.random.default_rng(0)
    means = rng.normal(size=(3, 5))
    names = ["horse", "tiger", "lion"]
    features = MatrixFeatures(rng.normal(size=(len(graph), 4)).astype(np.float32), graph.ids)
    X = np.repeat(means, 4, axis=0) + 0.1 * rng.normal(size=(12, 5))
    y = np.repeat(names, 4)
    for name in ("graph-gp", "sgcn"):
        clf = kgzsl.ZeroShotClassifier(graph, features=features, propagator=name, unseen=["zebra", "donkey"])
        clf.fit(X, y).save(folder / name)
    graph.write(folder / "animals.json")
    np.save(folder / "x.npy", X)
    np.savez(folder / "xy.npz", X=X, y=y)
    columns = {f"d{number}": column for number, column in enumerate(X.T)}
    pl.DataFrame({"label": y, **columns}).write_parquet(folder / "xy.parquet")
    pl.DataFrame({"label": y, **columns}).write_csv(folder / "xy.csv")
    np.savetxt(folder / "row.csv", X[:1], delimiter=",")
    (folder / "unseen.txt").write_text("# without photographs\nzebra\n\ndonkey\n", encoding="utf-8")
    return folder


def test_the_text_is_that_of_the_library(place):
    done = ask("explain", place / "graph-gp", "--input", place / "x.npy", "--row", 5, "-k", 4)
    X = np.load(place / "x.npy")
    assert done.stdout == kgzsl.load_model(place / "graph-gp").explain(X[5], k=4).to_text() + "\n"


def test_the_json_is_that_of_the_library(place):
    done = ask("explain", place / "sgcn", "-i", place / "x.npy", "--target", "zebra", "--against", "none", "--json")
    X = np.load(place / "x.npy")
    explanation = kgzsl.load_model(place / "sgcn").explain(X[0], target="zebra", against=None)
    assert json.loads(done.stdout) == json.loads(json.dumps(explanation.to_dict()))


def test_a_counterfactual_stands_beside_the_explanation(place):
    arguments = ("explain", place / "graph-gp", "-i", place / "x.npy", "--label-space", "unseen", "--counterfactual")
    document = json.loads(ask(*arguments, "--json").stdout)
    assert set(document) == {"explanation", "counterfactual"}
    assert document["counterfactual"]["before"] == document["explanation"]["predicted"]
    (line,) = (line for line in ask(*arguments).stdout.splitlines() if line.startswith(" without “"))
    assert "” and “" in line or " is a kind of " in line


@pytest.mark.parametrize("view", ["paths", "facts", "support", "concepts", "patterns"])
def test_a_view_adds_up_as_printed(place, view):
    done = ask("explain", place / "graph-gp", "-i", place / "x.npy", "--by", view, "-k", 3)
    header, *lines = done.stdout.splitlines()
    numbers = [round(float(line.split()[0].replace(",", "")) * 1e6) for line in lines]
    assert header.split() == ["credit", "what", "note"]
    assert sum(numbers[:-1]) == numbers[-1]
    assert lines[-1].split()[1] == "total"


def test_a_view_that_a_model_does_not_have_is_named(place):
    with pytest.raises(kgzsl.errors.ExplanationError, match="'support' needs exact shares"):
        ask("explain", place / "sgcn", "-i", place / "x.npy", "--by", "support")


@pytest.mark.parametrize("explainer", ["integrated-gradients", "occlusion", "gradient", "shapley"])
def test_other_explainers_are_a_name_away(place, explainer):
    done = ask("explain", place / "sgcn", "-i", place / "x.npy", "--target", "zebra", "--explainer", explainer)
    assert f"method: {explainer.replace('-', ' ')}" in done.stdout
    assert len(done.stdout.splitlines()) <= 16


def test_the_page_is_whole_and_replaces_an_old_one(place, tmp_path):
    page = tmp_path / "why.html"
    page.write_text("old")
    done = ask("explain", place / "graph-gp", "-i", place / "x.npy", "--effects", "--html", page)
    assert f"wrote {page}" in done.stderr
    html = page.read_text(encoding="utf-8")
    assert html.startswith("<!doctype html>")
    assert html.endswith("</html>\n")
    assert "<script" not in html
    assert [each.name for each in tmp_path.iterdir()] == ["why.html"]


def test_a_page_that_cannot_be_finished_leaves_the_old_one(tmp_path):
    page = tmp_path / "why.html"
    page.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        replaced_file(page, "half \ud800")
    assert page.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["why.html"]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("--row", 12), "--row 12: x.npy has rows 0 to 11"),
        (("--target", "zebbra"), "'zebbra'.*nearest.*'zebra'"),
        (("--target", "zebra", "--against", "zebra"), "--against none"),
        (("--label-space", "unsen"), "--label-space is"),
        (("--explainer", "exakt"), "no explainer is called 'exakt'; nearest: 'exact'"),
        (("--explainer", "gnn-explainer"), "--explainer 'exact'"),
    ],
)
def test_a_mistake_names_the_option(place, arguments, message):
    with pytest.raises(KgzslError, match=message):
        ask("explain", place / "graph-gp", "-i", place / "x.npy", *arguments)


@pytest.mark.parametrize("arguments", [("--row", -1), ("-k", 0), ("--by", "colours"), ("--by", "facts", "--json")])
def test_wrong_usage_is_code_2(place, arguments):
    assert ask("explain", place / "graph-gp", "-i", place / "x.npy", *arguments).exit_code == 2


def test_a_missing_model_is_one_line_and_code_3(place, tmp_path):
    command = [sys.executable, "-m", "kgzsl", "explain", str(tmp_path / "none"), "-i", str(place / "x.npy")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.count("\n") == 1
    assert "no saved model here" in done.stderr


# -- predict and fit -----------------------------------------------------------------------------------------------


def test_predictions_are_those_of_the_library(place):
    done = ask("predict", place / "graph-gp", "-i", place / "x.npy", "-k", 2, "--label-space", "unseen", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    top = kgzsl.load_model(place / "graph-gp").predict_top(np.load(place / "x.npy"), k=2, label_space="unseen")
    expected = [
        (str(row), str(rank), label, probability)
        for row, pairs in enumerate(top)
        for rank, (label, probability) in enumerate(pairs, start=1)
    ]
    assert [(row["row"], row["rank"], row["class"], float(row["probability"])) for row in rows] == expected
    as_json = json.loads(ask("predict", place / "graph-gp", "-i", place / "x.npy", "-k", 1, "--json").stdout)
    assert [row["row"] for row in as_json] == list(range(12))


def test_labels_in_the_file_are_compared(place):
    done = ask("predict", place / "graph-gp", "-i", place / "xy.npz", "--label-space", "seen")
    assert "12 of 12 as labelled (100.0 %)" in done.stderr
    assert done.stdout.splitlines()[0].split() == ["row", "class", "probability", "next"]


@pytest.mark.parametrize("name", ["xy.npz", "xy.csv", "xy.parquet"])
def test_a_model_is_fitted_from_files(place, tmp_path, name):
    out = tmp_path / "model"
    options = ("--graph", place / "animals.json", "--unseen", place / "unseen.txt", "--out", out)
    done = ask("fit", "--input", place / name, *options)
    assert "3 seen and 2 unseen classes, 12 inputs of 5 numbers" in done.stdout
    assert kgzsl.load_model(out).unseen_classes_.tolist() == ["zebra", "donkey"]
    with pytest.raises(OutputExistsError, match="--overwrite"):
        ask("fit", "--input", place / name, *options)


def test_a_model_without_unseen_classes_says_what_it_predicts_and_what_to_add(place, tmp_path):
    asked = ("fit", "--input", place / "xy.npz", "--graph", place / "animals.json", "--out", tmp_path / "model")
    done = ask(*asked)
    assert "3 seen and 0 unseen classes" in done.stdout
    first = done.stderr.splitlines()[0]
    assert first.startswith("it predicts the 3 classes that have examples and no others; ")
    assert first.endswith("add --unseen FILE")
    done = ask(*asked, "--unseen", place / "unseen.txt", "--overwrite")
    assert "no others" not in done.stderr


def test_inputs_without_labels_teach_nothing(place, tmp_path):
    with pytest.raises(InputFormatError, match=r"--input x\.npy: has no labels"):
        ask("fit", "--input", place / "x.npy", "--graph", place / "animals.json", "--out", tmp_path / "model")


# -- inputs --------------------------------------------------------------------------------------------------------


def test_every_form_gives_the_same_inputs(place):
    expected = np.load(place / "x.npy")
    for name in ("xy.npz", "xy.csv", "xy.parquet"):
        samples = read_samples(place / name)
        assert np.allclose(samples.inputs, expected, rtol=1e-12)
        assert samples.labels == ["horse"] * 4 + ["tiger"] * 4 + ["lion"] * 4
    assert np.allclose(read_samples(place / "row.csv").inputs, expected[:1])


@pytest.mark.parametrize(
    "name, written, message",
    [
        (
            "a.npy",
            lambda path: np.save(path, np.array([{}], dtype=object), allow_pickle=True),
            "cannot be read as .npy",
        ),
        ("a.npy", lambda path: np.save(path, np.zeros((2, 2, 2))), "has shape"),
        ("a.npy", lambda path: np.save(path, np.array(["zebra"])), "not numbers"),
        ("a.npz", lambda path: np.savez(path, a=np.ones(2), b=np.ones(2)), "has arrays 'a', 'b'"),
        ("a.npz", lambda path: np.savez(path, X=np.ones((2, 2)), y=np.ones(3)), "2 inputs, but 3 labels"),
        ("a.csv", lambda path: path.write_text("a,b\n1,x\n"), "line 2, column 'b': 'x' is no number"),
        ("a.csv", lambda path: path.write_text(""), "is empty"),
        ("a.txt", lambda path: path.write_text("1"), "the suffix is none of"),
    ],
)
def test_what_is_no_input_is_named(tmp_path, name, written, message):
    written(tmp_path / name)
    with pytest.raises(InputFormatError, match=f"--input {name}: .*{message}"):
        read_samples(tmp_path / name)


def test_a_file_that_is_not_there_is_missing_data(tmp_path):
    with pytest.raises(DataMissingError, match="no such file"):
        read_samples(tmp_path / "x.npy")
    with pytest.raises(
        DataMissingError, match=r"--unseen .*: no such file; it is a text file with a name on each line"
    ):
        read_names(tmp_path / "zebra.n.01", option="--unseen")
