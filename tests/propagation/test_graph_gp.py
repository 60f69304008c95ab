"""The Gaussian process over a graph: the formula, what it may not depend on, and bad input."""

import copy
import json
import pickle

import numpy as np
import polars as pl
import pytest

from kgzsl.contracts import FittedPropagator, Propagator, Supervision
from kgzsl.errors import InputFormatError, UnknownConceptError, VersionError
from kgzsl.graph.index import GraphIndex
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.propagation.gp_kernels import unit_rows
from kgzsl.propagation.gp_settings import GPSettings, default_candidates
from kgzsl.propagation.graph_gp import FittedGraphGP, GraphGP

EVERYTHING = GPSettings.of(text=1, walk=2, convolved=1, walk_beta=3.0, convolved_beta=10.0, noise=0.2)
WITH_PRIOR = GPSettings.of(text=1, walk=2, convolved=1, walk_beta=3.0, convolved_beta=10.0, noise=0.2, prior=0.8)


def graph(edges, extra=()) -> GraphIndex:
    names = sorted({name for edge in edges for name in edge} | set(extra))
    table = pl.DataFrame(
        [(head, "is_a", tail) for head, tail in edges], schema=["head", "relation", "tail"], orient="row"
    )
    return KnowledgeGraph.from_tables(pl.DataFrame({"id": names}), table, name="test").index


def forest(num: int = 40, seed: int = 0) -> list[tuple[str, str]]:
    """A random taxonomy with a few concepts that have two parents."""
    rng = np.random.default_rng(seed)
    edges = {(i, int(rng.integers(0, i))) for i in range(1, num)} | {
        (i, int(rng.integers(0, i))) for i in range(9, num, 7)
    }
    return [(f"c{child:02}", f"c{parent:02}") for child, parent in sorted(edges)]


def world(dim: int = 6, width: int = 6, num_seen: int = 14, kind="prototype", inputs: bool = True):
    """Classes whose targets follow from features and graph, with noisy examples."""
    index = graph(forest())
    rng = np.random.default_rng(1)
    features = rng.standard_normal((index.num_concepts, width)).astype(np.float32)
    classes = tuple(sorted(rng.permutation(index.ids)[:num_seen].tolist()))
    hidden = features[index.positions(classes)] @ rng.standard_normal((width, dim))
    targets = unit_rows(hidden + rng.standard_normal(hidden.shape)).astype(np.float32)
    labels = np.repeat(np.arange(num_seen), 9)
    examples = unit_rows(targets[labels] + 0.4 * rng.standard_normal((len(labels), dim))).astype(np.float32)
    supervision = Supervision(classes, targets, kind, examples if inputs else None, labels if inputs else None)
    return index, features, supervision


def test_path_of_three_by_hand():
    # R from tests/propagation/test_gp_resolvent.py: k_31 = (2/39) / (28/39) = 1/14, k_32 = k_12 = q
    index = graph([("one", "two"), ("two", "zthree")])
    features = np.eye(3, dtype=np.float32)
    supervision = Supervision(("one", "two"), np.eye(2, dtype=np.float32), "prototype")
    model = GraphGP(settings=GPSettings.of(walk=1, walk_beta=1.0, noise=1.0)).fit(index, features, supervision)
    q = (6 / 13 / np.sqrt(6)) / np.sqrt(28 / 39 * 9 / 13)
    gram = np.array([[2, -q], [-q, 2]]) / (4 - q**2)
    coefficients = np.array([1 / 14, q]) @ gram
    raw = np.array([0.5, 0.5]) + coefficients @ np.array([[0.5, -0.5], [-0.5, 0.5]])
    terms, asked = model.terms(index, features), index.positions(["zthree"])
    np.testing.assert_allclose(terms.coefficients(asked), coefficients[None], atol=1e-14)
    np.testing.assert_allclose(terms.raw_weights(asked), raw[None], atol=1e-14)
    np.testing.assert_allclose(model.weights(index, features, concepts=["zthree"]), unit_rows(raw[None]), atol=1e-7)
    explained = coefficients @ np.array([1 / 14, q])
    np.testing.assert_allclose(model.variance(index, features, concepts=["zthree"]), [1 - explained], atol=1e-14)


