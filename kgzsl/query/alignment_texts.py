"""How alike two texts are: the cosine of their words, rare words counting most."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kgzsl.graph.index import IntArray

__all__ = ["WordVectors", "cosines", "nearest_pairs", "words_in_common"]

_CHUNK = 2048
_MOST_PRODUCTS = 50_000_000
_KEPT = 16
_NEAR = 1 / 3

FloatArray = NDArray[np.float64]


class WordVectors:
    """Texts of two graphs as unit rows over the same words, weighted by log(1 + N / n) of the n texts of N they are in.

    Words are runs of letters and digits in lower case, a final s taken off those of four letters or more; how often a
    word stands in one text does not matter. A text without words is a row of zeros.
    """

    def __init__(self, first: pl.Series, second: pl.Series) -> None:
        self._lengths = (len(first), len(second))
        texts = pl.concat([first, second]).to_frame("text").with_row_index("row")
        words = pl.col("text").str.normalize("NFC").str.to_lowercase().str.extract_all(r"[^\W_]+").alias("word")
        table = texts.select("row", words).explode("word").drop_nulls()
        singular = pl.col("word").str.replace(r"^(.{3,}[^s])s$", "$1")
        table = table.select("row", singular).unique().sort("word", "row")
        self._row = table["row"].to_numpy().astype(np.int64)
        code = table["word"].rank("dense").cast(pl.Int64).to_numpy() - 1 if len(table) else np.zeros(0, np.int64)
        self._word = code.astype(np.int64)
        self.has_words = np.bincount(self._row, minlength=sum(self._lengths)) > 0

    def matrices(self) -> tuple[Any, Any]:
        """Csr arrays `[num texts, num words]` of the first texts and of the second."""
        from scipy import sparse  # 0.15 s that other questions need not wait for

        total, num_words = sum(self._lengths), int(self._word.max(initial=-1)) + 1
        spread = np.bincount(self._word, minlength=num_words)
        weight = np.log1p(total / np.maximum(spread, 1))[self._word]
        norm = np.sqrt(np.bincount(self._row, weights=weight**2, minlength=total))
        values = weight / norm[self._row]
        both = sparse.coo_array((values, (self._row, self._word)), shape=(total, num_words)).tocsr()
        return both[: self._lengths[0]], both[self._lengths[0] :]


def cosines(first: Any, second: Any, rows: IntArray, others: IntArray) -> FloatArray:
    """Cosine of row `rows[k]` of the first and row `others[k]` of the second, for every k."""
    found = np.zeros(len(rows))
    for start in range(0, len(rows), _CHUNK * 8):
        part = slice(start, start + _CHUNK * 8)
        found[part] = np.asarray(first[rows[part]].multiply(second[others[part]]).sum(axis=1)).ravel()
    return found


def words_in_common(first: Any, second: Any, rows: IntArray, others: IntArray) -> IntArray:
    """How many words row `rows[k]` of the first and row `others[k]` of the second share, for every k."""
    found = np.zeros(len(rows), dtype=np.int64)
    for start in range(0, len(rows), _CHUNK * 8):
        part = slice(start, start + _CHUNK * 8)
        found[part] = np.diff(first[rows[part]].multiply(second[others[part]]).tocsr().indptr)
    return found


def nearest_pairs(first: Any, second: Any, rows: IntArray, others: IntArray) -> tuple[IntArray, IntArray, int]:
    """Pairs of one of `rows` and one of `others` whose words have at least a third in common, at most 16 a row.

    Sorted by row. The commonest words are left out of this search (not of `cosines`) where it would need more than 50
    million products, so texts of common words alone may not be found; the third value is how many words.
    """
    left, right = first[rows], second[others]
    products = np.bincount(left.indices, minlength=left.shape[1]) * np.bincount(right.indices, minlength=left.shape[1])
    order = np.argsort(products, kind="stable")
    kept = np.zeros(left.shape[1])
    kept[order[np.cumsum(products[order]) <= _MOST_PRODUCTS]] = 1.0
    across = right.T.tocsr()
    found = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for start in range(0, len(rows), _CHUNK):
        scores = (left[start : start + _CHUNK].multiply(kept).tocsr() @ across).tocoo()
        near = np.flatnonzero(scores.data >= _NEAR)
        place, other = scores.coords[0][near], scores.coords[1][near]
        best = np.lexsort((other, -scores.data[near], place))
        rank = np.arange(len(best)) - np.searchsorted(place[best], place[best])
        best = best[rank < _KEPT]
        found.append((rows[start + place[best]], others[other[best]]))
    left_rows, right_rows = (np.concatenate(column) for column in zip(*found, strict=True))
    return left_rows, right_rows, int((kept == 0).sum())
