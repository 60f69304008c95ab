"""Fit any network of PyTorch Geometric's forward signature; SGCN, GCNZ and DGP are fitted by the same function."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from kgzsl.contracts import FloatArray, Supervision
from kgzsl.errors import InputFormatError
from kgzsl.graph.index import GraphIndex
from kgzsl.propagation.convolution_network import Architecture
from kgzsl.propagation.fitted_network import FittedNetwork, ModuleFactory, checked_features, factory_name
from kgzsl.propagation.network_inputs import network_inputs, predicted
from kgzsl.propagation.propagated_relations import named_relations
from kgzsl.propagation.ridge_readout import solve_readout
from kgzsl.propagation.topology import NeighborTopology, RelationTopology, Topology
from kgzsl.propagation.torch_threads import one_torch_thread
from kgzsl.propagation.training import TrainingSettings, check_settings, resolved_device, train

__all__ = ["NetworkPropagator", "Readout", "fit_architecture", "fit_module", "require_settings", "settings_of"]

Readout = Literal["trained", "ridge"]

SMALL = 2**26
"""Up to so many multiplications an epoch, rows times parameters, training runs in one thread."""


@dataclass(frozen=True)
class NetworkPropagator:
    """Regress the weights of the seen classes with any module of forward signature `(x, edge_index, edge_weight)`.

    `module_factory(in_channels, out_channels)` builds it; the rows of its output are brought to unit length. `hops` is
    how many steps of message passing an output row depends on, one more if the module normalises by degree itself;
    with it, only the edges within that distance of the classes asked for are used. None uses the whole graph.

    With a `RelationTopology` the module's forward is `(x, edge_index, edge_type)`, that of `RGCNConv`: types count up
    from 0 in the order of the topology's `links`, and its `num_relations` are how many there are. Edges have no weights
    then, such layers take means themselves; what a concept tells itself is no edge, but their root weight.

    Foreign layers draw from PyTorch's global generators, so these are seeded while the module is built and trained,
    and put back afterwards: do not train two of them at once in threads.

    >>> from torch_geometric.nn import GraphSAGE
    >>> from kgzsl.propagation import NetworkPropagator
    >>> from kgzsl.testing import example_classifier
    >>> def two_layers(in_channels, out_channels):
    ...     return GraphSAGE(in_channels, 16, num_layers=2, out_channels=out_channels)
    >>> clf = example_classifier(NetworkPropagator(two_layers, hops=2, learning_rate=0.01))
    >>> claws_and_size = [[0, 0, 1, 0, 1, 0]]
    >>> clf.predict(claws_and_size, label_space="unseen").tolist()
    ['tiger']
    """

    module_factory: ModuleFactory
    topology: Topology = field(default_factory=lambda: NeighborTopology(normalization="symmetric"))
    hops: int | None = None
    epochs: int = 300
    learning_rate: float = 1e-3
    weight_decay: float = 5e-4
    device: str = "auto"

    @property
    def relations(self) -> tuple[str, ...] | None:
        """Those of the topology; `AttributeError` where it has none."""
        return self.topology.relations  # type: ignore[attr-defined, no-any-return]  # a topology may have them or not

    def with_relations(self, relations: tuple[str, ...]) -> "NetworkPropagator":
        """The same over other relations, names or kinds, for a topology of ours that was given none."""
        can_change = is_dataclass(self.topology)
        topology: Any = self.topology
        return replace(self, topology=replace(topology, relations=relations)) if can_change else self

    def fit(self, index: GraphIndex, features: FloatArray, supervision: Supervision) -> FittedNetwork:
        """Train; the result holds parameters and no graph."""
        settings = {each.name: getattr(self, each.name) for each in fields(self)}
        settings |= {"module_factory": factory_name(self.module_factory), "topology": self.topology.config()}
        check_settings({**settings, "random_state": supervision.random_state})
        if isinstance(self.topology, RelationTopology):
            self.topology.require(index)
        features = _checked(index, features, supervision)
        channels = features.shape[1], supervision.weights.shape[1]
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(supervision.random_state)
            network = self.module_factory(*channels)
            return fit_module(network, self.topology, index, features, supervision, settings=settings, hops=self.hops)


def fit_architecture(
    architecture: Architecture,
    topology: Topology,
    index: GraphIndex,
    features: FloatArray,
    supervision: Supervision,
    *,
    settings: Mapping[str, Any],
) -> FittedNetwork:
    """Build one of our own networks with generators of its own, and train it; `settings` as for `fit_module`."""
    check_settings({**settings, "random_state": supervision.random_state})
    device = resolved_device(settings["device"])
    features = _checked(index, features, supervision)
    for_parameters, for_dropout = _seeds(supervision.random_state)
    network = architecture.build(features.shape[1], supervision.weights.shape[1], random_state=for_parameters)
    network.dropout.generator = torch.Generator(device).manual_seed(for_dropout)
    fitted = fit_module(network, topology, index, features, supervision, settings=settings)
    if settings.get("readout", "trained") == "ridge":
        messages, seen = topology.messages(index), index.positions(supervision.classes)
        inputs = network_inputs(network, messages, features, seen, hops=None, device=device)
        fitted.readout = solve_readout(network, inputs, supervision.weights)
        fitted.report = {**fitted.report, "readout_penalty": fitted.readout.penalty}
    return fitted


def fit_module(
    network: nn.Module,
    topology: Topology,
    index: GraphIndex,
    features: FloatArray,
    supervision: Supervision,
    *,
    settings: Mapping[str, Any],
    hops: int | None = None,
) -> FittedNetwork:
    """Train `network` from the parameters it has.

    `settings` go into the report; `epochs`, `learning_rate`, `weight_decay` and `device` among them are the training's.
    """
    training = TrainingSettings(**{each.name: settings[each.name] for each in fields(TrainingSettings)})
    device = resolved_device(training.device)
    network = network.to(device)
    seen = index.positions(supervision.classes)
    inputs = network_inputs(network, topology.messages(index), features, seen, hops=hops, device=device)
    inputs = inputs.for_training(network)
    targets = torch.from_numpy(np.array(supervision.weights, dtype=np.float32)).to(device)
    name = settings.get("module_factory") or settings.get("name") or "network"
    num_parameters = sum(parameter.numel() for parameter in network.parameters())
    is_small = device.type == "cpu" and max(inputs.num_rows) * num_parameters <= SMALL
    with one_torch_thread() if is_small else nullcontext():
        log = train(
            network,
            lambda: predicted(network, inputs),
            targets,
            training,
            show_progress=supervision.show_progress,
            description=f"training {name}",
        )
    report = {
        "settings": {key: list(value) if isinstance(value, tuple) else value for key, value in settings.items()},
        "random_state": supervision.random_state,
        "device": device.type,
        "num_parameters": num_parameters,
        "rows": list(inputs.num_rows),
        "epochs": len(log.losses),
        "interrupted": log.interrupted,
        "seconds": log.seconds,
        "losses": log.losses.tolist(),
    }
    return FittedNetwork(
        network,
        channels=(features.shape[1], supervision.weights.shape[1]),
        topology=topology,
        classes=supervision.classes,
        report=report,
        hops=hops,
        factory=settings.get("module_factory", ""),
    )


def require_settings(propagator: Any) -> None:
    """Refuse a setting of the wrong type or out of range; one relation alone becomes a tuple of it."""
    object.__setattr__(propagator, "relations", named_relations(propagator.relations))
    hidden, several = propagator.hidden, isinstance(type(propagator).hidden, tuple)
    if several and isinstance(hidden, list):
        object.__setattr__(propagator, "hidden", tuple(hidden))
    elif several != isinstance(hidden, tuple):
        form = "a tuple of integers, one for each hidden layer" if several else "an integer of at least 1"
        raise InputFormatError(f"hidden={hidden!r} is not allowed: {form}")
    check_settings({each.name: getattr(propagator, each.name) for each in fields(propagator)})


def settings_of(propagator: Any) -> dict[str, Any]:
    """The fields of a dataclass of hyper-parameters, with its name."""
    return {"name": type(propagator).__name__, **asdict(propagator)}


def _checked(index: GraphIndex, features: FloatArray, supervision: Supervision) -> FloatArray:
    """Features ready for use, or the reason why nothing can be learned from what was given."""
    weights = np.asarray(supervision.weights)
    if not supervision.classes:
        raise InputFormatError("supervision has no seen class; there is nothing to learn from")
    if weights.ndim != 2 or len(weights) != len(supervision.classes):
        raise InputFormatError(f"weights have shape {weights.shape}, expected ({len(supervision.classes)}, dim)")
    if not np.isfinite(weights).all():
        raise InputFormatError(f"weights have {int((~np.isfinite(weights)).sum()):,} values that are not finite")
    if len(set(supervision.classes)) != len(supervision.classes):
        raise InputFormatError("supervision names a seen class twice")
    return checked_features(index, features)


def _seeds(random_state: int) -> tuple[int, int]:
    """Two independent ones, so that dropout does not repeat the draws of the parameters."""
    first, second = np.random.SeedSequence(random_state).generate_state(2, np.uint64) >> np.uint64(1)
    return int(first), int(second)
