"""The demo hides what it asks about, and tells what it measured."""

import warnings

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from kgzsl.demo import LARGEST, SMALLEST, definition_task, run_demo
from kgzsl.errors import KgzslWarning
from kgzsl.evaluation import hits_at_k
from kgzsl.features import TextFeatures
from kgzsl.sources.catalog import load_graph


@pytest.fixture(scope="module")
def wordnet():
    return load_graph("wordnet")


@pytest.fixture(scope="module")
def task(wordnet):
    return definition_task(wordnet)


@pytest.fixture(scope="module")
def result():
    return run_demo(show_progress=False)


def test_no_example_is_in_the_graph_the_model_sees(task):
    assert not set(task.examples) & set(task.graph.ids)


def test_nothing_below_a_class_is_in_the_graph_the_model_sees(wordnet, task):
    below = {str(concept) for name in task.classes for concept in wordnet.descendants(name)}
    assert len(below) == task.num_hidden
    assert not below & set(task.graph.ids)


def test_classes_are_mid_level_and_do_not_contain_each_other(wordnet, task):
    sizes = [len(wordnet.descendants(name)) for name in task.classes]
    assert min(sizes) >= SMALLEST
    assert max(sizes) <= LARGEST
    assert not any(set(wordnet.ancestors(name)) & set(task.classes) for name in task.classes)


def test_an_example_is_the_definition_of_a_concept_below_its_class(wordnet, task):
    for row in range(0, len(task.examples), 97):
        example = wordnet.concept(task.examples[row])
        assert task.definitions[row] == example.definition
        assert task.classes[task.labels[row]] in wordnet.ancestors(example)


def test_every_class_has_examples(task):
    assert (np.bincount(task.labels, minlength=len(task.classes)) >= SMALLEST).all()


def test_propagation_beats_chance_and_the_class_text_alone(result):
    top1 = {name: float(value) for name, value, _ in result.rows}
    ours, text, chance = top1.values()
    assert ours > text > 10 * chance


def test_taking_the_bias_off_helps_the_unseen_side(result):
    (_, _, before, _), (_, _, after, _) = result.together
    assert float(after) > float(before)


def test_the_prediction_read_aloud_is_right_and_verified(wordnet, result):
    assert wordnet.concept(result.explanation.prediction).label == result.truth
    result.explanation.verify()


def test_the_text_fits_a_terminal(result):
    assert max(len(line) for line in str(result).splitlines()) <= 96


def test_the_page_fetches_nothing_and_runs_nothing(result):
    page = result.to_html()
    assert "<script" not in page
    assert "http" not in page
    assert page.count('class="kx"') >= 4


def test_the_same_seed_gives_the_same_story(result):
    again = run_demo(show_progress=False)
    assert (again.rows, again.together, str(again.explanation)) == (
        result.rows,
        result.together,
        str(result.explanation),
    )


def test_accuracy_among_the_unseen_does_not_hang_on_the_precision_of_ties(task, result):
    """Definitions without a known word are rows of zeros, to which all class texts are alike."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", KgzslWarning)
        encoder = TextFeatures(missing="zero").fit(task.graph, task.graph.induced(task.classes).ids)
        X = encoder.encode_texts(task.definitions)
        own = encoder.encode(task.graph, task.classes)
    unseen = np.random.default_rng(0).permutation(len(task.classes))[:36]
    unseen.sort()
    rows = np.flatnonzero(np.isin(task.labels, unseen))
    assert (~X[rows].any(axis=1)).sum() > 10
    truth = np.searchsorted(unseen, task.labels[rows])
    for kind in (np.float32, np.float64):
        cosine = cosine_similarity(X[rows].astype(kind), own[unseen].astype(kind))
        shared = [hits_at_k(cosine, truth, k, ties="shared") for k in (1, 5)]
        assert result.rows[1][1:] == tuple(f"{100 * share:.1f}" for share in shared)
