import json
from types import SimpleNamespace

import numpy as np
import pytest

from kgzsl.errors import InputFormatError, NotInductiveError
from kgzsl.features import CombinedFeatures, MatrixFeatures, TextFeatures

MATRIX = MatrixFeatures([[3.0, 4.0], [0.0, 0.0]], ["dog", "cat"])


def test_blocks_are_unit_rows_times_their_weight(toy_graph):
    combined = CombinedFeatures((MATRIX, MATRIX), (1.0, 0.5)).fit(toy_graph, ["dog", "cat"])
    np.testing.assert_allclose(
        combined.encode(toy_graph, ["dog", "cat"]), [[0.6, 0.8, 0.3, 0.4], [0, 0, 0, 0]], atol=1e-6
    )


def test_encoders_may_be_given_by_name_and_reports_are_kept(toy_graph):
    combined = CombinedFeatures(("text", MATRIX)).fit(toy_graph, ["dog", "cat"])
    assert [type(encoder) for encoder in combined.encoders] == [TextFeatures, MatrixFeatures]
    assert list(combined.report) == ["0-text", "1-matrix"]
    assert combined.report["0-text"]["described"] == 2


def test_texts_go_through_if_every_encoder_takes_them(toy_graph):
    combined = CombinedFeatures((TextFeatures(), TextFeatures(corpus="graph"))).fit(toy_graph, toy_graph.ids)
    rows = combined.encode_texts(toy_graph.texts(["dog"]))
    np.testing.assert_allclose(rows, combined.encode(toy_graph, ["dog"]), atol=1e-6)
    with pytest.raises(NotInductiveError, match="matrix"):
        CombinedFeatures((MATRIX,)).encode_texts(["a dog"])


@pytest.mark.parametrize(
    ("encoders", "weights", "message"),
    [
        ((), None, "at least one"),
        ((MATRIX,), (1.0, 2.0), "2 weights for 1 encoders"),
        ((MATRIX,), (0.0,), "positive number, not 0.0"),
        ((MATRIX,), (float("nan"),), "positive number, not nan"),
    ],
)
def test_wrong_settings_are_refused(encoders, weights, message):
    with pytest.raises(InputFormatError, match=message):
        CombinedFeatures(encoders, weights)


def test_a_combination_may_hold_a_combination(toy_graph):
    nested = CombinedFeatures((CombinedFeatures((MATRIX, "text")), MATRIX)).fit(toy_graph, ["dog", "cat"])
    config, arrays = nested.state()
    again = CombinedFeatures.from_state(json.loads(json.dumps(config)), arrays)
    np.testing.assert_array_equal(again.encode(toy_graph, ["dog"]), nested.encode(toy_graph, ["dog"]))


def test_an_encoder_without_a_name_cannot_be_saved():
    own = SimpleNamespace(fit=None, encode=None, state=None, from_state=None)
    with pytest.raises(InputFormatError, match=r"no entry point of the group kgzsl\.encoders leads back"):
        CombinedFeatures((own,)).state()