def plain_weights(index, features, supervision, settings):
    """The formula of METHODS section 3 with dense matrices."""
    seen = index.positions(supervision.classes)
    with_loops = index.adjacency().toarray() + np.eye(index.num_concepts)
    root = with_loops.sum(axis=1) ** -0.5
    laplacian = np.eye(len(root)) - root[:, None] * with_loops * root[None, :]
    centred = features.astype(np.float64) - features[seen].astype(np.float64).mean(axis=0)
    walk = np.linalg.inv(np.eye(len(root)) + settings.walk_beta * laplacian)
    convolved = np.linalg.solve(np.eye(len(root)) + settings.convolved_beta * laplacian, centred)
    kernel = np.zeros_like(walk)
    for share, part in (
        (settings.text, centred @ centred.T),
        (settings.walk, walk),
        (settings.convolved, convolved @ convolved.T),
    ):
        kernel += share * part / np.sqrt(np.outer(np.diagonal(part), np.diagonal(part)))
    targets = supervision.weights.astype(np.float64)
    guess = settings.prior * unit_rows(centred)
    mean = (targets - guess[seen]).mean(axis=0)
    noisy = kernel[np.ix_(seen, seen)] + settings.noise * np.eye(len(seen))
    return kernel, unit_rows(guess + mean + kernel[:, seen] @ np.linalg.solve(noisy, targets - guess[seen] - mean))


@pytest.mark.parametrize("settings", [EVERYTHING, WITH_PRIOR])
def test_weights_follow_the_formula(settings):
    index, features, supervision = world()
    model = GraphGP(settings=settings).fit(index, features, supervision)
    _, expected = plain_weights(index, features, supervision, settings)
    found = model.weights(index, features)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(model.weights(index, features, concepts=["c03", "c01"]), expected[[3, 1]], atol=1e-6)


@pytest.mark.parametrize(("settings", "width"), [(EVERYTHING, 6), (WITH_PRIOR, 6), (WITH_PRIOR, 4)])
def test_terms_add_up(settings, width):
    index, features, supervision = world(width=width)
    model = GraphGP(settings=settings).fit(index, features, supervision)
    terms = model.terms(index, features)
    asked = np.arange(index.num_concepts)
    kernel = terms.kernel(asked)
    assert list(terms.kernel_parts(asked)) == ["text", "walk", "convolved"]
    np.testing.assert_allclose(sum(terms.kernel_parts(asked).values()), kernel, atol=1e-14)
    coefficients = terms.coefficients(asked)
    np.testing.assert_allclose(coefficients, kernel @ terms.gram, atol=1e-12)
    support = terms.prior_rows(asked) + coefficients @ (terms.targets - terms.seen_prior)
    raw = terms.raw_weights(asked)
    np.testing.assert_allclose(support, raw, atol=1e-12)
    inputs = np.random.default_rng(2).standard_normal((5, raw.shape[1]))
    np.testing.assert_allclose(
        terms.prior_rows(asked) @ inputs.T + kernel @ terms.dual(inputs), raw @ inputs.T, atol=1e-12
    )
    assert terms.dual(inputs[0]).shape == (len(terms.seen),)
    np.testing.assert_allclose(raw / terms.norms(asked)[:, None], model.weights(index, features), atol=1e-6)
    np.testing.assert_allclose(terms.prior_rows(terms.seen), terms.seen_prior, atol=1e-12)


def test_scales_turn_walks_into_the_walk_part():
    index, features, supervision = world()
    terms = GraphGP(settings=EVERYTHING).fit(index, features, supervision).terms(index, features)
    asked = np.arange(index.num_concepts)
    walks = terms.resolvent("walk").between(asked, terms.seen)
    scaled = terms.scale("walk", asked)[:, None] * walks * terms.scale("walk", terms.seen)[None, :]
    np.testing.assert_allclose(terms.shares["walk"] * scaled, terms.kernel_parts(asked)["walk"], atol=1e-14)
    assert terms.betas == {"walk": 3.0, "convolved": 10.0}


def test_kernels_are_positive_semidefinite_with_unit_diagonal():
    index, features, supervision = world()
    terms = GraphGP(settings=EVERYTHING).fit(index, features, supervision).terms(index, features)
    everything = np.arange(index.num_concepts)
    for kernel in terms.kernels.values():
        gram = kernel.between(everything, everything)
        np.testing.assert_allclose(np.diagonal(gram), 1, atol=1e-12)
        assert np.linalg.eigvalsh((gram + gram.T) / 2).min() > -1e-12


