"""What holds of every baseline that learns a way from inputs to features: laws, states, choices, errors."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from kgzsl.baselines import ALE, DAP, EXEM, IAP, SAE, SJE, Baseline, DeViSE, FittedBaseline, Prototype, SynC
from kgzsl.baselines.contract import unit_rows
from kgzsl.errors import InputFormatError, VersionError
from kgzsl.evaluation import class_folds, hits_at_k
from kgzsl.testing import check_propagator

GIVEN = [
    DAP(ridge=0.1),
    IAP(temperature=0.2),
    DeViSE(learning_rate=0.1, epochs=5),
    ALE(learning_rate=1.0, epochs=5),
    SJE(learning_rate=1.0, epochs=5),
    SAE(penalty=1.0, direction="decode"),
    SAE(penalty=1.0, direction="encode"),
    SynC(bandwidth=0.5, ridge=0.1),
    EXEM(bandwidth=1.0, ridge=0.01),
    Prototype(ridge=0.1),
]
CHOOSING = [DAP(), IAP(), DeViSE(), ALE(), SJE(), SAE(), SynC(), EXEM(), Prototype()]
every = pytest.mark.parametrize("model", GIVEN, ids=lambda model: type(model).__name__)
choosing = pytest.mark.parametrize("model", CHOOSING, ids=lambda model: type(model).__name__)


def scored(fitted, inputs, problem, concepts=None):
    """Scores; of the nearest generated mean, cosines with it."""
    if hasattr(fitted, "scores"):
        return fitted.scores(inputs, problem.index, problem.features, concepts=concepts)
    return inputs @ fitted.weights(problem.index, problem.features, concepts=concepts).T


def fit(model, problem, supervision=None):
    return model.fit(problem.index, problem.features, supervision or problem.supervision)


@choosing
def test_the_contract_is_kept(model):
    check_propagator(model)
    assert isinstance(model, Baseline)


@every
@pytest.mark.parametrize("kind", ["prototype", "linear"])
def test_unseen_classes_are_told_apart(learnable, model, kind):
    hits = []
    for seed in range(6):
        problem = learnable(seed, kind=kind, binary=isinstance(model, DAP | IAP), num_features=6, noise=0.1)
        scores = scored(fit(model, problem), problem.test, problem, problem.unseen)
        hits.append(hits_at_k(scores, problem.labels, 1))
    # four classes: chance is 0.25; attributes that two classes share count against all methods
    assert np.mean(hits) > 0.5


@choosing
@pytest.mark.parametrize("kind", ["prototype", "linear"])
def test_what_is_none_is_chosen_and_settled(learnable, model, kind):
    problem = learnable(1, kind=kind)
    fitted = fit(model, problem)
    assert fitted.report["chosen_by"] == "fold accuracy"
    settled = model.settled(fitted)
    assert all(getattr(settled, each.name) is not None for each in fields(settled))
    again = fit(settled, problem)
    assert again.report["chosen_by"] == "given"
    np.testing.assert_array_equal(
        scored(fitted, problem.test, problem), scored(again, problem.test, problem), strict=True
    )


@pytest.mark.parametrize("model", CHOOSING[1:], ids=lambda model: type(model).__name__)
def test_the_choice_is_the_best_of_refits_without_each_fold(learnable, model):
    problem = learnable(2)
    model = replace(model, folds=3)
    report = fit(model, problem).report
    accuracies = np.array([row[-1] for row in report["candidates"]])
    row = report["candidates"][int(np.argmax(accuracies))]
    names = {"IAP": ["temperature"], "SAE": ["penalty", "direction"], "Prototype": ["ridge"]}.get(
        type(model).__name__, ["bandwidth", "ridge"] if isinstance(model, SynC | EXEM) else ["epochs", "learning_rate"]
    )
    values = []
    for fold in class_folds(12, 3, 0):
        rest = np.setdiff1d(np.arange(12), fold)
        part = fit(replace(model, **dict(zip(names, row, strict=False))), problem, problem.part(rest))
        tried = np.isin(problem.supervision.labels, fold)
        concepts = [problem.supervision.classes[c] for c in fold]
        scores = scored(part, problem.supervision.inputs[tried], problem, concepts)
        values.append(hits_at_k(scores, np.searchsorted(fold, problem.supervision.labels[tried]), 1))
    assert row[-1] == pytest.approx(np.mean(values), abs=1e-12)


@every
def test_the_same_input_gives_the_same_bytes_and_is_left_alone(learnable, model):
    problem = learnable()
    given = (problem.features, problem.supervision.inputs, problem.supervision.labels, problem.supervision.weights)
    copies = [array.copy() for array in given]
    first, again = (scored(fit(model, problem), problem.test, problem) for _ in range(2))
    assert first.tobytes() == again.tobytes()
    assert all(np.array_equal(array, copy) for array, copy in zip(given, copies, strict=True))


@every
def test_state_comes_back(learnable, model):
    problem = learnable(kind="linear")
    fitted = fit(model, problem)
    config, arrays = fitted.state()
    kind = type(fitted)
    again = kind.from_state(json.loads(json.dumps(config)), arrays)
    assert (again.classes, again.report) == (fitted.classes, fitted.report)
    assert scored(again, problem.test, problem).tobytes() == scored(fitted, problem.test, problem).tobytes()
    with pytest.raises(VersionError, match="format 99"):
        kind.from_state({**config, "format": 99}, arrays)


@pytest.mark.parametrize(
    "model",
    # the others read targets, which would have to move too
    [model for model in GIVEN if not isinstance(model, IAP | Prototype)],
    ids=lambda model: type(model).__name__,
)
def test_linear_inputs_are_free_of_their_origin_and_unit(learnable, model):
    problem = learnable(kind="linear")
    shift = np.array([5.0, -3.0, 0.0, 1.0, 2.0, 8.0, 0.5, 0.0])
    unit = np.array([4.0] * 7 + [1.0])
    moved = replace(problem.supervision, inputs=(problem.supervision.inputs * unit + shift).astype(np.float32))
    here = scored(fit(model, problem), problem.test, problem, problem.unseen)
    there = scored(fit(model, problem, moved), problem.test * unit + shift, problem, problem.unseen)
    # single precision of the inputs, whose origin is taken off again
    np.testing.assert_allclose(there, here, atol=3e-4 * np.abs(here).max())


@pytest.mark.parametrize(
    "model",
    [model for model in GIVEN if isinstance(model, DeViSE | ALE | SJE | SAE | SynC)],
    ids=lambda model: type(model).__name__,
)
def test_weights_give_the_scores(learnable, model):
    problem = learnable(kind="linear")
    fitted = fit(model, problem)
    weights = fitted.weights(problem.index, problem.features, concepts=problem.unseen)
    np.testing.assert_array_equal(problem.test @ weights.T, scored(fitted, problem.test, problem, problem.unseen))
    assert not fitted.unit_rows


@every
def test_a_concept_is_scored_alike_whoever_else_is_asked_for(learnable, model):
    problem = learnable()
    fitted = fit(model, problem)
    some = scored(fitted, problem.test, problem, ["c13", "c02"])
    np.testing.assert_allclose(some, scored(fitted, problem.test, problem)[:, [13, 2]], rtol=1e-5, atol=1e-6)


@choosing
def test_too_few_classes_and_missing_examples_are_named(learnable, model):
    problem = learnable()
    with pytest.raises(InputFormatError, match="too few to choose a setting among; give"):
        fit(model, problem, problem.part([0, 1, 2]))
    weights_only = replace(problem.supervision, inputs=None, labels=None)
    with pytest.raises(InputFormatError, match="only their weights are given"):
        fit(model, problem, weights_only)
    with pytest.raises(InputFormatError, match="16 concepts"):
        model.fit(problem.index, problem.features[:5], problem.supervision)


@every
def test_another_width_of_features_is_named(learnable, model):
    problem = learnable()
    fitted = fit(model, problem)
    with pytest.raises(InputFormatError, match="fitted with 5"):
        scored(fitted, problem.test, replace(problem, features=problem.features[:, :3]))


@choosing
@pytest.mark.parametrize("value", [0, -1.0, float("inf"), "much", True])
def test_wrong_settings_are_named(model, value):
    for each in fields(model):
        if each.name in ("folds", "standardize", "num_components", "direction", "batch_size"):
            continue
        with pytest.raises(InputFormatError, match=f"{each.name} is"):
            replace(model, **{each.name: value})
    with pytest.raises(InputFormatError, match="folds is an integer from 2 on, not 1"):
        replace(model, folds=1)


@every
def test_what_fitting_gives_is_a_fitted_baseline(learnable, model):
    fitted = fit(model, learnable())
    assert isinstance(fitted, FittedBaseline) or isinstance(model, Prototype)


@pytest.mark.parametrize("model", [IAP(temperature=0.2), Prototype(ridge=0.1)])
def test_targets_alone_are_enough_where_nothing_is_chosen(learnable, model):
    problem = learnable()
    alone = replace(problem.supervision, inputs=None, labels=None)
    expected = scored(fit(model, problem), problem.test, problem)
    np.testing.assert_array_equal(scored(fit(model, problem, alone), problem.test, problem), expected)


def test_features_that_are_all_alike_do_no_harm(learnable):
    problem = learnable()
    alike = replace(problem, features=np.ones_like(problem.features))
    for model in GIVEN:
        if isinstance(model, DAP | IAP):
            with pytest.raises(InputFormatError, match="none of 5 attribute"):
                fit(model, alike)
        else:
            scores = scored(fit(model, alike), alike.test, alike)
            assert np.isfinite(scores).all()
            np.testing.assert_allclose(unit_rows(scores[:, 12:] - scores[:, 12:13]), 0, atol=1e-6)
