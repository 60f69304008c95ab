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
from kgzsl.decision.calibration import Calibration
from kgzsl.decision.classes import Classes
from kgzsl.decision.folder import checked_files, swapped_in
from kgzsl.decision.inputs import InputScale
from kgzsl.decision.problem import Addition, Problem
from kgzsl.decision.view import GraphView
from kgzsl.errors import InputFormatError, IntegrityError, KgzslError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.storage import read_tables, write_tables
from kgzsl.sources.catalog import load_graph

__all__ = ["FORMAT", "load_model", "save_model"]

FORMAT = 1
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
    if folder.exists() and not overwrite:
        raise FileExistsError(f"{folder} is there already; overwrite=True replaces it")
    with swapped_in(folder, FORMAT) as partial:
        arrays: dict[str, NDArray[Any]] = {"weights": problem.weights, "mean": problem.scale.mean}
        card = _card(classifier, problem, arrays)
        if problem.base is not None:
            card["graph"] = _stored_graph(problem.base, partial)
        contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        (partial / "arrays.safetensors").write_bytes(save_tensors(contiguous))
        text = json.dumps(card, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        (partial / "model.json").write_text(text, encoding="utf-8")
    return folder


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
        arrays[f"addition/{number}"] = addition.rows
    labels = [label.item() if isinstance(label, np.generic) else label for label in problem.classes.labels]
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
        "parameters": {
            name: value
            for name, value in classifier.get_params(deep=False).items()
            if name != "graph" and _is_plain(value)
        },
    }


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, str | int | float | bool)


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
    """
    place = Path(folder)
    files = checked_files(place, FORMAT)
    try:
        card = json.loads(files["model.json"])
        arrays = load_tensors(files["arrays.safetensors"])
        return _restored(place, card, arrays, graph, {kind.__name__: kind for kind in types})
    except (KeyError, TypeError, json.JSONDecodeError, SafetensorError) as error:
        raise IntegrityError(place, expected="a saved classifier", found=f"{type(error).__name__}: {error}") from error


def _restored(
    place: Path,
    card: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    graph: KnowledgeGraph | None,
    types: Mapping[str, type],
) -> ZeroShotClassifier:
    known = card["classes"]
    first = len(known["labels"]) - len(card["additions"])
    classes = Classes(tuple(known["labels"][:first]), tuple(known["concepts"][:first]), known["num_seen"])
    relations = None if card["relations"] is None else tuple(card["relations"])
    calibration, scale = Calibration(**card["calibration"]), InputScale(card["kind"], arrays["mean"])
    problem = Problem(classes, scale, arrays["weights"][:first], calibration, relations=relations)
    base = None
    if card.get("graph") is not None:
        base = _found_graph(place, card["graph"], graph)
        view = GraphView(base.induced(classes.concepts, relations=relations), arrays["features"])
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
            edges = tuple((head, relation, tail) for head, relation, tail in stored["edges"])
            addition = Addition(
                stored["label"],
                edges,
                stored["definition"],
                tuple(stored["aliases"]),
                tuple(stored["new"]),
                arrays[f"addition/{number}"],
            )
            problem = problem.replayed(addition, arrays["weights"][first + number : first + number + 1])
    parameters = {"features": problem.encoder, "propagator": problem.model, **card["parameters"]}
    return ZeroShotClassifier(base, **parameters)._take(problem, None, num_inputs=scale.dim)


def _found_graph(place: Path, stored: Mapping[str, Any], given: KnowledgeGraph | None) -> KnowledgeGraph:
    graph = (
        given
        if given is not None
        else load_graph(stored["name"])
        if stored["shipped"]
        else read_tables(place / "graph")
    )
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
