"""Whole numbers that make no sense are refused by name, wherever they are given."""

import re

import numpy as np
import pytest

import kgzsl
from kgzsl.counts import checked_count, checked_seed, checked_seeds
from kgzsl.demo import run_demo
from kgzsl.errors import InputFormatError
from kgzsl.evaluation import (
    ausuc_interval,
    bootstrap_interval,
    class_folds,
    expected_calibration_error,
    generalized_intervals,
    hits_at_k,
)
from kgzsl.explain.faithfulness_checks import randomised
from kgzsl.explain.faithfulness_curves import greedy_ranking, random_rankings
from kgzsl.explain.plugins import FactExplainer
from kgzsl.explain.pyg import PyGExplainer
from kgzsl.features import TextFeatures
from kgzsl.testing import example_classifier, example_decision, example_supervision

SCORES = [[0.9, 0.1], [0.6, 0.5]]
SIDES = {"s": np.array([1.0, 0.0]), "u": np.array([1.0])}, {"s": np.array([0, 0]), "u": np.array([1])}
SPLITS = {"seen_train": np.arange(4), "seen_test": np.array([4]), "unseen_test": np.array([5])}
DATA = kgzsl.Dataset(tuple("abcde"), features=np.eye(6), labels=np.array([0, 1, 2, 3, 0, 4]), splits=SPLITS)
TRIED = {"methods": ["occlusion"], "semantics": ["suppress"], "steps": 2}


@pytest.fixture(scope="module")
def decision():
    return example_decision()


@pytest.fixture
def dump(tmp_path):
    row = '/a/[/r/IsA/,/c/en/dog/,/c/en/pet/]\t/r/IsA\t/c/en/dog\t/c/en/pet\t{"weight": 1.0}\n'
    (tmp_path / "dump.csv").write_text(row)
    return tmp_path / "dump.csv"


SEEDED = {
    "ausuc_interval": lambda value: ausuc_interval(SCORES, [0, 1], [True, False], num_draws=3, random_state=value),
    "bootstrap_interval": lambda value: bootstrap_interval([1, 0], [0, 1], num_draws=3, random_state=value),
    "generalized_intervals": lambda value: generalized_intervals(
        *SIDES, over="samples", num_draws=3, random_state=value
    ),
    "class_folds": lambda value: class_folds(4, 2, value),
    "Protocol.from_dataset": lambda value: kgzsl.Protocol.from_dataset(DATA, random_state=value),
    "TextFeatures": lambda value: TextFeatures(random_state=value),
    "ZeroShotClassifier": lambda value: kgzsl.ZeroShotClassifier(random_state=value).fit(np.eye(2), ["cat", "dog"]),
    "run_demo": lambda value: run_demo(random_state=value, show_progress=False),
    "example_supervision": lambda value: example_supervision(random_state=value),
    "example_decision": lambda value: example_decision(random_state=value),
}
SEEDED_DECISIONS = {
    "faithfulness": lambda decision, value: kgzsl.faithfulness(
        [decision], **TRIED, num_resamples=3, random_state=value, show_progress=False
    ),
    "random_rankings": lambda decision, value: random_rankings(decision, random_state=value),
    "randomised": lambda decision, value: randomised(decision, random_state=value),
}
NO_SEEDS = [-1, 1.5, "3", True, np.float64(2.0)]


@pytest.mark.parametrize("value", NO_SEEDS)
@pytest.mark.parametrize("name", SEEDED)
def test_a_random_state_is_none_or_a_whole_number_from_0_on(name, value):
    with pytest.raises(
        InputFormatError, match=re.escape(f"random_state is None or a whole number from 0 on, not {value!r}")
    ):
        SEEDED[name](value)


@pytest.mark.parametrize("value", NO_SEEDS)
@pytest.mark.parametrize("name", SEEDED_DECISIONS)
def test_a_random_state_of_a_question_to_a_decision_is_one_too(name, value, decision):
    with pytest.raises(InputFormatError, match="random_state is None or a whole number from 0 on, not "):
        SEEDED_DECISIONS[name](decision, value)


@pytest.mark.parametrize("name", ["ausuc_interval", "bootstrap_interval", "class_folds", "example_supervision"])
def test_none_counts_as_0_and_integers_of_numpy_as_integers(name):
    answers = [str(SEEDED[name](value)) for value in (None, 0, np.int64(0), np.uint8(0))]
    assert len(set(answers)) == 1


