"""Classes of which nothing is known: zero weights, a score of nothing but corrections."""

import math
from dataclasses import replace

import numpy as np
import pytest

from kgzsl.explain import explain
from kgzsl.explain.views import VIEWS


class Blind:
    """A model that knows nothing of some concepts."""

    def __init__(self, model, unknown):
        self.model, self.unknown = model, unknown
        self.classes, self.relations = model.classes, model.relations

    def terms(self, index, features):
        return BlindTerms(self.model.terms(index, features), index.positions(self.unknown))


class BlindTerms:
    def __init__(self, terms, unknown):
        self._terms, self._unknown = terms, unknown

    def __getattr__(self, name):
        return getattr(self._terms, name)

    def norms(self, positions):
        return np.where(np.isin(positions, self._unknown), 0.0, self._terms.norms(positions))


@pytest.fixture
def decide(animals):
    def decided(target, foil=None, *, unknown=("zebra",), gamma=0.1, offset=0.0):
        decision = animals.decision(target, foil, gamma=gamma, offset=offset)

        def blinded(side):
            is_known = side is None or side.concept not in unknown
            return side if is_known else replace(side, score=-offset / decision.temperature, probability=None)

        return replace(
            decision,
            target=blinded(decision.target),
            foil=blinded(decision.foil),
            model=Blind(animals.model, unknown),
        )

    return decided


def test_the_score_of_an_unknown_class_is_nothing_but_corrections(decide):
    e = explain(decide("zebra", offset=0.05))
    assert {row.label: row.credit for row in e.rows} == {"nothing is known of zebra": 0.0, "score offset": -0.5}
    assert (e.margin, e.total, e.support) == (-0.5, -0.5, "none")
    assert "   0.000  nothing is known of zebra" in str(e)
    assert "knowledge support: none" in str(e)
    e.verify()


@pytest.mark.parametrize(("target", "foil"), [("zebra", "lion"), ("lion", "zebra"), ("zebra", "horse")])
def test_an_unknown_class_is_compared_with_known_ones(decide, target, foil):
    e = explain(decide(target, foil))
    assert abs(e.residual) < 1e-10
    for rows in (e.rows, *(e.by(name) for name in VIEWS)):
        assert math.fsum(row.credit for row in rows) == pytest.approx(e.margin, abs=1e-10)
        assert "nothing is known of zebra" in [row.label for row in rows]
    e.verify()
    assert str(e) == str(explain(decide(target, foil)))
    e._repr_html_()


def test_of_two_unknown_classes_nothing_tells_apart(decide):
    e = explain(decide("zebra", "lion", unknown=("zebra", "lion")))
    assert e.margin == e.total == 0.0
    assert "nothing the model knows tells them apart" in str(e)
    assert (e.coverage, e.cancellation) == (1.0, 1.0)
    e.verify()
