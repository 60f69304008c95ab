"""How answers show themselves: one line for the prompt, a card for a notebook, and names that stay words."""

import numpy as np
import pytest

import kgzsl
from kgzsl.features import MatrixFeatures
from kgzsl.query.information_content import InformationContent
from kgzsl.sources.rdf_mapping import RdfMapping

EVIL = "<script>alert(1)</script>\x1b[31m"


@pytest.fixture(scope="module")
def answers(zoo, toy_graph):
    """An answer of each kind, by the name of its class."""
    table = np.stack([zoo.rows[id_] for id_ in zoo.graph.ids])
    features = MatrixFeatures(table, ids=list(zoo.graph.ids))
    clf = kgzsl.ZeroShotClassifier(zoo.graph, features=features, unseen=zoo.unseen).fit(zoo.X, zoo.y)
    protocol = kgzsl.Protocol.from_indices(["a", "a", "b"], train=[0], test_seen=[1], test_unseen=[2])
    inputs = zoo.X_unseen[:3]
    farm = [("zebra", "is_a", "equine"), ("equine", "has_part", "hoof"), ("equine", "is_a", "mammal")]
    kg = kgzsl.KnowledgeGraph.from_tables(["zebra", "equine", "hoof", "mammal", "fish"], farm)
    wrong = kg.add_edges([("fish", "disjoint_with", "mammal"), ("zebra", "is_a", "fish")])
    decided = clf.explain(inputs[0])
    found = [
        toy_graph,
        toy_graph.concept("cat"),
        toy_graph.edges(),
        toy_graph.relations,
        toy_graph.relations["is_a"],
        toy_graph.draw("bat"),
        toy_graph.shortest_path("bat", "cat"),
        toy_graph.audit(),
        kgzsl.ground(toy_graph, ["dog"]),
        kgzsl.align(toy_graph, toy_graph),
        kg.entail(["inherited"]).why(("zebra", "has_part", "hoof")),
        wrong.contradictions()[0],
        clf.predict_top(inputs, k=2),
        clf.predict_set(inputs, coverage=0.6),
        clf.predict_ancestor(inputs, confidence=0.6),
        clf.out_of_graph(inputs, rate=0.3),
        clf.what_if(inputs[0], remove=[("zebra.n", "is_a", "equine.n")]),
        clf.counterfactual(inputs[0]),
        decided,
        kgzsl.fact_credits(decided.decision),
        kgzsl.evaluate(clf, zoo.X, zoo.y, zoo.X_unseen, zoo.y_unseen),
        protocol,
        kgzsl.audit_protocol(kgzsl.Run(protocol=protocol)),
        kgzsl.Dataset(("a",), features=np.zeros((2, 3), np.float32), labels=np.array([0, 0])),
        InformationContent.intrinsic(zoo.graph),
        RdfMapping(),
    ]
    return {type(each).__name__: each for each in found}


def test_there_is_one_of_each_kind(answers):
    results = {"Alignment", "Ancestors", "AuditReport", "ClassSets", "Concept", "Contradiction", "Counterfactual"}
    results |= {"Dataset", "EvaluationReport", "Explanation", "Grounding", "InformationContent", "KnowledgeGraph"}
    results |= {"LeakReport", "OutOfGraph", "Path", "Proof", "Protocol", "Relation", "WhatIf"}
    assert results <= set(answers)
    assert len(answers) == 26


def test_each_is_one_line_at_the_prompt(answers):
    long = {name: repr(each) for name, each in answers.items() if len(repr(each)) > 250 or "\n" in repr(each)}
    long.pop("Edges", None)  # a tuple of ten edges, then a count
    assert long == {}
    assert repr(answers["ClassSets"]).startswith("<ClassSets 3 sets at coverage 0.6, of ")
    assert repr(answers["RdfMapping"]) == "RdfMapping()"
    assert repr(RdfMapping(relations={"zoo:eats": "^eaten_by"}, axioms=False)) == (
        "RdfMapping(relations={'zoo:eats': '^eaten_by'}, axioms=False)"
    )
    assert repr(answers["InformationContent"]).startswith("<InformationContent of 25 concepts, seco, in shares from 0")
    assert repr(answers["EvaluationReport"]).startswith("<EvaluationReport T1 ")


def test_each_is_a_card_in_a_notebook(answers):
    for name, each in answers.items():
        html = each._repr_html_()
        assert html.count('<section class="kx"') == html.count("</section>") > 0, name
        assert "prefers-color-scheme:dark" in html, name
        assert "<script" not in html, name
        assert "src=" not in html, name


def test_each_prints_within_the_width_of_a_page(answers):
    wide = {name for name, each in answers.items() if any(len(line) > 120 for line in str(each).splitlines())}
    assert wide <= {"Contradiction", "Counterfactual", "RdfMapping"}  # sentences, lists of terms


def test_a_promise_stands_whole_below_its_table(answers):
    sets = answers["ClassSets"]
    assert sets.guarantee in sets._repr_html_()
    assert " ".join(str(sets).split()).endswith(" ".join(sets.guarantee.split()))


def test_names_that_act_stay_words_in_every_answer():
    names = ["a", "b", "c", "d"]
    concepts = [{"id": name, "label": f"{EVIL}{name}"} for name in [*names, "root"]]
    kg = kgzsl.KnowledgeGraph.from_tables(concepts, [(name, "is_a", "root") for name in names], name=EVIL)
    rng = np.random.default_rng(0)
    features = MatrixFeatures(rng.normal(size=(5, 4)).astype(np.float32), ids=list(kg.ids))
    clf = kgzsl.ZeroShotClassifier(kg, features=features, unseen=["d"])
    clf.fit(rng.normal(size=(9, 4)), list("abcabcabc"))
    x = rng.normal(size=(1, 4))
    shown = [clf.what_if(x[0], remove=[("d", "is_a", "root")]), clf.counterfactual(x[0]), clf.explain(x[0])]
    shown += [kg, kg.edges(), kg.draw("a"), kg.concept("a"), InformationContent.intrinsic(kg)]
    for each in shown:
        for text in (str(each), repr(each), each._repr_html_()):
            assert "\x1b" not in text, type(each)
        assert "<script" not in each._repr_html_(), type(each)
