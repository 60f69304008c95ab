"""The last compiled graph Gaussian processes, so that asking twice costs once."""

import zlib
from threading import Lock
from typing import Any

import numpy as np

from kgzsl.contracts import FloatArray
from kgzsl.graph.index import GraphIndex
from kgzsl.propagation.gp_terms import GPTerms

__all__ = ["TermsCache"]


class TermsCache:
    """Terms of the last two (index, features), found by identity; a features array that was written to is noticed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: list[tuple[GraphIndex, FloatArray, int, GPTerms]] = []

    def __reduce__(self) -> tuple[Any, ...]:
        # a copy or a pickle of a model travels without graph and features
        return (TermsCache, ())

    def get(self, index: GraphIndex, features: FloatArray) -> GPTerms | None:
        with self._lock:
            kept = list(self._kept)
        for known_index, known_features, checksum, terms in kept:
            if known_index is index and known_features is features and _checksum(features) == checksum:
                return terms
        return None

    def put(self, index: GraphIndex, features: FloatArray, terms: GPTerms) -> None:
        entry = (index, features, _checksum(features), terms)
        with self._lock:
            others = [kept for kept in self._kept if not (kept[0] is index and kept[1] is features)]
            self._kept = [entry, *others][:2]


def _checksum(features: FloatArray) -> int:
    return zlib.adler32(np.ascontiguousarray(features).data)
