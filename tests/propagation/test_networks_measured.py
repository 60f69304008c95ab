"""Networks against numbers of their authors' programs, and on photographs of classes never seen."""

import numpy as np
import polars as pl
import pytest
import torch

from kgzsl.contracts import Supervision
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.propagation import DGP, SGCN, AncestorTopology, NeighborTopology
from kgzsl.propagation.convolution_network import Architecture
from kgzsl.propagation.network import fit_module

SETTINGS = {"epochs": 25, "learning_rate": 1e-3, "weight_decay": 5e-4, "device": "cpu"}
REFERENCE = {
    "sgcn": (NeighborTopology("row"), Architecture((32,))),
    "gcnz6": (NeighborTopology("row"), Architecture((32,) * 5)),
    "dgp": (AncestorTopology(5), Architecture((32,), num_groups=5, bias="before")),
}


@pytest.fixture(scope="module")
def reference(shared_data):
    with np.load(shared_data("reference/dgp_reference.npz")) as file:
        return dict(file)


@pytest.fixture(scope="module")
def index(reference):
    ids = reference["node_ids"].tolist()
    rows = [(ids[child], "is_a", ids[parent]) for child, parent in reference["edges_child_parent"]]
    edges = pl.DataFrame(rows, schema=["head", "relation", "tail"], orient="row")
    return KnowledgeGraph.from_tables(pl.DataFrame({"id": ids}), edges, name="tiny-imagenet").index


def initial_parameters(reference, model, num_layers):
    parameters = {}
    for layer in range(num_layers):
        name = f"conv{layer + 1}" if layer < num_layers - 1 else "conv-last"
        parameters[f"layers.{layer}.weight"] = torch.tensor(reference[f"{model}/init/{name}.w"].T)
        parameters[f"layers.{layer}.bias"] = torch.tensor(reference[f"{model}/init/{name}.b"])
        if model == "dgp":
            parameters[f"layers.{layer}.attention"] = torch.tensor(reference[f"dgp/init/{'ar'[layer]}_att"])
    return parameters


@pytest.mark.parametrize("model", REFERENCE)
def test_output_and_25_losses_are_those_of_the_authors_program(reference, index, model):
    topology, architecture = REFERENCE[model]
    # the file's order of concepts may differ from that of the index
    order = np.argsort(reference["node_ids"])
    seen = [str(reference["node_ids"][row]) for row in reference["seen_index"]]
    features = reference["x"][order]
    supervision = Supervision(tuple(seen), reference["target"], "linear", show_progress=False)

    def fitted_for(epochs, learning_rate):
        network = architecture.build(features.shape[1], reference["target"].shape[1])
        network.load_state_dict(initial_parameters(reference, model, network.num_layers))
        settings = {**SETTINGS, "epochs": epochs, "learning_rate": learning_rate}
        return fit_module(network, topology, index, features, supervision, settings=settings)

    # a step of 1e-30 leaves 32-bit parameters of size 0.1 as they are
    untrained, trained = fitted_for(1, 1e-30), fitted_for(25, 1e-3)
    at_init, after = (model_.weights(index, features) for model_ in (untrained, trained))
    assert trained.report["rows"][0] <= len(features)
    np.testing.assert_allclose(at_init, reference[f"{model}/output_at_init"][order], atol=1e-5)
    np.testing.assert_allclose(trained.report["losses"], reference[f"{model}/loss"], atol=1e-5)
    np.testing.assert_allclose(after, reference[f"{model}/output_after"][order], atol=1e-5)


def test_groups_are_the_pairs_of_the_authors_program(reference, index):
    down = AncestorTopology(5).messages(index).steps[1]
    ids = reference["node_ids"].tolist()
    for group in range(5):
        pairs = reference[f"dgp/group{group}_node_ancestor"]
        expected = {(ids[node], ids[ancestor]) for node, ancestor in pairs}
        entries = down[group].tocoo()
        assert {
            (index.ids[row], index.ids[column]) for row, column in zip(entries.row, entries.col, strict=True)
        } == expected


def unseen_accuracy(propagator, index, shared_data):
    """Macro top-1 in percent over the 35 unseen classes, from class means and sentence embeddings."""
    with np.load(shared_data("tiny-imagenet/minilm.npz")) as file:
        rows = {str(id_): row for id_, row in zip(file["node_ids"], file["embedding"], strict=True)}
    features = np.stack([rows[id_] for id_ in index.ids]).astype(np.float32)
    with np.load(shared_data("tiny-imagenet/features.npz")) as file:
        data = dict(file)
    order = np.argsort(data["seen_ids"])
    mean = data["seen_class_mean"].mean(axis=0)
    targets = (data["seen_class_mean"] - mean)[order]
    targets /= np.linalg.norm(targets, axis=1, keepdims=True)
    classes = tuple(data["seen_ids"][order].tolist())
    supervision = Supervision(classes, targets, "prototype", show_progress=False)
    unseen = np.sort(data["unseen_ids"])
    weights = propagator.fit(index, features, supervision).weights(index, features, concepts=unseen.tolist())
    scores = (data["unseen_test_features"].astype(np.float32) - mean) @ weights.T
    labels = np.searchsorted(unseen, data["unseen_test_labels"])
    correct = scores.argmax(axis=1) == labels
    return 100 * np.mean([correct[labels == place].mean() for place in range(len(unseen))])


@pytest.mark.slow
@pytest.mark.parametrize("propagator", [SGCN(epochs=150, hidden=512), DGP(epochs=250, hidden=512)])
def test_classes_never_seen_are_recognised(propagator, index, shared_data):
    # a short training of narrow networks; benchmarks measure the papers' settings
    assert unseen_accuracy(propagator, index, shared_data) >= 26.5
