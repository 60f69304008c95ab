"""A trained network as a function from (index, features) to weights."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from kgzsl.contracts import FloatArray, State
from kgzsl.errors import InputFormatError, IntegrityError, PluginError, VersionError, listing
from kgzsl.graph.index import GraphIndex
from kgzsl.propagation.convolution_network import Architecture, ConvolutionNetwork
from kgzsl.propagation.network_inputs import network_inputs, predicted
from kgzsl.propagation.opened_network import OpenedNetwork, opened, opened_matrices
from kgzsl.propagation.ridge_readout import RidgeReadout
from kgzsl.propagation.topology import Messages, Topology, topology_from_config
from kgzsl.propagation.training import resolved_device

__all__ = ["FittedNetwork", "ModuleFactory", "checked_features", "factory_name"]

_FORMAT = 1

ModuleFactory = Callable[[int, int], nn.Module]
"""Builds a module from the widths of its input and its output."""


class FittedNetwork:
    """Parameters and a topology, no graph: any graph and features of the same width give weights.

    `report` has the settings, the loss before each epoch (`losses`), `seconds`, how many rows each layer computed
    while training (`rows`, the input's first) and whether an interrupt cut training short. `readout` is the closed
    form of the last layer, None where it was trained.

    >>> import numpy as np
    >>> from kgzsl.propagation import SGCN
    >>> from kgzsl.testing import example_graph, example_supervision
    >>> index, features = example_graph().index, np.eye(12, dtype=np.float32)
    >>> fitted = SGCN(epochs=2, hidden=4).fit(index, features, example_supervision())
    >>> fitted.weights(index, features, concepts=["tiger"]).shape
    (1, 5)
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        channels: tuple[int, int],
        topology: Topology,
        classes: Sequence[str],
        report: Mapping[str, Any],
        hops: int | None = None,
        factory: str = "",
        readout: RidgeReadout | None = None,
    ) -> None:
        self.network = network.eval()
        self.in_channels, self.out_channels = channels
        self.topology = topology
        self.hops = hops
        self.classes = tuple(classes)
        self.report = report
        self.readout = readout
        self._factory = factory
        self._messages: WeakKeyDictionary[GraphIndex, Messages] = WeakKeyDictionary()

    def weights(self, index: GraphIndex, features: FloatArray, *, concepts: Sequence[str] | None = None) -> FloatArray:
        """Unit rows `[len(concepts), dim]`; only what they depend on is computed. All concepts if None."""
        features = checked_features(index, features, width=self.in_channels)
        if concepts is None:
            wanted = places = np.arange(index.num_concepts)
        else:
            wanted, places = np.unique(index.positions(concepts), return_inverse=True)
        if not len(wanted):
            return np.empty((0, self.out_channels), dtype=np.float32)
        messages = self.topology.messages(index)
        device = next(self.network.parameters()).device
        with torch.inference_mode():
            inputs = network_inputs(self.network, messages, features, wanted, hops=self.hops, device=device)
            rows: FloatArray = predicted(self.network, inputs).cpu().numpy()
        return rows if concepts is None else rows[places]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_messages"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _messages=WeakKeyDictionary())

    @property
    def relations(self) -> tuple[str, ...] | None:
        """Relations whose edges messages take; None for the taxonomic ones."""
        return getattr(self.topology, "relations", None)

    def opened(self, index: GraphIndex, concept: str) -> OpenedNetwork:
        """The network as plain matrices, as far as the weights of one concept depend on it.

        Only for networks of our own convolutions; `PluginError` for a foreign module, whose layers are not known.
        """
        return self.opened_together([(index, concept)])[0]

    def opened_together(self, concepts: Sequence[tuple[GraphIndex, str]]) -> list[OpenedNetwork]:
        """The network as `opened` for each of several concepts, given with their graphs; all have the same matrices."""
        if not isinstance(self.network, ConvolutionNetwork):
            raise PluginError(f"{type(self.network).__name__} is not made of graph convolutions that can be opened")
        matrices, found = opened_matrices(self.network), []
        for index, concept in concepts:
            if index not in self._messages:
                self._messages[index] = self.topology.messages(index)
            found.append(
                opened(
                    self.network,
                    self._messages[index],
                    int(index.positions([concept])[0]),
                    normalization=getattr(self.topology, "normalization", "row"),
                    links=getattr(self.topology, "links", ()),
                    readout=self.readout,
                    matrices=matrices,
                )
            )
        return found

    def state(self) -> State:
        """JSON values and arrays; seconds are left out of the report, so that equal fits give equal bytes."""
        report = {name: value for name, value in self.report.items() if name not in ("seconds", "losses")}
        network = self.network
        on_processor = self.report.get("settings", {}).get("device") == "cpu"
        config = {
            "format": _FORMAT,
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "architecture": network.architecture.config() if isinstance(network, ConvolutionNetwork) else None,
            "factory": self._factory,
            "topology": self.topology.config(),
            "hops": self.hops,
            "classes": list(self.classes),
            "device": "cpu" if on_processor else "auto",
            "readout": None if self.readout is None else {"penalty": self.readout.penalty},
            "report": report,
        }
        arrays = {name: value.detach().cpu().numpy() for name, value in self.network.state_dict().items()}
        arrays |= {} if self.readout is None else self.readout.arrays()
        arrays["report.losses"] = np.asarray(self.report.get("losses", ()), dtype=np.float64)
        return config, arrays

    @classmethod
    def from_state(
        cls,
        config: Mapping[str, Any],
        arrays: Mapping[str, NDArray[Any]],
        *,
        module_factory: ModuleFactory | None = None,
        topology: Topology | None = None,
    ) -> "FittedNetwork":
        """The model that `state` described; a module or topology that is not ours has to be given again.

        Nothing is imported by a name that stands in a file: `PluginError` tells what is missing. `IntegrityError` if
        the arrays are not those that the configuration speaks of, or not finite.
        """
        if config.get("format") != _FORMAT:
            raise VersionError("network", found=config.get("format"), supported=f"format {_FORMAT}")
        parameters = {name: v for name, v in arrays.items() if not name.startswith(("report.", "readout."))}
        widths = int(config["in_channels"]), int(config["out_channels"])
        network = _unfilled(config, widths, module_factory)
        _check_parameters(network, parameters)
        tensors = {name: torch.from_numpy(np.array(values)) for name, values in parameters.items()}
        network.load_state_dict(tensors, assign=True)
        losses = [float(loss) for loss in arrays.get("report.losses", ())]
        return cls(
            network.to(resolved_device(config.get("device", "auto"))),
            channels=widths,
            topology=topology or topology_from_config(config["topology"]),
            classes=config["classes"],
            report={**config["report"], "losses": losses},
            hops=config["hops"],
            factory=config["factory"],
            readout=_readout(config, arrays),
        )


