"""Networks as propagators: the contract, the receptive field, other modules, bad input."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.nn import GCNConv, GraphSAGE

from kgzsl.contracts import FittedPropagator, Propagator
from kgzsl.errors import InputFormatError, IntegrityError, PluginError, UnknownConceptError, VersionError
from kgzsl.propagation import DGP, DGPM, GCNZ, RGCN, SGCN, FittedNetwork, NetworkPropagator
from kgzsl.propagation.convolution_network import Architecture
from kgzsl.propagation.network_inputs import network_inputs, predicted
from kgzsl.propagation.topology import AncestorTopology, NeighborTopology

CPU = torch.device("cpu")
PROPAGATORS = [
    SGCN(hidden=8, epochs=4, device="cpu"),
    GCNZ(hidden=(8, 7, 6), epochs=4, device="cpu"),
    GCNZ(hidden=(8,), bias=True, dropout=0.25, normalization="row", epochs=4, device="cpu"),
    DGP(hidden=8, num_groups=3, epochs=4, device="cpu"),
    DGPM(hidden=8, epochs=4, device="cpu"),
    RGCN(hidden=(8,), epochs=4, device="cpu"),
    RGCN(hidden=(8, 6), num_bases=2, dropout=0.25, epochs=4, device="cpu"),
]
NETWORKS = [
    (NeighborTopology("row"), Architecture((8,))),
    (NeighborTopology("symmetric"), Architecture((8, 3, 9), bias="none")),
    (AncestorTopology(4), Architecture((8,), num_groups=4, bias="before")),
]
each = pytest.mark.parametrize("propagator", PROPAGATORS, ids=lambda each: f"{type(each).__name__}-{each.hidden}")


class TwoConvolutions(torch.nn.Module):
    """What a user might bring; it normalises by itself."""

    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.first, self.second = GCNConv(in_channels, 6), GCNConv(6, out_channels)

    def forward(self, x, edge_index, edge_weight=None):
        hidden = torch.nn.functional.dropout(self.first(x, edge_index).relu(), training=self.training)
        return self.second(hidden, edge_index)


def sage(in_channels, out_channels):
    return GraphSAGE(in_channels, 6, num_layers=2, out_channels=out_channels)


def digest(weights):
    return hashlib.sha256(weights.tobytes()).hexdigest()


@each
def test_the_contract_is_fulfilled(problem_of, propagator):
    index, features, supervision = problem_of()
    fitted = propagator.fit(index, features, supervision)
    assert isinstance(propagator, Propagator)
    assert isinstance(fitted, FittedPropagator)
    assert fitted.classes == supervision.classes
    weights = fitted.weights(index, features)
    assert weights.dtype == np.float32
    assert weights.shape == (30, 4)
    np.testing.assert_allclose(np.linalg.norm(weights, axis=1), 1, atol=1e-6)
    assert len(fitted.report["losses"]) == fitted.report["epochs"] == 4
    assert fitted.report["rows"][-1] == len(supervision.classes)
    assert fitted.report["interrupted"] is False
    json.dumps(fitted.report, allow_nan=False)


@each
def test_concepts_asked_for_get_the_rows_of_all_concepts_in_their_order(problem_of, propagator):
    index, features, supervision = problem_of()
    fitted = propagator.fit(index, features, supervision)
    asked = ["c021", "c003", "c021", "c029"]
    every = fitted.weights(index, features)
    np.testing.assert_allclose(
        fitted.weights(index, features, concepts=asked), every[index.positions(asked)], atol=1e-6
    )
    assert fitted.weights(index, features, concepts=[]).shape == (0, 4)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 100), st.sampled_from(NETWORKS))
def test_receptive_field_gives_loss_and_gradients_of_the_whole_graph(problem_of, seed, chosen):
    topology, architecture = chosen
    index, features, supervision = problem_of(seed=seed)
    messages, seen = topology.messages(index), index.positions(supervision.classes)
    network = architecture.build(5, 4, random_state=seed)
    targets = torch.from_numpy(supervision.weights)

    def loss_and_gradients(rows):
        network.zero_grad()
        loss = (rows - targets).square().sum() / (2 * len(targets))
        loss.backward()
        return [loss.detach(), *(parameter.grad.clone() for parameter in network.parameters())]

    inputs = network_inputs(network, messages, features, seen, hops=None, device=CPU)
    field = loss_and_gradients(predicted(network, inputs))
    known = loss_and_gradients(predicted(network, inputs.for_training(network)))
    edges = [
        [messages.edges(step, group) for group in range(messages.num_groups)] for step in range(len(messages.steps))
    ]
    indices, weights = ([[torch.from_numpy(e[place]) for e in groups] for groups in edges] for place in (0, 1))
    whole = loss_and_gradients(network(torch.from_numpy(features), indices, weights)[seen])
    for ours, stored, reference in zip(field, known, whole, strict=True):
        # rows that are short before they are brought to unit length make much of the rounding of 32-bit floats
        torch.testing.assert_close(ours, reference, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(stored, reference, atol=1e-5, rtol=1e-4)


def test_plain_edges_are_taken_as_pytorch_geometric_gives_them(problem_of):
    index, features, supervision = problem_of()
    fitted = SGCN(hidden=8, epochs=2, device="cpu").fit(index, features, supervision)
    edge_index, edge_weight = (torch.from_numpy(array) for array in fitted.topology.messages(index).edges())
    with torch.no_grad():
        rows = fitted.network(torch.from_numpy(features), edge_index, edge_weight).numpy()
    np.testing.assert_allclose(fitted.weights(index, features), rows, atol=1e-6)


@each
def test_state_goes_through_json_and_gives_equal_weights(problem_of, propagator):
    index, features, supervision = problem_of()
    fitted = propagator.fit(index, features, supervision)
    config, arrays = fitted.state()
    again = FittedNetwork.from_state(json.loads(json.dumps(config, allow_nan=False)), arrays)
    assert again.classes == fitted.classes
    assert again.report["losses"] == fitted.report["losses"]
    np.testing.assert_array_equal(again.weights(index, features), fitted.weights(index, features))
    assert again.state()[0] == config


@each
def test_equal_seeds_give_equal_bytes_and_leave_the_global_generator_alone(problem_of, propagator):
    index, features, supervision = problem_of()
    before = torch.get_rng_state()
    weights = [
        propagator.fit(index, features, replace(supervision, random_state=seed)).weights(index, features)
        for seed in (5, 5, 6)
    ]
    assert digest(weights[0]) == digest(weights[1]) != digest(weights[2])
    assert torch.equal(torch.get_rng_state(), before)


SCRIPT = """
import sys, hashlib, runpy
sys.path.insert(0, sys.argv[1])
module = runpy.run_path(sys.argv[2])
problem, tree, index_of = (module[name].__wrapped__ for name in ("problem_of", "tree_of", "index_of"))
index, features, supervision = problem(tree(index_of()))()
from kgzsl.propagation import DGP
fitted = DGP(hidden=8, epochs=3, device="cpu").fit(index, features, supervision)
print(hashlib.sha256(fitted.weights(index, features).tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_the_hash_seed_of_python_changes_nothing():
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", SCRIPT, str(root), str(Path(__file__).with_name("conftest.py"))]
    running = [
        subprocess.Popen(command, env={**os.environ, "PYTHONHASHSEED": seed}, stdout=subprocess.PIPE, text=True)
        for seed in ("1", "2")
    ]
    printed = [process.communicate()[0] for process in running]
    assert printed[0] == printed[1]
    assert len(printed[0]) == 65


def test_a_concept_added_later_gets_weights_and_moves_no_distant_one(problem_of, index_of):
    index, features, supervision = problem_of()
    fitted = SGCN(hidden=8, epochs=3, device="cpu").fit(index, features, supervision)
    edges = [(int(head), int(tail)) for head, tail in zip(index.head, index.tail, strict=True)]
    larger = index_of(31, [*edges, (30, 29)])
    more = np.concatenate([features, np.ones((1, 5), dtype=np.float32)])
    around = NeighborTopology().messages(index).steps[0][0].toarray() > 0
    near = np.flatnonzero((around @ around)[29])
    distant = np.setdiff1d(np.arange(30), near)
    before, after = fitted.weights(index, features), fitted.weights(larger, more)
    np.testing.assert_allclose(after[distant], before[distant], atol=1e-6)
    assert not np.allclose(after[29], before[29], atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(fitted.weights(larger, more, concepts=["c030"])), 1, atol=1e-6)


@pytest.mark.parametrize("factory", [TwoConvolutions, sage])
def test_any_module_of_the_forward_signature_plugs_in(problem_of, factory):
    index, features, supervision = problem_of()
    topology = NeighborTopology("none", self_loops=False)
    before = torch.get_rng_state()
    propagator = NetworkPropagator(factory, topology, epochs=5, learning_rate=0.05, device="cpu")
    fitted = propagator.fit(index, features, supervision)
    weights = fitted.weights(index, features)
    assert fitted.report["losses"][-1] < fitted.report["losses"][0]
    np.testing.assert_allclose(np.linalg.norm(weights, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(propagator.fit(index, features, supervision).weights(index, features), weights)
    assert torch.equal(torch.get_rng_state(), before)

    config, arrays = fitted.state()
    with pytest.raises(PluginError, match=f"module_factory=.*{factory.__name__}"):
        FittedNetwork.from_state(config, arrays)
    again = FittedNetwork.from_state(json.loads(json.dumps(config)), arrays, module_factory=factory)
    np.testing.assert_array_equal(again.weights(index, features), weights)


def test_hops_leave_the_result_of_another_module_unchanged(problem_of):
    index, features, supervision = problem_of(num_concepts=80, num_seen=3)
    topology = NeighborTopology("none", self_loops=False)
    whole, near = (
        NetworkPropagator(sage, topology, hops=hops, epochs=3, device="cpu").fit(index, features, supervision)
        for hops in (None, 2)
    )
    np.testing.assert_allclose(near.report["losses"], whole.report["losses"], atol=1e-6)
    np.testing.assert_allclose(near.weights(index, features), whole.weights(index, features), atol=1e-5)
    assert near.report["rows"][0] < whole.report["rows"][0] == 80


def test_a_module_for_grouped_edges_plugs_in(problem_of):
    class Grouped(torch.nn.Module):
        def __init__(self, in_channels, out_channels):
            super().__init__()
            self.inner = Architecture((6,), num_groups=2, bias="before").build(in_channels, out_channels)

        def forward(self, x, edge_index, edge_weight):
            return self.inner(x, edge_index, edge_weight)

    index, features, supervision = problem_of()
    propagator = NetworkPropagator(Grouped, AncestorTopology(2), epochs=3, device="cpu")
    weights = propagator.fit(index, features, supervision).weights(index, features)
    np.testing.assert_allclose(np.linalg.norm(weights, axis=1), 1, atol=1e-6)
    with pytest.raises(InputFormatError, match="hops=2 is not allowed"):
        replace(propagator, hops=2).fit(index, features, supervision)


def test_bad_input_is_named_before_training(problem_of):
    index, features, supervision = problem_of()
    propagator = SGCN(hidden=4, epochs=1, device="cpu")
    broken = features.copy()
    broken[17, 4] = np.nan
    cases = [
        (broken, supervision, r"1 values that are not finite, the first at row 17 \('c017'\), column 4"),
        (features[:-1], supervision, r"features have shape \(29, 5\), expected \(30, dim\)"),
        (features, replace(supervision, weights=supervision.weights[1:]), r"weights have shape \(5, 4\)"),
        (features, replace(supervision, weights=supervision.weights * np.inf), "24 values that are not finite"),
        (features, replace(supervision, classes=(), weights=supervision.weights[:0]), "no seen class"),
        (features, replace(supervision, classes=("c001",) * 6), "names a seen class twice"),
        (features, replace(supervision, random_state=-1), "random_state=-1 is not allowed"),
    ]
    for given_features, given_supervision, message in cases:
        with pytest.raises(InputFormatError, match=message):
            propagator.fit(index, given_features, given_supervision)
    with pytest.raises(InputFormatError, match="dropout=1 is not allowed"):
        replace(propagator, dropout=1).fit(index, features, supervision)
    with pytest.raises(InputFormatError, match="device='tpu9' is not allowed"):
        replace(propagator, device="tpu9").fit(index, features, supervision)
    with pytest.raises(UnknownConceptError, match="no concept 'c999'"):
        propagator.fit(index, features, replace(supervision, classes=("c999", *supervision.classes[1:])))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: GCNZ(hidden=16), "hidden=16 is not allowed: a tuple of integers"),
        (lambda: GCNZ(hidden=(16, "8")), "hidden=.* is not allowed: integers of at least 1"),
        (lambda: SGCN(hidden=(16,)), r"hidden=\(16,\) is not allowed: an integer"),
        (lambda: DGP(hidden="16"), "hidden='16' is not allowed"),
        (lambda: DGP(num_groups=0), "num_groups=0 is not allowed"),
        (lambda: DGPM(epochs="many"), "epochs='many' is not allowed"),
    ],
)
def test_a_hyper_parameter_of_another_type_is_refused_when_given(build, message):
    with pytest.raises(InputFormatError, match=message):
        build()


def test_other_features_than_those_of_the_fit_are_refused(problem_of):
    index, features, supervision = problem_of()
    fitted = SGCN(hidden=4, epochs=1, device="cpu").fit(index, features, supervision)
    with pytest.raises(InputFormatError, match="4 columns; this network was fitted with 5"):
        fitted.weights(index, features[:, :4])
    with pytest.raises(UnknownConceptError):
        fitted.weights(index, features, concepts=["c999"])


def test_a_state_that_was_altered_is_refused(problem_of):
    index, features, supervision = problem_of()
    config, arrays = SGCN(hidden=4, epochs=1, device="cpu").fit(index, features, supervision).state()
    huge = {**config, "architecture": {**config["architecture"], "hidden": [2**40]}}
    poisoned = {**arrays, "layers.0.bias": np.full(4, np.nan, dtype=np.float32)}
    fewer = {name: values for name, values in arrays.items() if name != "layers.1.bias"}
    for given_config, given_arrays in ((huge, arrays), (config, poisoned), (config, fewer)):
        with pytest.raises(IntegrityError, match="network parameters"):
            FittedNetwork.from_state(given_config, given_arrays)
    with pytest.raises(VersionError):
        FittedNetwork.from_state({**config, "format": 99}, arrays)


@pytest.mark.parametrize(
    ("network", "own"),
    [
        (SGCN, "hidden dropout normalization"),
        (GCNZ, "hidden bias dropout normalization"),
        (DGP, "hidden num_groups dropout"),
        (DGPM, "hidden dropout"),
        (RGCN, "hidden num_bases dropout"),
    ],
)
def test_a_networks_own_settings_come_before_those_that_all_have(network, own):
    """Reports, and hashes of protocols over `repr`, list them so."""
    common = "epochs learning_rate weight_decay relations readout device"
    assert [each.name for each in fields(network)] == f"{own} {common}".split()
