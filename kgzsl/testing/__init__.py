"""Checks that a plug-in fulfils its contract; call them from your own tests.

Each check raises `PluginError` that says what does not hold. The checks work on a small graph of their own, so a
plug-in is tried as it is, with no set-up.
"""

from kgzsl.testing.checks import check_encoder, check_propagator, check_source
from kgzsl.testing.examples import example_graph, example_supervision
from kgzsl.testing.explainers import check_explainer, example_classifier, example_decision

__all__ = [
    "check_encoder",
    "check_explainer",
    "check_propagator",
    "check_source",
    "example_classifier",
    "example_decision",
    "example_graph",
    "example_supervision",
]
