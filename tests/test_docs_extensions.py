"""What the documentation's own extensions make of docstrings and of formulas."""

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="the documentation is built with the extra docs")
FOLDER = Path(__file__).resolve().parents[1] / "docs" / "_extensions"


def _extension(name):
    found = importlib.util.spec_from_file_location(f"kgzsl_docs_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


docstrings, mathml = _extension("docstrings"), _extension("mathml")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("the `Edge`s of `graph`", r"the :py:obj:`Edge`\ s of :py:obj:`graph`"),
        ("`[n, d]` and `f(x)`", "``[n, d]`` and ``f(x)``"),
        ("|credit| of classes_ and 2 * x", r"\|credit\| of classes\_ and 2 \* x"),
        ("* `a` first", "* :py:obj:`a` first"),
    ],
)
def test_code_spans_stay_code_and_nothing_else_is_markup(written, read):
    assert docstrings.prose(written) == read


def test_examples_are_left_as_they_are_and_headings_become_headings():
    lines = ["Parameters", "----------", "x, y", "    Two `things`.", "", ">>> 2 * `x`", "_`"]
    made = docstrings.converted(lines)
    assert made == [".. rubric:: Parameters", "", "``x``, ``y``", "    Two :py:obj:`things`.", "", ">>> 2 * `x`", "_`"]


def test_a_formula_is_mathml_with_its_index_beside_the_hat():
    made = mathml.mathml(r"\hat{w}_u", block=False)
    assert made.startswith("<math")
    assert "munderover" not in made
    assert "msub" in made


def test_an_unknown_command_is_a_warning_that_fails_the_build(monkeypatch):
    said = []
    monkeypatch.setattr(mathml._log, "warning", lambda text, *facts, **_: said.append(text % facts))
    mathml.mathml(r"\nonsense{x}", block=True)
    assert ["nonsense" in line for line in said] == [True]


def test_private_names_of_types_are_written_out():
    shown = docstrings.public_types("(graph, *, relations: _Relations = None)")
    assert shown == "(graph, *, relations: Iterable[str] | str | None = None)"
    held = "~numpy._typing._array_like._SupportsArray[~numpy.dtype[~typing.Any]]"
    nested = "~numpy._typing._nested_sequence._NestedSequence"
    union = (
        f"~collections.abc.Buffer | {held} | {nested}[{held}] | complex | bytes | str | {nested}[complex | bytes | str]"
    )
    assert docstrings.public_types(f"(X: {union} | None)") == "(X: ArrayLike | None)"
    assert docstrings.public_types("(counts: dict[str, int] = <factory>)") == "(counts: dict[str, int] = ...)"
