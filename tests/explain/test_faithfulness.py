"""Measures of faithfulness by their definitions, worlds by their truth, and the decisive claims on a fixed seed."""

import numpy as np
import pytest
from scipy.special import expit

import kgzsl
from kgzsl.errors import InputFormatError, UnknownNameError
from kgzsl.explain.counterfactual import counterfactual
from kgzsl.explain.fact_credits import fact_credits
from kgzsl.explain.faithfulness import (
    METHODS,
    completeness_error,
    deletion_auc,
    deletion_curve,
    deletion_gain,
    facts_to_flip,
    faithfulness,
    fidelity,
    greedy_ranking,
    insertion_auc,
    insertion_curve,
    leading,
    measure,
    random_rankings,
    randomisation_check,
    randomised,
    sign_accuracy,
    single_effects,
    stability,
    summary,
)
from kgzsl.explain.faithfulness_planted import planted_world
from kgzsl.explain.faithfulness_worlds import (
    WORLDS,
    automorphic_pair,
    evidence_against,
    redundant_facts,
    shortcut,
    twins,
    white_box,
)
from kgzsl.explain.gates import GatedMargin
from kgzsl.explain.rerun import Rerun
from kgzsl.features.matrix import MatrixFeatures
from kgzsl.propagation.gp_settings import GPSettings
from kgzsl.propagation.graph_gp import GraphGP
from kgzsl.propagation.sgcn import SGCN
from kgzsl.testing import example_decision

SEEDS = range(5)


@pytest.fixture(scope="module")
def decision():
    return automorphic_pair(1).decision


@pytest.fixture(scope="module")
def planted_decisions():
    world = planted_world(0)
    clf = kgzsl.ZeroShotClassifier(
        world.graph,
        features=MatrixFeatures(world.features, world.graph.ids),
        propagator=SGCN(hidden=32, epochs=150, dropout=0.0, learning_rate=0.01, device="cpu"),
        unseen=list(world.unseen),
        relations=world.kinds,
        random_state=0,
    ).fit(*world.train)
    X, y = world.test
    right = np.flatnonzero(clf.predict(X, label_space="unseen") == y)[:15:5]
    return [clf.explain(X[place], label_space="unseen").decision for place in right]


# -- the measures, by their definitions ---------------------------------------------------------------------------


def test_a_deletion_curve_takes_the_decision_again_without_the_first_facts(decision):
    ranking = fact_credits(decision, "occlusion")
    facts = leading(ranking)
    rerun = Rerun(decision)
    expected = [rerun.outcome(facts[:count]).margin for count in range(5)]
    np.testing.assert_allclose(deletion_curve(decision, ranking, steps=4), expected, atol=1e-9)
    assert deletion_auc(decision, ranking, steps=4) == pytest.approx(np.mean(expit(expected[1:])))


def test_an_insertion_curve_starts_from_nothing_and_ends_with_everything(decision):
    facts = GatedMargin(decision).facts
    rerun = Rerun(decision)
    curve = insertion_curve(decision, facts, steps=len(facts))
    assert curve[0] == pytest.approx(rerun.outcome(facts).margin, abs=1e-9)
    assert curve[3] == pytest.approx(rerun.outcome(facts[3:]).margin, abs=1e-9)
    assert curve[-1] == pytest.approx(decision.margin, abs=1e-9)
    assert insertion_auc(decision, facts, steps=3) == pytest.approx(np.mean(expit(curve[1:4])))


@pytest.mark.parametrize("semantics", ["remove", "suppress"])
def test_many_margins_at_once_are_those_asked_one_by_one(decision, semantics):
    asked = GatedMargin(decision)
    gates = np.random.default_rng(0).uniform(size=(7, len(asked.facts))).round(1)
    expected = [asked.margin(row, semantics=semantics) for row in gates]
    np.testing.assert_allclose(asked.margins(gates, semantics=semantics), expected, rtol=1e-12)


def test_a_curve_stays_where_a_ranking_claims_nothing_more(decision):
    fact = leading(fact_credits(decision))[0]
    other = next(one for one in GatedMargin(decision).facts if one != fact)
    curve = deletion_curve(decision, [(fact, 1.0), (other, 0.0)], steps=3)
    assert curve[1] == curve[2] == curve[3] != curve[0]


def test_the_greedy_oracle_takes_what_lowers_the_margin_most_each_time(decision):
    rerun, gone = Rerun(decision), []
    for fact, drop in greedy_ranking(decision, steps=3):
        left = {one: rerun.outcome([*gone, one]).margin for one in rerun.facts - set(gone)}
        assert left[fact] == pytest.approx(min(left.values()), abs=1e-9)
        assert drop == pytest.approx(rerun.outcome(gone).margin - left[fact], abs=1e-9)
        gone.append(fact)


