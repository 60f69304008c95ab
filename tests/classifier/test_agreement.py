"""Given weights and the list of their classes must be of one set of classes: A24."""

import numpy as np
import pytest

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.errors import InputFormatError


def means_of(zoo):
    return np.stack([zoo.X[zoo.y == id_].mean(axis=0) for id_ in zoo.seen])


@pytest.mark.parametrize(
    ("classes", "names", "message"),
    [
        (lambda seen: [*seen, seen[0]], None, r"8 rows and 9 names.*classes names '.*' more than once"),
        (lambda seen: [*seen, "unicorn"], None, "8 rows and 9 names.*graph .* has no 'unicorn'"),
        (lambda seen: seen[1:], None, "8 rows and 7 names.*one of the two lists is of another set"),
        (lambda seen: seen[1:], lambda seen: seen, "8 rows and 7 names, .*: classes lacks '{0}'$"),
        (lambda seen: [*seen, "fox.n"], lambda seen: seen, "8 rows and 9 names, .*: no row is named 'fox.n'$"),
        (
            lambda seen: [*seen[:-1], "fox.n"],
            lambda seen: seen,
            "no row is named 'fox.n'; classes lacks '{7}'; the first is row 7, '{7}' for 'fox.n'",
        ),
        (lambda seen: seen[::-1], lambda seen: seen, "in another order; the first is row 0, '{0}' for '{7}'"),
    ],
)
def test_rows_and_classes_that_disagree_are_named(zoo, classes, names, message):  # A24, H13
    weights = means_of(zoo)
    seen = list(zoo.seen)
    if names is not None:
        pandas = pytest.importorskip("pandas")
        weights = pandas.DataFrame(weights, index=names(seen))
    with pytest.raises(InputFormatError, match=message.format(*seen)):
        ZeroShotClassifier(zoo.graph, unseen=["cat.n"]).fit_weights(weights, classes(seen), kind="prototype")


def test_examples_of_a_class_that_the_list_lacks_are_named(zoo):  # A24
    with pytest.raises(InputFormatError, match=f"8 rows and 7 names.*y has examples of '{zoo.seen[0]}', which classes"):
        ZeroShotClassifier(zoo.graph).fit_weights(means_of(zoo), zoo.seen[1:], kind="prototype", X=zoo.X, y=zoo.y)


def test_rows_named_as_their_classes_are_taken(zoo):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(means_of(zoo), index=list(zoo.seen))
    named = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit_weights(table, zoo.seen, kind="prototype")
    plain = ZeroShotClassifier(zoo.graph, unseen=zoo.unseen).fit_weights(means_of(zoo), zoo.seen, kind="prototype")
    assert np.array_equal(named.weights_, plain.weights_)
