"""A fitted classifier as a folder: safetensors, JSON and Parquet, every file with its checksum."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save as save_tensors

from kgzsl._version import __version__
from kgzsl.contracts import State
from kgzsl.decision.folder import MANIFEST, swapped_in
from kgzsl.decision.parameters import described_parameters
from kgzsl.decision.problem import Problem
from kgzsl.errors import InputFormatError, KgzslError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.storage import STORED_FILES, write_tables
from kgzsl.sources.catalog import load_graph

__all__ = ["ARRAYS", "CARD", "FORMAT", "save_model"]

FORMAT = 1
CARD, ARRAYS = "model.json", "arrays.safetensors"
_APART = ("graph", "show_progress")
"""Parameters of the estimator that its card does not have: one is stored by itself, the other is for who looks on."""
_FILES = frozenset({MANIFEST, CARD, ARRAYS, *(f"graph/{name}" for name in STORED_FILES)})


def save_model(
    problem: Problem, parameters: Mapping[str, Any], folder: Path, *, columns: Sequence[str] = (), overwrite: bool
) -> Path:
    """Write a fitted problem and the parameters of its estimator; see `ZeroShotClassifier.save`.

    `columns` are the names that the columns of its inputs had, if they had any.
    """
    arrays: dict[str, NDArray[Any]] = {"weights": problem.fitted_weights, "mean": problem.scale.mean}
    card = {**_card(problem, parameters, arrays), "columns": list(columns)}
    with swapped_in(folder, FORMAT, overwrite=overwrite, known=_FILES) as partial:
        if problem.base is not None:
            card["graph"] = _stored_graph(problem.base, partial)
        contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        (partial / ARRAYS).write_bytes(save_tensors(contiguous))
        (partial / CARD).write_text(_as_json(card), encoding="utf-8")
    return folder


def _as_json(card: Mapping[str, Any]) -> str:
    try:
        return json.dumps(card, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputFormatError(f"this classifier holds what cannot be written as JSON: {error}") from error


def _stored_graph(graph: KnowledgeGraph, partial: Path) -> dict[str, Any]:
    """How the graph is found again: a shipped one by its name, any other one written beside the model."""
    shipped = _shipped(graph.name)
    is_shipped = shipped is not None and (shipped is graph or shipped.fingerprint == graph.fingerprint)
    if not is_shipped:
        (partial / "graph").mkdir()
        write_tables(graph, partial / "graph")
    return {"name": graph.name, "fingerprint": graph.fingerprint, "shipped": is_shipped}


def _shipped(name: str) -> KnowledgeGraph | None:
    try:
        return load_graph(name)
    except KgzslError:
        return None


def _card(problem: Problem, parameters: Mapping[str, Any], arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """All of the model that is not an array; arrays are put into `arrays`."""
    if problem.pretended is not None:
        arrays.update(problem.pretended.arrays("pretended"))
    if problem.hubness is not None and problem.offsets is not None:
        arrays["hubness/bank"], arrays["hubness/offsets"] = problem.hubness.bank, problem.offsets
    if problem.views:
        arrays["features"] = problem.views[0].features
    for number, addition in enumerate(problem.additions):
        arrays[f"addition/{number}/rows"] = addition.rows
        arrays[f"addition/{number}/weights"] = addition.weights
    labels = [label.item() if isinstance(label, np.generic) else label for label in problem.classes.labels]
    return {
        "kgzsl": __version__,
        "classes": {"labels": labels, "concepts": problem.classes.concepts, "num_seen": problem.classes.num_seen},
        "kind": problem.scale.kind,
        "calibration": dataclasses.asdict(problem.calibration),
        "pretended": 0 if problem.pretended is None else len(problem.pretended.folds),
        "hubness": None if problem.hubness is None else problem.hubness.kind,
        "relations": problem.relations,
        "model": _stored(problem.model, "model", arrays),
        "encoder": _stored(problem.encoder, "encoder", arrays),
        "additions": [
            {"label": a.label, "edges": a.edges, "definition": a.definition, "aliases": a.aliases, "new": a.new}
            | {"borrowed": a.borrowed, "relations": [dataclasses.asdict(relation) for relation in a.relations]}
            for a in problem.additions
        ],
        "parameters": described_parameters({name: value for name, value in parameters.items() if name not in _APART}),
    }


def _stored(part: Any, name: str, arrays: dict[str, NDArray[Any]]) -> dict[str, Any] | None:
    if part is None:
        return None
    if not hasattr(part, "state"):
        raise InputFormatError(f"{type(part).__name__} cannot be saved: it has no state() and from_state()")
    state: State = part.state()
    arrays.update({f"{name}/{key}": array for key, array in state[1].items()})
    return {"type": type(part).__name__, "config": state[0], "arrays": sorted(state[1])}
