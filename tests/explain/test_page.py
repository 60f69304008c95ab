import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgzsl.display.text import cell_width
from kgzsl.explain import explain
from kgzsl.explain.decision import Predicted
from kgzsl.explain.plugins import occlusion
from kgzsl.propagation.gp_settings import GPSettings

NUMBER = re.compile(r"^ {2} *([+-]?[\d,]+\.\d+)  ", re.MULTILINE)
EVIL = "<script>alert(1)</script>\x1b[31m\n\u202e$x_1$" + "w" * 60


def column(text):
    return [Decimal(number.replace(",", "")) for number in NUMBER.findall(text)]


@pytest.fixture(scope="module")
def hostile(make_world):
    edges = [(head, None, "root") for head in "abcdu"] + [("v", None, "b"), ("u", "eats", "v"), ("w", None, "a")]
    labels = {name: f"{EVIL}{name}" for name in [*"abcduvw", "root"]}
    return make_world(edges, list("abcd"), labels=labels, relations=("taxonomic", "association"))


def test_the_page_as_it_prints(animals):
    e = explain(animals.decision("zebra", "horse", gamma=0.1), k=4)
    assert f"{e}\n" == GOLDEN.format(version=e.fingerprint[:6])


@settings(max_examples=30, deadline=None)
@given(
    pair=st.permutations(["zebra", "lion", "horse", "cow", "equine", "pony"]),
    k=st.integers(1, 30),
    gamma=st.sampled_from([0.0, 0.07]),
    temperature=st.sampled_from([0.001, 0.05, 1.0, 40.0]),
)
def test_the_page_keeps_its_size_and_its_numbers_add_up(animals, pair, k, gamma, temperature):
    for foil in (pair[1], None):
        e = explain(animals.decision(pair[0], foil, gamma=gamma, temperature=temperature), k=k)
        text = e.to_text()
        assert len(text.splitlines()) <= 16
        assert max(cell_width(line) for line in text.splitlines()) <= 96
        *rows, total = column(text)
        assert sum(rows) == total
        assert abs(float(total) - e.total) <= 10 ** float(total.as_tuple().exponent)


@pytest.mark.parametrize("explained", [explain, occlusion().explain])
def test_odds_and_margin_are_whole_however_long_the_names(make_world, explained):
    """They stand on a line of their own where the names leave no room for them."""
    edges = [(child, None, parent) for child, parent in ("ax", "bx", "ux", "xr", "cr", "vr")]
    labels = {"u": "Duchenne muscular dystrophy", "v": "Becker muscular dystrophy, mild", "x": "X"}
    decision = make_world(edges, list("abc"), labels=labels).decision("u", "v", temperature=0.05)
    first, second, third, *others = str(explained(decision)).splitlines()
    assert re.fullmatch(
        r"Duchenne muscular dystrophy  <?\d+ %   beaten by: Becker muscular dystrophy, mi… >?\d+ %", first
    )
    assert re.fullmatch(r"  odds 1 : \d+ \(margin -\d\.\d+\)(   knowledge support: \w+)?", second)
    assert third.startswith(" why Duchenne muscular dystrophy rather than")
    assert len(others) <= 13


def test_labels_from_outside_act_neither_in_a_terminal_nor_in_a_browser(hostile):
    e = explain(hostile.decision("u", "v"), k=12)
    text, html = str(e), e._repr_html_()
    assert len(text.splitlines()) <= 16
    assert max(cell_width(line) for line in text.splitlines()) <= 96
    assert "\x1b" not in text + html
    assert "\u202e" not in text + html
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    e.plot()


def test_the_card_is_small_self_contained_and_says_what_the_text_says(animals):
    e = explain(animals.decision("zebra", "lion"))
    html = e._repr_html_()
    assert len(html.encode()) < 15_000
    assert 'aria-label="zebra, ' in html
    for row in e.items:
        assert row.label.replace("'", "&#x27;") in html
    assert "why zebra rather than lion" in html
    assert html.count("<details>") == 6


def test_opposing_reasons_and_thin_coverage_are_said(animals):
    e = explain(animals.decision("zebra", "lion"))
    warned = replace(e, cancellation=0.1, coverage=0.2)
    assert "caution: opposing reasons nearly cancel; less than half of all |credit| is shown" in str(warned)
    assert "caution" not in str(replace(e, cancellation=0.5, coverage=0.9))


def test_a_visible_residual_is_a_row_of_its_own(animals):
    e = explain(animals.decision("zebra", "lion"))
    shifted = replace(e, margin=e.margin + 0.02)
    *rows, total = column(str(shifted))
    assert "residual" in str(shifted)
    assert sum(rows) == total


def test_two_classes_of_one_name_are_told_apart(animals):
    decision = animals.decision("zebra", "lion")
    twin = replace(decision, foil=replace(decision.foil, label="Zebra"))
    assert "why zebra (zebra) rather than Zebra (lion)" in str(explain(twin))


def test_values_travel_as_json_and_as_a_table(animals):
    e = explain(animals.decision("zebra", "lion"))
    values = e.to_dict()
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert (values["format"], values["version"]) == ("kgzsl-explanation", 2)
    assert sum(row["credit"] for row in values["views"]["facts"]) == pytest.approx(values["total"])
    frame = e.to_frame()
    assert frame.columns == ["kind", "label", "note", "credit", "target", "foil", "gross", "concepts"]
    assert frame["credit"].sum() == pytest.approx(e.total)
    assert e.to_frame("support").height == len(e.by("support"))


