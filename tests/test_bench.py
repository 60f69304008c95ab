"""The benchmark's table, on the real features and on a folder that is not one."""

import numpy as np
import pytest

from kgzsl.bench import MODELS, TinyImageNet, run_tiny_imagenet
from kgzsl.decision.propagators import PROPAGATORS
from kgzsl.errors import DataMissingError, SourceError, UnknownNameError


@pytest.fixture(scope="module")
def folder(shared_data):
    return shared_data("tiny-imagenet/features.npz").parent


@pytest.fixture(scope="module")
def closed_form(folder):
    (row,) = run_tiny_imagenet(folder, models=["graph-gp"], features=["minilm"]).rows
    return row.mean


def test_closed_form_reaches_the_stated_accuracy_without_any_choice_on_unseen_classes(closed_form):
    assert closed_form["top1"] >= 0.300
    assert closed_form["top5"] >= 0.660


def test_gamma_chosen_without_unseen_classes_is_within_two_points_of_the_best_in_hindsight(closed_form):
    assert 0 <= closed_form["best_harmonic_mean"] - closed_form["harmonic_mean"] <= 0.02


def test_rows_stand_in_the_order_of_the_models(folder):
    table = run_tiny_imagenet(folder, models=["conse", "eszsl"], features=["text"])
    assert [(row.model, row.features, row.num_seeds) for row in table.rows] == [
        ("eszsl", "text", 1),
        ("conse", "text", 1),
    ]
    assert list(table.to_frame()["model"]) == ["eszsl", "conse"]
    assert max(map(len, str(table).splitlines())) <= 110


def test_an_unknown_model_is_refused_before_any_work(tmp_path):
    with pytest.raises(UnknownNameError, match="no model is called 'graph-pg'"):
        run_tiny_imagenet(tmp_path, models=["graph-pg"])


def test_a_folder_without_features_is_named(tmp_path):
    with pytest.raises(DataMissingError, match=r"features\.npz"):
        TinyImageNet.read(tmp_path)


def test_a_broken_archive_is_named(tmp_path):
    (tmp_path / "features.npz").write_bytes(b"not an archive")
    with pytest.raises(SourceError, match=r"features\.npz.*not a readable"):
        TinyImageNet.read(tmp_path)


def test_every_propagator_and_baseline_is_measured():
    assert sorted(MODELS) == sorted(set(PROPAGATORS.builtin) - {"clip"})  # no two spaces of one width here
    drawn = ["sgcn", "dgp", "dgpm", "gcnz", "rgcn", "ale", "devise", "sje"]
    assert [name for name, has_chance in MODELS.items() if has_chance] == drawn


def test_class_means_are_those_of_the_photographs(folder):
    data = TinyImageNet.read(folder)
    X, y = data.train
    of_sample = np.stack([X[y == name].mean(axis=0) for name in data.seen])
    cosine = (
        np.sum(of_sample * data.means, axis=1) / np.linalg.norm(of_sample, axis=1) / np.linalg.norm(data.means, axis=1)
    )
    assert cosine.min() > 0.98
