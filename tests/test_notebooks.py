"""The notebooks run from a clean kernel, say today what they said when they were committed, and read as a story.

Compared are what is printed and the plain text of what is displayed, word by word. Two things may differ by machine:
the last printed digit of a decimal number or of a percentage, which another BLAS may round otherwise, and pictures
(HTML, SVG, PNG), of which only the kind is compared.
"""

import importlib.util
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
NEEDED = ("ipykernel", "nbclient", "nbformat")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]

_NUMBER = re.compile(r"(?<![\w.])[+\-−]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.]*\d)")
_PATHS = re.compile(r"(?:/(?:home|root|tmp|work|Users|usr|var|opt)/|[A-Z]:\\\\|site-packages)")


def _read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def _code(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _text(value):
    return value if isinstance(value, str) else "".join(value)


def _said(cell):
    """What a code cell printed and displayed: (kind, text) in order; of a picture, its kind."""
    said = []
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            said.append((output["name"], _text(output["text"])))
        elif output["output_type"] == "error":
            said.append(("error", output["ename"]))
        else:
            for kind, text in sorted(output["data"].items()):
                said.append((kind, _text(text) if kind == "text/plain" else ""))
    return said


def _tokens(text):
    """Words; rules between columns may be longer or shorter, and a percentage is one word."""
    return re.sub(r"(\d) %", r"\1%", re.sub(r"[─═]+", "─", text)).split()


def _is_same_number(one, other):
    """Whether two printed numbers differ by at most one in the last printed place; counts must be equal."""
    a, b = (_NUMBER.fullmatch(token.strip("()[]{},;:%")) for token in (one, other))
    if a is None or b is None or ("%" in one) != ("%" in other):
        return False
    places = [len(text[0].partition(".")[2].partition("e")[0]) for text in (a, b)]
    if places[0] != places[1] or (places[0] == 0 and "%" not in one):
        return False
    x, y = (float(text[0].replace(",", "").replace("−", "-")) for text in (a, b))
    scale = 10.0 ** int(a[0].partition("e")[2] or 0)
    return abs(x - y) <= 1.01 * scale * 10.0 ** -places[0]


def differences(committed, executed):
    """Where two runs of one notebook say something else, one line each."""
    found = []
    for number, (old, new) in enumerate(zip(_code(committed), _code(executed), strict=True), start=1):
        kinds = [[kind for kind, _ in _said(cell)] for cell in (old, new)]
        if kinds[0] != kinds[1]:
            found.append(f"cell {number}: {kinds[0]} committed, {kinds[1]} today")
            continue
        for (kind, was), (_, now) in zip(_said(old), _said(new), strict=True):
            before, after = _tokens(was), _tokens(now)
            if len(before) == len(after):
                pairs = zip(before, after, strict=True)
                changed = [pair for pair in pairs if pair[0] != pair[1] and not _is_same_number(*pair)]
                if not changed:
                    continue
                found.append(f"cell {number}, {kind}: {changed[:5]}")
            else:
                found.append(f"cell {number}, {kind}:\n{was}\n--- today\n{now}")
    return found


needs_kernel = pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}: pip install kgzsl[notebook]")


def _execute(*arguments):
    command = [sys.executable, str(FOLDER / "execute.py"), *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)


def test_there_are_notebooks():
    assert {path.name[:2] for path in NOTEBOOKS} >= {"01", "02", "03"}


@pytest.mark.slow
@needs_kernel
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_a_clean_kernel_and_says_what_it_said(path, tmp_path):
    done = _execute("--into", tmp_path, path)
    assert done.returncode == 0, done.stderr
    assert not differences(_read(path), _read(tmp_path / path.name))


