"""The laws of an explanation, on random graphs and on one small world."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.errors import ExplanationError, InputFormatError
from kgzsl.explain import ExactExplainer, Reach, explain
from kgzsl.explain.account import knowledge_support
from kgzsl.explain.views import VIEWS
from kgzsl.propagation.gp_settings import GPSettings

EVERY = ("taxonomic", "part", "association")
CHOICES = [
    GPSettings.of(walk=1, walk_beta=1.0),
    GPSettings.of(text=1, noise=0.1),
    GPSettings.of(convolved=1, convolved_beta=3.0),
    GPSettings.of(text=1, walk=2, convolved=1, walk_beta=10.0, convolved_beta=3.0, noise=1.0),
    GPSettings.of(text=1, walk=1, walk_beta=3.0, prior=0.5),
]


@st.composite
def worlds(draw):
    """Edges of three relations among up to eight concepts (parallel ones and cycles too), seen classes, settings."""
    num = draw(st.integers(4, 8))
    names = [f"c{place}" for place in range(num)]
    pairs = [(a, b) for a in names for b in names if a != b]
    relation = st.sampled_from(["is_a", "has_part", "related_to"])
    drawn = draw(st.lists(st.tuples(st.sampled_from(pairs), relation), unique=True, min_size=num - 1, max_size=14))
    tree = [(names[place], None, names[draw(st.integers(0, place - 1))]) for place in range(1, num)]
    edges = sorted({(a, r, b) for (a, b), r in drawn} | {(a, "is_a", b) for a, _, b in tree})
    return edges, names[: draw(st.integers(2, num - 2))], draw(st.sampled_from(CHOICES))


def credit_by_key(rows):
    found = {}
    for row in rows:
        found[row.key] = found.get(row.key, 0.0) + row.credit
    return found


def everything(explanation):
    return math.fsum(row.gross for row in explanation.rows) + 1e-5


@settings(max_examples=25, deadline=None)
@given(drawn=worlds(), gamma=st.sampled_from([0.0, 0.3]), k=st.integers(1, 12))
def test_every_reading_adds_up_to_the_margin_and_a_recount_agrees(make_world, drawn, gamma, k):
    edges, seen, chosen = drawn
    world = make_world(edges, seen, relations=EVERY, settings=chosen)
    unseen = [id_ for id_ in world.kg.ids if id_ not in seen]
    for target, foil in ((unseen[0], unseen[1]), (unseen[0], seen[0]), (seen[1], unseen[1]), (unseen[1], None)):
        e = explain(world.decision(target, foil, gamma=gamma), k=k)
        assert abs(e.residual) <= 1e-10 * everything(e)
        for rows in (e.rows, *(e.by(name) for name in VIEWS)):
            assert math.fsum(row.credit for row in rows) == pytest.approx(e.margin, abs=1e-10 * everything(e))
            assert all(math.fsum(row.sides) == pytest.approx(row.credit, abs=1e-12) for row in rows)
        assert len(e.items) <= k
        e.verify()


@settings(max_examples=15, deadline=None)
@given(drawn=worlds())
def test_swapping_target_and_foil_negates_every_row(make_world, drawn):
    edges, seen, chosen = drawn
    world = make_world(edges, seen, relations=EVERY, settings=chosen)
    unseen = [id_ for id_ in world.kg.ids if id_ not in seen]
    one, other = explain(world.decision(unseen[0], unseen[1])), explain(world.decision(unseen[1], unseen[0]))
    turned = {"for": "against", "against": "for", "target": "foil", "foil": "target"}

    def negated(rows):
        return {tuple(turned.get(word, word) for word in key): -credit for key, credit in credit_by_key(rows).items()}

    for name in VIEWS:
        assert credit_by_key(one.by(name)) == pytest.approx(negated(other.by(name)), abs=1e-10 * everything(one))
    # a bundle that nets to exactly nothing has no side
    bundles = [{b.key: b.credit for b in e.reasons.bundles if abs(b.credit) > 1e-12} for e in (one, other)]
    mirrored = {tuple(turned.get(word, word) for word in key): -credit for key, credit in bundles[1].items()}
    assert bundles[0] == pytest.approx(mirrored, abs=1e-10 * everything(one))


@settings(max_examples=15, deadline=None)
@given(drawn=worlds())
def test_the_scores_own_explanations_subtract_to_that_of_the_margin(make_world, drawn):
    edges, seen, chosen = drawn
    world = make_world(edges, seen, relations=EVERY, settings=chosen)
    first, second = [id_ for id_ in world.kg.ids if id_ not in seen][:2]
    explainer = ExactExplainer(Reach(share=1.0, num_paths=10_000))
    both = explainer.explain(world.decision(first, second))
    alone = [explainer.explain(world.decision(one)) for one in (first, second)]
    for name in ("facts", "support", "concepts"):
        expected = credit_by_key(alone[0].by(name))
        for key, credit in credit_by_key(alone[1].by(name)).items():
            expected[key] = expected.get(key, 0.0) - credit
        found = credit_by_key(both.by(name))
        keys = {key for key in {**expected, **found} if key[0] != "rest"}
        assert [found.get(key, 0.0) for key in sorted(keys)] == pytest.approx(
            [expected.get(key, 0.0) for key in sorted(keys)], abs=1e-10 * everything(both)
        )


@settings(max_examples=15, deadline=None)
@given(drawn=worlds(), random=st.randoms(use_true_random=False))
def test_renaming_concepts_renames_the_answer_and_nothing_else(make_world, drawn, random):
    edges, seen, chosen = drawn
    names = sorted({end for head, _, tail in edges for end in (head, tail)})
    others = [f"n{place}" for place in range(len(names))]
    random.shuffle(others)
    rename = dict(zip(names, others, strict=True))
    here = make_world(edges, seen, relations=EVERY, settings=chosen)
    there = make_world(edges, seen, relations=EVERY, settings=chosen, rename=rename)
    first, second = [name for name in names if name not in seen][:2]
    one, two = explain(here.decision(first, second)), explain(there.decision(rename[first], rename[second]))
    for name in VIEWS:
        moved = {
            tuple(rename.get(word, word) for word in key): credit for key, credit in credit_by_key(one.by(name)).items()
        }
        assert moved == pytest.approx(credit_by_key(two.by(name)), abs=1e-9 * everything(one))


def test_worked_example_of_a_path_of_three(make_world):
    """c-b-a, beta 1, classes a and b seen: one path to each, weights from the 3 x 3 inverse written out."""
    world = make_world(
        [("c", None, "b"), ("b", None, "a")], ["a", "b"], settings=GPSettings.of(walk=1, walk_beta=1.0, noise=1.0)
    )
    root = 1 / np.sqrt(6)
    inverse = np.linalg.inv(np.array([[1.5, -root, 0.0], [-root, 5 / 3, -root], [0.0, -root, 1.5]]))
    kernel = inverse / np.sqrt(np.outer(np.diag(inverse), np.diag(inverse)))
    targets = world.supervision.weights.astype(np.float64)
    mean = targets.mean(axis=0)
    dual = np.linalg.solve(kernel[:2, :2] + np.eye(2), (targets - mean) @ world.inputs)
    raw = mean + kernel[2, :2] @ np.linalg.solve(kernel[:2, :2] + np.eye(2), targets - mean)
    unit = 1 / np.linalg.norm(raw) / 0.1
    e = explain(world.decision("c"))
    assert credit_by_key(e.by("paths")) == pytest.approx(
        {
            ("path", "target", "c", "b"): unit * kernel[2, 1] * dual[1],
            ("path", "target", "c", "b", "a"): unit * kernel[2, 0] * dual[0],
            ("rest", "target"): 0.0,
            ("mean",): unit * mean @ world.inputs,
        },
        abs=1e-12,
    )
    weights = np.linalg.solve(kernel[:2, :2] + np.eye(2), kernel[:2, 2])
    assert credit_by_key(e.by("support")) == pytest.approx(
        {
            ("support", "a"): unit * weights[0] * (targets[0] - mean) @ world.inputs,
            ("support", "b"): unit * weights[1] * (targets[1] - mean) @ world.inputs,
            ("mean",): unit * mean @ world.inputs,
        },
        abs=1e-12,
    )
    assert e.total == pytest.approx(unit * raw @ world.inputs, abs=1e-12)


def test_siblings_are_one_reason_and_target_and_foil_are_netted(animals):
    e = explain(animals.decision("lion", "zebra"), k=40)
    row = next(row for row in e.items if row.label == "zebra is a kind of equine" and len(row.concepts) > 1)
    assert set(row.concepts) <= {"equine", "horse", "ass", "pony"}
    paths = credit_by_key(e.by("paths"))
    assert row.credit == pytest.approx(
        sum(c for key, c in paths.items() if key[:4] == ("path", "foil", "zebra", "equine") and key[-1] in row.concepts)
    )
    shared = [row for row in e.items if "too" in row.note]
    assert all(row.sides[0] and row.sides[1] for row in shared)


def test_parallel_edges_share_the_credit_of_their_step(animals):
    """zebra is_a equine and zebra related_to equine join the same two concepts."""
    facts = credit_by_key(explain(animals.decision("zebra")).by("facts"))
    twin = facts["fact", "zebra", "related_to", "equine"]
    assert twin == facts["fact", "zebra", "is_a", "equine"]
    path = next(row for row in explain(animals.decision("zebra")).by("paths") if row.concepts == ("zebra", "equine"))
    assert path.paths[0].relations == ("is_a",)


def test_facts_of_a_relation_that_the_model_does_not_walk_are_never_cited(make_world):
    edges = [("a", None, "r"), ("b", None, "r"), ("c", None, "r"), ("c", "has_part", "a"), ("d", None, "c")]
    world = make_world(edges, ["a", "b"], relations=("is_a",))
    for row in explain(world.decision("c", "d"), k=50).by("facts"):
        assert all(edge.relation == "is_a" for edge in row.facts)


def test_a_seen_class_is_explained_by_its_own_examples(animals):
    e = explain(animals.decision("horse", "cow", gamma=0.2))
    assert {row.key: row.kind for row in e.rows} == {
        ("examples", "horse"): "examples",
        ("examples", "cow"): "examples",
        ("gamma",): "constant",
    }
    assert [row.credit for row in e.constants] == [0.0]
    assert e.support == "seen"
    alone = explain(animals.decision("horse", gamma=0.2))
    assert credit_by_key(alone.constants) == pytest.approx({("gamma",): -2.0})
    assert alone.margin == pytest.approx(alone.items[0].credit - 2.0)


def test_support_is_measured_beside_seen_classes_that_are_left_out():
    """Left out, the classes have variances 0.1, 0.5 and 0.9: G_ii = 1 / (variance + noise)."""
    gram_diagonal = 1 / (np.array([0.1, 0.5, 0.9]) + 0.2)
    words = [knowledge_support(variance, gram_diagonal, 0.2) for variance in (0.05, 0.3, 0.7, 0.9, 1.0)]
    assert words == ["strong", "strong", "moderate", "weak", "weak"]


def test_an_offset_is_a_line_of_its_own(animals):
    e = explain(animals.decision("zebra", offset=0.05))
    assert credit_by_key(e.constants)["offset",] == pytest.approx(-0.5)


def test_a_class_without_any_way_to_a_seen_one_has_its_description_alone(make_world):
    world = make_world([("a", None, "r"), ("b", None, "r"), ("x", None, "y")], ["a", "b"])
    e = explain(world.decision("x", "r"))
    assert any(row.label == "x's own description" for row in e.items)
    assert not any(path.end in ("a", "b", "r") and path.start == "x" for row in e.items for path in row.paths)
    e.verify()


def test_a_tie_is_explained_like_any_other_margin(make_world):
    """Two leaves alike in everything have the same weights: the margin is nothing, and so is every share of it."""
    world = make_world(
        [("a", None, "r"), ("b", None, "r"), ("u", None, "r"), ("v", None, "r")],
        ["a", "b"],
        settings=GPSettings.of(walk=1, walk_beta=1.0),
    )
    e = explain(world.decision("u", "v"))
    assert e.margin == pytest.approx(0.0, abs=1e-12)
    assert all(abs(row.credit) < 1e-12 for row in e.rows)
    assert str(e).startswith("u  45 %")
    e.verify()


def test_a_class_on_a_graph_of_its_own_is_compared_with_the_others(animals):
    grown = animals.kg.add_concepts(["okapi"]).add_edges([("okapi", "is_a", "ungulate")])
    features = np.insert(animals.features, grown.ids.index("okapi"), 1.0, axis=0).astype(np.float32)
    raw = animals.model.terms(grown.index, features).raw_weights(grown.index.positions(["okapi"]))[0]
    plain = animals.decision("zebra", "lion")
    target = replace(
        plain.target,
        concept="okapi",
        label="okapi",
        index=grown.index,
        features=features,
        score=float(raw @ animals.inputs / np.linalg.norm(raw) / 0.1),
        probability=None,
        graph=grown,
    )
    e = explain(replace(plain, target=target))
    assert abs(e.residual) < 1e-10
    assert any(edge.head == "okapi" for row in e.by("facts") for edge in row.facts)
    e.verify()


def test_an_explanation_that_is_kept_holds_no_columns_of_the_kernel(animals):
    accounts = explain(animals.decision("zebra", "lion")).reasons.ledger.accounts
    assert [account.origin.walks._columns for account in accounts] == [{}, {}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": np.full(6, np.nan)}, "finite"),
        ({"inputs": np.zeros((2, 6))}, "one finite prepared input"),
        ({"temperature": 0.0}, "temperature is 0.0"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(animals, change, message):
    with pytest.raises(InputFormatError, match=message):
        explain(replace(animals.decision("zebra", "lion"), **change))


def test_a_class_is_not_compared_with_itself(animals):
    with pytest.raises(InputFormatError, match="same class"):
        explain(animals.decision("zebra", "zebra"))
    with pytest.raises(InputFormatError, match="k is 0"):
        explain(animals.decision("zebra", "lion"), k=0)


def test_a_score_that_another_model_gave_is_noticed(animals):
    decision = animals.decision("zebra", "lion")
    with pytest.raises(ExplanationError, match="not the one that decided"):
        explain(replace(decision, target=replace(decision.target, score=decision.target.score + 0.1)))
