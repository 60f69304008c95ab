"""From whatever a user hands in as features to an encoder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kgzsl.contracts import NodeEncoder
from kgzsl.errors import DataMissingError, InputFormatError, PluginError
from kgzsl.features.attributes import AttributeTable
from kgzsl.features.matrix import MatrixFeatures
from kgzsl.features.registry import ENCODERS
from kgzsl.features.word_vectors import WordVectors
from kgzsl.graph.knowledge_graph import KnowledgeGraph

__all__ = ["resolve_features"]

_NEEDS_ARGUMENTS = {
    "attributes": "a table: pass the DataFrame, the mapping or the path itself",
    "combined": "encoders: pass CombinedFeatures((first, second)) itself",
    "matrix": "a matrix and its ids: pass (matrix, ids) itself",
    "word-vectors": "a file: pass its path itself",
}
_TABLES = frozenset({".csv", ".tsv", ".parquet"})
_FILES = _TABLES | {".npz", ".txt", ".vec", ".bin", ".gz"}


def resolve_features(features: Any, graph: KnowledgeGraph) -> NodeEncoder:
    """The encoder, not yet fitted, that is meant by a name, a path, data or an encoder object.

    A name is built in ("text", "sentence") or offered by a package. A path leads to a table of attributes (.csv, .tsv,
    .parquet), a matrix with ids (.npz) or word vectors (anything else). Data are `(matrix, ids)`, a mapping from ids
    to rows or to attributes, a DataFrame whose first column holds ids, or a matrix with one row for each concept of
    `graph`, in the order of `graph.ids`. Any object with the methods of `NodeEncoder` is returned as it is.

    >>> import polars as pl
    >>> from kgzsl.graph import KnowledgeGraph
    >>> edges = pl.DataFrame({"head": ["cat"], "relation": ["is_a"], "tail": ["animal"]})
    >>> kg = KnowledgeGraph.from_tables(pl.DataFrame({"id": ["animal", "cat"]}), edges)
    >>> resolve_features("text", kg)
    TextFeatures(corpus='concepts', dim=500, missing='error', random_state=None)
    >>> resolve_features({"animal": [1, 0], "cat": [0, 1]}, kg)
    MatrixFeatures(2 rows of 2 numbers, missing='error')
    """
    if isinstance(features, str | Path):
        return _named(features) if isinstance(features, str) else _from_path(features)
    if isinstance(features, type):
        raise InputFormatError(f"features is the class {features.__name__}; pass an instance of it")
    return features if isinstance(features, NodeEncoder) else _from_data(features, graph)


def _from_data(features: Any, graph: KnowledgeGraph) -> NodeEncoder:
    if isinstance(features, tuple) and len(features) == 2:
        matrix, ids = features
        return MatrixFeatures(matrix, list(ids))
    if isinstance(features, Mapping):
        if features and all(isinstance(row, Mapping) for row in features.values()):
            return AttributeTable(features)
        return MatrixFeatures(list(features.values()), list(features))
    if isinstance(features, np.ndarray):
        return _whole_graph(features, graph)
    if hasattr(features, "columns"):
        return AttributeTable(features)
    raise InputFormatError(
        f"features is {type(features).__name__}, which is no name, path, (matrix, ids), mapping, DataFrame or encoder; "
        f"names are {', '.join(ENCODERS.names())}"
    )


def _named(text: str) -> NodeEncoder:
    if text in _NEEDS_ARGUMENTS:
        raise InputFormatError(f"features={text!r} needs {_NEEDS_ARGUMENTS[text]}")
    path = Path(text)
    if text not in ENCODERS.builtin and (path.is_file() or path.suffix.lower() in _FILES or len(path.parts) > 1):
        return _from_path(path)
    offered = ENCODERS.load(text)
    encoder = offered() if callable(offered) else offered
    if not isinstance(encoder, NodeEncoder):
        raise PluginError(
            f"the encoder {text!r} is a {type(encoder).__name__} without fit, encode, state or from_state"
        )
    return encoder


def _from_path(path: Path) -> NodeEncoder:
    if not path.is_file():
        raise DataMissingError(path, "no such file; expected word vectors, a table of attributes or a .npz matrix")
    suffix = path.suffix.lower()
    if suffix in _TABLES:
        return AttributeTable(path)
    return MatrixFeatures.from_npz(path) if suffix == ".npz" else WordVectors(path)


def _whole_graph(matrix: Any, graph: KnowledgeGraph) -> NodeEncoder:
    if matrix.ndim != 2 or len(matrix) != len(graph):
        raise InputFormatError(
            f"a matrix without ids has one row for each of the {len(graph):,} concepts of graph {graph.name}, in the "
            f"order of its ids; this one has shape {matrix.shape}; pass (matrix, ids) instead"
        )
    return MatrixFeatures(matrix, graph.ids)
