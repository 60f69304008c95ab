"""What is checked of a fit before anything is computed, and what is put back if it fails all the same."""

import os
import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_array, validate_data

from kgzsl.counts import checked_seed
from kgzsl.decision.calibration import is_calibration
from kgzsl.decision.classes import Classes
from kgzsl.decision.inputs import require_finite
from kgzsl.errors import InputFormatError, InvalidGraphError, KgzslWarning, SplitError, listing
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.query.grounding import ground_classes, grounded

__all__ = [
    "check_parameters",
    "checked_weights",
    "example_places",
    "explained_input",
    "grounded_problem",
    "named_errors",
    "path_of",
    "require_count",
    "require_list",
    "unchanged_on_error",
    "warn_undirected",
    "warn_unreachable",
]


@contextmanager
def unchanged_on_error(estimator: Any) -> Iterator[None]:
    """All attributes as they were if the block ends with an error: what was fitted before stays fitted."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def named_errors(check: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """A check of NumPy's or scikit-learn's, with its complaint about a value as ours; the message stays."""
    try:
        return check(*args, **options)
    except InputFormatError:
        raise
    except ValueError as error:
        raise InputFormatError(str(error)) from error


def check_parameters(graph: Any, unseen: Any, calibration: Any, random_state: Any) -> None:
    """Raise the error that says which parameter of the estimator makes no sense, and what would."""
    if not is_calibration(calibration):
        raise InputFormatError(f'calibration is None, "stacking" or a finite number, not {calibration!r}')
    checked_seed(random_state)
    if unseen is not None:
        require_list(unseen, "unseen", "classes")
    if graph is None:
        if unseen is not None and list(unseen):
            raise SplitError("unseen classes need a graph that says what they are: give graph=")
    elif not isinstance(graph, KnowledgeGraph):
        makes = (
            "kgzsl.load_graph(name) gives a shipped one, kgzsl.read(path) that of a file"
            if isinstance(graph, str)
            else "KnowledgeGraph.from_networkx makes one of a NetworkX graph"
        )
        raise InputFormatError(f"graph is a KnowledgeGraph, not {type(graph).__name__}; {makes}")
    elif not len(graph):
        raise InvalidGraphError(f"graph {graph.name} has no concepts; there is nothing to propagate over")


def require_list(value: Any, name: str, of: str) -> None:
    """`InputFormatError` if this is no list of anything: a string, a single number, None."""
    if isinstance(value, str):
        raise InputFormatError(f"{name} is a list of {of}, not one string: [{value!r}]")
    try:
        len(value)
        iter(value)
    except TypeError as error:
        raise InputFormatError(f"{name} is a list of {of}, not {value!r}") from error


def require_count(k: Any) -> None:
    """`InputFormatError` if k is no number of reasons to show."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise InputFormatError(f"k counts reasons, at least 1, not {k!r}")


def path_of(folder: Any) -> Path:
    """A folder as a path; `InputFormatError` if it is none."""
    if not isinstance(folder, str | os.PathLike):
        raise InputFormatError(f"a folder is a string or a path, not {folder!r}")
    return Path(folder)


def explained_input(estimator: Any, x: Any) -> NDArray[np.float64]:
    """One input as a checked row `[1, dim]`.

    A row of a table bears names, which are compared with those of the fit; anything else is taken by its order.
    """
    if isinstance(getattr(x, "columns", None), Iterable) and getattr(x, "shape", ()) == (1, len(list(x.columns))):
        inputs = named_errors(validate_data, estimator, x, reset=False, ensure_all_finite=False)
    elif hasattr(x, "to_frame") and _has_names(getattr(x, "index", None)) and hasattr(estimator, "feature_names_in_"):
        inputs = named_errors(validate_data, estimator, x.to_frame().T, reset=False, ensure_all_finite=False)
    else:
        row = named_errors(np.asarray, x, dtype=np.float64)
        if row.ndim != 1 and row.shape[:-1] != (1,):
            raise InputFormatError(f"explain takes one input [dim], such as X[0], not an array of shape {row.shape}")
        inputs = named_errors(check_array, row.reshape(1, -1), ensure_all_finite=False)
        width = estimator.n_features_in_
        if inputs.shape[1] != width:
            raise InputFormatError(
                f"X has {inputs.shape[1]} features, but {type(estimator).__name__} is expecting {width} features as "
                "input"
            )
    found: NDArray[np.float64] = named_errors(np.asarray, inputs, dtype=np.float64)
    require_finite(found, "x")
    return found


def _has_names(index: Any) -> bool:
    return isinstance(index, Iterable) and all(isinstance(name, str) for name in index)


def checked_weights(
    weights: Any, classes: Sequence[Any], kind: str, *, graph: KnowledgeGraph | None = None, targets: Any = None
) -> tuple[NDArray[np.float64], list[Any]]:
    """Weights of seen classes as a finite matrix with a row for each, and the classes as a list.

    Rows that bear names (a pandas table with an index of strings) must be those of `classes`, in their order. Where
    the numbers differ, what is known of the reason is told: from the names, the graph, and the `targets`.
    """
    if kind not in ("linear", "prototype"):
        raise InputFormatError(f'kind is "linear" or "prototype", not {kind!r}')
    require_list(classes, "classes", "classes")
    matrix: NDArray[np.float64] = named_errors(np.array, weights, dtype=np.float64)
    labels = list(classes)
    _check_agreement(matrix.shape, labels, _row_names(weights), graph, targets)
    narrowest = 2 if kind == "linear" else 1
    if matrix.shape[1] < narrowest:
        raise InputFormatError(f'kind="{kind}" needs at least {narrowest} column(s) of weights, not {matrix.shape[1]}')
    require_finite(matrix, "weights")
    return matrix, labels


