"""Features, weights and texts: every form says the same, and what is hostile is refused."""

import contextlib
import io
import json
import subprocess
import sys
import zipfile

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import save_file

from kgzsl.errors import (
    DataMissingError,
    InputFormatError,
    IntegrityError,
    KgzslError,
    LimitExceededError,
    SourceError,
    UnknownNameError,
    UnsafeInputError,
)
from kgzsl.evaluation import data_checks
from kgzsl.evaluation.data_features import read_features
from kgzsl.evaluation.data_reading import read_dataset
from kgzsl.evaluation.data_set import Dataset
from kgzsl.evaluation.data_text import read_text_lines
from kgzsl.evaluation.data_weights import read_fc_weights

X = np.arange(12, dtype=np.float32).reshape(4, 3)
LABELS = ["tiger", "lion", "tiger", "zebra"]
NAMES = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
SPLIT = ["train", "train", "test", "test"]


def as_npz(folder, **more):
    rows = {
        "features": X,
        "labels": np.array(LABELS),
        "names": np.array(NAMES),
        "train_loc": [0, 1],
        "test_loc": [2, 3],
    }
    np.savez(folder / "features.npz", **(rows | more))
    return folder / "features.npz"


def as_npy(folder, **more):
    np.save(folder / "features.npy", more.get("features", X), allow_pickle=True)
    table = {"label": LABELS, "name": NAMES, "split": SPLIT} | more.get("table", {})
    pl.DataFrame(table).write_csv(folder / "features.csv")
    return folder / "features.npy"


def as_parquet(folder, **more):
    pl.DataFrame({"features": X, "label": LABELS, "name": NAMES, "split": SPLIT} | more).write_parquet(
        folder / "f.parquet"
    )
    return folder / "f.parquet"


def as_columns(folder):
    columns = {f"x{place}": X[:, place] for place in range(3)}
    pl.DataFrame({"label": LABELS, **columns, "name": NAMES, "split": SPLIT}).write_parquet(folder / "f.parquet")
    return folder / "f.parquet"


def as_csv(folder, name="f.csv", **more):
    columns = {"label": LABELS, **{f"x{place}": X[:, place] for place in range(3)}, "name": NAMES, "split": SPLIT}
    pl.DataFrame(columns | more).write_csv(folder / name)
    return folder / name


def as_safetensors(folder):
    tensors = {
        "features": X,
        "labels": np.array([1, 0, 1, 2]),
        "train_loc": np.array([0, 1]),
        "test_loc": np.array([2, 3]),
    }
    metadata = {"classes": json.dumps(["lion", "tiger", "zebra"]), "names": json.dumps(NAMES)}
    save_file(tensors, folder / "f.safetensors", metadata=metadata)
    return folder / "f.safetensors"


@pytest.mark.parametrize(
    "write", [as_npz, as_npy, as_parquet, as_columns, as_csv, as_safetensors], ids=lambda f: f.__name__
)
@pytest.mark.parametrize("is_folder", [False, True])
def test_every_form_says_the_same(tmp_path, write, is_folder):
    path = write(tmp_path)
    data = read_dataset(tmp_path if is_folder else path)
    assert data.classes == ("lion", "tiger", "zebra")
    assert data.labels_of().tolist() == LABELS
    assert data.names == tuple(NAMES)
    assert {name.removesuffix("_loc"): rows.tolist() for name, rows in data.splits.items()} == {
        "train": [0, 1],
        "test": [2, 3],
    }
    np.testing.assert_array_equal(data.features, X)
    assert data.features.dtype == np.float32
    assert len(data.sha256) == 64


def test_a_folder_of_files_has_a_split_for_each(tmp_path):
    for name, rows in (("train", slice(0, 2)), ("test", slice(2, 4))):
        np.savez(tmp_path / f"{name}.npz", features=X[rows], labels=np.array(LABELS[rows]))
    data = read_dataset(tmp_path)
    assert {name: rows.tolist() for name, rows in data.splits.items()} == {"test": [0, 1], "train": [2, 3]}
    assert data.labels_of(data.rows("train")).tolist() == ["tiger", "lion"]
    np.testing.assert_array_equal(data.features[data.rows("train")], X[:2])


def test_pairs_of_arrays_are_splits(tmp_path):
    np.savez(
        tmp_path / "f.npz", a_features=X, a_labels=np.array(LABELS), b_features=X[:1], b_labels=np.array(["okapi"]), z=1
    )
    data = read_dataset(tmp_path / "f.npz")
    assert {name: len(rows) for name, rows in data.splits.items()} == {"a": 4, "b": 1}
    assert data.report["arrays_ignored"] == 1


