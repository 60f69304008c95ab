"""The public contract checks, run over every built-in plug-in and over some that break their contract."""

from dataclasses import dataclass

import numpy as np
import pytest

from kgzsl.contracts import Supervision
from kgzsl.decision.propagators import PROPAGATORS
from kgzsl.errors import PluginError
from kgzsl.features import ENCODERS, AttributeTable, CombinedFeatures, MatrixFeatures, TextFeatures
from kgzsl.testing import check_encoder, check_propagator, example_graph


def _matrix():
    graph = example_graph()
    return MatrixFeatures(np.eye(len(graph), dtype=np.float32), ids=list(graph.ids))


@pytest.mark.parametrize(
    "name, options",
    [
        ("conse", {}),
        ("dgp", {"epochs": 3, "hidden": 8}),
        ("dgpm", {"epochs": 3, "hidden": 8}),
        ("eszsl", {}),
        ("gcnz", {"epochs": 3, "hidden": (8, 8)}),
        ("graph-gp", {}),
        ("sgcn", {"epochs": 3, "hidden": 8}),
    ],
)
def test_built_in_propagators_keep_the_contract(name, options):
    check_propagator(PROPAGATORS.load(name)(**options))


def test_no_built_in_propagator_is_left_unchecked():
    assert sorted(PROPAGATORS.builtin) == ["conse", "dgp", "dgpm", "eszsl", "gcnz", "graph-gp", "sgcn"]


@pytest.mark.parametrize(
    "encoder",
    [TextFeatures(), _matrix(), CombinedFeatures([TextFeatures(), _matrix()])],
    ids=lambda e: type(e).__name__,
)
def test_built_in_encoders_keep_the_contract(encoder):
    check_encoder(encoder)


def test_attribute_table_keeps_the_contract():
    graph = example_graph()
    check_encoder(AttributeTable({id_: {"length": float(place)} for place, id_ in enumerate(graph.ids)}))


@dataclass(frozen=True)
class _Forgetful:
    """Gives rows in the graph's order, whatever was asked for."""

    def fit(self, graph, concepts):
        return self

    def encode(self, graph, concepts):
        return np.arange(2 * len(concepts), dtype=np.float32).reshape(-1, 2)

    def state(self):
        return {}, {}

    @classmethod
    def from_state(cls, config, arrays):
        return cls()


def test_an_encoder_that_ignores_the_order_is_found_out():
    with pytest.raises(PluginError, match="_Forgetful: rows do not follow the order"):
        check_encoder(_Forgetful())


@dataclass(frozen=True)
class _Lopsided:
    """Its weights have no unit length."""

    def fit(self, index, features, supervision: Supervision):
        self_ = _FittedLopsided()
        object.__setattr__(self_, "classes", supervision.classes)
        return self_


@dataclass(frozen=True)
class _FittedLopsided:
    classes: tuple[str, ...] = ()
    report = {}

    def weights(self, index, features, *, concepts=None):
        return np.full((len(concepts), 5), 3.0, dtype=np.float32)


def test_a_propagator_without_unit_rows_is_found_out():
    with pytest.raises(PluginError, match="not of unit length"):
        check_propagator(_Lopsided())


def test_every_named_encoder_is_known():
    assert {"text", "sentence"} <= set(ENCODERS.names())