def _row_names(weights: Any) -> list[str] | None:
    """The names of the rows of a pandas table, if they are strings."""
    index: Any = getattr(weights, "index", None)
    return list(index) if not callable(index) and _has_names(index) else None  # a list's `index` is a method


def _check_agreement(
    shape: tuple[int, ...],
    labels: Sequence[Any],
    names: Sequence[str] | None,
    graph: KnowledgeGraph | None,
    targets: Any,
) -> None:
    """`InputFormatError` unless there is a row for each class, and, where rows bear names, the one of its name."""
    if len(shape) != 2 or not labels:
        raise InputFormatError(
            f"weights of shape {shape} for {len(labels)} classes: one row a class is needed, and at least one"
        )
    reasons = list(_disagreements([label for label in labels if isinstance(label, Hashable)], names, graph, targets))
    if shape[0] != len(labels):
        known = "; ".join(reasons) or "one of the two lists is of another set of classes"
        raise InputFormatError(
            f"weights of shape {shape} for {len(labels)} classes: {shape[0]:,} rows and {len(labels):,} names, "
            f"and one row a class is needed: {known}"
        )
    if names is not None and names != [str(label) for label in labels]:
        first = next(place for place, (name, label) in enumerate(zip(names, labels, strict=True)) if name != str(label))
        known = "; ".join(reasons) or "they are in another order"
        raise InputFormatError(
            f"the rows of weights bear other names than classes: {known}; the first is row {first}, "
            f"{names[first]!r} for {labels[first]!r}"
        )


def _disagreements(
    labels: Sequence[Any], names: Sequence[str] | None, graph: KnowledgeGraph | None, targets: Any
) -> Iterator[str]:
    """What may be wrong with a list of classes, in sentences."""
    twice = [label for label, count in Counter(labels).items() if count > 1]
    if twice:
        yield f"classes names {listing(twice)} more than once"
    if names is not None:
        if extra := [label for label in dict.fromkeys(labels) if str(label) not in set(names)]:
            yield f"no row is named {listing(extra)}"
        if missing := [name for name in dict.fromkeys(names) if name not in {str(label) for label in labels}]:
            yield f"classes lacks {listing(missing)}"
    if graph is not None:
        table = graph.concept_columns
        texts = [label for label in dict.fromkeys(labels) if _is_text(label)]
        if unknown := [text for text in texts if table.row(text) is None and not table.labelled(text)]:
            yield f"graph {graph.name} has no {listing(unknown)}"
    given = [] if targets is None or isinstance(targets, str) else np.asarray(targets, dtype=object).ravel().tolist()
    known = set(labels)
    if absent := [label for label in dict.fromkeys(filter(_is_text, given)) if label not in known]:
        yield f"y has examples of {listing(absent)}, which classes lacks"


def grounded_problem(graph: KnowledgeGraph | None, seen: Sequence[Any], unseen: Sequence[Any]) -> Classes:
    """The classes with their concepts; every label that is unknown or ambiguous is reported at once."""
    if graph is None:
        return Classes(tuple(seen), tuple(str(label) for label in seen), len(seen))
    labels = [*seen, *unseen]
    counts = Counter((part, label) for part, side in enumerate((seen, unseen)) for label in side if _is_text(label))
    twice = sorted({label for (_, label), count in counts.items() if count > 1})
    if twice:
        raise InputFormatError(f"classes named twice: {listing(twice)}; name each once")
    concepts = grounded(graph, labels)
    of_seen = {concepts[label] for label in seen}
    overlap = [label for label in unseen if concepts[label] in of_seen]
    if overlap:
        raise SplitError(
            f"{len(overlap)} class(es) are both seen and unseen: {listing(overlap)}; "
            "a class with examples is seen: take it out of unseen=",
            overlap=[concepts[label] for label in overlap],
        )
    return Classes(tuple(labels), ground_classes(graph, labels), len(seen))


def _is_text(label: Any) -> bool:
    return isinstance(label, str)  # grounding complains about all others


def example_places(known: Classes, targets: NDArray[Any]) -> NDArray[np.int64]:
    """The place of each target among the seen classes, each of which needs an example."""
    labels = list(dict.fromkeys(targets.tolist()))
    found = known.places(labels, what="y")
    unseen = [known.labels[place] for place in found if place >= known.num_seen]
    if unseen:
        raise SplitError(
            f"examples of unseen classes: {listing(unseen)}; give them weights or leave them out", overlap=unseen
        )
    without = sorted(set(range(known.num_seen)) - set(found))
    if without:
        names = [known.labels[place] for place in without]
        raise SplitError(
            f"{len(names)} seen class(es) without examples in X, y: {listing(names)}; "
            "give examples of every class, or none at all"
        )
    place = dict(zip(labels, found, strict=True))
    return np.array([place[label] for label in targets.tolist()], dtype=np.int64)


def warn_undirected(concepts: Sequence[str], *, stacklevel: int) -> None:
    """Warn of seen classes whose weights are zero, if there are any."""
    if concepts:
        warnings.warn(
            f"{len(concepts):,} seen class(es) have weights of zero once inputs are centred, and score 0 on every "
            f"input: {listing(concepts, limit=5)}; see fit_report_.undirected",
            KgzslWarning,
            stacklevel=stacklevel + 1,
        )


def warn_unreachable(concepts: Sequence[str], where: str, *, stacklevel: int) -> None:
    """Warn of unseen classes that no path connects to a seen one, if there are any."""
    if concepts:
        warnings.warn(
            f"{len(concepts):,} unseen class(es) have no path to any seen class and are known by their features "
            f"alone: {listing(concepts, limit=5)}; {where}",
            KgzslWarning,
            stacklevel=stacklevel + 1,
        )
