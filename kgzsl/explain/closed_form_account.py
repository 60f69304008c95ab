"""The books of a closed form: every share of one candidate's score, with the walks it came by.

Shares are exact. Where paths are too many to list, what is not listed is kept as the difference to the exact whole.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import ExplanationError
from kgzsl.explain.account import Account, Origin, PathCredit, Reach, magnitude, pathless
from kgzsl.explain.decision import Candidate, ClosedFormModel, ClosedFormTerms, Decision
from kgzsl.explain.walks import WalkKernel

__all__ = ["closed_form_account"]

Float64 = NDArray[np.float64]


def closed_form_account(
    decision: Decision,
    model: ClosedFormModel,
    sign: float,
    candidate: Candidate,
    reach: Reach,
    kernels: dict[tuple[int, float], WalkKernel],
) -> Account:
    """Split one candidate; those on the same graph share its walk `kernels`."""
    terms = model.terms(candidate.index, candidate.features)
    inputs = np.asarray(decision.inputs, dtype=np.float64)
    unit = sign / decision.temperature
    constants = [("offset", -unit * candidate.offset)] if candidate.offset else []
    if candidate.is_seen:
        constants.append(("gamma", -unit * decision.gamma))
        return _seen_account(decision, model, sign, candidate, terms, constants)
    (node,) = candidate.index.positions([candidate.concept]).tolist()
    here = np.array([node], dtype=np.int64)
    norm = float(terms.norms(here)[0])
    if norm == 0.0:
        support = np.zeros(len(model.classes))
        return pathless(sign, candidate, terms, (*constants, ("unknown", 0.0)), support, model.classes)
    coefficients, prior = terms.coefficients(here)[0], terms.prior_rows(here)[0]
    unit /= norm
    dual = terms.dual(inputs)
    constants.append(("mean", unit * float(terms.mean @ inputs)))
    if terms.settings.prior:
        constants.append(("match", unit * float((prior - terms.mean) @ inputs)))
    walks = {name: _walks(kernels, candidate, terms, beta) for name, beta in sorted(terms.betas.items())}
    parts, origin = _sources(terms, walks, node, dual, unit)
    sources = np.sum(list(parts.values()), axis=0)
    paths, rest_gross, num_rest = _paths(candidate, walks, node, parts, reach)
    support = unit * coefficients * (terms.residuals @ inputs)
    return Account(
        sign=sign,
        candidate=candidate,
        terms=terms,
        constants=tuple(constants),
        paths=paths,
        sources=sources,
        rest=math.fsum([*sources.tolist(), *(-path.credit for path in paths)]),
        rest_gross=rest_gross,
        num_rest=num_rest,
        support=support,
        variance=float(terms.variance(here)[0]),
        origin=origin,
        classes=model.classes,
        is_certified=False,  # paths are followed to the largest sources, and kernel by kernel
    )


def _walks(
    kernels: dict[tuple[int, float], WalkKernel], candidate: Candidate, terms: ClosedFormTerms, beta: float
) -> WalkKernel:
    key = (id(candidate.index), beta)
    if key not in kernels:
        kernels[key] = WalkKernel(terms.normalized_adjacency, beta)
    return kernels[key]


def _seen_account(
    decision: Decision,
    model: ClosedFormModel,
    sign: float,
    candidate: Candidate,
    terms: ClosedFormTerms,
    constants: list[tuple[str, float]],
) -> Account:
    if candidate.concept not in model.classes:
        raise ExplanationError(f"{candidate.concept!r} is said to be seen, but the model has no examples of it")
    row = model.classes.index(candidate.concept)
    examples = sign / decision.temperature * float(terms.targets[row] @ decision.inputs)
    support = np.zeros(len(model.classes))
    support[row] = examples
    return pathless(sign, candidate, terms, (*constants, ("examples", examples)), support, model.classes)


def _sources(
    terms: ClosedFormTerms, walks: Mapping[str, WalkKernel], node: int, dual: Float64, unit: float
) -> tuple[dict[str, Float64], Origin]:
    """What each kernel brings from each concept, name to `[num_concepts]`, in units of the margin.

    A walk ends at a seen class s with α_s; a convolved description is met at concept a by what the descriptions
    around the seen classes add up to, `Σ_s α_s scale_s (R x̄)_s`; the text kernel stays where it is.
    """
    here = np.array([node], dtype=np.int64)
    found: dict[str, Float64] = {}
    met, text, convolved = np.zeros(len(terms.centred)), np.zeros(len(dual)), np.zeros(len(dual))
    for name, share in sorted(terms.shares.items()):
        gain = unit * share * float(terms.scale(name, here)[0])
        pull = dual * terms.scale(name, terms.seen)
        credit = np.zeros(len(terms.centred))
        if name == "walk":
            credit[terms.seen] = gain * walks[name].column(node)[terms.seen] * pull
        elif name == "convolved":
            spread = np.zeros(len(terms.centred))
            spread[terms.seen] = convolved = pull
            met = terms.centred @ (walks[name].apply(spread) @ terms.centred)
            credit = gain * walks[name].column(node) * met
        else:
            text = gain * pull * (terms.centred[terms.seen] @ terms.centred[node])
            credit[node] = math.fsum(text.tolist())
        found[name] = credit
    return found, Origin(convolved, text, met, walks.get("convolved"))


def _paths(
    candidate: Candidate, walks: Mapping[str, WalkKernel], node: int, parts: Mapping[str, Float64], reach: Reach
) -> tuple[tuple[PathCredit, ...], float, int]:
    """The listed paths, largest first, the magnitude of all that is not listed, and how many sources have none."""
    ids = candidate.index.ids
    books: dict[tuple[int, ...], dict[str, float]] = {}
    sources: set[int] = set()
    if "text" in parts:
        books[(node,)] = {"text": float(parts["text"][node])}
        sources.add(node)
    for name, walk in sorted(walks.items()):
        part, whole = parts[name], walk.column(node)
        ends = _largest(part, reach)
        if not len(ends):
            continue
        values = part[ends] / whole[ends]
        value = dict(zip(ends.tolist(), values.tolist(), strict=True))
        for path in walk.best_paths(node, ends, values, share=reach.share, at_most=reach.num_paths):
            books.setdefault(path.nodes, {})[name] = value[path.nodes[-1]] * path.weight
            sources.add(path.nodes[-1])
    listed = [
        PathCredit(tuple(ids[place] for place in nodes), math.fsum(split.values()), tuple(sorted(split.items())))
        for nodes, split in books.items()
    ]
    listed.sort(key=lambda path: (-magnitude(path.credit), path.nodes))
    gross = math.fsum(float(np.abs(part).sum()) for part in parts.values())
    shown = math.fsum(abs(credit) for split in books.values() for credit in split.values())
    reached = np.any([part != 0 for part in parts.values()], axis=0)
    return tuple(listed), max(gross - shown, 0.0), int(reached.sum()) - len(sources)


def _largest(part: Float64, reach: Reach) -> NDArray[np.int64]:
    """The sources that carry `reach.share` of a kernel's credit, at most `reach.num_sources`, largest first."""
    sizes = np.abs(part)
    order = np.argsort(-sizes, kind="stable")[: reach.num_sources]
    enough = int(np.searchsorted(np.cumsum(sizes[order]), reach.share * sizes.sum())) + 1
    # equals of the last source are taken as well, or their places would decide
    least = (1.0 - 1e-9) * sizes[order[min(enough, len(order)) - 1]]
    return np.asarray(order[(sizes[order] >= least) & (sizes[order] > 0.0)])
