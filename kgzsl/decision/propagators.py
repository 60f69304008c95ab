"""Which propagator is meant, and which relations it works over."""

from collections.abc import Iterable
from dataclasses import is_dataclass, replace
from typing import Any

from kgzsl._registry import Registry
from kgzsl.contracts import Propagator
from kgzsl.errors import InputFormatError

__all__ = ["DEFAULT_RELATIONS", "PROPAGATORS", "relation_names", "resolve_propagator"]

DEFAULT_RELATIONS = ("taxonomic", "attribute")
"""What a class is, and what properties it has; parts, causes and associations are for the asking."""

PROPAGATORS = Registry(
    "propagator",
    "kgzsl.propagators",
    {
        "graph-gp": "kgzsl.propagation.graph_gp:GraphGP",
        "sgcn": "kgzsl.propagation:SGCN",
        "gcnz": "kgzsl.propagation:GCNZ",
        "dgp": "kgzsl.propagation:DGP",
        "dgpm": "kgzsl.propagation:DGPM",
        "rgcn": "kgzsl.propagation:RGCN",
        "ale": "kgzsl.baselines:ALE",
        "clip": "kgzsl.baselines:CLIPStyle",
        "conse": "kgzsl.baselines:ConSE",
        "dap": "kgzsl.baselines:DAP",
        "devise": "kgzsl.baselines:DeViSE",
        "eszsl": "kgzsl.baselines:ESZSL",
        "exem": "kgzsl.baselines:EXEM",
        "iap": "kgzsl.baselines:IAP",
        "prototype": "kgzsl.baselines:Prototype",
        "sae": "kgzsl.baselines:SAE",
        "sje": "kgzsl.baselines:SJE",
        "sync": "kgzsl.baselines:SynC",
    },
)


def resolve_propagator(propagator: Any, relations: tuple[str, ...] | None) -> tuple[Propagator, tuple[str, ...]]:
    """A propagator by name or as it is, and the relations it works over: its own, those given, or the default ones."""
    if isinstance(propagator, str):
        propagator = PROPAGATORS.load(propagator)()
    if not callable(getattr(propagator, "fit", None)) or isinstance(propagator, type):
        raise InputFormatError(
            f"propagator is a name ({', '.join(PROPAGATORS.names())}) or an object with fit(index, features, "
            f"supervision), not {propagator!r}"
        )
    own = relation_names(getattr(propagator, "relations", None))
    if relations is not None and own is not None and own != relations:
        raise InputFormatError(f"relations={relations!r} here, but the propagator has {own!r}: give them once")
    chosen = own if own is not None else DEFAULT_RELATIONS if relations is None else relations
    if own is None and hasattr(propagator, "relations"):
        if callable(getattr(propagator, "with_relations", None)):
            propagator = propagator.with_relations(chosen)
        elif is_dataclass(propagator):
            propagator = replace(propagator, relations=chosen)  # type: ignore[type-var]  # no class: checked above
        elif relations is not None:
            raise InputFormatError(
                f"{type(propagator).__name__} has relations of its own (None) and is no dataclass that could be given "
                f"relations={relations!r}: set them there, and leave them out here"
            )
    return propagator, chosen


def relation_names(relations: Any) -> tuple[str, ...] | None:
    """A selection of relations as a tuple; a single name is one."""
    if relations is None or isinstance(relations, str):
        return None if relations is None else (relations,)
    names = tuple(relations) if isinstance(relations, Iterable) else (relations,)
    if not all(isinstance(name, str) for name in names):
        raise InputFormatError(f"relations is None, a name or a list of names, not {relations!r}")
    return names
