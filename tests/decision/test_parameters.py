import json
from dataclasses import dataclass

import numpy as np
import pytest

from kgzsl.baselines import ALE, DAP, ESZSL, EXEM, IAP, SAE, SJE, CLIPStyle, ConSE, DeViSE, Prototype, SynC
from kgzsl.decision.parameters import described_parameters, restored_parameters
from kgzsl.decision.propagators import PROPAGATORS, resolve_propagator
from kgzsl.errors import InputFormatError, UnknownNameError
from kgzsl.propagation import DGP, DGPM, GCNZ, RGCN, SGCN
from kgzsl.propagation.gp_settings import GPSettings
from kgzsl.propagation.graph_gp import GraphGP

SETTINGS = GPSettings.of(text=1, walk=2, walk_beta=3.0)
OURS = [
    GraphGP(settings=SETTINGS, candidates=(SETTINGS, SETTINGS), relations=("is_a",)),
    SGCN(hidden=3),
    GCNZ(hidden=(2, 3)),
    DGP(num_groups=2),
    DGPM(),
    RGCN(num_bases=3),
    ConSE(temperature=0.3),
    ESZSL(input_ridge=2.0),
    DAP(ridge=0.5),
    IAP(temperature=0.3),
    DeViSE(epochs=3),
    ALE(learning_rate=0.5),
    SJE(batch_size=7),
    SAE(direction="encode"),
    SynC(bandwidth=0.5),
    EXEM(standardize=False),
    Prototype(ridge=2.0),
    CLIPStyle(num_prompts=3, center=True),
]


def through_json(parameters):
    return restored_parameters(json.loads(json.dumps(described_parameters(parameters))))


@pytest.mark.parametrize("propagator", OURS, ids=lambda propagator: type(propagator).__name__)
def test_our_propagators_come_back_equal(propagator):
    assert through_json({"propagator": propagator}) == {"propagator": propagator}


def test_every_propagator_by_name_is_among_them():
    assert {type(each) for each in OURS} == {PROPAGATORS.load(name) for name in PROPAGATORS.builtin}


def test_plain_values_come_back_and_all_others_are_left_out():
    given = {
        "a": None,
        "b": "text",
        "c": (1, 2.5),
        "d": np.array(["x", "y"]),
        "e": np.float32(0.5),
        "f": object(),
        "g": [object()],
        "h": True,
        "i": {"x": 1},
    }
    assert through_json(given) == {"a": None, "b": "text", "c": [1, 2.5], "d": ["x", "y"], "e": 0.5, "h": True}


@pytest.mark.parametrize("features", [np.eye(2), (np.eye(2), ["a", "b"]), ([[1.0]], ["a"]), [[1.0]], {"a": [1.0]}])
def test_features_that_are_data_are_not_written(features):
    assert described_parameters({"features": features, "unseen": np.array(["a"])}) == {"unseen": ["a"]}
    assert described_parameters({"features": "text"}) == {"features": "text"}


def test_arrays_of_numbers_are_not_written():
    assert described_parameters({"a": np.eye(2), "b": [np.eye(2)]}) == {}


def test_a_class_of_the_same_name_is_not_ours():
    @dataclass(frozen=True)
    class SGCN:
        hidden: int = 3

    assert described_parameters({"propagator": SGCN()}) == {}


@pytest.mark.parametrize("name", sorted(PROPAGATORS.builtin))
def test_a_propagator_by_name_works_over_the_relations_given(name):
    propagator, relations = resolve_propagator(name, ("is_a", "part"))
    assert relations == ("is_a", "part")
    assert getattr(propagator, "relations", relations) == relations
    assert resolve_propagator(name, None)[1] == ("taxonomic", "attribute")


def test_relations_are_given_once():
    own = GraphGP(relations=("is_a",))
    assert resolve_propagator(own, None) == (own, ("is_a",))
    assert resolve_propagator(own, ("is_a",)) == (own, ("is_a",))
    assert resolve_propagator(GraphGP(), ("part",)) == (GraphGP(relations=("part",)), ("part",))
    with pytest.raises(InputFormatError, match="give them once"):
        resolve_propagator(own, ("part",))
    with pytest.raises(UnknownNameError, match="no propagator is called 'gp'"):
        resolve_propagator("gp", None)
    for wrong in (GraphGP, 3, object()):
        with pytest.raises(InputFormatError, match="propagator is a name"):
            resolve_propagator(wrong, None)
