"""The neighbourhood of some concepts, found one hop at a time."""

import zlib
from collections.abc import Sequence

import numpy as np
import polars as pl

from kgzsl.errors import UnknownConceptError
from kgzsl.sources.conceptnet_rows import Rows
from kgzsl.sources.tally import Tally

__all__ = ["Reach"]

_IDS = {"near": pl.String(), "far": pl.String()}


class Reach:
    """What lies within `hops` edges of the `roots`; grows by what is found to touch it.

    A root is an id without sense; where ids keep theirs, all its senses are roots. Of a concept with more than
    `max_degree` neighbours, so many are followed, drawn at random.
    """

    def __init__(
        self, roots: Sequence[str], *, hops: int, max_degree: int | None, random_state: int, tally: Tally
    ) -> None:
        self.roots = tuple(dict.fromkeys(roots))
        self.hops = hops
        self._max_degree = max_degree
        self._seed = random_state
        self._tally = tally
        self.found_roots: tuple[str, ...] = ()
        self._reached: set[str] = set(self.roots)
        self._frontier: set[str] = set(self.roots)
        self._done = 0

    @property
    def is_growing(self) -> bool:
        """Whether another hop is to be made; the first is made in any case, to see that the roots are there."""
        return self._done < max(self.hops, 1) and bool(self._frontier)

    @property
    def frontier(self) -> list[str]:
        """The concepts reached last, sorted."""
        return sorted(self._frontier)

    @property
    def ids(self) -> list[str]:
        """All that is reached, sorted."""
        return sorted(self._reached)

    def touching(self, rows: pl.DataFrame) -> pl.Series:
        """Rows with an end among the concepts reached last."""
        held = _series(self._frontier).implode()
        is_near = pl.any_horizontal(pl.col("start_id", "end_id").is_in(held).fill_null(value=False))
        if not self._done:
            plain = pl.col("start_plain", "end_plain").is_in(_series(self.roots).implode())
            is_near |= pl.any_horizontal(plain.fill_null(value=False))
        return rows.select(is_near.alias("near"))["near"]

    def within(self, rows: pl.DataFrame) -> pl.Series:
        """Rows with both ends reached; of those with one end, that one."""
        held = _series(self._reached).implode()
        is_near = pl.col("start_id").is_in(held) & pl.col("end_id").is_in(held).fill_null(value=True)
        return rows.select(is_near.alias("near"))["near"]

    def grow(self, rows: Rows) -> None:
        """Take the hop that these rows make; `UnknownConceptError` if a root is in none of them."""
        pairs = pl.concat(
            [
                rows.edges.select(pl.col(near).alias("near"), pl.col(far).alias("far"))
                for near, far in (("start_id", "end_id"), ("end_id", "start_id"))
            ]
        ).unique()
        if not self._done:
            self._find_roots(pl.concat([pairs["near"], rows.pages["id"]]).unique())
        self._done += 1
        if self.hops:
            beside = pairs.filter(
                pl.col("near").is_in(_series(self._frontier).implode()) & (pl.col("near") != pl.col("far"))
            )
            self._frontier = set(self._followed(beside)) - self._reached
            self._reached |= self._frontier

    def _find_roots(self, ids: pl.Series) -> None:
        plain = ids.str.extract(r"^(/c/[^/]+/[^/]+)")
        missing = sorted(set(self.roots) - set(plain))
        if missing:
            others = f"and {len(missing) - 1} more of around=; " if len(missing) > 1 else ""
            raise UnknownConceptError(
                missing[0],
                graph="conceptnet",
                num_concepts=len(ids),
                hint=f"{others}no row that was chosen names it; concepts that touch around= are counted here",
            )
        self.found_roots = tuple(ids.filter(plain.is_in(_series(self.roots).implode())).unique().sort())
        self._frontier = set(self.found_roots)
        self._reached = set(self.found_roots)

    def _followed(self, beside: pl.DataFrame) -> list[str]:
        """The far ends, of hubs only as many as are allowed."""
        if self._max_degree is None:
            return beside["far"].unique().to_list()
        degrees = beside.group_by("near").len()
        hubs = degrees.filter(pl.col("len") > self._max_degree)
        followed = beside.join(hubs, on="near", how="anti")["far"].to_list()
        for hub in hubs["near"].sort():
            far = beside.filter(pl.col("near") == hub)["far"].sort()
            rng = np.random.default_rng([self._seed, zlib.crc32(hub.encode())])
            followed += far.gather(rng.choice(len(far), self._max_degree, replace=False)).to_list()
        self._tally.count("hubs_capped", len(hubs))
        self._tally.count("neighbours_not_followed", int((hubs["len"] - self._max_degree).sum()))
        return followed


def _series(ids: set[str] | Sequence[str]) -> pl.Series:
    return pl.Series(sorted(ids), dtype=pl.String)
