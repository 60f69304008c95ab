"""Image folders: the order of samples, any backbone, and the cache."""

import numpy as np
import pytest
import torch
from PIL import Image

from kgzsl.errors import DataMissingError, InputFormatError, LimitExceededError, NumericError, SourceError
from kgzsl.evaluation.data_images import read_images
from kgzsl.evaluation.data_reading import read_dataset


def painted(folder, *, splits=("",)):
    """Two images of each of two classes, of one colour each and of different sizes."""
    for split in splits:
        for place, name in enumerate(("cat", "dog")):
            (folder / split / name).mkdir(parents=True)
            for number, side in enumerate((40, 30)):
                colour = (100 * place + 10 * number, 50, 200)
                Image.new("RGB", (side, 30), colour).save(folder / split / name / f"{number}.png")
    return folder


def red(batch):
    return batch[:, :1].mean(axis=(2, 3))


class Counted:
    """A backbone that counts how often it is asked."""

    def __init__(self):
        self.calls = 0

    def __call__(self, batch):
        self.calls += 1
        return red(batch)


def network():
    torch.manual_seed(0)
    layers = torch.nn.Conv2d(3, 5, 3), torch.nn.BatchNorm2d(5), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    return torch.nn.Sequential(*layers)


def test_classes_are_folders_and_samples_stand_in_the_order_of_paths(tmp_path):
    data = read_dataset(painted(tmp_path), backbone=red)
    assert data.classes == ("cat", "dog")
    assert data.names == ("cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png")
    expected = (np.array([0, 10, 100, 110]) / 255 - 0.485) / 0.229
    np.testing.assert_allclose(data.features[:, 0], expected, atol=1e-5)


def test_folders_of_splits_are_splits(tmp_path):
    data = read_images(painted(tmp_path, splits=("train", "test")), red)
    assert {name: rows.tolist() for name, rows in data.splits.items()} == {"test": [0, 1, 2, 3], "train": [4, 5, 6, 7]}
    assert data.classes == ("cat", "dog")


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_a_network_is_run_in_evaluation_mode_and_left_as_it_was(tmp_path, batch_size):
    model = network()
    model[0].weight.requires_grad_(False)
    before = [parameter.clone() for parameter in model.state_dict().values()]
    data = read_images(painted(tmp_path), model, size=16, batch_size=batch_size)
    assert data.features.shape == (4, 5)
    assert model.training
    assert all(module.training for module in model.modules())
    assert [parameter.requires_grad for parameter in model.parameters()] == [False, True, True, True]
    assert all(torch.equal(a, b) for a, b in zip(before, model.state_dict().values(), strict=True))
    np.testing.assert_allclose(data.features, read_images(tmp_path, network().eval(), size=16).features, atol=1e-6)


def test_feature_maps_are_averaged(tmp_path):
    data = read_images(painted(tmp_path), lambda batch: batch[:, :2], size=8)
    assert data.features.shape == (4, 2)


def test_a_cache_is_used_until_image_backbone_or_size_change(tmp_path):
    folder, cache = painted(tmp_path / "images"), tmp_path / "cache"
    counted = Counted()

    def read(**changes):
        return read_images(folder, counted, **({"size": 8, "cache": cache, "backbone_id": "red 1"} | changes))

    first = read()
    assert (counted.calls, first.report["from_cache"]) == (1, 0)
    second = read()
    assert (counted.calls, second.report["from_cache"]) == (1, 1)
    np.testing.assert_array_equal(first.features, second.features)
    read(backbone_id="red 2")
    read(size=9)
    Image.new("RGB", (30, 30), (9, 9, 9)).save(folder / "cat" / "0.png")
    changed = read()
    assert counted.calls == 4
    assert changed.sha256 != first.sha256
    assert not list(cache.glob(".*"))


def test_a_network_is_known_to_the_cache_by_its_parameters(tmp_path):
    folder = painted(tmp_path / "images")
    model = network()
    for expected in (0, 1):
        assert read_images(folder, model, size=8, cache=tmp_path).report["from_cache"] == expected
    with torch.no_grad():
        model[0].weight[0, 0, 0, 0] += 1
    assert read_images(folder, model, size=8, cache=tmp_path).report["from_cache"] == 0


def test_a_damaged_cache_is_computed_again(tmp_path):
    folder, counted = painted(tmp_path / "images"), Counted()
    whole = read_images(folder, counted, size=8, cache=tmp_path / "c", backbone_id="x").features
    (file,) = (tmp_path / "c").iterdir()
    content = file.read_bytes()
    for damaged in (content[:-3], content[:-1] + b"\xff", b""):
        file.write_bytes(damaged)
        np.testing.assert_array_equal(
            read_images(folder, counted, size=8, cache=tmp_path / "c", backbone_id="x").features, whole
        )
    assert counted.calls == 4


def test_a_cache_wants_to_know_the_function(tmp_path):
    for options in ({"backbone": red}, {"backbone": network(), "transform": lambda path: np.zeros((3, 8, 8))}):
        with pytest.raises(InputFormatError, match="backbone_id"):
            read_images(painted(tmp_path / str(len(options))), cache=tmp_path / "c", **options)


def test_every_broken_image_is_named_at_once(tmp_path):
    painted(tmp_path)
    (tmp_path / "cat" / "0.png").write_bytes((tmp_path / "cat" / "0.png").read_bytes()[:40])
    (tmp_path / "dog" / "0.png").write_bytes(b"")
    with pytest.raises(SourceError, match=r"2 image\(s\) cannot be read: cat/0.png .*dog/0.png"):
        read_images(tmp_path, red)


def test_an_image_that_would_unfold_without_bound_is_refused(tmp_path, monkeypatch):
    painted(tmp_path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(LimitExceededError, match="number of pixels"):
        read_images(tmp_path, red)


def test_what_a_backbone_gives_is_checked(tmp_path):
    painted(tmp_path)
    with pytest.raises(NumericError, match=r"4 image\(s\): '0.png'"):
        read_images(tmp_path, lambda batch: np.full((len(batch), 2), np.nan))
    with pytest.raises(InputFormatError, match=r"shape \(1, 2\) for 4"):
        read_images(tmp_path, lambda batch: np.ones((1, 2)))


def test_a_folder_of_another_form_is_named(tmp_path):
    with pytest.raises(DataMissingError, match="no images"):
        read_images(tmp_path, red)
    painted(tmp_path)
    Image.new("RGB", (8, 8)).save(tmp_path / "loose.png")
    with pytest.raises(DataMissingError, match=r"outside a class's folder: 'loose.png'"):
        read_images(tmp_path, red)
    with pytest.raises(InputFormatError, match="through a backbone"):
        read_dataset(tmp_path, form="images")
