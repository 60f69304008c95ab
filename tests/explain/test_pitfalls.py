"""The twelve ways in which an explanation misleads its reader, each ruled out."""

import re
from dataclasses import replace
from decimal import Decimal

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kgzsl
from kgzsl.explain import explain
from kgzsl.explain.page_record import record_of
from kgzsl.explain.wording import claim, own_description
from kgzsl.propagation.gp_settings import GPSettings

WALK = GPSettings.of(walk=1, walk_beta=3.0, noise=0.3)
VIEWS = ("paths", "facts", "concepts")


@pytest.fixture(scope="module")
def explanation(animals):
    return explain(animals.decision("zebra", "lion", gamma=0.1))


@pytest.fixture(scope="module")
def classifier():
    pairs = "horse equine,zebra equine,donkey equine,tiger feline,lion feline,equine mammal,feline mammal"
    edges = [(*pair.split(), "is_a") for pair in pairs.split(",")]
    graph = kgzsl.KnowledgeGraph.from_networkx(nx.MultiDiGraph(edges))
    clf = kgzsl.ZeroShotClassifier(graph, unseen=["zebra", "lion", "donkey"])
    return clf.fit([[1, 0], [0, 1]], ["horse", "tiger"])


def rows_of(text):
    """Printed number and words of each row."""
    return re.findall(r"^ {2} *([+-]?[\d,]+\.\d+)  (\S.*)$", text, re.MULTILINE)


def with_effects(explanation, effects):
    return replace(explanation, effects=effects)


def test_1_the_shortest_path_is_not_the_reason(make_world):
    """All is two steps from everything by way of the entity, whose many kinds leave each little."""
    leaves = [(f"thing{place}", None, "entity") for place in range(150)]
    edges = [("zebra", None, "entity"), ("horse", None, "entity"), ("zebra", None, "equine"), ("equine", None, "stock")]
    world = make_world([*edges, ("horse", None, "stock"), *leaves], ["horse", "thing0"], settings=WALK)
    paths = {row.concepts: abs(row.credit) for row in explain(world.decision("zebra")).by("paths")}
    short, long = ("zebra", "entity", "horse"), ("zebra", "equine", "stock", "horse")
    assert paths[long] > 5 * paths[short]
    assert list(paths).index(long) < list(paths).index(short)


def test_2_a_share_of_a_signed_sum_is_never_a_percentage(explanation):
    for page in (str(explanation), re.sub(r"<[^>]*>", " ", re.sub(r"<style>.*?</style>", "", explanation.to_html()))):
        said = re.findall(r"(\S+ \S+ \S+) \d+ %( of all \|credit\|)?", page)
        assert sum(bool(named) for _, named in said) == 1
        probabilities = len(re.findall(r"\d %", page)) - 1
        assert probabilities <= 4  # in the verdict, and again in the card's description
    assert not any("%" in row.label + row.note for row in explanation.rows)


def test_3_because_is_said_of_nothing_that_was_not_tried(explanation, classifier):
    for page in (str(explanation), explanation.to_html()):
        assert "because" not in page.casefold()
        assert "if removed" not in page
    e = classifier.explain([1.0, 0.1], label_space="unseen").with_effects()
    assert "margin if removed" in str(e)
    for row in record_of(e).items:
        assert (row.effect is None) == (row.key not in e.effects)
    one = with_effects(explanation, {explanation.items[1].key: 0.25})
    assert str(one).count("zebra ahead") == 1
    assert explanation.margin < 0


def test_4_two_senses_of_one_label_are_told_apart(make_world):
    edges = [("u", None, "crane.bird"), ("a", None, "crane.bird"), ("u", None, "crane.tool"), ("b", None, "crane.tool")]
    labels = {"crane.bird": "crane", "crane.tool": "Crane"}
    glosses = {"crane.bird": "a long-necked wader; it dances", "crane.tool": "a machine that lifts"}
    world = make_world(edges, ["a", "b"], labels=labels, definitions=glosses)
    e = explain(world.decision("u"))
    said = str(e) + " ".join(row.label for row in e.by("paths"))
    assert "crane (a long-necked wader)" in said
    assert "Crane (a machine that lifts)" in said
    assert not re.search(r"crane(?! \()", said, re.IGNORECASE)
    assert "crane (a long-necked wader)" in record_of(e, views=VIEWS).concepts["crane.bird"].label


def test_5_the_weight_of_an_edge_is_shown_as_no_probability_and_no_credit(explanation):
    record = record_of(explanation, views=VIEWS)
    heavy = tuple(
        replace(row, facts=tuple(replace(fact, weight=7.75) for fact in row.facts)) for row in record.views["facts"]
    )
    weighed = replace(record, views={**record.views, "facts": heavy})
    assert weighed.to_text() == record.to_text()
    assert weighed.to_html() == record.to_html()
    assert weighed.to_svg() == record.to_svg()


def test_6_what_a_removal_leaves_stands_in_a_column_of_its_own_and_is_not_added(classifier):
    e = classifier.explain([1.0, 0.1], label_space="unseen")
    tried = e.with_effects()
    plain, both = str(e).splitlines(), str(tried).splitlines()
    for line, wider in zip(plain[2:-1], both[2:-1], strict=True):
        assert wider.startswith(line[:30].rstrip())
    total = next(line for line in both if "total" in line)
    assert total == next(line for line in plain if "total" in line)
    changed = [e.margin - tried.effects[row.key] - row.credit for row in e.items if row.key in tried.effects]
    assert max(map(abs, changed)) > 1e-3


