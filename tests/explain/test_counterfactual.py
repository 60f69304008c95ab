"""The smallest change of the graph that changes a decision; every claim is taken again."""

import sys
from dataclasses import replace
from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kgzsl
import kgzsl.display.progress  # the function of this name hides the module
from kgzsl.errors import ExplanationError, InputFormatError, UnknownNameError
from kgzsl.explain.certifying import Scan, sets_that_may_change
from kgzsl.explain.effects import resting_on
from kgzsl.explain.faithfulness_worlds import Listener, _decide, _graph
from kgzsl.explain.rerun import Rerun, edited
from kgzsl.explain.spoken import Spoken
from kgzsl.features.matrix import MatrixFeatures
from kgzsl.graph.relation import Relation
from kgzsl.propagation.dgp import DGP
from kgzsl.propagation.gcnz import GCNZ
from kgzsl.propagation.gp_settings import GPSettings
from kgzsl.propagation.graph_gp import GraphGP
from kgzsl.propagation.rgcn import RGCN
from kgzsl.propagation.sgcn import SGCN

progress_module = sys.modules["kgzsl.display.progress"]
WALKS = GraphGP(settings=GPSettings.of(walk=1, walk_beta=3.0, noise=0.1))
MODELS = {
    "graph-gp": WALKS,
    "sgcn": SGCN(hidden=6, epochs=10),
    "gcnz": GCNZ(hidden=(6, 6), epochs=10),
    "dgp": DGP(hidden=6, epochs=10),
    "rgcn": RGCN(hidden=(6,), epochs=10, relations=("is_a",)),
}
PAIRS = [
    "horse equine",
    "zebra equine",
    "donkey equine",
    "tiger feline",
    "lion feline",
    "lynx feline",
    "equine mammal",
    "feline mammal",
    "zebra striped",
    "tiger striped",
]


def animals(model="graph-gp", *, seed=0):
    kg = kgzsl.KnowledgeGraph.from_networkx(nx.MultiDiGraph([(*pair.split(), "is_a") for pair in PAIRS]))
    rng = np.random.default_rng(seed)
    features = MatrixFeatures(rng.normal(size=(len(kg), 4)).astype(np.float32), kg.ids)
    X, y = rng.normal(size=(9, 5)), ["horse", "tiger", "lion"] * 3
    clf = kgzsl.ZeroShotClassifier(
        kg, features=features, propagator=MODELS[model], unseen=["zebra", "donkey", "lynx"], random_state=seed
    )
    return clf.fit(X, y), rng.normal(size=(40, 5))


def scores_without(clf, x, facts, label_space):
    """By a new graph and a new index, as a user would do it."""
    problem = clf.problem_
    view = problem.views[0]
    graph = view.graph.remove_edges(list(facts))
    places = problem.classes.places(label_space)
    unseen = [problem.classes.concepts[place] for place in places if place >= problem.classes.num_seen]
    rows = dict(zip(unseen, problem.model.weights(graph.index, view.features, concepts=unseen), strict=True))
    weights = [
        rows[problem.classes.concepts[p]] if p >= problem.classes.num_seen else problem.weights[p] for p in places
    ]
    scores = np.array(weights, dtype=np.float64) @ problem.scale.prepare(x[None])[0]
    scores -= problem.calibration.gamma * problem.classes.is_seen[places]
    return dict(zip([problem.classes.concepts[place] for place in places], scores.tolist(), strict=True))


def wins_without(clf, x, facts, label_space, *, before):
    """The class that is clearly ahead of `before`; where two are equal in truth, none is."""
    scores = scores_without(clf, x, facts, label_space)
    best = max(scores, key=scores.get)
    return best if scores[best] > scores[before] + 1e-6 else before


@pytest.mark.parametrize("model", MODELS)
def test_what_is_found_changes_the_prediction_on_a_graph_of_its_own(model):
    clf, inputs = animals(model)
    found = [clf.counterfactual(x, label_space="unseen", budget=200) for x in inputs[:6]]
    assert any(change.is_found for change in found)
    for x, change in zip(inputs, found, strict=False):
        change.verify()
        if change.is_found:
            assert wins_without(clf, x, change.removed, "unseen", before=change.before) == change.after
            assert change.margin[0] > 0 > change.margin[1]


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 1000))
def test_a_certified_set_has_no_smaller_one(seed):
    clf, inputs = animals(seed=seed)
    change = clf.counterfactual(inputs[0], label_space="unseen", budget=10_000)
    facts = Rerun(change.decision).facts
    smaller = [
        set_
        for size in range(1, len(change) or 4)
        for set_ in combinations(sorted(facts), size)
        if size < (len(change) or 4)
    ]
    for subset in smaller:
        assert wins_without(clf, inputs[0], subset, "unseen", before=change.before) == change.before
    assert change.certificate in ("certified", "none found")