def test_variance_is_the_posterior_variance():
    index, features, supervision = world()
    model = GraphGP(settings=EVERYTHING).fit(index, features, supervision)
    kernel, _ = plain_weights(index, features, supervision, EVERYTHING)
    seen = index.positions(supervision.classes)
    noisy = kernel[np.ix_(seen, seen)] + EVERYTHING.noise * np.eye(len(seen))
    expected = np.diagonal(kernel) - np.diagonal(kernel[:, seen] @ np.linalg.solve(noisy, kernel[seen]))
    found = model.variance(index, features)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert found.min() >= 0
    assert found.max() <= 1
    assert model.variance(index, features, concepts=[]).tolist() == []


def test_names_of_concepts_do_not_matter():
    index, features, supervision = world()
    new_name = dict(zip(index.ids, [f"n{i:02}" for i in np.random.default_rng(3).permutation(40)], strict=True))
    renamed = graph([(new_name[a], new_name[b]) for a, b in forest()])
    moved = np.empty_like(features)
    moved[renamed.positions([new_name[name] for name in index.ids])] = features
    order = np.argsort([new_name[name] for name in supervision.classes])
    classes = tuple(new_name[supervision.classes[place]] for place in order)
    before = GraphGP(settings=WITH_PRIOR).fit(index, features, supervision)
    after = GraphGP(settings=WITH_PRIOR).fit(
        renamed, moved, Supervision(classes, supervision.weights[order], "prototype")
    )
    asked = [f"c{i:02}" for i in range(40)]
    np.testing.assert_allclose(
        before.weights(index, features, concepts=asked),
        after.weights(renamed, moved, concepts=[new_name[name] for name in asked]),
        atol=1e-6,
    )


def test_selection_reads_nothing_of_concepts_out_of_reach():
    index, features, supervision = world()
    lonely = [f"x{i}" for i in range(5)]
    larger = graph([*forest(), ("x0", "x1")], extra=lonely)
    reports = []
    for fill in (-3.0, 1000.0):
        more = np.full((larger.num_concepts, features.shape[1]), fill, dtype=np.float32)
        more[larger.positions(index.ids)] = features
        reports.append(dict(GraphGP().fit(larger, more, supervision).report))
    assert reports[0] == reports[1]
    assert reports[0]["num_unreached"] == 5
    alone = GraphGP().fit(index, features, supervision).report
    assert alone["settings"] == reports[0]["settings"]
    assert alone["num_unreached"] == 0


def test_selection_takes_the_best_fold_accuracy_and_says_so():
    index, features, supervision = world()
    model = GraphGP().fit(index, features, supervision)
    report = model.report
    assert report["chosen_by"] == "fold accuracy"
    assert (report["num_folds"], report["num_repeats"], report["num_examples"]) == (5, 4, 126)
    assert len(report["candidates"]) == len(default_candidates(has_prior=True))
    accuracies = [candidate["fold_accuracy"] for candidate in report["candidates"]]
    assert report["fold_accuracy"] == max(accuracies)
    tied = [c for c in report["candidates"] if abs(c["fold_accuracy"] - max(accuracies)) < 1e-9]
    assert report["leave_one_out_cosine"] == pytest.approx(max(c["leave_one_out_cosine"] for c in tied), abs=1e-9)
    assert model.settings.to_dict() == report["settings"]


def test_targets_stand_in_for_missing_inputs():
    index, features, supervision = world(inputs=False)
    report = GraphGP().fit(index, features, supervision).report
    assert report["chosen_by"] == "fold accuracy of the targets"
    assert report["num_examples"] == 14


@pytest.mark.parametrize("num_seen", [1, 2, 3, 4])
def test_few_seen_classes(num_seen):
    index, features, supervision = world(num_seen=num_seen, kind="linear")
    model = GraphGP().fit(index, features, supervision)
    assert model.report["chosen_by"].startswith("default") == (num_seen < 4)
    weights = model.weights(index, features)
    np.testing.assert_allclose(np.linalg.norm(weights, axis=1), 1, atol=1e-6)


def test_same_bytes_twice():
    index, features, supervision = world()
    first = GraphGP().fit(index, features, supervision)
    second = GraphGP().fit(index, features.copy(), supervision)
    assert first.report == second.report
    assert first.weights(index, features).tobytes() == second.weights(index, features.copy()).tobytes()


