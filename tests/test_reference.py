"""Each public name stands in the reference, and is shown by an example that runs.

Public is what `kgzsl` and its rooms list in `__all__`, and what the classes of the facade let one call. An example
stands in the docstring. There are three kinds of names whose example may stand elsewhere, and nothing else is excused:
errors, in the table of their page, where each is raised here; values that are no class and no function, which have no
docstring, on their page; and methods, in the docstring of the class if that calls them.
"""

import importlib
import inspect
import pkgutil
import re
import warnings
from pathlib import Path
from types import ModuleType

import pytest

import kgzsl

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(REFERENCE.glob("*.md"))}
MODULES = ("kgzsl.contracts",)
"""Files, rather than rooms, that are public."""


def _rooms():
    rooms = [
        importlib.import_module(f"kgzsl.{found.name}") for found in pkgutil.iter_modules(kgzsl.__path__) if found.ispkg
    ]
    return [kgzsl, *(room for room in rooms if room.__all__), *map(importlib.import_module, MODULES)]


def _named():
    """Every public name and its value, those of the facade first."""
    for room in _rooms():
        for name in room.__all__:
            value = getattr(room, name)
            if not name.startswith("__") and not isinstance(value, ModuleType):
                yield f"{room.__name__}.{name}", value


def _public():
    """Every public value once, by the first name it has: that of the facade, if it has one there."""
    found = {}
    for name, value in _named():
        found.setdefault(id(value), (name, value))
    return dict(found.values())


def _documented():
    """Names on the pages, as `module.name`, each with its directive."""
    found = {}
    for text in PAGES.values():
        module = ""
        for line in text.splitlines():
            if match := re.match(r"\.\. currentmodule:: (\S+)", line):
                module = match[1]
            elif match := re.match(r"\.\. (?:auto|py:)(\w+):: ([\w.]+)", line):
                found[f"{module}.{match[2]}"] = match[1]
    return found


PUBLIC = _public()
CLASSES = {name: value for name, value in PUBLIC.items() if inspect.isclass(value)}
ERRORS = {name: value for name, value in CLASSES.items() if issubclass(value, Exception)}
VALUES = {name: value for name, value in PUBLIC.items() if not inspect.isclass(value) and not inspect.isfunction(value)}
SHOWN = {name: value for name, value in PUBLIC.items() if name not in ERRORS and name not in VALUES}


def _methods():
    """Public methods of the classes of the facade that are written here, as (class, method, function)."""
    for name, owner in CLASSES.items():
        if name.count(".") > 1 or name in ERRORS:
            continue
        for attribute in dir(owner):
            held = inspect.getattr_static(owner, attribute)
            function = getattr(held, "__func__", held)
            if (
                not attribute.startswith("_")
                and inspect.isfunction(function)
                and function.__module__.startswith("kgzsl")
            ):
                yield pytest.param(owner, attribute, function, id=f"{name}.{attribute}")


def _examples(text):
    return "\n".join(line for line in (text or "").splitlines() if re.match(r"\s*(>>>|\.\.\. )", line))


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_stands_in_the_reference(name):
    names = {other for other, value in _named() if value is PUBLIC[name]}
    assert names & set(_documented()), f"{name} is on no page of docs/reference; add an `autoclass` or `autofunction`"


@pytest.mark.parametrize("name", _documented())
def test_the_reference_has_public_names_only(name):
    assert name in PUBLIC or name.rpartition(".")[2] in dir(importlib.import_module(name.rpartition(".")[0]))
    assert not any(part.startswith("_") for part in name.split("."))


@pytest.mark.parametrize("name", SHOWN)
def test_a_public_name_has_an_example(name):
    assert ">>>" in (SHOWN[name].__doc__ or ""), f"{name} has no `>>>` in its docstring"


@pytest.mark.parametrize(("owner", "name", "function"), list(_methods()))
def test_a_method_has_an_example(owner, name, function):
    own = ">>>" in (function.__doc__ or "")
    called = re.search(rf"\.{name}\(", _examples(owner.__doc__))
    assert own or called, f"{owner.__name__}.{name} is called in no example of its own or of its class"


@pytest.mark.parametrize("name", VALUES)
def test_a_value_without_a_docstring_has_an_example_on_its_page(name):
    short = name.rpartition(".")[2]
    assert any(f":: {short}\n" in text and re.search(rf"\b{short}\b", _examples(text)) for text in PAGES.values())


def _error_rows():
    return re.findall(r"^\| \{py:exc\}`~([\w.]+)` \| `(.+)` \|$", PAGES["errors.md"], flags=re.MULTILINE)


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_has_an_example(name):
    rows = [row for row, _ in _error_rows()]
    assert name in rows or ">>>" in (ERRORS[name].__doc__ or ""), (
        f"{name} is neither in the table nor has it an example"
    )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The names that the page of errors makes before its table."""
    folder = tmp_path_factory.mktemp("errors")
    setup = re.findall(r"^```python\n(.*?)^```", PAGES["errors.md"], flags=re.MULTILINE | re.DOTALL)[-1]
    space = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(setup, space)
    return folder, space


@pytest.mark.parametrize(("name", "example"), _error_rows())
def test_what_is_said_to_raise_an_error_raises_it(name, example, prepared, monkeypatch):
    folder, space = prepared
    monkeypatch.chdir(folder)
    with warnings.catch_warnings(), pytest.raises(ERRORS[name]) as raised:
        exec(example, space)
    assert type(raised.value) is ERRORS[name]
