import sys

import pytest

from kgzsl.display.progress import progress

IPython = pytest.importorskip("IPython", reason="needs IPython: pip install kgzsl[notebook]")
ipython_display = pytest.importorskip("IPython.display")

place = sys.modules["kgzsl.display.progress"]


class Handle:
    """What IPython gives back for an output that can be drawn over."""

    def __init__(self, first):
        self.shown = [first]

    def update(self, data, *, raw):
        assert raw
        self.shown.append(data)


@pytest.fixture
def notebook(monkeypatch):
    """The outputs of a cell, each with all that was drawn in it."""
    outputs = []

    def display(data, *, raw, display_id):
        assert raw
        assert display_id
        outputs.append(Handle(data))
        return outputs[-1]

    monkeypatch.setattr(IPython, "get_ipython", type("ZMQInteractiveShell", (), {}))
    monkeypatch.setattr(ipython_display, "display", display)
    monkeypatch.setattr(place, "_DELAY_S", -1.0)
    return outputs


def count(total=3, **options):
    with progress(total, "counting <b>", **options) as advance:
        for step in range(total):
            advance(note=f"at {step}")


def test_it_is_drawn_in_one_output_and_leaves_nothing_there(notebook, capsys):
    count()
    (output,) = notebook
    assert output.shown[0]["text/plain"].startswith("counting <b> 1/3")
    assert output.shown[-2]["text/plain"] == "counting <b> 3/3  at 2"
    assert output.shown[-1] == {}
    assert capsys.readouterr() == ("", "")


def test_what_it_says_is_escaped(notebook):
    count()
    assert "counting &lt;b&gt; <progress" in notebook[0].shown[0]["text/html"]


def test_it_is_drawn_ten_times_a_second_at_most(notebook):
    count(total=5_000)
    assert len(notebook[0].shown) < 100


def test_quick_work_draws_nothing(notebook, monkeypatch):
    monkeypatch.setattr(place, "_DELAY_S", 60.0)
    count()
    assert notebook == []


def test_it_can_be_told_to_be_silent(notebook):
    count(show=False)
    assert notebook == []


def test_an_error_takes_it_away(notebook):
    def fail():
        with progress(3, "counting") as advance:
            advance()
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert notebook[0].shown[-1] == {}