def test_flips_and_fidelity_are_read_off_the_curves(decision):
    ranking = greedy_ranking(decision)
    curve = deletion_curve(decision, ranking)
    assert facts_to_flip(decision, ranking) == next(count for count, margin in enumerate(curve) if margin < 0)
    assert facts_to_flip(decision, []) is None
    gone, alone = curve[6], insertion_curve(decision, ranking)[6]
    assert fidelity(decision, ranking) == pytest.approx((expit(curve[0]) - expit(gone), expit(curve[0]) - expit(alone)))


def test_occlusion_has_the_sign_of_every_single_effect(decision):
    assert sign_accuracy(decision, fact_credits(decision, "occlusion")) == 1.0
    backwards = [(fact, -effect) for fact, effect in single_effects(decision).items()]
    assert sign_accuracy(decision, sorted(backwards, key=lambda pair: -pair[1])) == 0.0
    assert np.isnan(sign_accuracy(decision, [(fact, 0.5) for fact in GatedMargin(decision).facts]))


def test_shapley_credits_miss_nothing(decision):
    assert completeness_error(fact_credits(decision, "shapley")) < 1e-9


def test_gain_is_0_for_chance_and_1_for_the_oracle():
    assert deletion_gain(0.8, random=0.8, oracle=0.2) == 0
    assert deletion_gain(0.2, random=0.8, oracle=0.2) == 1
    assert np.isnan(deletion_gain(0.5, random=0.5, oracle=0.5))


def test_random_orders_are_those_of_their_seed(decision):
    assert random_rankings(decision, random_state=3) == random_rankings(decision, random_state=3)
    assert random_rankings(decision, random_state=3) != random_rankings(decision, random_state=4)


def test_two_runs_of_each_method_say_the_same(decision):
    assert {name: stability(decision, method) for name, method in METHODS.items()} == dict.fromkeys(METHODS, 1.0)
    said = iter([[("a", "r", "b")], [("a", "r", "c")]])
    assert stability(decision, lambda _: next(said)) == 0.0


def test_a_story_told_from_the_graph_alone_does_not_change_with_the_model(decision):
    other = randomised(decision)
    assert other.margin != pytest.approx(decision.margin)
    told = {fact: float(len(fact[0])) for fact in GatedMargin(decision).facts}
    assert randomisation_check(decision, lambda _: tuple(told.items())) == pytest.approx(1.0)
    assert abs(randomisation_check(decision, METHODS["shapley"])) < 0.9


def test_a_network_with_a_matrix_for_each_relation_can_mean_nothing_too():
    decision = example_decision("rgcn")
    other = randomised(decision)
    assert other.margin == randomised(decision).margin != pytest.approx(decision.margin)
    assert other.margin != pytest.approx(randomised(decision, random_state=1).margin)
    network = other.model.opened(decision.target.index, "tiger")
    for layer, before in zip(network.layers, decision.model.opened(decision.target.index, "tiger").layers, strict=True):
        for part, original in zip(layer.parts, before.parts, strict=True):
            assert sorted(part.weight.flat) == sorted(original.weight.flat)
    fact = ("tiger", "is_a", "feline")
    assert fact_credits(other, "shapley").credit(fact) != pytest.approx(fact_credits(decision, "shapley").credit(fact))


def test_the_table_has_a_row_for_each_method_between_chance_and_the_oracle():
    decisions = [automorphic_pair(seed).decision for seed in range(2)]
    table = faithfulness(decisions, methods=["occlusion", "degree"], semantics=["remove"], num_resamples=50)
    gains = dict(zip(table["method"], table["gain"], strict=True))
    assert set(gains) == {"oracle", "occlusion", "degree", "random"}
    assert (gains["oracle"], gains["random"]) == (1.0, 0.0)
    again = faithfulness(decisions, methods=["occlusion", "degree"], semantics=["remove"], num_resamples=50)
    np.testing.assert_array_equal([row[2:-1] for row in table], [row[2:-1] for row in again])


def test_a_classifier_with_inputs_is_asked_for_its_decisions(zoo):
    settings = GPSettings.of(text=1, walk=1, walk_beta=2.0, noise=0.2)
    clf = kgzsl.ZeroShotClassifier(
        zoo.graph,
        features=MatrixFeatures(np.stack(list(zoo.rows.values())), list(zoo.rows)),
        propagator=GraphGP(settings=settings),
        unseen=list(zoo.unseen),
    ).fit(zoo.X, zoo.y)
    table = faithfulness(
        clf, zoo.X_unseen[:2], methods={"mine": METHODS["paths"]}, semantics=["remove"], label_space="unseen"
    )
    assert sorted(table["method"]) == ["mine", "oracle", "random"]


def test_what_cannot_be_measured_is_refused(decision):
    with pytest.raises(UnknownNameError, match="integrated-gradients"):
        faithfulness([decision], methods=["guess"])
    with pytest.raises(InputFormatError, match="no decision"):
        faithfulness([])
    with pytest.raises(InputFormatError, match="not among the facts"):
        deletion_curve(decision, [("nobody", "is_a", "nothing")])
    with pytest.raises(InputFormatError, match="steps is an integer from 1 on, not 0"):
        deletion_curve(decision, [], steps=0)
    with pytest.raises(InputFormatError, match="a ranking has"):
        deletion_curve(decision, [("a", "b")])


