"""A fitted classifier as a folder: safetensors, JSON and Parquet, every file with its checksum."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from kgzsl._registry import Registry
from kgzsl.classifier import ZeroShotClassifier
from kgzsl.contracts import State
from kgzsl.decision.addition import Addition
from kgzsl.decision.calibration import Calibration
from kgzsl.decision.classes import Classes
from kgzsl.decision.folder import MANIFEST, checked_files, swapped_in
from kgzsl.decision.inputs import InputScale
from kgzsl.decision.parameters import described_parameters, restored_parameters
from kgzsl.decision.problem import Problem
from kgzsl.decision.view import GraphView
from kgzsl.errors import InputFormatError, IntegrityError, KgzslError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.storage import STORED_FILES, read_tables, write_tables
from kgzsl.sources.catalog import load_graph

__all__ = ["FORMAT", "load_model", "save_model"]

FORMAT = 1
CARD, ARRAYS = "model.json", "arrays.safetensors"
_FILES = frozenset({MANIFEST, CARD, ARRAYS, *(f"graph/{name}" for name in STORED_FILES)})
_STORABLE = Registry(
    "stored part of a model",
    "kgzsl.stored",
    {
        "FittedGraphGP": "kgzsl.propagation.graph_gp:FittedGraphGP",
        "FittedNetwork": "kgzsl.propagation:FittedNetwork",
        "FittedConSE": "kgzsl.baselines:FittedConSE",
        "FittedESZSL": "kgzsl.baselines:FittedESZSL",
        "TextFeatures": "kgzsl.features:TextFeatures",
        "SentenceFeatures": "kgzsl.features:SentenceFeatures",
        "WordVectors": "kgzsl.features:WordVectors",
        "AttributeTable": "kgzsl.features:AttributeTable",
        "MatrixFeatures": "kgzsl.features:MatrixFeatures",
        "CombinedFeatures": "kgzsl.features:CombinedFeatures",
    },
)


def save_model(classifier: ZeroShotClassifier, folder: Path, *, overwrite: bool) -> Path:
    """Write a fitted classifier; see `ZeroShotClassifier.save`."""
    problem = classifier._fitted()
    arrays: dict[str, NDArray[Any]] = {"weights": problem.fitted_weights, "mean": problem.scale.mean}
    card = _card(classifier, problem, arrays)
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


def _card(classifier: ZeroShotClassifier, problem: Problem, arrays: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """All of the model that is not an array; arrays are put into `arrays`."""
    if problem.views:
        arrays["features"] = problem.views[0].features
    for number, addition in enumerate(problem.additions):
        arrays[f"addition/{number}/rows"] = addition.rows
        arrays[f"addition/{number}/weights"] = addition.weights
    labels = [label.item() if isinstance(label, np.generic) else label for label in problem.classes.labels]
    parameters = classifier.get_params(deep=False)
    del parameters["graph"]
    return {
        "kgzsl": _version(),
        "classes": {"labels": labels, "concepts": problem.classes.concepts, "num_seen": problem.classes.num_seen},
        "kind": problem.scale.kind,
        "calibration": dataclasses.asdict(problem.calibration),
        "relations": problem.relations,
        "model": _stored(problem.model, "model", arrays),
        "encoder": _stored(problem.encoder, "encoder", arrays),
        "additions": [
            {"label": a.label, "edges": a.edges, "definition": a.definition, "aliases": a.aliases, "new": a.new}
            for a in problem.additions
        ],
        "parameters": described_parameters(parameters),
    }


def _version() -> str:
    try:
        return version("kgzsl")
    except PackageNotFoundError:
        return "source"


def _stored(part: Any, name: str, arrays: dict[str, NDArray[Any]]) -> dict[str, Any] | None:
    if part is None:
        return None
    if not hasattr(part, "state"):
        raise InputFormatError(f"{type(part).__name__} cannot be saved: it has no state() and from_state()")
    state: State = part.state()
    arrays.update({f"{name}/{key}": array for key, array in state[1].items()})
    return {"type": type(part).__name__, "config": state[0], "arrays": sorted(state[1])}


def load_model(
    folder: str | Path, *, graph: KnowledgeGraph | None = None, types: tuple[type, ...] = ()
) -> ZeroShotClassifier:
    """Read a classifier that `ZeroShotClassifier.save` wrote.

    `graph` stands in for the stored one and must say the same. `types` are your own encoder and propagator classes
    that the model was fitted with. Raises `DataMissingError` where there is no model, `IntegrityError` where a file
    is missing, cut or altered, `VersionError` for a format of another release. Nothing in the folder is executed.

    `get_params` gives what the classifier was made with: names and plain values as they were (a tuple or an array as
    a list), our own propagators as equal objects. `features` that were an object, a table or a matrix are the fitted
    encoder, and a propagator of your own is what it had learned, which predicts but cannot be fitted again.
    `fit_report_` is not saved and is None.
    """
    place = Path(folder)
    files = checked_files(place, FORMAT)
    try:
        card = json.loads(files[CARD])
        arrays = load_tensors(files[ARRAYS])
        base = _found_graph(place, card["graph"], graph, files) if card.get("graph") is not None else None
        return _restored(card, arrays, base, {kind.__name__: kind for kind in types})
    except KgzslError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, SafetensorError) as error:
        # the checksums are right, so somebody made them fit to what is no model
        raise IntegrityError(place, expected="a saved classifier", found=f"{type(error).__name__}: {error}") from error


def _restored(
    card: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    base: KnowledgeGraph | None,
    types: Mapping[str, type],
) -> ZeroShotClassifier:
    known = card["classes"]
    first = len(known["labels"]) - len(card["additions"])
    classes = Classes(tuple(known["labels"][:first]), tuple(known["concepts"][:first]), known["num_seen"])
    relations = None if card["relations"] is None else tuple(card["relations"])
    calibration, scale = Calibration(**card["calibration"]), InputScale(card["kind"], arrays["mean"])
    weights = _checked_rows(arrays["weights"], first, scale.dim + (scale.kind == "linear"))
    problem = Problem(classes, scale, weights, calibration, relations=relations)
    if base is not None:
        view = GraphView(base.induced(classes.concepts, relations=relations), arrays["features"])
        _checked_rows(view.features, len(view.graph), view.dim)
        problem = dataclasses.replace(
            problem,
            base=base,
            graph=base,
            views=(view,),
            view_of=(0,) * first,
            model=_part(card["model"], "model", arrays, types),
            encoder=_part(card["encoder"], "encoder", arrays, types),
        )
    for number, stored in enumerate(card["additions"]):
        rows, row = (arrays[f"addition/{number}/{name}"] for name in ("rows", "weights"))
        stated = Addition.stated(stored["label"], map(tuple, stored["edges"]), stored["definition"], stored["aliases"])
        new = tuple(stored["new"])
        _checked_rows(rows, len(new), problem.views[0].dim)
        _checked_rows(row, 1, weights.shape[1])
        problem = problem.replayed(dataclasses.replace(stated, new=new, rows=rows, weights=row))
    parameters = {"features": problem.encoder, "propagator": problem.model, **restored_parameters(card["parameters"])}
    return ZeroShotClassifier(base, **parameters)._take(problem, None, num_inputs=scale.dim)


def _checked_rows(rows: NDArray[Any], num_rows: int, dim: int) -> NDArray[Any]:
    if rows.shape != (num_rows, dim) or not np.isfinite(rows).all():
        raise IntegrityError(ARRAYS, expected=f"finite numbers [{num_rows}, {dim}]", found=f"others, {rows.shape}")
    return rows


def _found_graph(
    place: Path, stored: Mapping[str, Any], given: KnowledgeGraph | None, files: Mapping[str, bytes]
) -> KnowledgeGraph:
    if given is not None:
        graph = given
    elif stored["shipped"]:
        graph = load_graph(stored["name"])
    else:
        inside = {name: files[f"graph/{name}"] for name in STORED_FILES}
        graph = read_tables(inside, location=place / "graph")
    if graph.fingerprint != stored["fingerprint"]:
        raise IntegrityError(
            f"graph {graph.name}",
            expected=f"the graph the model was fitted on (fingerprint {stored['fingerprint'][:12]})",
            found=graph.fingerprint[:12],
            advice="give the same graph, or fit again",
        )
    return graph


def _part(
    stored: Mapping[str, Any] | None, name: str, arrays: Mapping[str, NDArray[Any]], types: Mapping[str, type]
) -> Any:
    if stored is None:
        return None
    kind: Any = types.get(stored["type"]) or _STORABLE.load(stored["type"])
    return kind.from_state(stored["config"], {key: arrays[f"{name}/{key}"] for key in stored["arrays"]})
