"""Products of computations that run side by side: each gets its own, and one matrix is read once for all."""

import numpy as np

from kgzsl.explain import lockstep
from kgzsl.explain.lockstep import Product, run, together
from kgzsl.explain.network_walks import flow
from kgzsl.testing import example_decision

RNG = np.random.default_rng(0)
FIRST, SECOND = RNG.standard_normal((4, 3)), RNG.standard_normal((3, 3))


def squared(rows, steps):
    """`rows` through FIRST, then `steps` times through SECOND and its transpose in turn."""
    (found,) = yield [Product(rows, FIRST)]
    for step in range(steps):
        one, other = yield [Product(found, SECOND, is_transposed=bool(step % 2)), Product(found, SECOND)]
        found = one + other
    return found


def expected(rows, steps):
    found = rows @ FIRST
    for step in range(steps):
        found = found @ (SECOND.T if step % 2 else SECOND) + found @ SECOND
    return found


def counted(monkeypatch):
    """How many products were asked for at once, and of how many each multiplication was made."""
    sizes, whole = [], lockstep._multiplied

    def noting(products):
        sizes.append((len(products), len({product.place for product in products})))
        return whole(products)

    monkeypatch.setattr(lockstep, "_multiplied", noting)
    return sizes


def test_tasks_of_different_length_get_what_each_alone_would_get():
    sides = [(RNG.standard_normal((number + 1, 4)), steps) for number, steps in enumerate((3, 0, 1, 2))]
    found = run(together([squared(rows, steps) for rows, steps in sides]))
    for result, (rows, steps) in zip(found, sides, strict=True):
        assert np.allclose(result, expected(rows, steps), rtol=1e-13, atol=0)


def test_tasks_inside_of_tasks_share_their_products_too(monkeypatch):
    sizes = counted(monkeypatch)
    rows = RNG.standard_normal((2, 4))

    def nested():
        return (yield from together([squared(rows, 2), squared(rows, 2)]))

    found = run(together([nested(), squared(rows, 2)]))
    assert np.allclose(found[0][0], found[1], rtol=1e-13, atol=0)
    # FIRST for all three; then SECOND, twice each; then its transpose and itself
    assert sizes == [(3, 1), (6, 1), (6, 2)]


def test_no_task_and_one_without_products():
    def still():
        return 7
        yield

    assert run(together([])) == []
    assert run(together([still()])) == [7]


def test_a_product_may_be_written_to_and_no_other_is_changed():
    def writing(rows):
        (found,) = yield [Product(rows, FIRST)]
        found += 1.0
        return found

    rows = np.ones((1, 4))
    one, other = run(together([writing(rows), writing(rows)]))
    assert np.allclose(one, rows @ FIRST + 1)
    assert np.allclose(other, rows @ FIRST + 1)


def test_target_and_foil_are_explained_by_one_product_a_layer_and_direction(monkeypatch):
    from kgzsl.explain.explaining import explain

    decision = example_decision("sgcn")
    network = decision.model.opened(decision.target.index, decision.target.concept)
    sizes = counted(monkeypatch)
    explain(decision, k=3)
    depth = len(network.layers)
    # forwards one of each side; back the shares of all places and the walks, of each side
    assert sizes == [(2, 1)] * depth + [(4, 1)] * depth


def test_together_the_shares_are_those_of_each_side_alone():
    from kgzsl.explain.account import Reach
    from kgzsl.explain.ledger import keep_books

    decision = example_decision("sgcn")
    inputs = np.asarray(decision.inputs, dtype=np.float64)
    for account, (sign, side) in zip(keep_books(decision, Reach()).accounts, decision.sides(), strict=True):
        network = decision.model.opened(side.index, side.concept)
        alone = flow(network, side.features, inputs, sign / decision.temperature)
        assert np.allclose(account.sources, alone.features + alone.biases, rtol=1e-12, atol=1e-15)