def test_a_tie_is_not_a_change():
    clf, inputs = animals(seed=8)
    change = clf.counterfactual(inputs[0], label_space="unseen")
    tied = Rerun(change.decision).outcome([("zebra", "is_a", "striped")])  # now nothing tells zebra from donkey
    assert tied.score("zebra") == pytest.approx(tied.score("donkey"), abs=1e-9)
    assert len(change) == 2


def test_a_goal_that_is_asked_for_wins():
    clf, inputs = animals()
    for x in inputs[:10]:
        goal = "donkey" if clf.predict(x[None], label_space="unseen")[0] != "donkey" else "lynx"
        change = clf.counterfactual(x, target=goal, label_space="unseen", edits="both")
        if change.is_found:
            assert change.after == goal
            change.verify()


def test_facts_may_be_added_only_from_those_allowed():
    clf, inputs = animals()
    allowed = [("donkey", "is_a", "striped"), ("lynx", "is_a", "striped")]
    for x in inputs[:10]:
        change = clf.counterfactual(x, edits="add", allowed=allowed, label_space="unseen")
        assert not change.removed
        assert set(change.added) <= set(allowed)


def test_a_forged_change_is_found_out():
    clf, inputs = animals()
    change = next(c for c in (clf.counterfactual(x, label_space="unseen") for x in inputs) if c.is_found)
    with pytest.raises(ExplanationError):
        replace(change, after=change.before).verify()
    spare = next(fact for fact in sorted(Rerun(change.decision).facts) if fact not in change.removed)
    with pytest.raises(ExplanationError):
        replace(change, removed=(*change.removed, spare)).verify()


def test_it_reads_as_a_sentence_and_says_how_small_it_is():
    clf, inputs = animals()
    change = next(c for c in (clf.counterfactual(x, label_space="unseen") for x in inputs) if len(c) == 1)
    ((head, _, tail),) = change.removed
    assert str(change) == (
        f"without “{head} is a kind of {tail}”: {change.after} instead of {change.before} (certified minimal)"
    )
    assert [str(each) for each in change.changes] == [f"remove “{head} is a kind of {tail}”"]


def test_two_searches_give_the_same():
    clf, inputs = animals()
    first, second = (clf.counterfactual(inputs[3], label_space="unseen") for _ in range(2))
    assert (str(first), first.removed, first.margin) == (str(second), second.removed, second.margin)


@pytest.mark.parametrize(
    "options, error",
    [({"edits": "alter"}, UnknownNameError), ({"max_edits": 0}, InputFormatError), ({"budget": 0}, InputFormatError)],
)
def test_options_that_mean_nothing_are_refused(options, error):
    clf, inputs = animals()
    with pytest.raises(error):
        clf.counterfactual(inputs[0], **options)


def test_the_predicted_class_is_no_goal():
    clf, inputs = animals()
    with pytest.raises(InputFormatError):
        clf.counterfactual(inputs[0], target=clf.predict(inputs[:1])[0])