def test_named_classes_keep_their_order_and_may_have_attributes(tmp_path):
    path = as_npz(tmp_path, classes=np.array(["zebra", "tiger", "lion"]), attributes=np.eye(3))
    data = read_dataset(path)
    assert (data.classes, data.labels.tolist()) == (("zebra", "tiger", "lion"), [1, 2, 1, 0])
    ones = read_features(
        as_npz(tmp_path, classes=np.array(["a", "b"]), labels=np.array([1, 2, 2, 1]), train_loc=[1], test_loc=[4]),
        base=1,
    )
    assert (ones.labels.tolist(), ones.rows("test_loc").tolist()) == ([0, 1, 1, 0], [3])


def test_a_plain_table_has_a_column_a_feature(tmp_path):
    (tmp_path / "f.csv").write_bytes(b'\xef\xbb\xbfx, kind,class,y2\r\n1,"a, b",lion,-2e3\r\n 0.5 ,c,tiger,7\r\n')
    data = read_dataset(tmp_path / "f.csv")
    assert data.features.tolist() == [[1, -2000], [0.5, 7]]
    assert (data.labels_of().tolist(), dict(data.splits)) == (["lion", "tiger"], {})
    assert data.report["arrays_ignored"] == 1


def test_tables_in_a_folder_are_splits(tmp_path):
    (tmp_path / "seen_test.csv").write_text("label,x\nlion,1\n")
    (tmp_path / "unseen_test.csv").write_text("label,x\nokapi,2\nokapi,3\n")
    data = read_dataset(tmp_path)
    assert {name: rows.tolist() for name, rows in data.splits.items()} == {"seen_test": [0], "unseen_test": [1, 2]}


def test_a_table_beside_other_features_is_no_data_of_its_own(tmp_path):
    as_csv(tmp_path, "notes.csv")
    as_parquet(tmp_path)
    assert read_dataset(tmp_path).num_samples == 4


TABLES = {
    "no header": ("0.5,1,lion\n", "no column 'label', but '0.5'"),
    "numbers only": ("0.5,1\n0.25,2\n", "the first line has numbers, '0.5', '1'"),
    "semicolons": ("label;x\nlion;0,5\n", "separated by ';'"),
    "tabs": ("label\tx\nlion\t1\n", r"separated by '\\t'"),
    "no labels": ("x,z\n1,2\n", "no column 'label', but 'x', 'z'"),
    "two labels": ("label,y,x\na,b,1\n", "columns 'label', 'y'; one of them"),
    "a word among numbers": (
        "label,x\na,1\nb,n/a\n",
        r"column 'x': 1 of 2 cell\(s\) are no numbers, such as 'n/a' in row 1",
    ),
    "an empty cell": ("label,x\na,1\nb,\n", r"column 'x': 1 empty cell\(s\), in rows counted from 0: 1"),
    "an empty label": ("label,x\na,1\n,2\n", r"1 row\(s\) without a label, counted from 0: 1"),
    "not a number": ("label,x\na,1\nb,nan\n", "NaN or infinite values in 1 of 2 row.*: 1"),
    "words only": ("label,text\na,b\n", "no column of numbers beside 'label', but 'text'"),
    "labels only": ("label\na\n", "no column of numbers beside 'label', but no other"),
    "no rows": ("label,x\n", "features has shape"),
    "row numbers": (",label,x\n0,a,1\n", "a column without a name; numbers of rows"),
    "one name twice": ("label,x,x\na,1,2\n", "more than one column is called 'x'"),
    "a longer row": ("label,x\na,1\nb,2,3\n", "is no .csv table"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_cannot_be_read_says_why(tmp_path, name):
    content, message = TABLES[name]
    (tmp_path / "f.csv").write_text(content)
    with pytest.raises(SourceError, match=message):
        read_dataset(tmp_path / "f.csv")


def test_bytes_that_are_no_text_are_named(tmp_path):
    (tmp_path / "f.csv").write_bytes(b"label,\xff\n")
    with pytest.raises(SourceError, match="UTF-8"):
        read_dataset(tmp_path / "f.csv")


class Bomb:
    def __reduce__(self):
        return (print, ("executed",))


HOSTILE = [
    (as_npz, {"labels": np.array([Bomb()] * 4, dtype=object)}, UnsafeInputError, "holds Python objects"),
    (as_npy, {"features": np.array([[Bomb()]] * 4, dtype=object)}, UnsafeInputError, "holds Python objects"),
    (as_npz, {"features": X[:3]}, SourceError, r"3 rows, labels of shape \(4,\)"),
    (as_npz, {"features": X.ravel()}, SourceError, r"features has shape \(12,\)"),
    (as_npz, {"features": X[:0]}, SourceError, "neither of them 0"),
    (as_npz, {"features": X.astype(str)}, SourceError, "not real numbers"),
    (as_npz, {"features": np.where(X == 5, np.nan, X)}, SourceError, "1 of 4 row.*: 1; remove"),
    (as_npz, {"features": X == 5}, SourceError, "holds bool"),
    (as_npz, {"train_loc": [0, 0]}, SourceError, "more than once: 0"),
    (as_npz, {"train_loc": [4]}, SourceError, "index 4, and there are 4 samples"),
    (as_npz, {"train_loc": [-1]}, SourceError, "negative index -1"),
    (as_npz, {"classes": np.array(["lion"])}, SourceError, r"2 label\(s\) are not among its classes: 'tiger', 'zebra'"),
    (as_npz, {"classes": np.array(["a", "b"]), "labels": np.array([0, 1, 2, 0])}, SourceError, "outside 0 to 1.*: 2"),
    (as_npz, {"names": np.array(["a"])}, SourceError, "1 names for 4 samples"),
    (as_npz, {"attributes": np.eye(3)}, SourceError, "the classes are not named"),
    (as_npz, {"labels": np.array(["a", "", "b", "c"])}, SourceError, r"1 sample\(s\) without a label.*: 1"),
    (as_npy, {"table": {"label": [*LABELS[:3], None]}}, SourceError, r"1 row\(s\) without a label.*: 3"),
    (as_parquet, {"features": [[1.0], [1.0, 2.0], [1.0], [1.0]]}, SourceError, "differ in length"),
    (as_parquet, {"features": ["a"] * 4}, SourceError, "not lists of numbers"),
]


@pytest.mark.parametrize(("write", "plant", "error", "message"), HOSTILE, ids=range(len(HOSTILE)))
def test_what_does_not_fit_is_refused_by_name(tmp_path, capfd, write, plant, error, message):
    path = write(tmp_path, **plant)
    with pytest.raises(error, match=message):
        read_dataset(path)
    assert "executed" not in capfd.readouterr().out


@pytest.mark.parametrize("write", [as_npz, as_npy, as_parquet, as_safetensors], ids=lambda f: f.__name__)
def test_damage_anywhere_is_an_error_of_ours_or_is_not_seen(tmp_path, write):
    path = write(tmp_path)
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    for length in np.linspace(0, len(content) - 1, 20).astype(int):
        path.write_bytes(content[:length])
        with pytest.raises(KgzslError):
            read_dataset(path)
    for _ in range(40):
        place = int(rng.integers(len(content)))
        path.write_bytes(content[:place] + bytes([content[place] ^ 1 << int(rng.integers(8))]) + content[place + 1 :])
        with contextlib.suppress(KgzslError):
            read_dataset(path)


def test_an_archive_that_claims_gigabytes_is_refused_before_it_is_unfolded(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_2_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**7, 10**6)})
    with zipfile.ZipFile(tmp_path / "f.npz", "w") as archive:
        archive.writestr("features.npy", header.getvalue())
    with pytest.raises(IntegrityError, match="needs 40,000,000,000,000 bytes"):
        read_dataset(tmp_path / "f.npz")


