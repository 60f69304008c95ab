"""What the messages of a layer are multiplied with, one matrix or one for each relation, for many gates at once."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from kgzsl.graph.index import IntArray

__all__ = ["Change", "LayerMatrices"]


class Change:
    """What differs in each column from the first: `values` `[k, channels]` at `row` and `column` `[k]`.

    `slot` `[num_rows, n]` is the place among these, -1 where nothing differs.
    """

    def __init__(self, row: Tensor, column: Tensor, values: Tensor, slot: Tensor) -> None:
        self.row, self.column, self.values, self.slot = row, column, values, slot


class LayerMatrices:
    """The matrices of a layer `[in_channels, out_channels]`, and which of its entries pass which.

    `matrix` is the place of each entry's matrix and `row` the row that it starts from, or leads to. A pair of these is
    a *stop*: messages are multiplied with a matrix at a row's stop for it, not once an entry. `stop` `[num_entries]`
    is that of each entry; with one matrix the stops are the rows.
    """

    def __init__(self, matrices: Sequence[Tensor], matrix: IntArray, row: IntArray, num_rows: int) -> None:
        self.matrices = tuple(matrices)
        keys, stop = np.arange(num_rows), row
        if len(self.matrices) > 1:
            keys, stop = np.unique(matrix * num_rows + row, return_inverse=True)
        self.stop, self.num_stops = torch.from_numpy(np.asarray(stop, dtype=np.int64)), len(keys)
        ends = np.searchsorted(keys, np.arange(1, len(self.matrices)) * num_rows)
        self._rows = [torch.from_numpy(part) for part in np.split(keys % max(num_rows, 1), ends)]
        place = np.full((len(self.matrices), num_rows), -1, dtype=np.int64)
        place.reshape(-1)[keys] = np.arange(len(keys))
        self._place = torch.from_numpy(place)

    @property
    def in_channels(self) -> int:
        """Of each matrix."""
        return int(self.matrices[0].shape[0])

    @property
    def out_channels(self) -> int:
        """Of each matrix."""
        return int(self.matrices[0].shape[1])

    def times(self, rows: Tensor) -> Tensor:
        """At the stops of rows `[num_rows, (n,) in_channels]`, these times the matrix."""
        if len(self.matrices) == 1:
            return rows @ self.matrices[0]
        return torch.cat([rows[here] @ matrix for here, matrix in zip(self._rows, self.matrices, strict=True)])

    def changed(self, change: Change) -> Change:
        """What differs at stops, of what differs at rows."""
        if len(self.matrices) == 1:
            return Change(change.row, change.column, change.values @ self.matrices[0], change.slot)
        stops, columns, values = [], [], []
        for place, matrix in zip(self._place, self.matrices, strict=True):
            stop = place[change.row]
            kept = stop >= 0
            stops.append(stop[kept])
            columns.append(change.column[kept])
            values.append(change.values[kept] @ matrix)
        row, column = torch.cat(stops), torch.cat(columns)
        slot = torch.full((self.num_stops, change.slot.shape[1]), -1, dtype=torch.int64)
        slot[row, column] = torch.arange(len(row))
        return Change(row, column, torch.cat(values), slot)

    def read(self, arrived: Tensor, rows: Tensor) -> Tensor:
        """Of what arrived at stops `[num_stops, (n,) in_channels]`, for some rows the sum over their matrices."""
        if len(self.matrices) == 1:
            return arrived[rows] @ self.matrices[0]
        found = arrived.new_zeros(len(rows), *arrived.shape[1:-1], self.out_channels)
        for place, matrix in zip(self._place, self.matrices, strict=True):
            stop = place[rows]
            (kept,) = (stop >= 0).nonzero(as_tuple=True)
            found = found.index_add(0, kept, arrived[stop[kept]] @ matrix)
        return found

    def read_changed(self, arrived: Tensor, change: Change, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Places among `rows` and columns of gates at which something differs, and what `read` is there.

        What arrives differently is added to what arrived `[num_stops, in_channels]` before it is multiplied.
        """
        stops = [place[rows] for place in self._place]
        touched = torch.zeros(len(rows), change.slot.shape[1], dtype=torch.bool)
        for stop in stops:
            touched |= (change.slot[stop] >= 0) & (stop >= 0)[:, None]
        member, column = touched.nonzero(as_tuple=True)
        found = arrived.new_zeros(len(member), self.out_channels)
        for stop, matrix in zip(stops, self.matrices, strict=True):
            (kept,) = (stop[member] >= 0).nonzero(as_tuple=True)
            here = stop[member[kept]]
            at = change.slot[here, column[kept]]
            whole = arrived[here]
            whole[at >= 0] += change.values[at[at >= 0]]
            found[kept] += whole @ matrix
        return member, column, found
