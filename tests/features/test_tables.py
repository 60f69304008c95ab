"""Attribute tables and matrices that the user brings."""

import io
import zipfile

import numpy as np
import polars as pl
import pytest

from kgzsl.errors import (
    DataMissingError,
    InputFormatError,
    IntegrityError,
    MissingFeaturesError,
    ResourceLimitError,
    SourceError,
)
from kgzsl.features import AttributeTable, MatrixFeatures

FRAME = pl.DataFrame({"animal": ["dog", "n02139199"], "barks": [1, 0], "flies": [0.0, 0.5]})
EXPECTED = np.array([[1, 0], [0, 0.5]], dtype=np.float32)


@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet", "frame", "mapping"])
def test_an_attribute_table_comes_from_files_frames_and_mappings(suffix, toy_graph, tmp_path):
    path = tmp_path / f"table.{suffix}"
    if suffix == "parquet":
        FRAME.write_parquet(path)
    elif suffix in ("csv", "tsv"):
        FRAME.write_csv(path, separator="," if suffix == "csv" else "\t")
    mapping = {row["animal"]: {"barks": row["barks"], "flies": row["flies"]} for row in FRAME.to_dicts()}
    table = AttributeTable({"frame": FRAME, "mapping": mapping}.get(suffix, path))
    assert table.attributes == ("barks", "flies")
    np.testing.assert_array_equal(table.fit(toy_graph, ["dog"]).encode(toy_graph, ["dog", "bat"]), EXPECTED)


def test_a_pandas_frame_is_a_table(toy_graph):
    pandas = pytest.importorskip("pandas")
    table = AttributeTable(pandas.DataFrame(FRAME.to_dict(as_series=False)))
    np.testing.assert_array_equal(table.fit(toy_graph, ["dog"]).encode(toy_graph, ["dog", "bat"]), EXPECTED)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (FRAME.select("animal"), "1 column"),
        (FRAME.with_columns(barks=pl.lit("yes")), "not numbers: 'barks'"),
        (FRAME.with_columns(barks=pl.Series([1, None])), "empty cells: 'barks'"),
        (FRAME.with_columns(flies=pl.Series([1.0, float("nan")])), "row 1, column 1: nan"),
        (pl.concat([FRAME, FRAME]), "several rows for 'dog', 'n02139199'"),
        (FRAME.with_columns(animal=pl.Series([1, 2])), "not strings: 1, 2"),
        ({"dog": {"a": 1.0}, "bat": {"b": 1.0}}, "other attributes than 'a' for 'bat'"),
        ({}, "not empty"),
        (3, "not int"),
    ],
)
def test_a_table_that_is_none_is_refused(table, message):
    with pytest.raises(InputFormatError, match=message):
        AttributeTable(table)


def test_files_that_are_no_table_are_named(tmp_path):
    with pytest.raises(DataMissingError, match="no such file"):
        AttributeTable(tmp_path / "none.csv")
    for name, message in (
        ("t.xlsx", "not '.xlsx'"),
        ("t.parquet", "not a readable table"),
        ("t.csv", "not a readable"),
    ):
        (tmp_path / name).write_bytes(b"id,a\ndog,\xff\n" if name == "t.csv" else b"nothing")
        with pytest.raises(SourceError, match=message):
            AttributeTable(tmp_path / name)


def test_rows_elsewhere_are_counted_and_used_once_the_graph_has_them(toy_graph):
    features = MatrixFeatures([[1, 2], [0, 0]], ["dog", "fox"]).fit(toy_graph, ["dog"])
    assert features.report["rows_not_in_graph"] == 1
    assert features.report["rows_of_zeros"] == 1
    larger = toy_graph.add_concepts(["fox"])
    np.testing.assert_array_equal(features.encode(larger, ["fox", "dog"]), [[0, 0], [1, 2]])


def test_two_rows_for_one_concept_are_refused(toy_graph):
    with pytest.raises(InputFormatError, match="'dog', 'n02084071' both mean 'dog'"):
        MatrixFeatures([[1.0], [2.0]], ["dog", "n02084071"]).fit(toy_graph, ["dog"])


