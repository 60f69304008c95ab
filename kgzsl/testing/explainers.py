"""The check of explainers, and decisions to try them on."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.contracts import Explainer
from kgzsl.counts import checked_seed
from kgzsl.decision.asking import decision_for
from kgzsl.decision.propagators import PROPAGATORS
from kgzsl.errors import ExplanationError, KgzslError, PluginError
from kgzsl.explain.decision import Decision
from kgzsl.features.matrix import MatrixFeatures
from kgzsl.graph.concept import Edge
from kgzsl.testing.checks import require
from kgzsl.testing.examples import example_graph, example_supervision

__all__ = ["check_explainer", "example_classifier", "example_decision"]

_CLAIMS = frozenset({"additive", "antisymmetric"})
_RELATIVE = 1e-4
"""Scores come from weights stored as float32."""
_QUADRATURE = 0.02
_NULL = ("oak", "is_a", "plant"), ("tiger", "feared_by", "dog")
"""What no model that walks kinds can take into account: nothing leads there, and no kind is said."""


_TRAITS = {  # feathers, packs, claws, night, size, home
    "cat": (0, 0, 1, 0, 0, 1),
    "dog": (0, 1, 0, 0, 0, 1),
    "eagle": (1, 0, 0, 0, 1, 0),
    "lion": (0, 1, 1, 0, 1, 0),
    "owl": (1, 0, 0, 1, 0, 0),
    "wolf": (0, 1, 0, 0, 1, 0),
}


def example_classifier(propagator: Any = "graph-gp") -> ZeroShotClassifier:
    """A classifier fitted on four examples of each of six animals; of a tiger and of a fox it has none.

    Inputs have six traits: has feathers, lives in packs, has claws, is awake at night, is large, lives in homes. The
    graph is the example graph, in which a tiger is a feline; a fox, here, is a canine.

    >>> clf = example_classifier()
    >>> claws_and_size = [[0, 0, 1, 0, 1, 0]]
    >>> clf.predict(claws_and_size, label_space="unseen").tolist()
    ['tiger']
    """
    graph = example_graph().add_concepts(["fox"]).add_edges([("fox", "is_a", "canine")])
    rng = np.random.default_rng(0)
    labels = np.repeat(list(_TRAITS), 4)
    traits = np.repeat(np.array(list(_TRAITS.values()), dtype=np.float64), 4, axis=0)
    made = PROPAGATORS.load(propagator)(**_short(propagator)) if isinstance(propagator, str) else propagator
    clf = ZeroShotClassifier(graph, propagator=made, unseen=["tiger", "fox"])
    return clf.fit(traits + 0.1 * rng.normal(size=traits.shape), labels)


def example_decision(propagator: Any = "graph-gp", *, foil: str | None = "puma", random_state: int = 0) -> Decision:
    """Why an input is a tiger, which has no examples, rather than `foil` (a puma, which has none either).

    The graph is the example graph and two facts that cannot matter: one of plants, one of a relation that is not
    walked. `propagator` is a name or an object, as for the classifier.

    >>> from kgzsl.testing import example_decision
    >>> decision = example_decision()
    >>> decision.target.concept, decision.foil.concept
    ('tiger', 'puma')
    """
    seed = checked_seed(random_state)
    kinds = [{"id": "puma"}, {"id": "striped"}, {"id": "plant"}, {"id": "oak"}]
    facts = [("puma", "is_a", "feline"), ("tiger", "is_a", "striped"), *_NULL]
    graph = example_graph().add_concepts(kinds).add_edges(facts)
    rng = np.random.default_rng(seed)
    features = MatrixFeatures(rng.normal(size=(len(graph), 6)).astype(np.float32), graph.ids)
    supervision = example_supervision(random_state=random_state)
    assert supervision.inputs is not None
    assert supervision.labels is not None
    labels = np.array(supervision.classes)[supervision.labels]
    made = PROPAGATORS.load(propagator)(**_short(propagator)) if isinstance(propagator, str) else propagator
    clf = ZeroShotClassifier(
        graph, features=features, propagator=made, unseen=["tiger", "puma"], random_state=random_state
    ).fit(supervision.inputs, labels)
    return decision_for(clf.problem_, rng.normal(size=(1, supervision.weights.shape[1])), "tiger", foil, "all")


def _short(name: str) -> dict[str, Any]:
    """Trained for long enough that explanations have something to say."""
    hidden = {"sgcn": 6, "gcnz": (6, 6), "dgp": 6, "dgpm": 6, "rgcn": (6,)}
    return {"epochs": 20, "hidden": hidden[name]} if name in hidden else {}


def check_explainer(explainer: Explainer, decision: Decision | None = None) -> None:
    """Whether an explainer is repeatable, says what it may, keeps what it claims, and leaves all as it was.

    Two calls give the same bytes; at most `k` rows come back, and the same total for every k; facts that cannot matter
    have exactly 0; with "additive" among its `claims` credits add up to the margin (a residual of a fiftieth of their
    magnitudes is a quadrature's), with "antisymmetric" they change sign where target and foil are exchanged;
    `verify()` passes if there is one; what cannot be explained is refused by an error of kgzsl. None tries a closed
    form and a network: an explainer may refuse one of them by an `ExplanationError`.

    >>> from kgzsl.explain import ExactExplainer
    >>> from kgzsl.testing import check_explainer, example_decision
    >>> check_explainer(ExactExplainer(), example_decision())
    """
    require(callable(getattr(explainer, "explain", None)), explainer, "has no explain(decision, *, k)")
    claims = frozenset(getattr(explainer, "claims", ()))
    require(claims <= _CLAIMS, explainer, f"claims {sorted(claims - _CLAIMS)}; there are {sorted(_CLAIMS)}")
    tried = [decision] if decision is not None else [example_decision("graph-gp"), example_decision("sgcn")]
    refused = []
    for one in tried:
        try:
            explainer.explain(one)
        except ExplanationError as error:
            if decision is not None:
                raise PluginError(f"{_name(explainer)}: refuses the decision: {error}") from error
            refused.append(str(error))
            continue
        _check_decision(explainer, one, claims)
    require(len(refused) < len(tried), explainer, f"refuses every decision: {'; '.join(refused)}")


def _check_decision(explainer: Explainer, decision: Decision, claims: frozenset[str]) -> None:
    before = _state(decision)
    found = explainer.explain(decision, k=3)
    written = _written(explainer, found)
    require(written == _written(explainer, explainer.explain(decision, k=3)), explainer, "two calls differ")
    require(_state(decision) == before, explainer, "changed the decision, its model or a global generator")
    _check_rows(explainer, decision, found)
    margin, total, residual = float(found.margin), float(found.total), float(found.residual)
    scale = max(1.0, *(abs(side.score) for _, side in decision.sides()))
    require(_near(margin, decision.margin, scale), explainer, f"margin is {margin}, it was {decision.margin}")
    require(_near(total + residual, margin, scale), explainer, "total and residual are not the margin")
    _check_bad_input(explainer, decision)
    every = _credits(explainer, found)
    if "additive" in claims:
        sizes = math.fsum(map(abs, every.values()))
        slack = _RELATIVE * scale + _QUADRATURE * sizes
        require(abs(residual) <= slack, explainer, f"claims to be additive: {residual:.3g} of {margin:.3g} is left")
    if "antisymmetric" in claims and decision.foil is not None:
        turned = replace(decision, target=decision.foil, foil=decision.target)
        other = _credits(explainer, explainer.explain(turned, k=3))
        for key in sorted({*every, *other}):
            mine, theirs = every.get(key, 0.0), other.get(key, 0.0)
            require(
                _near(mine, -theirs, scale),
                explainer,
                f"claims to be antisymmetric, but of {' '.join(key)} the target has {mine:.6g}, the foil {theirs:.6g}",
            )
    if hasattr(found, "verify"):
        try:
            found.verify()
        except ExplanationError as error:
            raise PluginError(f"{_name(explainer)}: verify() does not pass: {error}") from error


def _check_rows(explainer: Explainer, decision: Decision, found: Any) -> None:
    require(found.prediction == decision.target.concept, explainer, f"explains {found.prediction!r}, not the target")
    foil = None if decision.foil is None else decision.foil.concept
    require(found.foil == foil, explainer, f"compares with {found.foil!r}, not with {foil!r}")
    require(isinstance(found.method, str) and bool(found.method), explainer, "does not say its method")
    one = explainer.explain(decision, k=1)
    require(len(found.items) <= 3 and len(one.items) <= 1, explainer, "gives more than k items")
    require(abs(one.total - found.total) <= 1e-9 * max(1.0, abs(found.total)), explainer, "the total depends on k")
    sizes = [abs(row.credit) for row in found.items]
    slack = 1e-9 * max(sizes, default=0.0)
    ordered = all(left >= right - slack for left, right in pairwise(sizes))
    require(ordered, explainer, "items are not the largest first")
    known = {(edge.head, edge.relation, edge.tail) for graph in _graphs(decision) for edge in graph.edges()}
    for fact, credit in _credits(explainer, found).items():
        if len(fact) == 3:
            require(fact in known, explainer, f"{' '.join(fact)} is no fact of the graph")
            require(fact not in _NULL or not credit, explainer, f"{' '.join(fact)} cannot matter, and has {credit!r}")


def _check_bad_input(explainer: Explainer, decision: Decision) -> None:
    inputs = np.asarray(decision.inputs)
    lost = np.where(np.arange(len(inputs)) == 0, np.nan, inputs)
    tries: list[tuple[str, Callable[[], Any]]] = [
        ("k=0", lambda: explainer.explain(decision, k=0)),
        ("an input that is not finite", lambda: explainer.explain(replace(decision, inputs=lost))),
        ("two inputs at once", lambda: explainer.explain(replace(decision, inputs=np.stack([inputs, inputs])))),
        ("a class compared with itself", lambda: explainer.explain(replace(decision, foil=decision.target))),
        ("a temperature of 0", lambda: explainer.explain(replace(decision, temperature=0.0))),
    ]
    for what, attempt in tries:
        try:
            attempt()
        except KgzslError:
            continue
        except Exception as error:
            raise PluginError(f"{_name(explainer)}: {what} ends in a foreign {error!r}") from error
        raise PluginError(f"{_name(explainer)}: takes {what}; kgzsl.errors has InputFormatError for it")


def _credits(explainer: Explainer, found: Any) -> dict[tuple[str, ...], float]:
    """Of each fact, and what else stands in the view of facts by its key."""
    shares: dict[tuple[str, ...], float] = {}
    for row in found.by("facts"):
        require(math.isfinite(row.credit), explainer, f"{row.label}: credit is {row.credit!r}")
        odd = [fact for fact in row.facts if not isinstance(fact, Edge)]
        require(not odd, explainer, f"{row.label}: its facts are edges of the graph, kgzsl.Edge, not {odd[:1]}")
        edge = row.facts[0] if len(row.facts) == 1 else None
        if edge is not None:
            key: tuple[str, ...] = (edge.head, edge.relation, edge.tail)
            shares[key] = shares.get(key, 0.0) + row.credit
    rest = [row.credit for row in found.by("facts") if len(row.facts) != 1]
    return {**shares, ("what no fact has",): math.fsum(rest)}


def _written(explainer: Explainer, found: Any) -> str:
    try:
        plain = json.dumps(found.to_dict(), allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise PluginError(f"{_name(explainer)}: to_dict() is not JSON: {error}") from error
    words = found.to_text()
    require(isinstance(words, str) and bool(words.strip()), explainer, "to_text() says nothing")
    return f"{plain}\n{words}"


def _state(decision: Decision) -> tuple[Any, ...]:
    """All that an explainer might change, as bytes."""
    import torch

    model: Any = decision.model
    arrays = [decision.inputs, *(part for _, side in decision.sides() for part in (side.features, side.weights))]
    config, stored = model.state() if hasattr(model, "state") else ({}, {})
    generator: Any = np.random.get_state()  # noqa: NPY002  # whether the global one was drawn from
    return (
        tuple(np.asarray(array).tobytes() for array in arrays if array is not None),
        json.dumps(config, sort_keys=True, default=str),
        tuple((name, np.asarray(array).tobytes()) for name, array in sorted(stored.items())),
        tuple(graph.fingerprint for graph in _graphs(decision)),
        bytes(torch.get_rng_state().tolist()),
        str(generator[2:]) + np.asarray(generator[1]).tobytes().hex(),
        torch.get_num_threads(),
        torch.is_grad_enabled(),
        getattr(getattr(model, "network", None), "training", None),
    )


def _graphs(decision: Decision) -> list[Any]:
    return [decision.graph_of(side) for _, side in decision.sides()]


def _near(found: float, expected: float, scale: float) -> bool:
    return abs(found - expected) <= _RELATIVE * scale


def _name(explainer: object) -> str:
    return type(explainer).__name__
