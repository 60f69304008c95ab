"""The public contract checks, run over every built-in plug-in and over some that break their contract."""

from dataclasses import dataclass, fields

import numpy as np
import pytest

from kgzsl.baselines import CLIPStyle, FittedCLIPStyle
from kgzsl.contracts import Supervision
from kgzsl.decision.propagators import PROPAGATORS
from kgzsl.errors import InputFormatError, PluginError
from kgzsl.features import ENCODERS, AttributeTable, CombinedFeatures, MatrixFeatures, TextFeatures
from kgzsl.testing import check_encoder, check_propagator, example_graph


def _matrix():
    graph = example_graph()
    return MatrixFeatures(np.eye(len(graph), dtype=np.float32), ids=list(graph.ids))


@pytest.mark.parametrize(
    "name, options",
    [
        ("ale", {"epochs": 2}),
        ("conse", {}),
        ("dap", {}),
        ("devise", {"epochs": 2}),
        ("dgp", {"epochs": 3, "hidden": 8}),
        ("dgpm", {"epochs": 3, "hidden": 8}),
        ("eszsl", {}),
        ("exem", {}),
        ("gcnz", {"epochs": 3, "hidden": (8, 8)}),
        ("graph-gp", {}),
        ("iap", {}),
        ("prototype", {}),
        ("rgcn", {"epochs": 3, "hidden": (8,)}),
        ("sae", {}),
        ("sgcn", {"epochs": 3, "hidden": 8}),
        ("sje", {"epochs": 2}),
        ("sync", {}),
    ],
)
def test_built_in_propagators_keep_the_contract(name, options):
    check_propagator(PROPAGATORS.load(name)(**options))


@dataclass(frozen=True)
class _SharedSpace:
    """CLIP-style scores of the first five features, as wide as the inputs that the check makes."""

    def fit(self, index, features, supervision):
        return _FittedSharedSpace.of(CLIPStyle().fit(index, features[:, :5], supervision))


@dataclass(frozen=True)
class _FittedSharedSpace(FittedCLIPStyle):
    @classmethod
    def of(cls, fitted):
        return cls(**{each.name: getattr(fitted, each.name) for each in fields(fitted)})

    def scores(self, inputs, index, features, *, concepts=None):
        return super().scores(inputs, index, features[:, :5], concepts=concepts)


def test_clip_style_scores_keep_the_contract_where_inputs_and_features_are_of_one_width():
    check_propagator(_SharedSpace())
    with pytest.raises(InputFormatError, match="features have 7 columns, and inputs 5"):
        check_propagator(CLIPStyle())


def test_no_built_in_propagator_is_left_unchecked():
    assert sorted(PROPAGATORS.builtin) == [
        "ale",
        "clip",
        "conse",
        "dap",
        "devise",
        "dgp",
        "dgpm",
        "eszsl",
        "exem",
        "gcnz",
        "graph-gp",
        "iap",
        "prototype",
        "rgcn",
        "sae",
        "sgcn",
        "sje",
        "sync",
    ]


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