def test_more_than_the_limit_is_refused(tmp_path, monkeypatch):
    path = as_npz(tmp_path)
    monkeypatch.setitem(data_checks.require_size.__kwdefaults__, "most", 100)
    with pytest.raises(LimitExceededError, match="size in memory"):
        read_dataset(path)


def test_two_forms_in_a_folder_are_not_chosen_among(tmp_path):
    as_npz(tmp_path)
    as_parquet(tmp_path)
    with pytest.raises(SourceError, match="several forms"):
        read_dataset(tmp_path)


def test_nothing_to_read_is_named(tmp_path):
    (tmp_path / "notes.md").write_text("hello")
    for path in (tmp_path, tmp_path / "absent.npz", tmp_path / "bad\0name.npz"):
        with pytest.raises((DataMissingError, SourceError)):
            read_dataset(path)
    with pytest.raises(SourceError, match="no data set that is known"):
        read_dataset(tmp_path / "notes.md")
    with pytest.raises(InputFormatError, match="form is one of"):
        read_dataset(tmp_path, form="csv")


# -- weights -----------------------------------------------------------------------------------------------------


def test_fc_weights_are_rows_of_classes(tmp_path):
    pairs = [["n02", [1.0, 2.0, 0.5]], ["n01", [3, 4, -0.5]]]
    (tmp_path / "fc-weights.json").write_text(json.dumps(pairs))
    data = read_dataset(tmp_path / "fc-weights.json")
    assert (data.kind, data.classes, data.features.tolist()) == ("weights", ("n02", "n01"), [[1, 2, 0.5], [3, 4, -0.5]])


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ('[["n1", [1, 2]], ["n1", [1, 2]]]', SourceError, "more than once: 'n1'"),
        ('[["n1", [1, 2]], ["n2", [1]]]', SourceError, "different lengths.*1, 2"),
        ('[["n1", [1, NaN]]]', SourceError, "NaN"),
        ('[["n1", [1, "2"]]]', SourceError, "1 entries are no"),
        ('[["n1", [1, true]]]', SourceError, "1 entries are no"),
        ('{"n1": [1, 2]}', SourceError, "holds dict"),
        ("[]", SourceError, "holds list"),
        ('[["n1", [1, 2', IntegrityError, "whole JSON"),
        ("[" * 100_000, IntegrityError, "whole JSON"),
    ],
)
def test_other_json_is_refused(tmp_path, text, error, message):
    (tmp_path / "fc-weights.json").write_text(text)
    with pytest.raises(error, match=message):
        read_fc_weights(tmp_path / "fc-weights.json")


