"""Cards and drawings in a real browser: what it reads, and whether anything runs over an edge or into another."""

import html
import json
import re
import shutil
import subprocess

import pytest

from kgzsl.explain import explain

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
WIDTHS = (400, 1_200)
EVIL = "<script>alert(1)</script>\x1b[31m\n\u202e" + "w" * 90

MEASURE = """
addEventListener('load', () => {
  const found = {};
  for (const frame of document.querySelectorAll('iframe')) {
    const page = frame.contentDocument, inner = frame.contentWindow.innerWidth, wide = [], over = [];
    page.querySelectorAll('details').forEach(fold => { fold.open = true; });
    page.querySelectorAll('*').forEach(item => {
      if (!item.closest('.kx-net') && item.getBoundingClientRect().right > inner + 0.5) wide.push(item.tagName);
    });
    for (const drawing of page.querySelectorAll('svg.kx-g')) {
      const edge = drawing.getBoundingClientRect();
      const boxes = [...drawing.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]);
      boxes.forEach(([one, a], place) => {
        if (a.left < edge.left - 0.5 || a.right > edge.right + 0.5 || a.bottom > edge.bottom + 0.5) wide.push(one);
        boxes.slice(place + 1).forEach(([other, b]) => {
          const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
          const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
          if (across > 0.5 && down > 2.5) over.push([one, other, across, down]);
        });
      });
    }
    found[frame.title] = {scroll: page.documentElement.scrollWidth, inner, wide, over, text: page.body.innerText};
  }
  document.body.innerHTML = '';
  const told = document.createElement('pre');
  told.textContent = JSON.stringify(found);
  document.body.append(told);
});
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Give what a browser finds in pages by name, each at both widths: one start of the browser for all of them."""
    browser = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if browser is None:
        pytest.skip(f"needs a browser to look at the pages: one of {', '.join(BROWSERS)}")

    def measure(pages):
        frames = "".join(
            f'<iframe title="{name} {width}" style="width:{width}px;height:2000px;border:0" '
            f'srcdoc="{html.escape(f"<!doctype html><body style=margin:0>{page}")}"></iframe>'
            for name, page in pages.items()
            for width in WIDTHS
        )
        file = tmp_path_factory.mktemp("page") / "wrapper.html"
        file.write_text(f"<!doctype html><meta charset=utf-8><body>{frames}<script>{MEASURE}</script>", "utf-8")
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--window-size=1300,2000",
            "--virtual-time-budget=9000",
        ]
        profile = f"--user-data-dir={tmp_path_factory.mktemp('profile')}"
        done = subprocess.run(
            [browser, *options, profile, "--dump-dom", file.as_uri()], capture_output=True, check=True, timeout=120
        )
        return json.loads(html.unescape(re.search(r"<pre>(.*?)</pre>", done.stdout.decode(), re.DOTALL)[1]))

    return measure


@pytest.fixture(scope="module")
def seen_by_a_browser(measured, animals, make_world):
    edges = [(head, None, "root") for head in "abcdu"] + [("v", None, "b"), ("u", "eats", "v"), ("w", None, "a")]
    hostile = make_world(
        edges,
        list("abcd"),
        labels={name: f"{EVIL}{name}" for name in [*"abcduvw", "root"]},
        relations=("taxonomic", "association"),
    )
    long = explain(animals.decision("zebra", "lion"), k=14)
    effects = {row.key: (-1) ** place * 0.37 * place for place, row in enumerate(long.items)}
    object.__setattr__(long, "effects", effects)
    pages = {
        "short": explain(animals.decision("zebra", "lion"), k=2).to_html(),
        "long": long.to_html(),
        "wrong": explain(animals.decision("zebra", "horse", gamma=0.1)).to_html(),
        "score": explain(animals.decision("zebra")).to_html(),
        "hostile": explain(hostile.decision("u", "v"), k=12).to_html(),
        "three paths": long.to_svg(max_paths=3),
        "thirty paths": long.to_svg(max_nodes=60, max_paths=30),
        "graph": animals.kg._repr_html_(),
    }
    return measured(pages), pages


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["short", "long", "wrong", "score", "hostile", "graph"])
def test_nothing_runs_over_the_edge(seen_by_a_browser, name, width):
    found = seen_by_a_browser[0][f"{name} {width}"]
    assert found["inner"] == width
    assert found["scroll"] <= found["inner"]
    assert found["wide"] == []


@pytest.mark.parametrize("name", ["short", "long", "wrong", "score", "hostile", "three paths", "thirty paths", "graph"])
def test_no_words_of_a_drawing_run_into_others(seen_by_a_browser, name):
    found = seen_by_a_browser[0][f"{name} 1200"]
    assert found["over"] == []
    assert found["wide"] == []


def test_what_the_card_says_can_be_read(seen_by_a_browser):
    text = seen_by_a_browser[0]["long 400"]["text"]
    for words in ("why zebra rather than lion", "against", "zebra's own description", "margin if removed", "total"):
        assert words in text
    assert "the model's reasons, not the world's" in text
    assert "no fact" not in text
    assert "what the score of zebra is made of" in seen_by_a_browser[0]["score 400"]["text"]


def test_a_hostile_label_is_read_as_text(seen_by_a_browser):
    found, pages = seen_by_a_browser
    assert "<script>alert(1)</script>" in found["hostile 1200"]["text"]
    assert "<script" not in pages["hostile"]


def test_the_measure_itself_finds_faults(measured):
    svg = '<svg class="kx-g" width=300 height=50><text x=9 y=20>one</text><text x=12 y=22>two</text></svg>'
    found = measured({"bad": f'{svg}<div style="width:1300px">wide</div>'})
    for width in WIDTHS:
        assert found[f"bad {width}"]["scroll"] == 1300
        assert found[f"bad {width}"]["wide"] == ["DIV"]
        assert [pair[:2] for pair in found[f"bad {width}"]["over"]] == [["one", "two"]]
