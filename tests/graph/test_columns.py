import polars as pl

from kgzsl.graph.columns import Columns


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