# -- texts -------------------------------------------------------------------------------------------------------


def test_trec_has_its_published_sizes(shared_data):
    data = read_dataset(shared_data("trec"))
    assert (len(data.classes), {name: len(rows) for name, rows in data.splits.items()}) == (
        50,
        {"test": 500, "train": 5452},
    )
    assert data.labels_of([0]).tolist() == ["NUM:dist"]
    assert data.texts[0] == "How far is it from Denver to Aspen ?"
    assert data.features is None


def test_lines_with_tabs_may_have_blanks_in_labels(tmp_path):
    (tmp_path / "a.tsv").write_bytes(b"\xef\xbb\xbfbook a flight\tget me to Rome\r\n\r\nplay\tsome music")
    data = read_dataset(tmp_path / "a.tsv")
    assert (data.classes, data.texts) == (("book a flight", "play"), ("get me to Rome", "some music"))
    assert dict(data.report) == {"blank_lines": 1, "latin1_files": 0}


def test_texts_become_features_by_any_encoder(tmp_path):
    (tmp_path / "a.txt").write_text("A:x one two\nB:y three\n")
    data = read_dataset(tmp_path / "a.txt").encoded(lambda texts: np.array([[len(text)] for text in texts]))
    assert data.features.tolist() == [[7.0], [5.0]]
    with pytest.raises(InputFormatError, match=r"shape \(1, 1\) for 2 texts"):
        data.encoded(lambda texts: np.ones((1, 1)))


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"A:x one\nB:y\n", SourceError, "line 2: expected a label, a blank and a text, not 'B:y'"),
        (b"A:x one\n\0\0", SourceError, "NUL"),
        (b"A:x one\nB:y " + b"z" * (1 << 21), LimitExceededError, "line 2"),
    ],
)
def test_lines_of_another_form_are_named(tmp_path, content, error, message):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(error, match=message):
        read_text_lines(tmp_path / "a.txt")


# -- the value ---------------------------------------------------------------------------------------------------


def test_a_data_set_never_writes_into_what_it_was_given():
    mine = X.copy()
    data = Dataset(("a",), features=mine)
    mine[0, 0] = 7
    with pytest.raises(ValueError, match="read-only"):
        data.features[0, 0] = 1


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"labels": np.zeros(3, np.int64)}, "'features': 4, 'labels': 3"),
        ({"labels": np.array([0, 1, 0, 0])}, "labels from 0 to 1 are no places in 1 classes"),
        ({"labels": np.array([0, -1, 0, 0])}, "labels from -1 to 0"),
        ({"names": ("a",)}, "'names': 1"),
        ({"attributes": np.eye(2)}, "attributes of 2 classes for 1"),
    ],
)
def test_columns_that_do_not_fit_are_refused(columns, message):
    with pytest.raises(InputFormatError, match=message):
        Dataset(("a",), features=X, **columns)


def test_unknown_splits_and_bad_rows_are_named():
    data = Dataset(("a",), features=X, labels=np.zeros(4, np.int64)).with_splits({"train": [2, 0]})
    assert data.rows("train").tolist() == [0, 2]
    with pytest.raises(UnknownNameError, match="known: 'train'"):
        data.rows("test")
    for rows in ([0, 0], [4], [-1]):
        with pytest.raises(InputFormatError, match="rows twice, or outside"):
            data.with_splits({"x": rows})


def test_content_hash_does_not_depend_on_the_form(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert (
        read_dataset(as_npz(tmp_path / "a")).content_sha256 == read_dataset(as_parquet(tmp_path / "b")).content_sha256
    )


def test_reading_loads_neither_torch_nor_pillow():
    program = (
        "import kgzsl.evaluation.data_reading, sys; print([m for m in ('torch', 'PIL', 'pandas') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_hostile_tensor_files_end_in_an_error_of_ours(shared_data):
    files = sorted(shared_data("suites/hostile/model").glob("*.safetensors"))
    assert len(files) > 10
    for file in files:
        with pytest.raises(KgzslError):
            read_dataset(file)
