import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from kgzsl import _registry
from kgzsl._registry import Registry
from kgzsl.errors import PluginError, UnknownNameError


@pytest.fixture
def offered(monkeypatch):
    """What other packages offer, and how often it was looked up."""
    found, asked = [], []

    def entry_points(*, group):
        asked.append(group)
        return [point for point in found if point.group == group]

    monkeypatch.setattr(_registry, "entry_points", entry_points)
    return found, asked


def registry():
    return Registry("colour", "kgzsl.colours", {"red": "string:ascii_lowercase", "blue": "string:digits"})


def test_a_built_in_name_is_loaded_without_asking_other_packages(offered):
    assert registry().load("blue") == "0123456789"
    assert offered[1] == []


def test_names_are_the_built_in_then_the_offered_each_sorted(offered):
    offered[0].extend(EntryPoint(name, "string:digits", "kgzsl.colours") for name in ("white", "black", "red"))
    assert registry().names() == ("blue", "red", "black", "white")


def test_an_offered_name_is_loaded_and_looked_up_once(offered):
    offered[0].append(EntryPoint("green", "string:hexdigits", "kgzsl.colours"))
    colours = registry()
    assert colours.load("green") == colours.load("green") == "0123456789abcdefABCDEF"
    assert offered[1] == ["kgzsl.colours"]


def test_a_built_in_name_cannot_be_taken_over(offered):
    offered[0].append(EntryPoint("red", "string:digits", "kgzsl.colours"))
    colours = registry()
    assert colours.names() == ("blue", "red")
    assert colours.load("red") == "abcdefghijklmnopqrstuvwxyz"


def test_an_unknown_name_is_told_with_the_nearest_and_the_known(offered):
    with pytest.raises(UnknownNameError) as caught:
        registry().load("rad")
    assert str(caught.value) == "no colour is called 'rad'; nearest: 'red'; known: 'blue', 'red'"
    assert (caught.value.kind, caught.value.name, caught.value.known, caught.value.nearest) == (
        "colour",
        "rad",
        ("blue", "red"),
        ("red",),
    )


@pytest.mark.parametrize("target", ["no_such_module_anywhere:x", "string:no_such_name"])
def test_an_offer_that_does_not_load_is_named_with_its_cause(offered, target):
    offered[0].append(EntryPoint("green", target, "kgzsl.colours"))
    with pytest.raises(PluginError, match=f"colour 'green', offered by {target}, does not load: .*no_such") as caught:
        registry().load("green")
    assert isinstance(caught.value.__cause__, ImportError | AttributeError)


def test_nothing_is_imported_before_it_is_asked_for():
    program = (
        "import sys\nfrom kgzsl._registry import Registry\n"
        "colours = Registry('colour', 'kgzsl.colours', {'red': 'wave:open'})\n"
        "colours.names(); assert 'wave' not in sys.modules\n"
        "colours.load('red'); assert 'wave' in sys.modules\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
