"""Checks of encoders, propagators and sources."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.contracts import FloatArray, NodeEncoder, Propagator, Source, Supervision
from kgzsl.errors import InvalidGraphError, KgzslError, PluginError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.testing.examples import example_graph, example_supervision

__all__ = ["check_encoder", "check_propagator", "check_source", "require"]


def require(holds: bool, plugin: object, problem: str) -> None:
    """`PluginError` that names the plug-in, unless it holds."""
    if not holds:
        raise PluginError(f"{getattr(plugin, '__name__', type(plugin).__name__)}: {problem}")


def _same(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-5, atol=1e-6)


def _require_state(plugin: Any, config: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    try:
        json.dumps(config, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise PluginError(f"{type(plugin).__name__}: the first part of state() is not plain JSON: {error}") from error
    odd = [name for name, array in arrays.items() if not isinstance(array, np.ndarray) or array.dtype == object]
    require(not odd, plugin, f"the second part of state() has entries that are no plain arrays: {odd}")


def check_encoder(encoder: NodeEncoder, graph: KnowledgeGraph | None = None) -> None:
    """Whether an encoder gives one finite row a concept, the same each time and in each order, and can be saved.

    `graph` stands in for the example graph where the encoder knows only certain concepts.

    >>> from kgzsl.features import TextFeatures
    >>> from kgzsl.testing import check_encoder
    >>> check_encoder(TextFeatures(dim=3))
    """
    known = example_graph() if graph is None else graph
    ids = known.ids
    fitted = encoder.fit(known, ids)
    rows = fitted.encode(known, ids)
    require(isinstance(rows, np.ndarray) and rows.dtype == np.float32, fitted, "encode gives no float32 array")
    require(rows.ndim == 2 and len(rows) == len(ids), fitted, f"encode gave shape {rows.shape}, not a row a concept")
    require(bool(np.isfinite(rows).all()), fitted, "encode gave values that are not finite")
    require(_same(rows, fitted.encode(known, ids)), fitted, "two calls of encode differ")
    require(_same(rows[::-1], fitted.encode(known, ids[::-1])), fitted, "rows do not follow the order of the concepts")
    config, arrays = fitted.state()
    _require_state(fitted, config, arrays)
    again = type(fitted).from_state(json.loads(json.dumps(config)), arrays)
    require(_same(rows, again.encode(known, ids)), fitted, "from_state(*state()) is another encoder")


def check_propagator(propagator: Propagator) -> None:
    """Whether a propagator learns from seen weights, works on a larger graph, is repeatable, and can be saved.

    >>> from kgzsl.propagation import GraphGP
    >>> from kgzsl.testing import check_propagator
    >>> check_propagator(GraphGP())
    """
    graph, supervision = example_graph(), example_supervision()
    features = _example_features(graph)
    fitted = propagator.fit(graph.index, features, supervision)
    require(tuple(fitted.classes) == supervision.classes, fitted, "classes are not those of the supervision")
    require(isinstance(fitted.report, Mapping), fitted, "report is no mapping")
    give = _answers(fitted, supervision)
    rows = give(fitted, graph, features, ["tiger"])
    require(bool(np.isfinite(rows).all()), fitted, "answers for an unseen class are not finite")
    both = give(fitted, graph, features, ["tiger", "mammal"])
    require(_same(rows[0], both[0]), fitted, "the answer for a class depends on which others are asked for")
    again = propagator.fit(graph.index, features, supervision)
    require(_same(rows, give(again, graph, features, ["tiger"])), fitted, "two fits with one seed differ")
    config, arrays = fitted.state()
    _require_state(fitted, config, arrays)
    loaded = type(fitted).from_state(json.loads(json.dumps(config)), arrays)
    require(_same(rows, give(loaded, graph, features, ["tiger"])), fitted, "from_state(*state()) is another model")
    larger = graph.add_concepts([{"id": "aardwolf"}]).add_edges([("aardwolf", "is_a", "mammal")])
    grown = np.insert(features, larger.ids.index("aardwolf"), features[0], axis=0)
    new = give(fitted, larger, grown, ["aardwolf"])
    require(bool(np.isfinite(new).all()), fitted, "a concept that came after the fit gets no finite answer")


def check_source(reader: Source, location: str, *, absent: str | None = None) -> None:
    """Whether a source gives a sound graph, the same each time, accounts for its rows, and says what is not there.

    `location` is something small that it can read; `absent` something of the kind where nothing is (None: the location
    with more behind it). Where the report has `rows_read`, it must be the sum of what starts with `kept_`, `merged_`
    and `skipped_`.

    >>> import kgzsl
    >>> from kgzsl.testing import check_source, example_graph
    >>> def read_zoo(location):
    ...     if location != "zoo":
    ...         raise kgzsl.errors.DataMissingError(location, "there is no such zoo")
    ...     return example_graph()
    >>> check_source(read_zoo, "zoo")
    """
    graph, again = reader(location), reader(location)
    require(isinstance(graph, KnowledgeGraph), reader, f"gave {type(graph).__name__}, not a KnowledgeGraph")
    require(len(graph) > 0, reader, "gave a graph without concepts; an empty source is an error")
    require(graph.fingerprint == again.fingerprint, reader, "two readings differ")
    require(dict(graph.report) == dict(again.report), reader, "two readings report different counts")
    tables = (graph.concepts_table, graph.edges_table, graph.relations.values())
    try:
        checked = KnowledgeGraph.from_tables(*tables, name=graph.name)
    except InvalidGraphError as error:
        raise PluginError(f"{getattr(reader, '__name__', reader)}: its tables do not make a graph: {error}") from error
    require(checked.with_tables().fingerprint == graph.fingerprint, reader, "its tables are not sorted or complete")
    odd = [reason for reason, count in graph.report.items() if type(count) is not int or count < 0]
    require(not odd, reader, f"its report has entries that are no counts: {odd}")
    if "rows_read" in graph.report:
        parts = ("kept_", "merged_", "skipped_")
        total = sum(count for reason, count in graph.report.items() if reason.startswith(parts))
        read = graph.report["rows_read"]
        require(total == read, reader, f"read {read:,} rows, but accounts for {total:,} as kept, merged or skipped")
    missing = f"{location}-that-is-not-there" if absent is None else absent
    try:
        reader(missing)
    except KgzslError:
        return
    except Exception as error:
        raise PluginError(f"{getattr(reader, '__name__', reader)}: {missing!r} ends in a foreign {error!r}") from error
    require(False, reader, f"gave a graph for {missing!r}, where nothing is")


def _example_features(graph: KnowledgeGraph) -> FloatArray:
    return np.random.default_rng(1).normal(size=(len(graph), 7)).astype(np.float32)


def _answers(fitted: Any, supervision: Supervision) -> Any:
    """Scores if the model has its own, one row a class; weights otherwise."""
    dim = supervision.weights.shape[1]

    def scored(model: Any, graph: KnowledgeGraph, features: FloatArray, concepts: list[str]) -> NDArray[Any]:
        scores = np.asarray(model.scores(supervision.inputs, graph.index, features, concepts=concepts))
        require(scores.ndim == 2 and scores.shape[1] == len(concepts), model, f"scores have shape {scores.shape}")
        return scores.T

    def weighed(model: Any, graph: KnowledgeGraph, features: FloatArray, concepts: list[str]) -> NDArray[Any]:
        rows = np.asarray(model.weights(graph.index, features, concepts=concepts))
        require(rows.shape == (len(concepts), dim), model, f"weights have shape {rows.shape}")
        require(bool(np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)), model, "rows are not of unit length")
        return rows

    return scored if hasattr(fitted, "scores") else weighed
