"""A command of the shell as its own help has it: what it does, an example, arguments and options.

In a page: a block `{kgzsl-command} graph find`.
"""

from typing import Any

import typer
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from kgzsl.cli import app as commands


def command(path: str) -> Any:
    """The command that `kgzsl PATH` runs."""
    found: Any = typer.main.get_command(commands)
    for word in path.split():
        found = found.commands[word]
    return found


class KgzslCommand(Directive):
    """`kgzsl-command`: its argument is the command, without `kgzsl`."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """The paragraphs of the help, and a list of what can be given."""
        found = command(self.arguments[0])
        given = [one for one in found.params if not one.hidden]
        words = [_argument(one) for one in given if not one.opts[0].startswith("-")]
        options = ["[OPTIONS]"] if len(words) < len(given) else []
        made: list[nodes.Node] = [_shell(" ".join(["kgzsl", self.arguments[0], *words, *options]))]
        for paragraph in (found.help or "").split("\n\n"):
            text = " ".join(paragraph.split())
            made.append(_shell(text) if text.startswith("kgzsl ") else nodes.paragraph(text, text))
        entries = [_entry(one) for one in given]
        return [*made, nodes.definition_list("", *entries)] if entries else made


def _shell(text: str) -> nodes.Node:
    block = nodes.literal_block(text, text)
    block["language"] = "text"
    return block


def _argument(given: Any) -> str:
    name = (given.metavar or given.name.strip("_")).upper().strip("[]")
    return name if given.required else f"[{name}]"


def _entry(given: Any) -> nodes.Node:
    if given.opts[0].startswith("-"):
        flag = getattr(given, "is_flag", False)
        spelled = ", ".join([*given.opts, *given.secondary_opts]) + ("" if flag else f" {_kind(given)}")
    else:
        flag, spelled = False, _argument(given)
    term = nodes.term("", "", nodes.literal(spelled, spelled))
    text = (given.help or "").strip()
    if given.required and given.opts[0].startswith("-"):
        text += " Required."
    elif not flag and given.default not in (None, (), []) and not callable(given.default):
        text += f" Default: {given.default}."
    return nodes.definition_list_item("", term, nodes.definition("", nodes.paragraph(text, text)))


def _kind(given: Any) -> str:
    kind = given.type_descriptor.annotation
    return "PATH" if "Path" in str(kind) else "NUMBER" if kind in (int, float) else "TEXT"


def setup(app: Sphinx) -> dict[str, Any]:
    """Offer the directive."""
    app.add_directive("kgzsl-command", KgzslCommand)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