@pytest.mark.slow
@needs_kernel
class TestExecution:
    @staticmethod
    def _written(path, *sources):
        cells = [
            {
                "cell_type": "code",
                "id": f"c{place}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": text,
            }
            for place, text in enumerate(sources)
        ]
        path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        return path

    def test_the_kernel_is_this_interpreter_in_an_empty_folder(self, tmp_path):
        asked = "import os, sys\nprint(sys.executable)\nprint(os.listdir())"
        path = self._written(tmp_path / "who.ipynb", asked, "object()")
        done = _execute(path)
        assert done.returncode == 0, done.stderr
        notebook = _read(path)
        (first, second) = _code(notebook)
        assert _said(first) == [("stdout", f"{sys.executable}\n[]\n")]
        assert _said(second) == [("text/plain", "<object>")]
        assert notebook["metadata"]["kernelspec"]["name"] == "python3"

    def test_the_first_error_fails_and_nothing_is_written(self, tmp_path):
        path = self._written(tmp_path / "bad.ipynb", "1 / 0")
        before = path.read_bytes()
        done = _execute("--into", tmp_path / "out", path)
        assert done.returncode == 1
        assert "ZeroDivisionError" in done.stderr
        assert path.read_bytes() == before
        assert not (tmp_path / "out").exists()

    def test_a_check_writes_nothing(self, tmp_path):
        path = self._written(tmp_path / "good.ipynb", "print(1)")
        before = path.read_bytes()
        assert _execute("--check", path).returncode == 0
        assert path.read_bytes() == before


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestAsCommitted:
    def test_every_code_cell_ran_in_order_and_without_error(self, path):
        cells = _code(_read(path))
        assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
        kinds = {kind for cell in cells for kind, _ in _said(cell)}
        assert not kinds & {"error", "stderr"}

    def test_what_prints_or_displays_has_its_output(self, path):
        for cell in _code(_read(path)):
            source = _text(cell["source"])
            if re.search(r"^print\(", source, flags=re.MULTILINE):
                assert any(kind == "stdout" for kind, _ in _said(cell)), source
            last = source.rstrip().splitlines()[-1]
            if re.fullmatch(r"[\w.]+", last):  # a bare name at the end is there to be shown
                assert "text/plain" in {kind for kind, _ in _said(cell)}, source

    def test_it_is_small_and_of_no_particular_machine(self, path):
        raw = path.read_text(encoding="utf-8")
        assert len(raw.encode()) < 1_000_000
        notebook = _read(path)
        assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
        assert notebook["metadata"]["kernelspec"]["name"] == "python3"
        assert "version" not in notebook["metadata"]["language_info"]
        assert all(set(cell["metadata"]) <= {"tags"} for cell in notebook["cells"])
        assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
        for cell in notebook["cells"]:
            shown = [_text(cell["source"])]
            for output in cell.get("outputs", []):
                shown += [_text(output.get("text", "")), *map(_text, output.get("data", {}).values())]
            assert not any(_PATHS.search(text) for text in shown), _text(cell["source"])
            assert not any(re.search(r" at 0x[0-9a-f]{6}", text) for text in shown), _text(cell["source"])

    def test_it_fetches_nothing(self, path):
        for cell in _code(_read(path)):
            for output in cell["outputs"]:
                page = _text(output.get("data", {}).get("text/html", ""))
                assert not re.search(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)\s*=", page)
                assert not re.search(r"@import|url\(\s*['\"]?https?:", page)

    def test_it_is_a_story(self, path):
        cells = _read(path)["cells"]
        assert cells[0]["cell_type"] == cells[-1]["cell_type"] == "markdown"
        texts = [_text(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        headings = [line for text in texts for line in text.splitlines() if re.match(r"#+ ", line)]
        assert headings[0].startswith("# ")
        assert all(heading.startswith("## ") for heading in headings[1:])
        assert len(headings) >= 4
        for before, cell in itertools.pairwise(cells):
            if cell["cell_type"] == "code":
                assert before["cell_type"] == "markdown", _text(cell["source"])


class TestDifferences:
    @staticmethod
    def _run(text, kind="text/plain"):
        output = {"output_type": "display_data", "data": {kind: text}, "metadata": {}}
        return {"cells": [{"cell_type": "code", "source": "x", "outputs": [output]}]}

    @pytest.mark.parametrize(
        ("was", "now"),
        [
            ("a 0.71", "a 0.72"),
            ("top 71 %", "top 72 %"),
            ("(75%,", "(76%,"),
            ("-1.00", "-0.99"),
            ("1,234.5", "1,234.6"),
        ],
    )
    def test_a_last_digit_may_be_rounded_otherwise(self, was, now):
        assert not differences(self._run(was), self._run(now))

    @pytest.mark.parametrize(
        ("was", "now"),
        [
            ("a 0.71", "a 0.73"),
            ("117,659", "117,660"),
            ("n.01", "n.02"),
            ("0.7", "0.71"),
            ("zebra", "okapi"),
            ("a", "a b"),
        ],
    )
    def test_anything_else_is_a_difference(self, was, now):
        assert differences(self._run(was), self._run(now))

    def test_a_picture_that_is_gone_is_a_difference(self):
        assert differences(self._run("<svg/>", "text/html"), self._run("x"))
        assert not differences(self._run("<svg/>", "text/html"), self._run("<svg></svg>", "text/html"))