# -- worlds whose truth is known ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_w1_credits_are_those_of_the_formula_and_nothing_else_has_any(seed):
    case = white_box(seed)
    found = fact_credits(case.decision, "shapley")
    for fact, credit in case.credits.items():
        assert found.credit(fact) == pytest.approx(credit, abs=1e-9)
    for method in ("integrated-gradients", "shapley", "occlusion"):
        listed = {fact for fact, _ in fact_credits(case.decision, method).ranked()}
        assert {fact for fact, credit in case.credits.items() if not credit}.isdisjoint(listed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("semantics", ["remove", "suppress"])
def test_integrated_gradients_of_weights_that_are_zeros_without_facts_are_the_exact_shares(seed, semantics):
    case = white_box(seed)
    for num_nodes in (2, 32):
        found = fact_credits(case.decision, semantics=semantics, num_nodes=num_nodes)
        assert found.residual == pytest.approx(0, abs=1e-9)
        for fact, credit in case.credits.items():
            assert found.credit(fact) == pytest.approx(credit, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("method", ["integrated-gradients", "shapley", "occlusion", "paths"])
def test_w3_twins_are_told_apart_by_the_relation_they_hear(seed, method):
    cases = twins(seed)
    assert cases[0].decision.margin == pytest.approx(cases[1].decision.margin, abs=1e-6)
    for case in cases:
        ranking = METHODS[method](case.decision)
        pairs = ranking.ranked() if hasattr(ranking, "ranked") else ranking
        assert {fact[1] for fact, credit in pairs if credit} == {case.label}


@pytest.mark.parametrize("seed", SEEDS)
def test_w4_without_the_one_fact_that_tells_them_apart_there_is_a_tie(seed):
    case = automorphic_pair(seed)
    assert Rerun(case.decision).outcome(case.facts).margin == pytest.approx(0, abs=1e-9)
    claimed = {
        semantics: case.decision.margin
        - fact_credits(case.decision, "occlusion", semantics=semantics).credit(case.facts[0])
        for semantics in ("remove", "suppress")
    }
    assert claimed["remove"] == pytest.approx(0, abs=1e-9)
    assert abs(claimed["suppress"]) > 1e-6


@pytest.mark.parametrize("seed", SEEDS)
def test_w5_evidence_against_has_a_negative_credit(seed):
    case = evidence_against(seed)
    assert Rerun(case.decision).outcome(case.facts).margin > case.decision.margin
    for method in ("integrated-gradients", "shapley", "occlusion", "gradient"):
        assert fact_credits(case.decision, method).credit(case.facts[0]) < 0


@pytest.mark.parametrize("seed", SEEDS)
def test_w6_facts_that_say_the_same_have_equal_parts_and_only_both_together_decide(seed):
    case = redundant_facts(seed)
    rerun = Rerun(case.decision)
    assert [rerun.outcome([fact]).margin for fact in case.facts] == [case.decision.margin] * 2
    for method in ("integrated-gradients", "shapley"):
        one, other = (fact_credits(case.decision, method).credit(fact) for fact in case.facts)
        assert one == pytest.approx(other)
        assert one > 0
    change = counterfactual(case.decision, case.facts)
    change.verify()
    assert set(change.removed) == set(case.facts)


@pytest.mark.parametrize("seed", SEEDS)
def test_w7_where_the_class_itself_decides_facts_have_next_to_nothing(seed):
    found = fact_credits(shortcut(seed).decision)
    assert abs(found.baseline) >= 0.9 * (abs(found.baseline) + np.abs(found.credits).sum())


def test_a_world_is_that_of_its_seed():
    for make in WORLDS.values():
        first, second, other = make(1), make(1), make(2)
        one, two, three = ((case[0] if isinstance(case, tuple) else case) for case in (first, second, other))
        assert one.decision.margin == two.decision.margin != three.decision.margin


# -- a trained network in the planted world ------------------------------------------------------------------------


def test_w2_ours_come_close_to_the_oracle_and_far_ahead_of_chance(planted_decisions):
    methods = ["measured", "measured-suppress", "shapley", "degree"]
    found = [one for decision in planted_decisions for one in measure(decision, methods=methods)]
    gain = {(row[0], row[1]): row[5] for row in summary(found, num_resamples=10)}
    assert gain["measured", "remove"] >= 0.95
    assert gain["measured-suppress", "suppress"] >= 0.97
    assert gain["shapley", "suppress"] >= 0.9
    assert gain["degree", "remove"] < 0.5


def test_gates_agree_with_the_models_own_weights_on_the_edited_graph(planted_decisions):
    asked = GatedMargin(planted_decisions[0])
    gone = leading(METHODS["shapley"](planted_decisions[0]), 3)
    for count in range(4):
        assert asked.without([gone[:count]])[0] == pytest.approx(asked.exact(gone[:count]), abs=1e-4)