def test_an_edited_index_is_the_index_of_the_edited_graph():
    clf, _ = animals()
    graph = clf.graph_
    gone, new = ("zebra", "is_a", "striped"), ("donkey", "is_a", "striped")
    expected = graph.remove_edges([gone]).add_edges([new]).index
    found = edited(graph.index, [gone, ("no", "such", "fact")], [new])
    for name in ("head", "relation", "tail", "weight"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert edited(graph.index, []) is graph.index
    with pytest.raises(InputFormatError, match="no relation 'has_kind'"):
        edited(graph.index, [], [("zebra", "has_kind", "horse")])


@pytest.mark.parametrize("model", MODELS)
def test_the_effect_of_a_reason_is_the_margin_without_its_fact(model):
    clf, inputs = animals(model)
    explanation = clf.explain(inputs[0], label_space="unseen", effects=True)
    assert explanation.effects
    problem, view = clf.problem_, clf.problem_.views[0]
    bundles = {bundle.key: bundle for bundle in explanation.reasons.bundles}
    for key, margin in explanation.effects.items():
        fact = resting_on(explanation.reasons, bundles[key])
        graph = view.graph.remove_edges([fact])
        both = [explanation.prediction, explanation.foil]
        rows = np.asarray(problem.model.weights(graph.index, view.features, concepts=both), dtype=np.float64)
        scores = rows @ problem.scale.prepare(inputs[:1])[0] / problem.calibration.temperature
        assert margin == pytest.approx(scores[0] - scores[1], rel=1e-5, abs=1e-6)
    explanation.verify()
    with pytest.raises(ExplanationError):
        replace(explanation, effects={key: margin + 0.1 for key, margin in explanation.effects.items()}).verify()


def scanned_and_tried(decision):
    """Sets of one and of two facts that the scan names, and those that a decision taken again without them confirms.

    Of pairs only those of facts that do nothing alone; sets that leave the margin next to nothing are left out.
    """
    rerun = Rerun(decision)
    before = rerun.outcome().prediction
    facts = sorted(rerun.facts)

    def gap(removed):
        outcome = rerun.outcome(removed)
        others = [s for c, s in zip(outcome.concepts, outcome.scores, strict=True) if c != before]
        return max(others) - outcome.score(before)

    flat = {fact for fact in facts if gap([fact]) > -1e-3}
    pairs = [pair for pair in combinations(facts, 2) if not flat & set(pair)]
    scanned = [set(sets_that_may_change(decision, before, size)) for size in (1, 2)]
    close = {pair for pair in pairs if abs(gap(pair)) <= 1e-3}
    tried = {(fact,) for fact in facts if gap([fact]) > 0}, {pair for pair in pairs if gap(pair) > 0}
    return scanned, tried, close, flat


@pytest.mark.parametrize("model", ["graph-gp", "sgcn", "gcnz", "rgcn"])
@pytest.mark.parametrize("seed", range(6))
def test_the_scan_names_just_the_sets_that_change_a_decision(model, seed):
    clf, inputs = animals(model, seed=seed)
    (singles, pairs), (changing, together), close, flat = scanned_and_tried(
        clf.explain(inputs[seed], label_space="unseen").decision
    )
    assert changing <= singles
    assert {fact for (fact,) in singles} <= flat
    assert together - close <= {pair for pair in pairs if not flat & set(pair)} <= together | close


def test_two_facts_far_apart_that_only_together_change_the_decision_are_found():
    """One class hangs on the first, the other on the second; no score is ever computed without both."""
    found = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=8)
        facts = [("u", "has_property", f"p{n}") for n in range(3)] + [("v", "has_property", f"q{n}") for n in range(3)]
        rows = {end: x + 2 * rng.normal(size=8) for head, _, tail in facts for end in (head, tail)}
        graph, features = _graph(facts, rows)
        model = Listener(("has_property",), (np.eye(8), np.eye(8)))
        (_, pairs), (_, together), close, flat = scanned_and_tried(_decide(model, graph, features, x, ("u", "v")))
        quiet = {pair for pair in pairs if not flat & set(pair)}
        assert together - close <= quiet <= together | close
        found += sum(one[0] != other[0] for one, other in together)
    assert found > 0


def test_more_sets_than_allowed_are_not_scanned():
    clf, inputs = animals("sgcn")
    decision = clf.explain(inputs[0], label_space="unseen").decision
    before = Rerun(decision).outcome().prediction
    assert sets_that_may_change(decision, before, 2, most_sets=20) is None
    assert sets_that_may_change(decision, before, 1, most_sets=20) is not None
    assert sets_that_may_change(decision, before, 3) is None


def test_a_network_certifies_what_a_small_budget_cannot_try(monkeypatch):
    found = []
    for seed in range(8):
        clf, inputs = animals("sgcn", seed=seed)
        found += [clf.counterfactual(x, label_space="unseen", budget=40) for x in inputs[:3]]
    assert all(change.certificate in ("certified", "none found") for change in found)
    assert any(len(change) > 1 for change in found)


def test_what_cannot_be_scanned_says_so(monkeypatch):
    clf, inputs = animals("dgp")  # a link to an ancestor stands for a chain of facts
    assert sets_that_may_change(clf.explain(inputs[0]).decision, "zebra", 2) is None
    clf, inputs = animals("graph-gp")
    decision = clf.explain(inputs[0]).decision
    assert sets_that_may_change(decision, "zebra", 1) is not None
    monkeypatch.setattr("kgzsl.explain.certifying.MOST_CONCEPTS", 3)
    assert sets_that_may_change(decision, "zebra", 1) is None


def test_facts_that_the_deciding_graph_cannot_take_are_refused():
    clf, inputs = animals()
    for fact, message in [
        (("zebra", "is_a", "unicorn"), "no concept 'unicorn'"),
        (("zebra", "is_a", "zebra"), "joins two concepts"),
    ]:
        with pytest.raises(InputFormatError, match=message):
            clf.counterfactual(inputs[0], edits="add", allowed=[fact])


