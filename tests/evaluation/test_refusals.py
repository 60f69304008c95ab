"""What data sets, protocols and sets say when they are asked for what cannot be."""

import numpy as np
import polars as pl
import pytest

import kgzsl
from kgzsl.errors import InputFormatError, SplitError

DATA = kgzsl.Dataset(("a", "b"), features=np.zeros((4, 2), np.float32), labels=np.array([0, 0, 1, 1]))


@pytest.mark.parametrize("wrong", [None, 3, ["a.npz"]])
def test_a_data_set_is_read_from_a_path(wrong):
    with pytest.raises(InputFormatError, match=f"path of a file or folder, not {type(wrong).__name__}"):
        kgzsl.read_dataset(wrong)


def test_a_protocol_without_splits_says_how_to_give_them():
    with pytest.raises(SplitError, match=r"has no splits.*with_splits.*from_indices"):
        kgzsl.Protocol.from_dataset(DATA)
    given = DATA.with_splits({"seen_train": [0], "seen_test": [1], "unseen_test": [2, 3]})
    protocol = kgzsl.Protocol.from_dataset(given, share=0.0)
    assert (protocol.train.tolist(), protocol.seen_classes) == ([0], ("a",))
    with pytest.raises(InputFormatError, match=r"takes a kgzsl.Dataset.*not NoneType"):
        kgzsl.Protocol.from_dataset(None)


@pytest.mark.parametrize("count", [3, 4])
def test_sets_say_how_many_classes_they_take(zoo, count):
    keep = np.isin(zoo.y, zoo.seen[:count])
    clf = kgzsl.ZeroShotClassifier(zoo.graph, features=zoo.rows, unseen=list(zoo.unseen))
    clf.fit(zoo.X[keep], zoo.y[keep])
    if count < 4:
        with pytest.raises(
            InputFormatError, match="at least 4 seen classes; this model has 3: fit with examples of more"
        ):
            clf.predict_set(zoo.X_unseen, coverage=0.6)
    else:
        assert len(clf.predict_set(zoo.X_unseen, coverage=0.6)) == len(zoo.X_unseen)


def test_a_data_set_and_a_protocol_show_themselves(zoo):
    assert "<td>2</td>" not in DATA._repr_html_()
    assert "4 samples" in DATA._repr_html_()
    protocol = kgzsl.Protocol.from_indices(["a", "a", "b"], train=[0], test_seen=[1], test_unseen=[2])
    assert protocol._repr_html_() == protocol.certificate._repr_html_()


def test_columns_of_test_rows_are_compared_with_those_of_the_fit(zoo):
    """Arrays are taken by their order, without a word; columns in another order are refused, not taken for these."""
    names = [f"gene {place}" for place in range(zoo.X.shape[1])]
    clf = kgzsl.ZeroShotClassifier(zoo.graph, features=zoo.rows, unseen=list(zoo.unseen))
    clf.fit(pl.DataFrame(zoo.X, schema=names), zoo.y)
    rows, unseen_rows = pl.DataFrame(zoo.X, schema=names), pl.DataFrame(zoo.X_unseen, schema=names)
    by_name = kgzsl.evaluate(clf, rows, zoo.y.tolist(), unseen_rows, zoo.y_unseen.tolist())
    by_order = kgzsl.evaluate(clf, zoo.X, zoo.y.tolist(), zoo.X_unseen, zoo.y_unseen.tolist())
    assert by_name.to_dict() == by_order.to_dict()
    with pytest.raises(InputFormatError, match="names should match those that were passed during fit"):
        kgzsl.evaluate(clf, rows[names[::-1]], zoo.y.tolist(), unseen_rows, zoo.y_unseen.tolist())