def test_the_drawn_graph_holds_the_facts_with_their_credit(animals):
    e = explain(animals.decision("zebra", "lion"))
    drawn = e.graph()
    facts = {row.key[1:]: row.credit for row in e.by("facts") if row.kind == "fact"}
    assert {(head, key, tail): data["credit"] for head, tail, key, data in drawn.edges(keys=True, data=True)} == facts
    assert drawn.nodes["zebra"]["role"] == "target"
    assert drawn.nodes["lion"]["role"] == "foil"
    assert drawn.nodes["horse"]["role"] == "seen"
    assert drawn.edges["zebra", "equine", "is_a"]["verb"] == "is a kind of"


def test_plot_draws_a_bar_a_row_on_the_axes_given(animals):
    figure = pytest.importorskip("matplotlib.figure")
    e = explain(animals.decision("zebra", "lion"))
    ax = figure.Figure().add_subplot()
    assert e.plot(ax) is ax
    assert [bar.get_width() for bar in ax.patches] == [row.credit for row in e.rows]
    assert all(bool(bar.get_hatch()) == (row.credit < 0) for bar, row in zip(ax.patches, e.rows, strict=True))


PROGRAM = """
import hashlib, json, sys
sys.path.insert(0, {here!r})
from conftest import ANIMALS, EVERY, World
from kgzsl.explain import explain
from kgzsl.explain.decision import Predicted
from kgzsl.explain.plugins import occlusion
from kgzsl.propagation.gp_settings import GPSettings
world = World(ANIMALS, ["horse", "ass", "cow", "tiger", "dog"], relations=EVERY)
e = explain(world.decision("zebra", "lion", gamma=0.1))
whole = json.dumps(e.to_dict()) + str(e) + e._repr_html_() + repr(list(e.graph().edges(keys=True, data=True)))
sys.stdout.write(hashlib.sha256(whole.encode()).hexdigest())
"""


def test_the_same_call_gives_the_same_bytes_under_any_hash_seed():
    here = Path(__file__).parent

    def run(seed):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(here.parents[1])}
        program = PROGRAM.format(here=str(here))
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    first, second = run("1"), run("77")
    assert len(first) == 64
    assert first == second


GOLDEN = """\
zebra  <1 %   beaten by: horse 89 %   odds 1 : 103 (margin -4.63)   knowledge support: strong
 why zebra rather than horse
  +3.09  zebra's own description      near tiger, horse and dog
  +0.53  has part hoof                like horse
 against
  -4.97  horse's own examples
  -0.74  has property striped         like tiger
 also
  +0.27  7 smaller reasons            and 6 fainter sources
  -3.81  what all seen classes share
  +1.00  seen-class correction
  ─────
  -4.63  total                        shown credit covers 92 % of all |credit|
 graph-gp · graph toy@{version} · the model's reasons, not the world's
"""


def test_a_foil_that_was_chosen_is_not_called_next_and_the_prediction_is_said(animals):
    decision = replace(animals.decision("zebra", "lion"), predicted=Predicted("horse", "horse"), is_foil_chosen=True)
    heading, question, *_ = str(explain(decision)).splitlines()
    assert heading.startswith("zebra  4 %   against lion 86 %   odds 1 : ")
    assert question == " why zebra rather than lion, though horse was predicted"
    assert question.strip() in explain(decision)._repr_html_()
    _, question, *_ = str(explain(replace(decision, foil=None, is_foil_chosen=False))).splitlines()
    assert question == " what the score of zebra is made of, though horse was predicted"
    beaten = replace(decision, is_foil_chosen=False, predicted=Predicted("lion", "lion"))
    heading, question, *_ = str(explain(beaten)).splitlines()
    assert heading.startswith("zebra  4 %   beaten by: lion 86 %   odds")
    assert question == " why zebra rather than lion, which was predicted"


def test_no_reasons_are_not_counted(animals):
    e = explain(animals.decision("zebra", "lion"), k=100)
    assert "0 smaller reasons" not in str(e) + e._repr_html_() + str(e.to_dict())
    seen = explain(animals.decision("horse", "cow"))
    assert seen.others == ()
    assert "smaller reason" not in str(seen)


def test_where_nothing_tells_two_classes_apart_the_page_says_so(make_world):
    """Two leaves of the seen classes' only parent, and no features: every share of one is the other's as well."""
    world = make_world(
        [("a", None, "r"), ("b", None, "r"), ("u", None, "r"), ("v", None, "r")], ["a", "b"],
        settings=GPSettings.of(walk=1, walk_beta=1.0),
    )  # fmt: skip
    e = explain(world.decision("u", "v"))
    assert "why u rather than v\n  nothing the model knows tells them apart" in str(replace(e, items=()))
    assert "nothing the model knows tells them apart" in replace(e, items=())._repr_html_()


def test_the_graph_named_is_the_one_that_was_given(animals):
    whole = animals.kg.add_concepts(["unicorn"])
    e = explain(replace(animals.decision("zebra", "lion"), whole=whole))
    assert e.fingerprint == whole.fingerprint != animals.kg.fingerprint
    assert f"graph toy@{whole.fingerprint[:6]} ·" in str(e)
    assert (e.to_dict()["graph"], e.to_dict()["fingerprint"]) == ("toy", whole.fingerprint)
    e.verify()
    target = replace(e.decision.target, graph=whole.subgraph(animals.kg.ids))
    assert f"graph toy@{whole.fingerprint[:6]} and additions ·" in str(explain(replace(e.decision, target=target)))
