import shutil

import numpy as np
import pytest

from kgzsl.classifier import ZeroShotClassifier
from kgzsl.features import AttributeTable, MatrixFeatures, TextFeatures
from kgzsl.propagation import SGCN
from kgzsl.propagation.gp_settings import GPSettings
from kgzsl.propagation.graph_gp import GraphGP

PROPAGATORS = {
    "graph-gp": "graph-gp",
    "graph-gp, fixed": GraphGP(settings=GPSettings.of(text=1, walk=1, walk_beta=3.0), folds=3),
    "sgcn": SGCN(hidden=8, epochs=5),
    "conse": "conse",
    "eszsl": "eszsl",
}


@pytest.fixture(scope="session")
def fitted(zoo):
    """Gives a fitted classifier by the name of its propagator and the kind of its features."""

    def make(propagator="graph-gp, fixed", features="matrix", *, added=True, **parameters):
        encoders = {
            "text": "text",
            "text object": TextFeatures(dim=10),
            "matrix": MatrixFeatures(list(zoo.rows.values()), list(zoo.rows)),
            "attributes": AttributeTable(
                {id_: {f"a{place}": float(value) for place, value in enumerate(row)} for id_, row in zoo.rows.items()}
            ),
        }
        chosen = {"features": encoders[features], "unseen": list(zoo.unseen), "random_state": 3, **parameters}
        clf = ZeroShotClassifier(zoo.graph, propagator=PROPAGATORS[propagator], **chosen)
        clf.fit(zoo.X, zoo.y)
        if added:
            clf.add_class("okapi.n", edges=[("okapi.n", "is_a", "mammal.n")], definition="a mammal of its own")
        return clf

    return make


@pytest.fixture(scope="session")
def saved(fitted, tmp_path_factory):
    """A saved model's folder, not to be written to."""
    return fitted().save(tmp_path_factory.mktemp("saved") / "model")


@pytest.fixture
def model(saved, tmp_path):
    """A saved model's folder of one's own."""
    return shutil.copytree(saved, tmp_path / "model")


@pytest.fixture(scope="session")
def answers(zoo):
    """Everything a classifier says, as bytes."""

    def give(clf):
        said = [clf.decision_function(zoo.X_unseen), clf.predict_proba(zoo.X), clf.weights_]
        said += [np.array(clf.predict(zoo.X_unseen)), np.array([clf.gamma_, clf.temperature_])]
        text = ""
        if hasattr(clf.problem_.model, "terms"):
            for target in (None, *(["okapi.n"] if "okapi.n" in clf.concepts_ else [])):
                text += clf.explain(zoo.X_unseen[0], target=target).to_text()
        return b"".join(part.tobytes() for part in said) + text.encode()

    return give
