"""`kgzsl evaluate`, run as a person runs it: a saved model, a data set, tables and a page."""

import json

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.cli import app
from kgzsl.errors import DataMissingError, InputFormatError
from kgzsl.features import MatrixFeatures


def kgzsl(*arguments):
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


@pytest.fixture(scope="module")
def folder(zoo, tmp_path_factory):
    """A saved model, and its data with and without a training split."""
    place = tmp_path_factory.mktemp("evaluate")
    features = MatrixFeatures(np.stack([zoo.rows[id_] for id_ in zoo.graph.ids]), ids=list(zoo.graph.ids))
    clf = ZeroShotClassifier(zoo.graph, features=features, unseen=zoo.unseen).fit(zoo.X[::2], zoo.y[::2])
    clf.save(place / "model")
    np.savez(
        place / "split.npz",
        **{"seen_train_features": zoo.X[::2], "seen_train_labels": zoo.y[::2]},
        **{"seen_test_features": zoo.X[1::2], "seen_test_labels": zoo.y[1::2]},
        **{"unseen_test_features": zoo.X_unseen, "unseen_test_labels": zoo.y_unseen},
    )
    X, y = np.concatenate([zoo.X[1::2], zoo.X_unseen]), np.concatenate([zoo.y[1::2], zoo.y_unseen])
    np.savez(place / "plain.npz", features=X, labels=y)
    return place


def test_a_data_set_with_splits_gives_tables_a_certificate_and_a_page(folder):
    done = kgzsl(folder / "model", folder / "split.npz", "--out", folder / "report.html")
    assert done.exit_code == 0, done.output
    assert "4 unseen classes (32 samples), 8 seen (32)" in done.stdout
    assert "protocol certificate" in done.stdout
    assert "protocol certificate" in (folder / "report.html").read_text()


def test_a_data_set_without_splits_is_parted_by_the_classes_of_the_model(folder):
    with_splits, without = (kgzsl(folder / "model", folder / name, "--json") for name in ("split.npz", "plain.npz"))
    assert without.exit_code == 0, without.output
    first, second = json.loads(with_splits.stdout), json.loads(without.stdout)
    assert "certificate" in first["protocol"]
    assert second["protocol"]["splits"] == "none: every sample was measured"
    assert {name: first[name] for name in ("t1", "u", "s", "ausuc", "hit_rates", "by_distance")} == {
        name: second[name] for name in ("t1", "u", "s", "ausuc", "hit_rates", "by_distance")
    }


def test_a_plain_table_measures_the_same(folder, tmp_path):
    with np.load(folder / "plain.npz") as stored:
        columns = {f"x{place}": column for place, column in enumerate(stored["features"].T)}
        pl.DataFrame({"label": stored["labels"], **columns}).write_csv(tmp_path / "plain.csv")
    first, second = (kgzsl(folder / "model", path, "--json") for path in (folder / "plain.npz", tmp_path / "plain.csv"))
    assert second.exit_code == 0, second.output
    assert json.loads(second.stdout)["per_class"] == json.loads(first.stdout)["per_class"]


def test_a_page_in_no_folder_is_refused_before_the_work(folder):
    done = kgzsl(folder / "no model", folder / "plain.npz", "--out", folder / "none" / "report.html")
    assert isinstance(done.exception, DataMissingError)
    assert "does not exist" in str(done.exception)


def test_texts_without_features_are_refused_with_what_to_do(folder, tmp_path):
    (tmp_path / "lines.txt").write_text("ENTY:animal What barks ?\n")
    done = kgzsl(folder / "model", tmp_path / "lines.txt")
    assert isinstance(done.exception, InputFormatError)
    assert "has no features" in str(done.exception)


def test_a_plain_table_with_a_label_column_is_measured(folder):
    data = np.load(folder / "plain.npz")
    for suffix, mark in ((".csv", ","), (".tsv", "\t")):
        rows = [mark.join(["label", *(f"x{place}" for place in range(data["features"].shape[1]))])]
        for label, row in zip(data["labels"], data["features"].tolist(), strict=True):
            rows.append(mark.join([label, *map(repr, row)]))
        (folder / f"plain{suffix}").write_text("\n".join(rows), encoding="utf-8")
    told = [
        json.loads(kgzsl(folder / "model", folder / f"plain{suffix}", "--json").stdout)
        for suffix in (".npz", ".csv", ".tsv")
    ]
    for other in told[1:]:
        assert {name: other[name] for name in ("t1", "u", "s")} == {name: told[0][name] for name in ("t1", "u", "s")}
        assert other["protocol"]["splits"] == "none: every sample was measured"