def test_state_round_trip():
    index, features, supervision = world()
    model = GraphGP(relations=("is_a",)).fit(index, features, supervision)
    config, arrays = model.state()
    again = FittedGraphGP.from_state(json.loads(json.dumps(config)), arrays)
    assert isinstance(again, FittedPropagator)
    assert isinstance(GraphGP(), Propagator)
    assert (again.settings, again.classes, again.relations) == (model.settings, model.classes, ("is_a",))
    assert again.report == model.report
    assert again.weights(index, features).tobytes() == model.weights(index, features).tobytes()
    with pytest.raises(VersionError):
        FittedGraphGP.from_state({**config, "format": 99}, arrays)


def test_copies_and_pickles_carry_no_graph():
    index, features, supervision = world()
    model = GraphGP(settings=EVERYTHING).fit(index, features, supervision)
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert copied._cache.get(index, features) is None
        assert copied.weights(index, features).tobytes() == model.weights(index, features).tobytes()


def test_a_new_class_gets_what_fitting_with_it_gives():
    index, features, supervision = world()
    model = GraphGP(settings=WITH_PRIOR).fit(index, features, supervision)
    larger = graph([*forest(), ("new", "c03"), ("new", "c11")])
    more = np.full((larger.num_concepts, features.shape[1]), 0.3, dtype=np.float32)
    more[larger.positions(index.ids)] = features
    added = model.weights(larger, more, concepts=["new"])
    fitted = GraphGP(settings=WITH_PRIOR).fit(larger, more, supervision).weights(larger, more, concepts=["new"])
    np.testing.assert_allclose(added, fitted, atol=1e-6)


def test_features_written_to_are_noticed():
    index, features, supervision = world()
    model = GraphGP(settings=EVERYTHING).fit(index, features, supervision)
    assert model.terms(index, features) is model.terms(index, features)
    features[5] = 7.0
    expected = model.weights(index, features.copy())
    assert model.weights(index, features).tobytes() == expected.tobytes()


def test_relations_choose_the_edges():
    names = pl.DataFrame({"id": ["a", "b", "u"]})
    edges = pl.DataFrame({"head": ["u", "u"], "relation": ["is_a", "has_part"], "tail": ["a", "b"]})
    index = KnowledgeGraph.from_tables(names, edges).index
    supervision = Supervision(("a", "b"), np.eye(2, dtype=np.float32), "prototype")
    walk = GPSettings.of(walk=1, walk_beta=3.0)
    features = np.eye(3, dtype=np.float32)

    def preferred(relations):
        model = GraphGP(relations=relations, settings=walk).fit(index, features, supervision)
        (row,) = model.weights(index, features, concepts=["u"])
        return np.sign(np.round(row[0] - row[1], 6))

    assert [preferred(None), preferred(("part",)), preferred(("is_a", "has_part"))] == [1, -1, 0]


def test_a_concept_without_edges_or_features_of_its_own_gets_the_mean():
    index = graph([("a", "b")], extra=["u"])
    features = np.array([[1.0], [3.0], [2.0]], dtype=np.float32)
    supervision = Supervision(("a", "b"), np.eye(2, dtype=np.float32), "prototype")
    model = GraphGP(settings=GPSettings.of(text=1, walk=1, walk_beta=1.0)).fit(index, features, supervision)
    np.testing.assert_allclose(model.weights(index, features, concepts=["u"]), [[0.5**0.5, 0.5**0.5]], atol=1e-7)
    # the text kernel knows nothing of it, not even itself: its features are the seen mean
    assert model.variance(index, features, concepts=["u"]).tolist() == [0.5]


def test_bad_input_is_named():
    index, features, supervision = world()
    model = GraphGP(settings=EVERYTHING).fit(index, features, supervision)
    with pytest.raises(UnknownConceptError, match="tigre"):
        GraphGP().fit(index, features, Supervision(("tigre",), supervision.weights[:1], "prototype"))
    with pytest.raises(InputFormatError, match=r"not finite, the first is 'c07'"):
        model.weights(index, np.where(np.arange(40)[:, None] == 7, np.nan, features))
    with pytest.raises(InputFormatError, match=r"shape \(40, 5\).* 6 columns"):
        model.weights(index, features[:, :5])
    with pytest.raises(InputFormatError, match=r"shape \(39, 6\)"):
        GraphGP().fit(index, features[1:], supervision)
    with pytest.raises(InputFormatError, match="no seen class"):
        GraphGP().fit(index, features, Supervision((), np.empty((0, 6), dtype=np.float32), "prototype"))
    with pytest.raises(InputFormatError, match="seen weights"):
        GraphGP().fit(index, features, Supervision(supervision.classes, supervision.weights[1:], "prototype"))
    shifted = supervision.labels + 1
    wrong = Supervision(supervision.classes, supervision.weights, "prototype", supervision.inputs, shifted)
    with pytest.raises(InputFormatError, match="labels"):
        GraphGP().fit(index, features, wrong)
    with pytest.raises(UnknownConceptError):
        model.weights(index, features, concepts=["nobody"])


