"""Reading a saved classifier back, checked before anything of it is used."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors

from kgzsl._registry import Registry
from kgzsl.classifier import ZeroShotClassifier
from kgzsl.decision.addition import Addition
from kgzsl.decision.calibration import Calibration
from kgzsl.decision.checking import path_of
from kgzsl.decision.classes import Classes
from kgzsl.decision.folder import checked_files
from kgzsl.decision.hubness import HUBNESS, Hubness
from kgzsl.decision.inputs import InputScale
from kgzsl.decision.parameters import restored_parameters
from kgzsl.decision.pretended import Pretended
from kgzsl.decision.problem import Problem
from kgzsl.decision.view import GraphView
from kgzsl.errors import IntegrityError, KgzslError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation
from kgzsl.graph.storage import STORED_FILES, read_tables
from kgzsl.saving import ARRAYS, CARD, FORMAT
from kgzsl.sources.catalog import load_graph

__all__ = ["load_model"]

_STORABLE = Registry(
    "stored part of a model",
    "kgzsl.stored",
    {
        "FittedGraphGP": "kgzsl.propagation.graph_gp:FittedGraphGP",
        "FittedNetwork": "kgzsl.propagation:FittedNetwork",
        "FittedConSE": "kgzsl.baselines:FittedConSE",
        "FittedESZSL": "kgzsl.baselines:FittedESZSL",
        "FittedCLIPStyle": "kgzsl.baselines:FittedCLIPStyle",
        "FittedDAP": "kgzsl.baselines:FittedDAP",
        "FittedEXEM": "kgzsl.baselines:FittedEXEM",
        "FittedIAP": "kgzsl.baselines:FittedIAP",
        "FittedPrototype": "kgzsl.baselines:FittedPrototype",
        "FittedRanking": "kgzsl.baselines:FittedRanking",
        "FittedSAE": "kgzsl.baselines:FittedSAE",
        "FittedSynC": "kgzsl.baselines:FittedSynC",
        "TextFeatures": "kgzsl.features:TextFeatures",
        "SentenceFeatures": "kgzsl.features:SentenceFeatures",
        "WordVectors": "kgzsl.features:WordVectors",
        "AttributeTable": "kgzsl.features:AttributeTable",
        "MatrixFeatures": "kgzsl.features:MatrixFeatures",
        "CombinedFeatures": "kgzsl.features:CombinedFeatures",
    },
)


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

    >>> import tempfile
    >>> import kgzsl
    >>> from kgzsl.testing import example_classifier
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     saved = example_classifier().save(f"{folder}/model")
    ...     kgzsl.load_model(saved).predict([[0, 0, 1, 0, 1, 0]]).tolist()
    ['tiger']
    """
    place = path_of(folder)
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
    classes, calibration, scale = _plain_parts(card, arrays)
    first = len(classes.labels)
    relations = None if card["relations"] is None else tuple(card["relations"])
    weights = _checked_rows(arrays["weights"], first, scale.dim + (scale.kind == "linear"))
    problem = Problem(classes, scale, weights, calibration, relations=relations, **_kept_parts(card, arrays, classes))
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
        _require(problem.encoder is not None and problem.model is not None, "an encoder and a propagator")
        taught = sorted(getattr(problem.model, "classes", ()))
        _require(taught == sorted(classes.concepts[: classes.num_seen]), "a propagator of the same seen classes")
    for number, stored in enumerate(card["additions"]):
        rows, row = (arrays[f"addition/{number}/{name}"] for name in ("rows", "weights"))
        described = [Relation(**relation) for relation in stored.get("relations", ())]
        edges = map(tuple, stored["edges"])
        stated = Addition.stated(stored["label"], edges, stored["definition"], stored["aliases"], described)
        new, borrowed = tuple(stored["new"]), tuple(stored["borrowed"])
        _require(set(borrowed) <= set(new), "rows borrowed by new concepts only")
        _checked_rows(rows, len(new), problem.views[0].dim)
        _checked_rows(row, 1, weights.shape[1])
        before = problem.views[-1].graph
        problem = problem.replayed(dataclasses.replace(stated, new=new, rows=rows, weights=row, borrowed=borrowed))
        brought = [id_ for id_ in problem.views[-1].graph.ids if id_ not in before]
        _require(sorted(new) == brought, "the concepts that the class brings along")
    parameters = {"features": problem.encoder, "propagator": problem.model, **restored_parameters(card["parameters"])}
    columns = [str(name) for name in card.get("columns", ())]
    _require(len(columns) in (0, scale.dim), "a name for each column of the inputs, or none")
    return ZeroShotClassifier(base, **parameters)._take(problem, None, num_inputs=scale.dim, columns=columns)


def _plain_parts(
    card: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> tuple[Classes, Calibration, InputScale]:
    """The classes of the fit, the correction and the scale of inputs, as far as they make sense."""
    known, num_seen = card["classes"], card["classes"]["num_seen"]
    labels, concepts = tuple(known["labels"]), tuple(known["concepts"])
    first = len(labels) - len(card["additions"])
    _require(len(labels) == len(concepts), "a concept for each class")
    _require(type(num_seen) is int and 1 <= num_seen <= first, "at least one seen class and no more than all")
    calibration = Calibration(**card["calibration"])
    held_back_from = calibration.gamma if calibration.held_back_from is None else calibration.held_back_from
    for value in (calibration.gamma, calibration.temperature, held_back_from):
        _require(isinstance(value, int | float) and math.isfinite(value), "a finite gamma and temperature")
    _require(calibration.temperature > 0, "a temperature above 0")
    _require(calibration.at_bound in ("", "low", "high"), "a known bound of the temperature")
    _require(card["kind"] in ("linear", "prototype"), "inputs of a known kind")
    _require(all(np.isfinite(array).all() for array in arrays.values() if array.dtype.kind == "f"), "finite numbers")
    scale = InputScale(card["kind"], arrays["mean"])
    _require(scale.mean.ndim == 1, "one mean input")
    return Classes(labels[:first], concepts[:first], num_seen), calibration, scale


def _kept_parts(card: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], classes: Classes) -> dict[str, Any]:
    """Folds to calibrate on and the correction of hubs; models of earlier releases have neither."""
    found: dict[str, Any] = {}
    num_folds, kind = card.get("pretended", 0), card.get("hubness")
    _require(type(num_folds) is int and 0 <= num_folds <= classes.num_seen, "a number of folds")
    if num_folds:
        found["pretended"] = Pretended.from_arrays(arrays, "pretended", num_folds, classes.num_seen)
    if card.get("graph") is not None:
        found["offsets"] = np.zeros(len(classes.labels))
    if kind is not None:
        _require(kind in HUBNESS, "a known correction of hubs")
        bank, offsets = arrays["hubness/bank"], arrays["hubness/offsets"]
        _checked_rows(bank, len(bank), arrays["weights"].shape[1])
        _require(offsets.ndim == 1 and len(offsets) >= len(classes.labels), "what is taken off each class")
        found.update(hubness=Hubness(kind, bank), offsets=offsets[: len(classes.labels)])
    return found


def _require(holds: bool, expected: str) -> None:
    if not holds:
        raise IntegrityError(CARD, expected=expected, found="something else")


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
