"""The methods say what the functions say, with the same defaults."""

import inspect

import numpy as np

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.decision import ancestor, conformal, rejection
from kgzsl.decision.doors import DecisionDoors
from kgzsl.propagation.gp_settings import GPSettings
from kgzsl.propagation.graph_gp import GraphGP


class Room(DecisionDoors):
    def __init__(self, problem):
        self.problem = problem

    def _fitted(self):
        return self.problem

    def _inputs(self, X):
        return np.asarray(X)


def test_doors_lead_to_their_functions(zoo):
    propagator = GraphGP(settings=GPSettings.of(text=1, walk=1, walk_beta=3.0))
    problem = ZeroShotClassifier(zoo.graph, propagator=propagator, unseen=zoo.unseen).fit(zoo.X, zoo.y).problem_
    room, X = Room(problem), zoo.X_unseen.tolist()
    inputs = zoo.X_unseen
    options = {"coverage": 0.7, "label_space": "unseen", "method": "aps", "hierarchical": True}
    sets, expected = room.predict_set(X, **options), conformal.predict_set(problem, inputs, **options)
    assert (sets.labels, sets.kinds, sets.limits) == (expected.labels, expected.kinds, expected.limits)
    options = {"confidence": 0.7, "label_space": "unseen"}
    assert room.predict_ancestor(X, **options).answers == ancestor.predict_ancestor(problem, inputs, **options).answers
    options = {"rate": 0.3, "label_space": "unseen"}
    refused, expected = room.out_of_graph(X, **options), rejection.out_of_graph(problem, inputs, **options)
    assert np.array_equal(refused.scores, expected.scores)
    assert refused.threshold == expected.threshold


def test_defaults_are_the_same():
    for function in (conformal.predict_set, ancestor.predict_ancestor, rejection.out_of_graph):
        method = getattr(DecisionDoors, function.__name__)
        given, taken = (inspect.signature(each).parameters for each in (function, method))
        assert [p.default for p in given.values()][2:] == [p.default for p in taken.values()][2:]
        assert list(given)[2:] == list(taken)[2:]
