"""Leaks through samples: test rows where training or tuning rows belong, and the same image on both sides."""

import numpy as np
from numpy.typing import NDArray

from kgzsl.evaluation.data_set import IndexArray
from kgzsl.evaluation.leaks_run import Run
from kgzsl.query.audit_subject import MOST_EXAMPLES, Found, found

__all__ = [
    "NEAR",
    "early_reads",
    "exact_duplicates",
    "near_duplicates",
    "scaled_with_test",
    "subsampled_test",
    "test_in_training",
    "test_in_tuning",
    "unseen_in_training",
]

NEAR = 0.02
"""Two rows are near duplicates below this share of the median distance of two rows drawn at random."""

_PROJECTED = 24
_LEAST_DIM = 8
_BLOCK = 1024

NO_TEST = "the run does not say which rows test: give a protocol, or a data set with its splits"
NO_FEATURES = "needs a data set with features"


def test_in_training(run: Run) -> Found:
    """Test rows among those trained on."""
    if not len(run.test_rows) or run.trained is None:
        return Found(0, skipped=NO_TEST)
    return found(np.intersect1d(run.trained, run.test_rows).tolist(), run.named_row)


def test_in_tuning(run: Run) -> Found:
    """Test rows among those that settings were chosen on: the trap of AWA2's train_loc and val_loc."""
    if not len(run.test_rows) or not run.tuned:
        return Found(0, skipped=NO_TEST if not len(run.test_rows) else "the run does not say what it was tuned on")
    met = {
        f"{name} holds {{}} rows of {part}": len(np.intersect1d(rows, tested))
        for name, rows in run.tuned.items()
        for part, tested in run.test_parts.items()
    }
    leaked = {text: count for text, count in met.items() if count}
    examples = tuple(text.format(f"{count:,}") for text, count in leaked.items())
    return Found(sum(leaked.values()), examples, complete=True)


def unseen_in_training(run: Run) -> Found:
    """Samples of unseen classes among those trained or tuned on."""
    if run.labels is None or not run.unseen or run.trained is None:
        return Found(0, skipped="needs labels, the unseen classes and the rows trained on")
    used = np.unique(np.concatenate([run.trained, *run.tuned.values()]))
    rows = used[np.isin(run.labels[used], list(run.unseen))]
    labels = run.labels
    return found(rows.tolist(), lambda row: f"row {row} is of {labels[row]}")


def scaled_with_test(run: Run) -> Found:
    """Input statistics that test rows took part in: stated, or seen from the mean that was taken off."""
    stated = run.stated_rows("scaled_on")
    if stated is not None and len(run.test_rows):
        return found(np.intersect1d(stated, run.test_rows).tolist(), run.named_row)
    features = None if run.dataset is None else run.dataset.features
    if run.input_mean is None or features is None or run.trained is None or not len(run.test_rows):
        return Found(0, skipped="needs scaled_on, or input_mean with a data set that has features")
    mean = np.asarray(run.input_mean, dtype=np.float64).reshape(-1)
    if mean.shape != (features.shape[1],):
        return Found(0, skipped=f"input_mean has {len(mean):,} values for {features.shape[1]:,} features")
    clean = np.setdiff1d(run.trained, run.test_rows)
    mixed = [np.union1d(clean, part) for part in (run.test_rows, *run.test_parts.values())]
    distance = min(np.linalg.norm(mean - own) for own in _means(run, clean))
    leaked = min(np.linalg.norm(mean - other) for rows in mixed for other in _means(run, rows))
    spread = float(features[clean].std(axis=0).mean()) or 1.0
    if distance > 1e-4 * spread and leaked < 0.2 * distance:
        text = f"the mean lies {leaked:.2g} from that with test rows, {distance:.2g} from that without"
        return Found(1, (text,))
    return Found(0)


def _means(run: Run, rows: IndexArray) -> list[NDArray[np.float64]]:
    """The mean of rows, and the mean of their class means."""
    assert run.dataset is not None
    assert run.dataset.features is not None
    X = run.dataset.features[rows].astype(np.float64)
    if run.dataset.labels is None:
        return [X.mean(axis=0)]
    labels = run.dataset.labels[rows]
    return [X.mean(axis=0), np.mean([X[labels == label].mean(axis=0) for label in np.unique(labels)], axis=0)]


def subsampled_test(run: Run) -> Found:
    """Test rows that no figure was measured on: of rows listed, or counted by the report."""
    if not len(run.test_rows):
        return Found(0, skipped=NO_TEST)
    if run.tested is not None:
        return found(np.setdiff1d(run.test_rows, run.tested).tolist(), run.named_row)
    counts = getattr(run.report, "counts", None)
    if counts is None:
        return Found(0, skipped="needs tested_on, or a report")
    told = {part: counts[f"num_{part.removeprefix('test_')}_samples"] for part in run.test_parts}
    missing = {part: abs(len(rows) - told[part]) for part, rows in run.test_parts.items()}
    examples = [f"{part}: {told[part]:,} of {len(run.test_parts[part]):,} rows" for part in missing if missing[part]]
    return Found(sum(missing.values()), tuple(examples), complete=True)


