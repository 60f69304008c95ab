"""What the pages of the documentation show is what happens: their code runs, from top to bottom, in an empty folder.

A page is one story: its Python blocks share their names. Blocks with `>>>` are held against the answers they show, in
which `...` is anything, others against the plain block that follows them, if one does. Of shell blocks every line that
calls `kgzsl` is run. A block that cannot be run here says so in its caption, `:caption: Needs a network`, which the
reader sees too.
"""

import doctest
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    path for path in (ROOT / "docs").rglob("*.md") if not any(part.startswith("_") for part in path.parts[-3:-1])
)
FENCE = re.compile(r"^( *)(`{3,})([^\n`]*)\n(.*?)^\1\2$\n?", re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"^:(\w+): *(.*)\n", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, the line it begins at, and the plain output right below it."""

    language: str
    text: str
    line: int
    needs: str = ""
    output: str | None = None


def blocks_of(text):
    """Fenced blocks in their order; `{code-block} python` is the same as `python`."""
    found = list(FENCE.finditer(text))
    made = []
    for number, match in enumerate(found):
        language, body = match[3].strip(), match[4]
        options = {}
        if language.startswith("{code-block}"):
            language = language.removeprefix("{code-block}").strip()
            options = dict(OPTION.findall(body))
            body = OPTION.sub("", body)
        after = found[number + 1] if number + 1 < len(found) else None
        plain_follows = (
            after is not None and after[3].strip() in ("", "text") and not text[match.end() : after.start()].strip()
        )
        caption = options.get("caption", "")
        needs = caption if caption.startswith("Needs") else ""
        line = text.count("\n", 0, match.start()) + 2
        made.append(Block(language, body, line, needs, after[4] if plain_follows and after else None))
    return made


@pytest.fixture
def run_blocks(tmp_path, monkeypatch, capsys):
    """Run the blocks of a page in an empty folder; gives what was not run, each with its reason."""
    monkeypatch.chdir(tmp_path)
    commands = tmp_path / ".commands"
    commands.mkdir()
    kgzsl = commands / "kgzsl"
    kgzsl.write_text(f"#!{sys.executable}\nfrom kgzsl.cli import main\n\nmain()\n")
    kgzsl.chmod(0o755)
    path = os.pathsep.join([str(commands), os.environ["PATH"]])
    monkeypatch.setenv("PATH", path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("COLUMNS", "100")

    def run(blocks, name):
        space = {"__name__": "__main__"}
        left_out = []
        for block in blocks:
            where = f"{name}, line {block.line}"
            if block.needs:
                left_out.append(f"{where}: {block.needs}")
            elif block.language in ("python", "pycon") and ">>>" in block.text:
                compare(block.text, space, where, block.line)
            elif block.language == "{eval-rst}" and ">>>" in block.text:
                compare(block.text, {}, where, block.line)
            elif block.language == "python":
                capsys.readouterr()
                exec(compile("\n" * (block.line - 1) + block.text, name, "exec"), space)
                said = capsys.readouterr().out
                assert block.output is None or said == block.output, where
            elif block.language in ("console", "sh", "bash", "shell"):
                for command, shown in shell_lines(block):
                    ran = subprocess.run(
                        ["bash", "-c", command],
                        stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT,
                        text=True,
                        check=False,
                    )
                    told = f"{where}: {command}\n{ran.stdout}"
                    assert "Traceback" not in ran.stdout, told
                    if shown is None:
                        assert ran.returncode == 0, told
                    else:
                        assert plain(ran.stdout) == plain(shown), told
        return left_out

    return run


def plain(text):
    """Lines without the spaces at their ends, and without empty lines at either end."""
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def shell_lines(block):
    """The commands of a block that call kgzsl, each with the output it shows; None where none is shown."""
    if block.language != "console":
        whole = block.text.replace("\\\n", " ").splitlines()
        return [(line, None) for line in whole if re.match(r"kgzsl\b", line)]
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
    pairs = [part.partition("\n") for part in parts]
    return [(command, shown or None) for command, _, shown in pairs if "kgzsl" in command]


def compare(text, space, where, line):
    """Run the examples of a block; the names they make stay in `space`."""
    test = doctest.DocTestParser().get_doctest(text, space, where, None, line)
    test.globs = space
    failures = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    runner.run(test, out=failures.append, clear_globs=False)
    assert not runner.failures, "".join(failures)


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT / "docs")) for page in PAGES])
def test_the_code_of_a_page_runs_and_says_what_is_shown(page, run_blocks, record_property):
    left_out = run_blocks(blocks_of(page.read_text(encoding="utf-8")), page.name)
    for reason in left_out:
        record_property("not run", reason)
        sys.stdout.write(f"not run: {reason}\n")


def test_blocks_are_found_with_their_options_and_outputs():
    text = "# A\n```python\nprint(1)\n```\n\n```text\n1\n```\nand\n"
    first, output, second = blocks_of(f"{text}```{{code-block}} python\n:caption: Needs a GPU\n\nx\n```\n")
    assert (first.language, first.text, first.line, first.output) == ("python", "print(1)\n", 3, "1\n")
    assert output.output is None
    assert (second.language, second.needs, second.text.strip()) == ("python", "Needs a GPU", "x")


@pytest.mark.parametrize(
    "text",
    [
        "```python\n>>> 1 + 1\n3\n```\n",
        "```python\nprint(1)\n```\n\n```\n2\n```\n",
        "```console\n$ kgzsl --version\nkgzsl 9.9.9\n```\n",
        "```sh\nkgzsl no-such-command\n```\n",
        "```{eval-rst}\n>>> 'a'\n'b'\n```\n",
    ],
)
def test_a_page_that_shows_something_else_is_found(text, run_blocks):
    with pytest.raises(AssertionError):
        run_blocks(blocks_of(text), "a page")


def test_names_pass_from_block_to_block_and_a_block_that_needs_something_is_named(run_blocks):
    page = "```python\nx = 1\n```\nand\n```python\n>>> x\n1\n```\n"
    unfit = "```{code-block} python\n:caption: Needs a GPU\nnope\n```\n"
    assert run_blocks(blocks_of(page + unfit), "page.md") == ["page.md, line 10: Needs a GPU"]
