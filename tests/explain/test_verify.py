from dataclasses import replace

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
    dense = recount(explanation.decision, sign, candidate)
    monkeypatch.setattr("kgzsl.explain.recount.DENSE_LIMIT", 0)
    sparse = recount(explanation.decision, sign, candidate)
    assert sparse.sources == pytest.approx(dense.sources, abs=1e-12)
    assert sparse.support == pytest.approx(dense.support, abs=1e-12)
    explanation.verify()