def test_an_allowed_fact_may_be_named_by_the_inverse():
    clf, inputs = animals()
    forth, back = (
        clf.counterfactual(inputs[0], edits="add", allowed=[fact], label_space="unseen")
        for fact in [("donkey", "is_a", "striped"), ("striped", "has_kind", "donkey")]
    )
    assert (forth.added, str(forth)) == (back.added, str(back))


def test_the_words_are_labels_and_tell_apart_what_shares_one():
    """As an explanation has them: by the beginning of the definition, or by the id."""
    concepts = [
        {"id": "n1", "label": "bat", "definition": "a flying mammal"},
        {"id": "n2", "label": "bat", "definition": "a club of wood"},
        {"id": "n3", "label": "horse\x1b", "definition": ""},
    ]
    edges = [("n1", "is_a", "n3"), ("n2", "eats", "n3")]
    relations = [Relation("is_a", "taxonomic", verb="is a kind of", inverse="has_kind", inverse_verb="has kind")]
    kg = kgzsl.KnowledgeGraph.from_tables(concepts, edges, [*relations, Relation("eats")], name="words")
    spoken = Spoken.of([kg], ["n1", "n2", "n3", "unknown"])
    assert spoken.sentence(("n1", "is_a", "n3")) == "bat (a flying mammal) is a kind of horse\\x1b"
    assert spoken.sentence(("n3", "has_kind", "n2")) == "horse\\x1b has kind bat (a club of wood)"
    assert spoken.sentence(("n3", "^eats", "unknown")) == "horse\\x1b is reached by “eats” from unknown"
    alone = Spoken.of([kg], ["n1", "n3"])
    facts = [("n1", "is_a", "n3")]
    assert alone.edits(facts, facts) == ("without “bat is a kind of horse\\x1b” and with “bat is a kind of horse\\x1b”")
    assert alone.edits([], facts * 5).endswith("bat is a kind of horse\\x1b” and 2 more")
    assert alone.edits(facts * 2, []).count("without") == 1


def test_nothing_found_says_what_was_wanted():
    clf, inputs = animals()
    found = [
        clf.counterfactual(x, label_space="unseen", target=goal, max_edits=1, budget=40)
        for x in inputs[:12]
        for goal in ["donkey"]
        if clf.predict(x[None], label_space="unseen")[0] != goal
    ]
    missing = next(change for change in found if not change.is_found)
    assert str(missing) == f"no removal of facts that was tried gives donkey instead of {missing.before}"
    assert "decisions taken" in missing._repr_html_()


@pytest.mark.parametrize("model", ["graph-gp", "sgcn", "gcnz", "rgcn"])
def test_leads_in_the_gated_form_are_those_of_decisions_taken_again(model):
    clf, inputs = animals(model)
    decision = clf.explain(inputs[0], label_space="unseen").decision
    rerun = Rerun(decision)
    before = rerun.outcome().prediction
    sets = list(combinations(sorted(rerun.facts), 3))[::5]
    for goal in (None, next(concept for concept in rerun.outcome().concepts if concept != before)):
        expected = [rerun.outcome(facts).lead(before, goal) for facts in sets]
        np.testing.assert_allclose(Scan(decision, before).leads(sets, goal), expected, atol=1e-5)


def test_an_interruption_leaves_everything_as_it_was(monkeypatch):
    clf, inputs = animals("sgcn")
    expected = clf.counterfactual(inputs[0], label_space="unseen")
    weights = clf.weights_.copy()
    made, taken = Rerun._made, []

    def interrupted(self, *edits):
        taken.append(edits)
        if len(taken) == 5:
            raise KeyboardInterrupt
        return made(self, *edits)

    monkeypatch.setattr(Rerun, "_made", interrupted)
    with pytest.raises(KeyboardInterrupt):
        clf.counterfactual(inputs[0], label_space="unseen")
    assert progress_module._outer_screen() == "none yet"  # the bar went with it
    np.testing.assert_array_equal(clf.weights_, weights)
    assert str(clf.counterfactual(inputs[0], label_space="unseen")) == str(expected)


def test_three_facts_are_certified_where_no_two_do_it():
    """Sets of one and of two are all scored, so that larger ones are known to be minimal."""
    found = []
    for seed in range(12):
        clf, inputs = animals("sgcn", seed=seed)
        found += [clf.counterfactual(x, label_space="unseen", budget=60) for x in inputs[:4]]
    larger = [change for change in found if len(change) == 3]
    assert larger
    assert {change.certificate for change in larger} == {"certified"}
    for change in larger:
        change.verify()