@pytest.mark.parametrize("value", NO_SEEDS)
def test_a_random_state_of_pyg_is_one_too(value, decision):
    pytest.importorskip("torch_geometric")
    networked = example_decision("sgcn")
    with pytest.raises(InputFormatError, match="random_state is None or a whole number from 0 on, not "):
        PyGExplainer(random_state=value).explain(networked)


@pytest.mark.parametrize(
    ("option", "values"),
    [("random_state", NO_SEEDS), ("hops", [-1, 1.5, "3", None]), ("max_degree", [-1, 0, 1.5, "3"])],
)
def test_what_is_asked_of_conceptnet_is_whole(dump, option, values):
    for value in values:
        with pytest.raises(InputFormatError, match=rf"{option} is .* not {re.escape(repr(value))}"):
            kgzsl.read_conceptnet(dump, around="/c/en/dog", **{option: value})


COUNTED = {
    "num_draws": [
        lambda value: ausuc_interval(SCORES, [0, 1], [True, False], num_draws=value),
        lambda value: bootstrap_interval([1, 0], [0, 1], num_draws=value),
        lambda value: generalized_intervals(*SIDES, over="samples", num_draws=value),
    ],
    "num_bins": [lambda value: expected_calibration_error([[0.5, 0.5]], [0], num_bins=value)],
    "k": [lambda value: hits_at_k(SCORES, [0, 1], value)],
    "dim": [lambda value: TextFeatures(dim=value), lambda value: example_supervision(dim=value)],
    "num_inputs": [lambda value: example_supervision(num_inputs=value)],
    "num_resamples": [lambda value: kgzsl.faithfulness([example_decision()], **TRIED, num_resamples=value)],
    "num_candidates": [
        lambda value: greedy_ranking(example_decision(), num_candidates=value),
        lambda value: kgzsl.faithfulness([example_decision()], **TRIED, num_resamples=3, num_candidates=value),
    ],
    "steps": [
        lambda value: greedy_ranking(example_decision(), steps=value),
        lambda value: kgzsl.faithfulness([example_decision()], **{**TRIED, "steps": value}, num_resamples=3),
    ],
    "count": [lambda value: random_rankings(example_decision(), count=value)],
    "num_nodes": [
        lambda value: kgzsl.fact_credits(example_decision(), num_nodes=value),
        lambda value: FactExplainer("integrated-gradients", num_nodes=value).explain(example_decision()),
    ],
    "max_edits": [lambda value: example_classifier().counterfactual([0, 0, 1, 0, 1, 0], max_edits=value)],
    "budget": [lambda value: example_classifier().counterfactual([0, 0, 1, 0, 1, 0], budget=value)],
}


@pytest.mark.parametrize("value", [-1, 0, 1.5, "3", True])
@pytest.mark.parametrize(("name", "place"), [(name, place) for name in COUNTED for place in range(len(COUNTED[name]))])
def test_a_count_is_an_integer_from_1_on(name, place, value):
    with pytest.raises(InputFormatError, match=re.escape(f"{name} is an integer from 1 on, not {value!r}")):
        COUNTED[name][place](value)


@pytest.mark.parametrize("level", [0, 1, 1.5, "3", None, True])
def test_a_level_is_between_0_and_1(level):
    for asked in (
        lambda: generalized_intervals(*SIDES, over="samples", level=level),
        lambda: bootstrap_interval([1], [0], level=level),
    ):
        with pytest.raises(InputFormatError, match=re.escape(f"level is between 0 and 1, not {level!r}")):
            asked()


@pytest.mark.parametrize("seeds", [5, None, "12", [-1], [1.5], ["1"], [True]])
def test_seeds_of_a_protocol_are_a_list_of_whole_numbers(seeds):
    parts = {"train": [0, 1], "test_seen": [2], "test_unseen": [3]}
    for make in (
        lambda: kgzsl.Protocol.from_dataset(DATA, seeds=seeds),
        lambda: kgzsl.Protocol.from_indices(["cat", "dog", "cat", "fox"], **parts, seeds=seeds),
    ):
        with pytest.raises(
            InputFormatError, match=r"seeds is a list of whole numbers from 0 on, such as \[0, 1, 2\], not "
        ):
            make()


def test_what_makes_sense_is_given_back():
    assert [checked_count(np.int32(3), "k"), checked_count(0, "hops", least=0)] == [3, 0]
    assert [checked_seed(None), checked_seed(2**70)] == [0, 2**70]
    assert checked_seeds(np.arange(3)) == (0, 1, 2)
