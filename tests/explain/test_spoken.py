"""A decision of an ontology with ids that say nothing, labels that two concepts share, and facts with sources."""

import numpy as np
import polars as pl
import pytest

import kgzsl
from kgzsl.cli.explaining import _page
from kgzsl.display.html import Bar
from kgzsl.display.text import cell_width
from kgzsl.explain.page import WIDTH, _Columns
from kgzsl.features.matrix import MatrixFeatures
from kgzsl.graph.relation import Relation
from kgzsl.propagation.sgcn import SGCN

LABELS = {
    "D1": ("bacterial pneumonia", "lungs infected by bacteria"),
    "D2": ("viral pneumonia", "lungs infected by a virus"),
    "D3": ("bronchitis", "inflamed bronchi"),
    "D4": ("meningitis", "inflamed meninges"),
    "D5": ("cold", "a runny nose"),
    "T1": ("cold", "a low temperature"),
    "G1": ("lung disease", ""),
    "G2": ("disease", ""),
    "S1": ("fever", ""),
    "S2": ("cough", ""),
}
FACTS = [
    *(("D1", "is_a", "G1"), ("D2", "is_a", "G1"), ("D3", "is_a", "G2"), ("D4", "is_a", "G2"), ("D5", "is_a", "G2")),
    *(("G1", "is_a", "G2"), ("D1", "has_symptom", "S1"), ("D1", "has_symptom", "S2"), ("D2", "has_symptom", "S1")),
    *(
        ("D2", "has_symptom", "S2"),
        ("D3", "has_symptom", "S2"),
        ("D4", "has_symptom", "S1"),
        ("D5", "has_symptom", "T1"),
    ),
]


@pytest.fixture(scope="module")
def clinic():
    """A classifier and inputs."""
    concepts = [{"id": id_, "label": label, "definition": words} for id_, (label, words) in LABELS.items()]
    columns = ["head", "relation", "tail", "source"]
    edges = pl.DataFrame([(*fact, "hospital list") for fact in FACTS], schema=columns, orient="row")
    symptom = Relation(
        "has_symptom", "attribute", verb="has symptom", inverse="symptom_of", inverse_verb="is symptom of"
    )
    kg = kgzsl.KnowledgeGraph.from_tables(pl.DataFrame(concepts), edges, [symptom], name="infections")
    rng = np.random.default_rng(3)
    features = MatrixFeatures(rng.normal(size=(len(kg), 5)).astype(np.float32), kg.ids)
    clf = kgzsl.ZeroShotClassifier(
        kg, features=features, propagator=SGCN(hidden=8, epochs=20), unseen=["D2", "D4"], random_state=0
    )
    return clf.fit(rng.normal(size=(9, 6)), ["D1", "D3", "D5"] * 3), rng.normal(size=(30, 6))


def test_a_change_names_no_id_but_beside_its_words(clinic):
    clf, inputs = clinic
    found = [change for x in inputs for change in [clf.counterfactual(x)] if change.is_found and change.removed]
    assert found
    for change in found:
        assert not set(LABELS) & set(str(change).replace("”", " ").split())
        assert change.to_table()["head"] == tuple(head for head, _, _ in change.removed)  # ids, for a program
        html = change._repr_html_()
        assert all(f"<small>{' '.join(fact)}</small>" in html for fact in change.removed)
        assert "<td>hospital list</td>" in html
        assert "odds of " in html


def test_a_concept_is_told_apart_from_classes_that_share_its_label(clinic):
    """The class called cold is in the running, though no edit is about it."""
    clf, inputs = clinic
    fact = ("D2", "has_symptom", "T1")
    added = [clf.counterfactual(x, edits="add", allowed=[fact]) for x in inputs]
    (words,) = {str(change).partition(":")[0] for change in added if change.is_found}
    assert words == "with “viral pneumonia has symptom cold (a low temperature)”"
    told = clf.what_if(inputs[0], add=[fact])
    assert str(told).startswith(words)
    assert "cold (a runny nose) <small>D5</small>" in told._repr_html_()
    assert "the largest changes first" in told._repr_html_()


def test_sets_tell_classes_of_one_label_apart():
    rng = np.random.default_rng(0)
    names = [f"c{place}" for place in range(6)]
    concepts = [{"id": name, "label": "bat" if name in ("c0", "c1") else name} for name in [*names, "root"]]
    kg = kgzsl.KnowledgeGraph.from_tables(pl.DataFrame(concepts), [(name, "is_a", "root") for name in names])
    features = MatrixFeatures(rng.normal(size=(7, 4)).astype(np.float32), kg.ids)
    clf = kgzsl.ZeroShotClassifier(kg, features=features).fit(rng.normal(size=(24, 4)), names * 4)
    sets = clf.predict_set(rng.normal(size=(2, 4)), coverage=0.8)
    assert sets.names["c0"] == "bat (c0)"
    assert sets.names["c2"] == "c2"


def test_reasons_that_say_the_same_are_told_apart_by_where_they_come_from(clinic):
    """ "is a kind of disease" by the other diseases, and by what the graph says of disease itself."""
    clf, inputs = clinic
    alike = 0
    for x in inputs:
        rows = clf.explain(x, k=20).items
        assert len({(row.label, row.note) for row in rows}) == len(rows)
        alike += len(rows) - len({row.label for row in rows})
        assert all(row.note for row in rows if row.kind == "reason" and " own description" not in row.label)
    assert alike > 0


def test_notes_are_cut_before_labels():
    """Two symptoms of one class differ at their ends."""
    after = "+0.07, others stand in"
    symptoms = [
        Bar(f"viral pneumonia has symptom {end}", "like bronchitis", 1.0, "+1.00", after) for end in ("fever", "cough")
    ]
    others = [
        Bar("is a kind of disease", "viral pneumonia too; like viral and bacterial pneumonia", 1.0, "+1.00", after)
    ]
    columns = _Columns([*symptoms, *others * 3])
    assert [symptom.label in columns.row(symptom) for symptom in symptoms] == [True, True]
    assert all(cell_width(columns.row(line)) <= WIDTH for line in (*symptoms, *others))


def test_who_is_ahead_without_a_fact_is_said_of_single_facts_too(clinic):
    """And that others stand in, where a method gives shares of the margin."""
    clf, inputs = clinic
    said = set()
    for x in inputs:
        why = clf.explain(x, explainer="integrated-gradients", effects=True, k=4)
        lines = str(why).splitlines()
        for row in why.items:
            (line,) = (line for line in lines if f"  {row.label} " in line)
            effect = why.effects[row.key]
            turned, stood_in = effect * why.margin < 0, abs(why.margin - effect) < 0.1 * abs(row.credit)
            assert line.endswith(" ahead") == turned
            assert line.endswith("others stand in") == (stood_in and not turned)
            said.add((turned, stood_in))
        assert "others stand in" not in str(clf.explain(x, explainer="gradient", effects=True, k=4))
    assert len(said) > 1


def test_a_page_is_called_by_a_label(clinic):
    clf, inputs = clinic
    why = clf.explain(inputs[0])
    assert f"<title>Why {LABELS[why.prediction][0]}</title>" in _page(why, None)
