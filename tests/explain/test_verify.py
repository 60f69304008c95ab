from dataclasses import replace

import numpy as np
import pytest

from kgzsl.errors import ExplanationError
from kgzsl.explain import explain
from kgzsl.explain.recount import recount
from kgzsl.graph.concept import Edge


@pytest.fixture
def explanation(animals):
    return explain(animals.decision("zebra", "lion", gamma=0.1))


def test_an_untouched_explanation_passes(explanation):
    explanation.verify()


@pytest.mark.parametrize("place", range(4))
def test_a_changed_credit_is_named(explanation, place):
    row = explanation.items[place]
    items = list(explanation.items)
    items[place] = replace(row, credit=row.credit * (1 + 1e-5))
    with pytest.raises(ExplanationError, match=row.label):
        replace(explanation, items=tuple(items)).verify()


@pytest.mark.parametrize("name", ["total", "margin", "coverage", "cancellation"])
def test_a_changed_number_of_the_whole_is_named(explanation, name):
    with pytest.raises(ExplanationError, match=name):
        replace(explanation, **{name: getattr(explanation, name) + 0.01}).verify()


def test_a_changed_word_of_support_is_named(explanation):
    with pytest.raises(ExplanationError, match="support"):
        replace(explanation, support="overwhelming").verify()


def test_a_changed_rest_or_constant_is_named(explanation):
    (rest,) = explanation.others
    with pytest.raises(ExplanationError, match="not shown"):
        replace(explanation, others=(replace(rest, credit=rest.credit + 1e-3),)).verify()
    constant = explanation.constants[0]
    with pytest.raises(ExplanationError, match=constant.label):
        replace(explanation, constants=(replace(constant, credit=0.0),)).verify()


def test_a_changed_path_in_the_books_is_named(explanation):
    account = explanation.reasons.ledger.accounts[0]
    path = account.paths[3]
    tampered = [*account.paths[:3], replace(path, credit=path.credit + 1e-3), *account.paths[4:]]
    ledger = replace(
        explanation.reasons.ledger,
        accounts=(replace(account, paths=tuple(tampered)), explanation.reasons.ledger.accounts[1]),
    )
    with pytest.raises(ExplanationError, match=f"path {' - '.join(path.nodes)}"):
        replace(explanation, reasons=replace(explanation.reasons, ledger=ledger)).verify()


def test_a_fact_that_the_graph_does_not_say_is_named(explanation):
    row = replace(explanation.items[0], facts=(Edge("zebra", "is_a", "tiger"),))
    with pytest.raises(ExplanationError, match="cites zebra is_a tiger"):
        replace(explanation, items=(row, *explanation.items[1:])).verify()


def test_the_recount_solves_large_graphs_instead_of_inverting_them(explanation, monkeypatch):
    sign, candidate = explanation.decision.sides()[0]
    dense = recount(explanation.decision, explanation.decision.model, sign, candidate)
    monkeypatch.setattr("kgzsl.explain.recount.DENSE_LIMIT", 0)
    sparse = recount(explanation.decision, explanation.decision.model, sign, candidate)
    assert sparse.sources == pytest.approx(dense.sources, abs=1e-12)
    assert sparse.support == pytest.approx(dense.support, abs=1e-12)
    explanation.verify()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("probability", 0.9),
        ("foil_probability", 0.9),
        ("prediction", "lion"),
        ("foil", "horse"),
        ("foil", None),
        ("method", "x"),
        ("assumptions", ()),
    ],
)
def test_a_changed_word_of_the_verdict_is_named(explanation, name, value):
    with pytest.raises(ExplanationError, match=name):
        replace(explanation, **{name: value}).verify()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("label", "is striped"),
        ("note", "like nothing"),
        ("kind", "fact"),
        ("concepts", ("tiger",)),
        ("near", (("cow", 1.0),)),
        ("paths", ()),
        ("facts", (Edge("zebra", "is_a", "equine"),)),
        ("gross", 99.0),
        ("sides", (9.0, -9.0)),
    ],
)
@pytest.mark.parametrize("place", [1, 2])
def test_a_changed_word_of_a_row_is_named(explanation, place, name, value):
    row = explanation.items[place]
    assert getattr(row, name) != value
    items = [replace(one, **{name: value}) if one is row else one for one in explanation.items]
    with pytest.raises(ExplanationError):
        replace(explanation, items=tuple(items)).verify()


def test_changed_words_of_the_rest_and_of_constants_are_named(explanation):
    for part in ("others", "constants"):
        first, *more = getattr(explanation, part)
        with pytest.raises(ExplanationError, match="invented"):
            replace(explanation, **{part: (replace(first, label="invented"), *more)}).verify()
    with pytest.raises(ExplanationError, match="other rows"):
        replace(explanation, items=explanation.items[::-1]).verify()


def test_probabilities_follow_from_the_scores(explanation):
    """Both raised together with the decision's own: the odds, or the sum over all classes, give them away."""
    decision = explanation.decision
    likely = replace(decision, target=replace(decision.target, probability=0.9))
    with pytest.raises(ExplanationError, match="odds"):
        replace(explanation, probability=0.9, decision=likely).verify()
    summed = replace(decision, log_partition=decision.target.score - np.log(0.25))
    with pytest.raises(ExplanationError, match="probability of zebra"):
        replace(explanation, decision=summed).verify()