def _readout(config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> RidgeReadout | None:
    """None in models of before there was one, too."""
    written = config.get("readout")
    if not written:
        return None
    return RidgeReadout.from_arrays(written["penalty"], arrays, num_seen=len(config["classes"]))


def factory_name(factory: object) -> str:
    """Where a factory comes from, for messages."""
    return f"{getattr(factory, '__module__', '')}.{getattr(factory, '__qualname__', type(factory).__qualname__)}"


def checked_features(index: GraphIndex, features: FloatArray, *, width: int | None = None) -> FloatArray:
    """Features as 32-bit floats, `[num_concepts, width]` and finite; `InputFormatError` otherwise."""
    features = np.asarray(features)
    if features.ndim != 2 or len(features) != index.num_concepts:
        wanted = f"({index.num_concepts}, dim), one row a concept of the graph"
        raise InputFormatError(f"features have shape {features.shape}, expected {wanted}")
    if width is not None and features.shape[1] != width:
        raise InputFormatError(f"features have {features.shape[1]} columns; this network was fitted with {width}")
    faulty = np.argwhere(~np.isfinite(features))
    if len(faulty):
        row, column = faulty[0]
        where = f"row {row} ({index.ids[row]!r}), column {column}"
        raise InputFormatError(f"features have {len(faulty):,} values that are not finite, the first at {where}")
    return np.ascontiguousarray(features, dtype=np.float32)


def _unfilled(config: Mapping[str, Any], widths: tuple[int, int], factory: ModuleFactory | None) -> nn.Module:
    """The module without memory for its parameters, so that a wrong size in a file costs nothing."""
    with torch.device("meta"):
        if config["architecture"] is not None:
            return ConvolutionNetwork(*widths, Architecture.from_config(config["architecture"]))
        if factory is None:
            advice = f"give FittedNetwork.from_state(..., module_factory=...); it was made by {config['factory']}"
            raise PluginError(f"this network is not one of kgzsl's own: {advice}")
        return factory(*widths)


def _check_parameters(network: nn.Module, arrays: Mapping[str, NDArray[Any]]) -> None:
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    found = {name: tuple(values.shape) for name, values in arrays.items()}
    if expected != found:
        different = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
        lines = [f"{name} {expected.get(name, 'absent')}" for name in different[:5]]
        others = [f"{name} {found.get(name, 'absent')}" for name in different[:5]]
        raise IntegrityError("network parameters", expected=listing(lines), found=listing(others))
    for name in sorted(arrays):
        if not np.isfinite(arrays[name]).all():
            raise IntegrityError("network parameters", expected="finite numbers", found=f"others in {name}")