@pytest.mark.parametrize(
    "arguments", [{"text": -1.0, "walk": 2.0, "walk_beta": 1.0}, {"walk": 1.0}, {"text": 1.0, "noise": 0.0}, {}]
)
def test_impossible_settings(arguments):
    with pytest.raises(InputFormatError):
        GPSettings.of(**arguments)


def test_impossible_hyper_parameters():
    with pytest.raises(InputFormatError, match="folds"):
        GraphGP(folds=1)
    with pytest.raises(InputFormatError, match="candidates"):
        GraphGP(candidates=())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"folds": "5"}, "folds='5' is not allowed: an integer of at least 2"),
        ({"folds": 2.5}, "folds=2.5 is not allowed"),
        ({"folds": True}, "folds=True is not allowed"),
        ({"repeats": 0}, "repeats=0 is not allowed: an integer of at least 1"),
        ({"settings": {"walk": 1}}, "settings={'walk': 1} is not allowed: GPSettings"),
        ({"candidates": EVERYTHING}, "candidates=.* is not allowed: a tuple of GPSettings"),
        ({"candidates": ({"walk": 1},)}, "candidates=.* is not allowed: a tuple of GPSettings"),
    ],
)
def test_hyper_parameters_of_another_type(arguments, message):
    with pytest.raises(InputFormatError, match=message):
        GraphGP(**arguments)


def test_the_order_of_the_examples_does_not_matter():
    index, features, supervision = world()
    rng = np.random.default_rng(5)
    labels = np.repeat(np.arange(14), 60)
    inputs = unit_rows(supervision.weights[labels] + 0.8 * rng.standard_normal((len(labels), 6))).astype(np.float32)
    found = []
    for order in (np.arange(len(labels)), rng.permutation(len(labels)), rng.permutation(len(labels))):
        given = Supervision(supervision.classes, supervision.weights, "prototype", inputs[order], labels[order])
        model = GraphGP(candidates=default_candidates(has_prior=False)).fit(index, features, given)
        found.append((model.report, model.weights(index, features)))
    assert found[0][0]["num_examples"] == 14 * 25
    for report, weights in found[1:]:
        assert report == found[0][0]
        np.testing.assert_allclose(weights, found[0][1], atol=1e-6)


@pytest.mark.parametrize("inputs", [True, False])
def test_a_shared_space_is_used_when_it_helps(inputs):
    # targets are the features themselves, disturbed; the graph says nothing
    rng = np.random.default_rng(2)
    names = [f"c{i:02}" for i in range(60)]
    index = graph([("c00", "c01")], extra=names)
    features = unit_rows(rng.standard_normal((60, 40))).astype(np.float32)
    means = unit_rows(features + 0.15 * rng.standard_normal(features.shape))
    seen, unseen = names[:40], names[40:]
    targets = unit_rows(means[:40] - means[:40].mean(axis=0)).astype(np.float32)
    labels = np.repeat(np.arange(40), 8)
    examples = unit_rows(targets[labels] + 0.15 * rng.standard_normal((len(labels), 40))).astype(np.float32)
    supervision = Supervision(
        tuple(seen), targets, "prototype", examples if inputs else None, labels if inputs else None
    )
    chosen = GraphGP().fit(index, features, supervision)
    plain = GraphGP(candidates=default_candidates(has_prior=False)).fit(index, features, supervision)

    def right(model):
        given = model.weights(index, features, concepts=unseen)
        return ((means[40:] @ given.T).argmax(axis=1) == np.arange(20)).mean()

    assert chosen.settings.prior > 0
    assert right(chosen) >= 0.95
    assert right(plain) < right(chosen)