@pytest.mark.parametrize(
    ("matrix", "ids", "message"),
    [
        ([[1.0], [2.0]], ["dog"], "2 rows and 1 ids"),
        ([1.0, 2.0], ["dog", "cat"], r"shape \(2,\)"),
        (np.zeros((2, 0)), ["dog", "cat"], r"shape \(2, 0\)"),
        ([[1.0], [2.0, 3.0]], ["dog", "cat"], "not a matrix"),
        ([["a"], ["b"]], ["dog", "cat"], "not numbers"),
        ([[1j], [2.0]], ["dog", "cat"], "not numbers"),
        (np.array([[1.0], [None]]), ["dog", "cat"], "not numbers"),
        (
            [[1.0], [np.inf]],
            ["dog", "cat"],
            "1 values that are not finite in float32, the first at row 1, column 0: inf",
        ),
        ([[1e300], [1.0]], ["dog", "cat"], "row 0, column 0: 1e\\+300"),
        ([[1.0], [2.0]], ["dog", 3], "not strings: 3"),
    ],
)
def test_a_matrix_that_does_not_fit_is_refused(matrix, ids, message):
    with pytest.raises(InputFormatError, match=message):
        MatrixFeatures(matrix, ids)


def test_the_users_array_is_neither_kept_nor_changed(toy_graph):
    given = np.ones((1, 2))
    features = MatrixFeatures(given, ["dog"]).fit(toy_graph, ["dog"])
    given[:] = 7
    np.testing.assert_array_equal(features.encode(toy_graph, ["dog"]), [[1, 1]])
    assert given.dtype == np.float64


def test_arrays_of_a_file_are_found_by_their_form_or_name(toy_graph, tmp_path):
    path = tmp_path / "f.npz"
    np.savez(path, node_ids=np.array(["dog", "cat"]), embedding=np.eye(2, dtype=np.float16), more=np.zeros(3))
    np.testing.assert_array_equal(MatrixFeatures.from_npz(path).matrix, np.eye(2))
    np.savez(path, a=np.array(["dog", "cat"]), x=np.eye(2), y=np.zeros((2, 3)))
    with pytest.raises(InputFormatError, match=r"2 arrays are a matrix of numbers, expected one; name it with matrix="):
        MatrixFeatures.from_npz(path)
    assert MatrixFeatures.from_npz(path, matrix="y").matrix.shape == (2, 3)
    with pytest.raises(InputFormatError, match="no array 'z'"):
        MatrixFeatures.from_npz(path, matrix="z")


def _archive(path, header: bytes, body: bytes):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header + body)


def _header(shape, dtype="<f4"):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": dtype, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def test_hostile_array_files_are_refused_before_they_are_read(tmp_path):
    path = tmp_path / "f.npz"
    np.savez(path, x=np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputFormatError, match="Python objects, which are not read"):
        MatrixFeatures.from_npz(path)
    _archive(path, _header((2**40, 2**20)), b"")
    with pytest.raises(ResourceLimitError, match="max_bytes="):
        MatrixFeatures.from_npz(path)
    _archive(path, _header((10, 10)), b"\0" * 399)
    with pytest.raises(IntegrityError, match="400 bytes for array 'x'"):
        MatrixFeatures.from_npz(path)
    whole = tmp_path / "whole.npz"
    np.savez(whole, ids=np.array(["dog"]), x=np.ones((1, 3)))
    size = len(whole.read_bytes())
    for cut in range(0, size, 17):
        path.write_bytes(whole.read_bytes()[:cut])
        with pytest.raises(IntegrityError):
            MatrixFeatures.from_npz(path)
    with pytest.raises(DataMissingError):
        MatrixFeatures.from_npz(tmp_path / "none.npz")


def test_a_flipped_byte_is_noticed(tmp_path):
    path = tmp_path / "f.npz"
    np.savez(path, ids=np.array(["dog"]), x=np.ones((1, 300)))
    content = bytearray(path.read_bytes())
    content[content.index(np.ones(300).tobytes()) + 5] ^= 1
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match="CRC"):
        MatrixFeatures.from_npz(path)


def test_states_with_missing_rows_are_refused(toy_graph):
    for features, key in ((MatrixFeatures([[1.0]], ["dog"]), "matrix"), (AttributeTable(FRAME), "values")):
        config, arrays = features.fit(toy_graph, ["dog"]).state()
        with pytest.raises(IntegrityError, match="rows"):
            type(features).from_state(config, {key: arrays[key][:0]})


def test_missing_rows_are_listed_at_once(toy_graph):
    with pytest.raises(MissingFeaturesError) as caught:
        AttributeTable(FRAME).fit(toy_graph, ["owl", "dog", "cat"])
    assert caught.value.ids == ("cat", "owl")