def early_reads(run: Run) -> Found:
    """Test rows asked for before the final phase, and training rows read after test rows were."""
    if run.protocol is None:
        return Found(0, skipped="needs a protocol, which records reads")
    refused = [f"{read.part} asked for before the final phase" for read in run.protocol.reads if not read.allowed]
    late = [
        f"{read.part} read after test rows" for read in run.protocol.reads
        if read.after_final and not read.part.startswith("test")
    ]  # fmt: skip
    return found([*refused, *late])


# -- duplicates --------------------------------------------------------------------------------------------------


def exact_duplicates(run: Run) -> Found:
    """Test samples that equal a training sample: the same features, text, or name."""
    sides = _sides(run)
    if sides is None:
        return Found(0, skipped="needs a data set with features, texts or names, and its training and test rows")
    train, test = sides
    assert run.dataset is not None
    held = [texts for texts in (run.dataset.texts, run.dataset.names) if texts]
    pairs: dict[int, int] = {}
    if run.dataset.features is not None:
        features = run.dataset.features
        first = {features[row].tobytes(): int(row) for row in train[::-1]}
        pairs = {int(row): first[key] for row in test if (key := features[row].tobytes()) in first}
    for texts in held:
        earliest = {texts[row]: int(row) for row in train[::-1]}
        pairs |= {int(row): earliest[texts[row]] for row in test if texts[row] in earliest}
    return found(sorted(pairs.items()), lambda pair: f"{run.named_row(pair[0])} equals row {pair[1]}")


def near_duplicates(run: Run) -> Found:
    """Test samples that are almost a training sample, such as the same photograph stored again."""
    sides = _sides(run)
    features = None if run.dataset is None else run.dataset.features
    if sides is None or features is None:
        return Found(0, skipped=NO_FEATURES)
    if features.shape[1] < _LEAST_DIM:
        return Found(0, skipped=f"{features.shape[1]} features are too few to tell near from equal")
    train, test = sides
    rng = np.random.default_rng(0)
    used = np.concatenate([train, test])
    drawn = rng.choice(used, size=(2, 2000))
    scale = float(np.median(np.linalg.norm(features[drawn[0]] - features[drawn[1]], axis=1)))
    if not scale:
        return Found(0, skipped="most samples are equal to each other")
    pairs = _near_pairs(features, train, test, NEAR * scale, rng)
    return Found(
        len(pairs),
        tuple(
            f"{run.named_row(a)} is {gap / scale:.1g} of the usual distance from row {b}"
            for a, b, gap in pairs[:MOST_EXAMPLES]
        ),
    )


def _near_pairs(
    features: NDArray[np.float32], train: IndexArray, test: IndexArray, reach: float, rng: np.random.Generator
) -> list[tuple[int, int, float]]:
    """(test row, training row, distance) within reach, equal rows left out; one pair a test row.

    Orthogonal projection never lengthens a distance, so nothing near is missed; what is near there is measured in full.
    """
    dim = features.shape[1]
    basis = np.linalg.qr(rng.standard_normal((dim, min(dim, _PROJECTED))))[0]
    centre = features[train].mean(axis=0, dtype=np.float64).astype(np.float32)
    blocks = range(0, len(features), _BLOCK)
    low = np.concatenate([(features[at : at + _BLOCK] - centre) @ basis.astype(np.float32) for at in blocks])
    fit = low[train]
    square = (fit**2).sum(axis=1)
    found_pairs = []
    slack = 1e-5 * float(square.max(initial=0.0))  # what single precision may be wrong by
    for start in range(0, len(test), _BLOCK):
        rows = test[start : start + _BLOCK]
        part = low[rows]
        gaps = (part**2).sum(axis=1)[:, None] + square - 2 * part @ fit.T
        for place in np.flatnonzero((gaps <= reach**2 + slack).any(axis=1)):
            near = train[gaps[place] <= reach**2 + slack]
            distance = np.linalg.norm(features[near].astype(np.float64) - features[rows[place]], axis=1)
            best = int(distance.argmin())
            if 0 < distance[best] <= reach:
                found_pairs.append((int(rows[place]), int(near[best]), float(distance[best])))
    return found_pairs


def _sides(run: Run) -> tuple[IndexArray, IndexArray] | None:
    """Rows trained or tuned on that are no test rows, and test rows, where samples can be compared."""
    if run.dataset is None or run.trained is None or not len(run.test_rows):
        return None
    if run.dataset.features is None and not run.dataset.texts and not run.dataset.names:
        return None
    return np.setdiff1d(np.concatenate([run.trained, *run.tuned.values()]), run.test_rows), run.test_rows
