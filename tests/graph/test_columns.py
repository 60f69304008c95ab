import numpy as np
import polars as pl

from kgzsl.graph.columns import Columns, Rows


def test_columns_are_read_when_asked_for_and_once():
    reads = []
    table = pl.LazyFrame({"a": [1, 2], "b": [[1], []], "c": ["x", "y"]}).with_columns(
        pl.col("c").map_batches(lambda column: reads.append("c") or column, return_dtype=pl.String)
    )
    columns = Columns(table)
    assert columns.names == ("a", "b", "c")
    assert (columns.cell(1, "a"), columns.cell(0, "b"), reads) == (2, [1], [])
    assert (columns.cell(0, "c"), columns.cell(1, "c"), reads) == ("x", "y", ["c"])


def test_few_and_many_rows_are_gathered_alike():
    columns = Columns(pl.DataFrame({"a": [str(row) for row in range(200)], "b": [[row] for row in range(200)]}))
    rows = list(range(0, 200, 3))
    for name in ("a", "b"):
        assert columns.gathered(rows, name) == [columns.gathered([row], name)[0] for row in rows]
    assert columns.gathered([], "a") == []
    assert columns.table.shape == (200, 2)


def test_rows_of_columns_have_columns_of_their_own_instead():
    whole = Columns(pl.DataFrame({"a": [5, 6, 7], "b": [["x"], [], ["y", "z"]], "c": ["k", "l", "m"]}))
    part = Columns(Rows(whole, np.array([0, 2]), {"a": np.array([1, 0])}))
    inner = Columns(Rows(part, np.array([1]), {"a": np.array([9])}))
    assert part.names == inner.names == ("a", "b", "c")
    assert [part.cell(row, name) for row in (0, 1) for name in part.names] == [1, ["x"], "k", 0, ["y", "z"], "m"]
    assert [inner.cell(0, name) for name in inner.names] == [9, ["y", "z"], "m"]
    assert [column.to_list() for column in part.series("c", "a")] == [["k", "m"], [1, 0]]
    assert part.table.rows() == [(1, ["x"], "k"), (0, ["y", "z"], "m")]
    assert inner.table.rows() == [(9, ["y", "z"], "m")]
    assert part.gathered([1, 0], "b") == [["y", "z"], ["x"]]
