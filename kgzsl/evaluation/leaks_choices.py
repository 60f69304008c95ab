"""Leaks through choices and through what stands for a class: settings, prototypes and semantics that knew the test."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from kgzsl.display.rounding import percent
from kgzsl.evaluation.leaks_run import TEST_PARTS, Run, Selection
from kgzsl.query.audit_subject import Found, found

__all__ = [
    "chosen_calibration_on_test",
    "chosen_epoch_on_test",
    "chosen_settings_on_test",
    "prototypes_with_test",
    "semantics_from_test",
    "unrecorded_best_gamma",
]

_EPOCHS = {"epoch", "epochs", "step", "steps", "iteration", "checkpoint", "early stopping"}
_CALIBRATION = {"gamma", "temperature", "calibration", "threshold", "stacking"}
_FITTED = ("pretended-unseen folds", "default")
_LEAST_DIM = 8


def chosen_epoch_on_test(run: Run) -> Found:
    """The epoch with the best test score."""
    return _chosen_on_test(run, lambda name: name in _EPOCHS, "epochs")


def chosen_calibration_on_test(run: Run) -> Found:
    """Gamma, or a temperature, that was chosen on test rows."""
    return _chosen_on_test(run, lambda name: name in _CALIBRATION, "gamma or temperature")


def chosen_settings_on_test(run: Run) -> Found:
    """Any other setting, seeds included, that was chosen on test rows."""
    return _chosen_on_test(run, lambda name: name not in _EPOCHS | _CALIBRATION, "settings")


def _chosen_on_test(run: Run, is_meant: Callable[[str], bool], what: str) -> Found:
    meant = [choice for choice in run.selections if is_meant(choice.name.casefold().replace("_", " ").strip())]
    if not meant:
        return Found(0, skipped=f"no record of how {what} were chosen")
    told = [(choice, reason) for choice in meant if (reason := _reason(run, choice))]
    return found(told, lambda pair: f"{pair[0].name} = {pair[0].chosen}: {pair[1]}")


def _reason(run: Run, choice: Selection) -> str:
    """Why a choice was made on test rows: it says so, or its scores show it."""
    if choice.on is not None:
        parts = [choice.on] if isinstance(choice.on, str) else list(choice.on)
        if parts and all(isinstance(part, str) for part in parts):
            named = [str(part) for part in parts if _is_test(str(part))]
            if named:
                return f"chosen on {', '.join(named)}"
        elif parts:
            met = np.intersect1d(np.asarray(parts, dtype=np.int64), run.test_rows)
            if len(met):
                return f"chosen on {len(met):,} test rows"
    return _followed(choice)


def _followed(choice: Selection) -> str:
    """Whether the chosen candidate is the best on test and on nothing else, where others were worse on test."""
    if not choice.scores:
        return ""
    place = list(choice.candidates).index(choice.chosen)
    tests = {part: np.asarray(values, dtype=np.float64) for part, values in choice.scores.items() if _is_test(part)}
    others = {
        part: np.asarray(values, dtype=np.float64) for part, values in choice.scores.items() if not _is_test(part)
    }
    best_on = [part for part, values in tests.items() if values[place] == values.max() > values.min()]
    explained = any(values[place] == values.max() for values in others.values())
    is_last = place == len(choice.candidates) - 1 and not others  # the last epoch is no choice
    return (
        f"best of {len(choice.candidates)} on {best_on[0]}, on no other part"
        if best_on and not explained and not is_last
        else ""
    )


def _is_test(part: str) -> bool:
    return part in TEST_PARTS or part.casefold().startswith("test") or part.casefold().endswith("test")


def unrecorded_best_gamma(run: Run) -> Found:
    """A gamma of unknown origin at which H on the test samples is as high as any gamma makes it."""
    gamma = getattr(run.report, "gamma", None)
    curve = getattr(run.report, "curve", None)
    if gamma is None or curve is None:
        return Found(0, skipped="needs a report of a classifier that says its gamma")
    names = {choice.name.casefold() for choice in run.selections}
    source = getattr(getattr(getattr(run.classifier, "problem_", None), "calibration", None), "source", "")
    if names & _CALIBRATION or source in _FITTED or gamma == 0:
        return Found(0)
    best = float(np.max(curve.harmonic_mean))
    if run.report.harmonic_mean < best - 1e-12 or best == 0:
        return Found(0)
    return Found(1, (f"gamma {gamma:.4g} gives H {percent(best, 2)}, and no other gamma gives more on these samples",))


# -- prototypes and semantics ------------------------------------------------------------------------------------


def prototypes_with_test(run: Run) -> Found:
    """Class prototypes into which test images went, told from the vectors themselves."""
    vectors = {name: np.asarray(vector, dtype=np.float64) for name, vector in run.prototypes.items()} or _weights(run)
    if not vectors:
        return Found(0, skipped="needs prototypes, or a classifier with weights_ of class means")
    return _made_of_test(run, vectors)


def semantics_from_test(run: Run) -> Found:
    """Semantics that were computed from test images: stated, or told from the vectors where both have one space."""
    stated = run.stated_rows("semantics_rows")
    if stated is not None and len(run.test_rows):
        return found(np.intersect1d(stated, run.test_rows).tolist(), run.named_row)
    if not run.described:
        return Found(0, skipped="needs semantics_rows, or semantics of the classes")
    return _made_of_test(run, run.described)


def _weights(run: Run) -> Mapping[str, NDArray[np.float64]]:
    weights = getattr(run.classifier, "weights_", None)
    labels = run._columns("all")
    if weights is None or labels is None or len(labels) != len(weights):
        return {}
    return dict(zip(labels, np.asarray(weights, dtype=np.float64), strict=True))


def _made_of_test(run: Run, vectors: Mapping[str, NDArray[np.float64]]) -> Found:
    """Classes whose vector is a sum of class means that needs the mean of the class's test images."""
    features = None if run.dataset is None else run.dataset.features
    if features is None or run.labels is None or run.trained is None or not len(run.test_rows):
        return Found(0, skipped="needs a data set with features and labels, and its training and test rows")
    dim = features.shape[1]
    if dim < _LEAST_DIM or any(vector.shape != (dim,) for vector in vectors.values()):
        return Found(
            0, skipped=f"vectors do not lie in the space of the {dim:,} features, so images cannot be told in them"
        )
    labels, keys = run.labels, {run.key(name): vector for name, vector in vectors.items()}
    clean = np.setdiff1d(run.trained, run.test_rows)
    classes = np.unique(labels)

    def means(rows: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        own = labels[rows]
        return {str(name): features[rows[own == name]].mean(axis=0, dtype=np.float64) for name in np.unique(own)}

    train, test, both = means(clean), means(run.test_rows), means(np.union1d(clean, run.test_rows))
    centres = [np.mean(list(group.values()), axis=0) for group in (train, both) if group]
    told = []
    for name in map(str, classes):
        vector = keys.get(run.key(name))
        if vector is None or name not in test or not vector.any():
            continue
        share = _share_of_test(vector, train.get(name), test[name], centres)
        if share > 0:
            told.append((name, share))
    return found(told, lambda pair: f"{pair[0]}: test images weigh {percent(pair[1])}")


def _share_of_test(
    vector: NDArray[np.float64],
    train: NDArray[np.float64] | None,
    test: NDArray[np.float64],
    centres: list[NDArray[np.float64]],
) -> float:
    """Weight of the test mean in the vector, or 0 where the vector is told as well, or as badly, without it."""
    without = centres if train is None else [train, *centres]
    _, clean = _fitted(vector, without)
    weights, mixed = _fitted(vector, [*without, test])
    length = float(np.linalg.norm(vector))
    if train is None:  # an unseen class: nothing but its test images gives its very mean
        return 1.0 if mixed < 0.02 * length and clean > 0.1 * length else 0.0
    if clean <= 1e-4 * length or mixed >= 0.2 * clean:
        return 0.0
    share = abs(weights[-1]) / max(abs(weights[-1]) + abs(weights[0]), 1e-300)
    return float(share) if share > 0.01 else 0.0


def _fitted(vector: NDArray[np.float64], parts: list[NDArray[np.float64]]) -> tuple[NDArray[np.float64], float]:
    """Weights of the parts that come nearest to the vector, and how far that is."""
    table = np.stack(parts, axis=1)
    weights = np.linalg.lstsq(table, vector, rcond=None)[0]
    return np.asarray(weights, dtype=np.float64), float(np.linalg.norm(vector - table @ weights))
