import contextlib
import io
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from kgzsl.display import progress as exported
from kgzsl.display.progress import progress, shown, silent, steps
from kgzsl.errors import InputFormatError

place = sys.modules["kgzsl.display.progress"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def seen_in_a_terminal(monkeypatch, *, delay=-1.0, **options):
    """What a terminal shows; pytest puts its own standard error back between fixtures and tests, so not a fixture."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(place, "_DELAY_S", delay)
    screen = Terminal()
    with contextlib.redirect_stderr(screen):
        count(**options)
    return screen.getvalue()


def count(total=3, **options):
    with progress(total, "counting", **options) as advance:
        for step in range(total):
            advance(note=f"at {step}")


def test_the_package_offers_it():
    assert exported is progress


def test_it_is_silent_in_a_pipe(capsys):
    count()
    assert capsys.readouterr() == ("", "")


def test_it_can_be_asked_to_draw_on_standard_error(capsys):
    count(show=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "counting" in err
    assert "3/3" in err
    assert "at 2" in err


def test_quick_work_leaves_a_terminal_clean(monkeypatch):
    assert seen_in_a_terminal(monkeypatch, delay=2.0) == ""


def test_slow_work_is_shown_in_a_terminal(monkeypatch):
    shown = seen_in_a_terminal(monkeypatch, total=1200)
    assert "counting" in shown
    assert "1,200/1,200" in shown


def test_it_can_be_told_to_be_silent(monkeypatch):
    assert seen_in_a_terminal(monkeypatch, show=False) == ""


@pytest.mark.parametrize(("show", "is_drawn"), [(True, True), (False, False), (None, False)])
def test_calls_within_may_be_told_together(capsys, show, is_drawn):
    with shown(show):
        count()
        count(show=False)
    assert capsys.readouterr().err.count("3/3") == is_drawn
    count()
    assert capsys.readouterr().err == ""


def test_what_was_silenced_stays_silent_within(capsys):
    with silent(), shown(True):
        count()
    with shown(False), shown(None), shown(True):
        count(show=True)
    assert capsys.readouterr().err == ""


def test_a_word_is_no_answer_to_whether_bars_are_shown():
    with pytest.raises(InputFormatError, match="show_progress is None, True or False, not 'yes'"), shown("yes"):
        pass


def test_a_process_without_standard_error_goes_on(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    count()


def test_an_error_passes_through_and_the_bar_is_gone(capsys):
    before = set(threading.enumerate())

    def fail():
        with progress(3, "counting", show=True) as advance:
            advance()
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=5)
        assert not thread.is_alive()
    assert "counting" in capsys.readouterr().err


def test_steps_may_be_large_or_left_out(capsys):
    with progress(10, "counting", show=True) as advance:
        advance(7)
    assert "7/10" in capsys.readouterr().err
    with progress(10, "never", show=True):
        pass
    assert capsys.readouterr().err == ""


def test_a_silent_bar_loads_no_drawing():
    program = (
        "import sys\nfrom kgzsl.display.progress import progress\n"
        "with progress(1, 'x', show=False) as advance: advance()\n"
        "assert 'rich' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("name", ["\\[/x]", "\\[bold]", "[/]", "[red]x", "a\\"])
def test_what_looks_like_markup_is_shown_as_it_is(capsys, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "100")
    with progress(1, f"reading {name}", show=True) as advance:
        advance(note=f"note {name}")
    shown = capsys.readouterr().err
    assert f"reading {name} " in shown
    assert f"note {name}" in shown


def test_what_would_act_on_a_terminal_is_shown_as_an_escape(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    with progress(1, "reading \x1b[2Jfile", show=True) as advance:
        advance(note="note \u202eelif")
    shown = capsys.readouterr().err
    assert r"reading \x1b[2Jfile" in shown
    assert r"note \u202eelif" in shown


def in_a_thread(function):
    """What a function gives, or raises, when it is called in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result(timeout=30)


@pytest.mark.parametrize("show", [None, True, False])
def test_steps_may_be_given_up_in_another_thread(capsys, show):
    begun = steps([1, 2, 3], "outer", show=show)
    assert next(begun) == 1
    in_a_thread(begun.close)
    assert place._outer_screen() == "none yet"
    assert list(steps([1, 2], "after", show=True)) == [1, 2]
    assert "after" in capsys.readouterr().err


def test_steps_may_be_begun_in_one_thread_and_finished_in_another(capsys):
    begun = steps([1, 2, 3], "counting", show=True)
    assert next(begun) == 1
    assert in_a_thread(lambda: list(begun)) == [2, 3]
    assert "3/3" in capsys.readouterr().err
    assert place._outer_screen() == "none yet"


def test_bars_may_end_in_another_order_than_they_began(capsys):
    first, second = (steps([1, 2], name, show=True) for name in ("first", "second"))
    next(first)
    next(second)
    first.close()
    second.close()
    assert place._outer_screen() == "none yet"


def test_what_ends_elsewhere_leaves_no_layers_behind():
    for _ in range(5):
        begun = steps([1, 2], "counting", show=False)
        next(begun)
        in_a_thread(begun.close)
    left = place._layer.get()
    assert left is None or left.below is None
