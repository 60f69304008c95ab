"""The benchmark of leaks plants one of every kind, and each is found in a world that is otherwise clean."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from kgzsl.evaluation.leaks import CHECKS, audit_protocol

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def planted():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield importlib.import_module("leaks_planted")


@pytest.fixture(scope="module")
def case(planted):
    return importlib.import_module("leaks_worlds").synthetic(0)


def test_every_check_has_a_leak_whose_inflation_is_measured(planted):
    assert {code for code, _ in planted.LEAKS.values()} == set(CHECKS)


def test_the_world_without_a_leak_raises_nothing(case):
    assert audit_protocol(case.run).found == ()


@pytest.mark.parametrize(
    "name",
    [
        "test rows of seen classes in training",
        "best of 10 fits, the test read after each",
        "gamma chosen on the test",
        "the same, without a record",
        "unseen prototypes are test images",
    ],
)
def test_a_planted_leak_adds_to_h_and_is_found(planted, case, name):
    code, leak = planted.LEAKS[name]
    leaky, clean, run = leak(case)
    assert leaky > clean
    assert [finding.code for finding in audit_protocol(run).found] == [code]


def test_what_no_record_tells_is_worth_what_the_record_says(planted, case):
    recorded, unrecorded = (
        planted.LEAKS[name][1](case) for name in ("gamma chosen on the test", "the same, without a record")
    )
    assert recorded[:2] == unrecorded[:2]
    assert recorded[0] == pytest.approx(np.max(unrecorded[2].report.curve.harmonic_mean), abs=1e-12)
