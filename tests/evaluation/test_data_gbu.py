"""GBU files: what is read of them, what is refused and why."""

import contextlib

import numpy as np
import pytest
import scipy.io

from kgzsl.errors import DataMissingError, InputFormatError, IntegrityError, LimitExceededError, SourceError
from kgzsl.evaluation.data_gbu import read_gbu
from kgzsl.evaluation.data_reading import read_dataset

CLASSES = ("antelope", "grizzly+bear", "killer+whale", "zebra")


def written(folder, *, features=None, splits=None, drop=()):
    """Four classes of three images; the last class is unseen. Counting starts at 1, samples and classes are columns."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((5, 12))
    labels = np.repeat([1, 2, 3, 4], 3)[:, None].astype(float)
    files = np.array([[f"/data/{place}.jpg"] for place in range(12)], dtype=object)
    original = np.arange(12, dtype=float).reshape(3, 4)
    original[1, 2] = -1
    held = {
        "att": original / np.linalg.norm(original, axis=0),
        "original_att": original,
        "allclasses_names": np.array([[name] for name in CLASSES], dtype=object),
        "trainval_loc": np.array([[1, 2, 4, 5, 7, 8]]).T,
        "test_seen_loc": np.array([[3, 6, 9]]).T,
        "test_unseen_loc": np.array([[10, 11, 12]]).T,
    }
    held |= splits or {}
    scipy.io.savemat(folder / "res101.mat", {"features": X, "labels": labels, "image_files": files, **(features or {})})
    scipy.io.savemat(folder / "att_splits.mat", {name: value for name, value in held.items() if name not in drop})
    return X, original


def test_a_folder_gives_rows_counted_from_zero(tmp_path):
    X, original = written(tmp_path)
    data = read_dataset(tmp_path)
    np.testing.assert_array_equal(data.features, X.T.astype(np.float32))
    assert data.features.dtype == np.float32
    assert data.labels.tolist() == np.repeat([0, 1, 2, 3], 3).tolist()
    assert data.classes == CLASSES
    assert {name: rows.tolist() for name, rows in data.splits.items()} == {
        "trainval_loc": [0, 1, 3, 4, 6, 7],
        "test_seen_loc": [2, 5, 8],
        "test_unseen_loc": [9, 10, 11],
    }
    assert data.names[:2] == ("/data/0.jpg", "/data/1.jpg")
    np.testing.assert_allclose(data.attributes, (original / np.linalg.norm(original, axis=0)).T, rtol=1e-6)
    assert dict(data.report) == {"unannotated": 1, "without_train_loc": 1, "without_val_loc": 1}
    assert data.classes_of(data.rows("test_unseen_loc")) == ("zebra",)


def test_arrays_of_a_data_set_cannot_be_written_to(tmp_path):
    written(tmp_path)
    data = read_gbu(tmp_path)
    for array in (data.features, data.labels, data.attributes, data.rows("test_seen_loc")):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_what_nobody_annotated_follows_the_policy(tmp_path):
    _, original = written(tmp_path)
    kept = read_gbu(tmp_path, attributes="original_att")
    assert kept.attributes[2, 1] == -1
    assert read_gbu(tmp_path, unannotated="zero").attributes[2, 1] == 0
    mean = read_gbu(tmp_path, attributes="original_att", unannotated="mean")
    assert mean.attributes[2, 1] == pytest.approx(original[1, [0, 1, 3]].mean())
    assert mean.report["unannotated"] == 1
    with pytest.raises(SourceError, match=r"1 value\(s\) of att were not annotated: 'class 3, attribute 2'"):
        read_gbu(tmp_path, unannotated="error")


def test_one_file_alone_is_read(tmp_path):
    written(tmp_path)
    splits = read_dataset(tmp_path / "att_splits.mat")
    assert splits.features is None
    assert splits.num_samples == 12
    features = read_dataset(tmp_path / "res101.mat")
    assert features.splits == {}
    assert features.classes == ("class 1", "class 2", "class 3", "class 4")


def test_converted_files_are_read_with_base_zero(tmp_path):
    written(tmp_path)
    whole = read_gbu(tmp_path)
    splits = {name: rows[:, None] for name, rows in whole.splits.items()}
    written(tmp_path, features={"labels": whole.labels[:, None]}, splits=splits)
    again = read_gbu(tmp_path, base=0)
    assert again.labels.tolist() == whole.labels.tolist()
    assert all((again.rows(name) == rows).all() for name, rows in whole.splits.items())


HOSTILE = [
    ({"splits": {"test_seen_loc": np.array([[0, 3, 6]]).T}}, SourceError, "test_seen_loc has index 0.*0-based"),
    ({"splits": {"test_seen_loc": np.array([[3, 3, 6]]).T}}, SourceError, "more than once: 3"),
    ({"splits": {"test_seen_loc": np.array([[3, 6, 13]]).T}}, SourceError, "index 13, and there are 12 samples"),
    ({"splits": {"test_seen_loc": np.array([[3, 6, -9]]).T}}, SourceError, "negative index -9"),
    ({"splits": {"test_seen_loc": np.array([[3, 6.5]]).T}}, SourceError, "not whole numbers"),
    ({"splits": {"test_seen_loc": np.ones((3, 3))}}, SourceError, "one row or column"),
    (
        {
            "splits": {
                "trainval_loc": np.array([[1, 3, 4, 6, 7]]).T,
                "test_seen_loc": np.array([[2, 5, 8]]).T,
                "test_unseen_loc": np.array([[9, 10, 11]]).T,
            }
        },
        SourceError,
        "with every index raised by one they are apart: wrong base",
    ),
    ({"drop": ("test_seen_loc",)}, SourceError, "has no 'test_seen_loc'"),
    ({"features": {"labels": np.array([[1, 2, 3, 4, 5] + [1] * 7]).T}}, SourceError, "outside 1 to 4.*: 5"),
    ({"features": {"labels": np.array([[0, 1, 2, 3] * 3]).T}}, SourceError, "0 is among them"),
    ({"features": {"labels": np.ones((11, 1))}}, SourceError, r"shape \(5, 12\) for 11 labels"),
    ({"features": {"features": np.ones((12, 5))}}, SourceError, "seems to be turned"),
    ({"features": {"features": np.full((5, 12), np.nan)}}, SourceError, r"NaN or infinite values in 12 of 12 row"),
    ({"features": {"features": np.full((5, 12), 1e300)}}, SourceError, "NaN or infinite"),
    ({"features": {"features": np.ones((5, 12), complex)}}, SourceError, "complex128, not real"),
    ({"features": {"image_files": np.array([["a"], ["b"]], dtype=object)}}, SourceError, "2 names for 12"),
    ({"splits": {"att": np.ones((4, 3)), "original_att": np.ones((4, 3))}}, SourceError, "classes are columns"),
    ({"splits": {"original_att": np.ones((4, 4))}}, SourceError, "different shapes"),
    ({"splits": {"allclasses_names": np.array([["a"], ["a"], ["b"], ["c"]], dtype=object)}}, SourceError, "once: 'a'"),
]


@pytest.mark.parametrize(("plant", "error", "message"), HOSTILE, ids=range(len(HOSTILE)))
def test_what_does_not_fit_is_refused_by_name(tmp_path, plant, error, message):
    written(tmp_path, **plant)
    with pytest.raises(error, match=message):
        read_gbu(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("name", ["res101.mat", "att_splits.mat"])
def test_a_file_cut_short_is_an_error_of_ours(tmp_path, name, share):
    written(tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: int(share * len(content))])
    with pytest.raises((IntegrityError, SourceError), match=name.removesuffix(".mat")):
        read_gbu(tmp_path)


def test_noise_in_a_file_is_an_error_of_ours_or_changes_nothing(tmp_path):
    written(tmp_path)
    content = (tmp_path / "att_splits.mat").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(8):
        place = int(rng.integers(len(content)))
        damaged = content[:place] + bytes([int(rng.integers(256))]) + content[place + 1 :]
        (tmp_path / "att_splits.mat").write_bytes(damaged)
        with contextlib.suppress(IntegrityError, SourceError, LimitExceededError):
            read_gbu(tmp_path)


def test_bytes_that_end_a_process_end_another_one(tmp_path, monkeypatch):
    written(tmp_path)
    killer = tmp_path / "worker.py"
    killer.write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", encoding="utf-8")
    monkeypatch.setattr("kgzsl.evaluation.mat_worker.__file__", str(killer))
    with pytest.raises(IntegrityError, match="SciPy's reader ends with code -11"):
        read_gbu(tmp_path)


def test_a_claim_of_gigabytes_is_refused_before_memory_is_taken(tmp_path, monkeypatch):
    written(tmp_path)
    claimed = [("features", (2048, 10**9), "double"), ("labels", (1, 1), "double")]
    monkeypatch.setattr("kgzsl.evaluation.data_gbu._listed", lambda path: claimed)
    with pytest.raises(LimitExceededError, match="size in memory"):
        read_gbu(tmp_path / "res101.mat")


def test_a_missing_file_and_a_wrong_option_are_named(tmp_path):
    with pytest.raises(DataMissingError, match=r"res101.mat"):
        read_gbu(tmp_path)
    written(tmp_path)
    with pytest.raises(DataMissingError, match=r"binaryAtt_splits.mat"):
        read_gbu(tmp_path, splits="binaryAtt_splits.mat")
    for wrong in ({"unannotated": "drop"}, {"attributes": "bin"}, {"base": 2}):
        with pytest.raises(InputFormatError):
            read_gbu(tmp_path, **wrong)


def test_matlab_7_3_is_named(tmp_path):
    (tmp_path / "att_splits.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\0" * 400)
    with pytest.raises(SourceError, match=r"7.3"):
        read_gbu(tmp_path / "att_splits.mat")


def test_awa2_has_the_published_sizes_and_the_overlap(shared_data):
    data = read_dataset(shared_data("kzsl/AwA/binaryAtt_splits.mat"))
    sizes = {name: len(rows) for name, rows in data.splits.items()}
    assert sizes == {
        "trainval_loc": 23527, "train_loc": 20218, "val_loc": 9191, "test_seen_loc": 5882, "test_unseen_loc": 7913
    }  # fmt: skip
    assert (len(data.classes), data.attributes.shape, data.num_samples) == (50, (50, 85), 37322)
    met = [len(np.intersect1d(data.rows(name), data.rows("test_seen_loc"))) for name in ("train_loc", "val_loc")]
    assert met == [4031, 1851]
    union = np.union1d(data.rows("train_loc"), data.rows("val_loc"))
    assert (union == np.union1d(data.rows("trainval_loc"), data.rows("test_seen_loc"))).all()
    plain = read_dataset(shared_data("kzsl/AwA/att_splits.mat"))
    assert dict(plain.report) == {"unannotated": 4, "without_train_loc": 1, "without_val_loc": 1}
    assert (plain.attributes < 0).sum() == 4