@settings(max_examples=50, deadline=None)
@given(credits=st.lists(st.floats(-3, 3).map(lambda value: round(value, 5)), min_size=11, max_size=11))
def test_7_rounded_columns_add_up_as_printed(explanation, credits):
    record = record_of(explanation)
    rows = iter(credits)
    parts = {
        part: tuple(replace(row, credit=next(rows, 0.0), sides=(9.0, 0.0)) for row in getattr(record, part))
        for part in ("items", "others", "constants")
    }
    total = float(np.sum([row.credit for part in parts.values() for row in part]))
    *numbers, last = [
        Decimal(number) for number, _ in rows_of(replace(record, **parts, margin=total, total=total).to_text())
    ]
    assert sum(numbers) == last
    assert abs(float(last) - total) < 0.01


@pytest.mark.parametrize("k", [1, 3, 30])
def test_8_what_no_path_carries_is_always_a_row(animals, k):
    e = explain(animals.decision("zebra", "horse", gamma=0.1), k=k)
    labels = [words for _, words in rows_of(str(e))]
    for constant in e.constants:
        assert any(words.startswith(constant.label) for words in labels)
    own = [row for row in e.rows if row.kind == "reason" and row.key[0] == "own"] or e.others
    assert own


def test_9_every_word_is_a_template_over_data_and_cites_what_the_graph_says(explanation, animals):
    bundles = {bundle.key: bundle for bundle in explanation.reasons.bundles}
    for row in explanation.items:
        if row.key not in bundles:
            continue
        lead = bundles[row.key].lead
        words = claim(lead.route, str) if lead.route.steps else own_description(lead.source)
        assert row.label in (words, f"{lead.route.nodes[0]} {words}")
        assert bool(row.facts) == bool(lead.route.steps)
        for fact in row.facts:
            assert animals.kg.edges(fact.head, fact.relation, fact.tail)


def test_10_a_wrong_prediction_is_explained_in_the_same_words_as_a_right_one(animals):
    """Nothing that is printed depends on the truth, and the losing side reads its own reasons mirrored."""
    one = explain(animals.decision("zebra", "lion"))
    other = explain(animals.decision("lion", "zebra"))
    for page in (one, other):
        assert str(page).endswith("the model's reasons, not the world's")
        assert not re.search("correct|wrong|sure|confident|likely|certainly|seems", str(page))
    credit = {row.concepts: row.credit for row in other.by("facts") if row.kind == "fact"}
    for row in one.by("facts"):
        if row.kind == "fact":
            assert credit[row.concepts] == pytest.approx(-row.credit, abs=1e-12)


def test_11_the_foil_is_the_runner_up_unless_another_is_asked_for(classifier):
    x = [1.0, 0.3]
    first, second = classifier.predict_top([x], k=2, label_space="unseen").labels[0]
    e = classifier.explain(x, label_space="unseen")
    assert (e.prediction, e.foil) == (first, second)
    assert f"next: {second}" in str(e)
    silly = next(name for name in ("zebra", "lion", "donkey") if name not in (first, second))
    assert f"against {silly}" in str(classifier.explain(x, against=silly, label_space="unseen"))


def test_12_siblings_are_one_reason_with_the_others_counted(make_world):
    edges = [("u", None, "kind"), *((f"s{place:02}", None, "kind") for place in range(12))]
    world = make_world(edges, [f"s{place:02}" for place in range(12)], settings=WALK)
    e = explain(world.decision("u"))
    told = [row for row in e.items if row.label == "is a kind of kind"]
    assert len(told) <= 2  # those that speak for it, and those against
    listed = {row.concepts[-1] for row in e.by("paths") if row.kind == "path" and len(row.concepts) == 3}
    assert len(listed) > 8
    assert {concept for row in told for concept in row.concepts} == listed
    assert all(re.fullmatch(r"like s\d\d, s\d\d and \d+ more", row.note) for row in told if len(row.concepts) > 2)


def test_what_both_classes_share_is_counted_and_not_shown(make_world):
    """Both are kinds of one thing, and nothing else: what the one gets from there the other gets as well."""
    edges = [("a", None, "r"), ("b", None, "r"), ("u", None, "r"), ("v", None, "r"), ("v", None, "w"), ("b", None, "w")]
    world = make_world(edges, ["a", "b"], settings=WALK)
    record = record_of(explain(world.decision("u", "v")))
    twice = replace(record.items[0], sides=(1.0, -0.99), credit=0.01, gross=1.99)
    shared = replace(record, items=(twice, *record.items[1:]), num_shared=1)
    assert twice.is_shared
    assert twice.label not in [words.split("  ")[0] for _, words in rows_of(shared.to_text())]
    assert "1 smaller reason" in shared.to_text()
    assert "1 shared by both" in shared.to_text()


def test_a_reason_that_others_replace_is_said_to_be_replaceable(explanation):
    row = explanation.items[0]
    nothing_lost = with_effects(explanation, {row.key: explanation.margin + 1e-4 * row.credit})
    assert f"{explanation.margin:+.2f}, others stand in" in str(nothing_lost)
    assert "others stand in" not in str(with_effects(explanation, {row.key: explanation.margin - row.credit}))
