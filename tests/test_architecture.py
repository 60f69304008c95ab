"""The plan of the house, and the checks that keep it: who may import whom, and what nobody may do.

All but one read syntax trees, so a fault is named by file and line without importing anything.
"""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import networkx as nx
import pytest

# room -> floor. Import from lower floors only, or from the same room. A new room is written in here first.
FLOORS = {
    "errors": 0,
    "_registry": 0,
    "_version": 0,
    "replacing": 0,
    "counts": 1,
    "display": 1,
    "graph": 2,
    "query": 3,
    "dispatch": 3,
    "contracts": 3,
    "sources": 4,
    "features": 4,
    "evaluation": 4,
    "propagation": 5,
    "baselines": 5,
    "explain": 6,
    "decision": 7,
    "saving": 7,
    "loading": 7,
    "classifier": 7,
    "__main__": 8,
    "cli": 8,
    "testing": 8,
    "demo": 8,
    "bench": 8,
}
SUITES = (
    {"decision", "saving", "classifier", "loading"},
    {"__main__", "cli", "testing", "demo", "bench"},
    {"errors", "_registry"},
)
"""Rooms of one floor that are one work cut up for size: they may import each other, without cycles."""

MOST_LINES = 400
LAST_FLOOR_WITHOUT_TORCH = 4
TORCH = {"torch", "torch_geometric", "torch_sparse", "torch_scatter"}
UNSAFE_MODULES = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}
PACKAGE = Path(__file__).resolve().parents[1] / "kgzsl"


@dataclass(frozen=True)
class Import:
    """One imported module; `later` if only type checkers read it."""

    target: str
    line: int
    later: bool


@dataclass(frozen=True)
class Module:
    path: Path
    name: str

    @cached_property
    def source(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @property
    def room(self) -> str:
        return self.name.split(".")[1] if "." in self.name else ""

    @property
    def is_public(self) -> bool:
        return not any(part.startswith("_") for part in self.name.split("."))

    def at(self, line: int, fault: str) -> str:
        depth = len(self.path.parts) - len(self.name.split(".")) - (self.path.name == "__init__.py")
        return f"{'/'.join(self.path.parts[depth:])}:{line}: {fault}"

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(_imports(self.tree, later=False))

    @cached_property
    def calls(self) -> tuple[tuple[str, ast.Call], ...]:
        """Every call of a plain or dotted name, with that name."""
        calls = (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))
        return tuple(
            (ast.unparse(call.func), call) for call in calls if isinstance(call.func, ast.Name | ast.Attribute)
        )


def _imports(node: ast.AST, *, later: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, later) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            origin = "." * child.level + (child.module or "")
            yield from (Import(f"{origin}:{alias.name}", child.lineno, later) for alias in child.names)
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            yield from _imports(ast.Module(child.body, []), later=True)
            yield from _imports(ast.Module(child.orelse, []), later=later)
        else:
            yield from _imports(child, later=later)


def modules_of(package: Path) -> dict[str, Module]:
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = Module(path, name)
    return found


def target_of(imported: Import, modules: dict[str, Module]) -> str:
    """The module an import reads: of `from a import b`, a.b if that is one, else a."""
    origin, _, name = imported.target.partition(":")
    return f"{origin}.{name}" if f"{origin}.{name}" in modules else origin


# -- the checks: each gives the faults it finds -----------------------------------------------------------------


def rooms_without_a_floor(modules):
    for module in modules.values():
        if module.room and module.room not in FLOORS:
            yield module.at(1, f"room {module.room!r} is in no floor; write it into FLOORS")


def imports_that_go_up(modules):
    for module in modules.values():
        if not module.room:
            continue  # the facade
        for imported in module.imports:
            target = target_of(imported, modules)
            other = target.split(".")[1] if target.startswith("kgzsl.") else None
            if target.startswith("."):
                yield module.at(imported.line, f"imports {target} by a relative name; write it in full")
            elif target == "kgzsl":
                yield module.at(imported.line, "imports the facade kgzsl; import the module that has it")
            elif other is not None and not _may_import(module.room, other):
                here, there = FLOORS.get(module.room), FLOORS.get(other)
                yield module.at(imported.line, f"{module.room} (floor {here}) imports {target} (floor {there})")


def _may_import(room, other):
    if room == other or any({room, other} <= suite for suite in SUITES):
        return True
    return FLOORS.get(other, 99) < FLOORS.get(room, -1)


def cycles(modules):
    """Rings of modules that import each other; what only type checkers read does not count."""
    graph, lines = nx.DiGraph(), {}
    for module in modules.values():
        for imported in module.imports:
            target = target_of(imported, modules)
            if target in modules and module.room and not imported.later:
                graph.add_edge(module.name, target)
                lines.setdefault((module.name, target), imported.line)
    for ring in sorted(nx.simple_cycles(graph, length_bound=6)):
        first = ring.index(min(ring))
        way = [*ring[first:], *ring[:first], ring[first]]
        yield modules[way[0]].at(lines[way[0], way[1]], " -> ".join(way))


def files_too_long(modules):
    for module in modules.values():
        count = len(module.source.splitlines())
        if count > MOST_LINES:
            yield module.at(count, f"{count} lines, {MOST_LINES} is the most: move one subject out")


def torch_on_low_floors(modules):
    for module in modules.values():
        if FLOORS.get(module.room, 99) <= LAST_FLOOR_WITHOUT_TORCH:
            for imported in module.imports:
                if imported.target.partition(":")[0].split(".")[0] in TORCH:
                    yield module.at(imported.line, f"floor {FLOORS[module.room]} imports torch")


def code_that_runs_data(modules):
    for module in modules.values():
        for imported in module.imports:
            if imported.target.partition(":")[0].split(".")[0] in UNSAFE_MODULES:
                yield module.at(imported.line, f"imports {imported.target.replace(':', '.')}")
        for name, call in module.calls:
            options = {option.arg: ast.unparse(option.value) for option in call.keywords}
            unsafe = (
                name in ("eval", "exec", "builtins.eval", "builtins.exec", "yaml.load", "yaml.unsafe_load")
                or (name == "torch.load" and options.get("weights_only") != "True")
                or options.get("allow_pickle") == "True"
                or (name.endswith("read_pickle") or name.endswith("to_pickle"))
            )
            if unsafe:
                yield module.at(call.lineno, f"calls {name}({', '.join(f'{k}={v}' for k, v in options.items())})")


def prints(modules):
    for module in modules.values():
        if module.room != "cli":
            yield from (module.at(call.lineno, "prints") for name, call in module.calls if name == "print")


def public_modules_without_words(modules):
    for module in modules.values():
        if not module.is_public:
            continue
        if not ast.get_docstring(module.tree):
            yield module.at(1, "has no docstring")
        names = {target.id for node in module.tree.body for target in _assigned(node) if isinstance(target, ast.Name)}
        if "__all__" not in names:
            yield module.at(1, "has no __all__")


def _assigned(node: ast.stmt) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []


CHECKS = [
    rooms_without_a_floor,
    imports_that_go_up,
    cycles,
    files_too_long,
    torch_on_low_floors,
    code_that_runs_data,
    prints,
    public_modules_without_words,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_house_has_no(check):
    faults = list(check(modules_of(PACKAGE)))
    assert not faults, "\n" + "\n".join(faults)


def test_low_floors_load_no_torch_when_imported():
    modules = modules_of(PACKAGE)
    low = [name for name, module in modules.items() if FLOORS.get(module.room, 99) <= LAST_FLOOR_WITHOUT_TORCH]
    assert {module.room for name, module in modules.items() if name in low} >= {"graph", "query", "sources", "features"}
    program = (
        "import json, sys\nfrom importlib import import_module\n"
        "first = {}\n"
        "for name in json.loads(sys.argv[1]):\n"
        "    import_module(name)\n"
        "    for heavy in ('torch', 'torch_geometric', 'nltk', 'rdflib', 'matplotlib', 'sentence_transformers'):\n"
        "        if heavy in sys.modules: first.setdefault(heavy, name)\n"
        "print(json.dumps(first))"
    )
    said = subprocess.run([sys.executable, "-c", program, json.dumps(low)], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout.splitlines()[-1]) == {}, "first module after whose import it was loaded"


# -- the checks themselves --------------------------------------------------------------------------------------


def house(tmp_path, **files):
    package = tmp_path / "kgzsl"
    for name, source in {"__init__": '"""The facade."""\n__all__ = []\n', **files}.items():
        path = package / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return modules_of(package)


FAULTY = [
    (rooms_without_a_floor, "utils", "", "utils.py:1: room 'utils' is in no floor; write it into FLOORS"),
    (
        imports_that_go_up,
        "graph/index",
        "\nfrom kgzsl.sources import catalog\n",
        "graph/index.py:2: graph (floor 2) imports kgzsl.sources.catalog (floor 4)",
    ),
    (
        imports_that_go_up,
        "features/text",
        "def f():\n    import kgzsl.evaluation.metrics\n",
        "features/text.py:2: features (floor 4) imports kgzsl.evaluation.metrics (floor 4)",
    ),
    (
        imports_that_go_up,
        "graph/index",
        "if TYPE_CHECKING:\n    from kgzsl.explain.page import Page\n",
        "graph/index.py:2: graph (floor 2) imports kgzsl.explain.page (floor 6)",
    ),
    (
        imports_that_go_up,
        "cli",
        "from kgzsl import load_graph",
        "cli.py:1: imports the facade kgzsl; import the module that has it",
    ),
    (
        imports_that_go_up,
        "graph/index",
        "from . import closure",
        "graph/index.py:1: imports . by a relative name; write it in full",
    ),
    (
        cycles,
        "graph/a",
        "import os\nfrom kgzsl.graph.b import x\n",
        "graph/a.py:2: kgzsl.graph.a -> kgzsl.graph.b -> kgzsl.graph.a",
    ),
    (files_too_long, "errors", "\n" * 401, "errors.py:401: 401 lines, 400 is the most: move one subject out"),
    (
        torch_on_low_floors,
        "graph/index",
        "def f():\n    from torch.nn import L",
        "graph/index.py:2: floor 2 imports torch",
    ),
    (code_that_runs_data, "saving", "import pickle as p", "saving.py:1: imports pickle"),
    (code_that_runs_data, "saving", "\neval('1')", "saving.py:2: calls eval()"),
    (code_that_runs_data, "saving", "torch.load(f)", "saving.py:1: calls torch.load()"),
    (code_that_runs_data, "saving", "np.load(f, allow_pickle=True)", "saving.py:1: calls np.load(allow_pickle=True)"),
    (code_that_runs_data, "saving", "yaml.load(f)", "saving.py:1: calls yaml.load()"),
    (prints, "demo", "def f():\n    print(1)", "demo.py:2: prints"),
    (public_modules_without_words, "demo", "__all__ = []", "demo.py:1: has no docstring"),
    (public_modules_without_words, "demo", '"""D."""', "demo.py:1: has no __all__"),
]


@pytest.mark.parametrize(
    ("check", "name", "source", "fault"), FAULTY, ids=[f"{row[0].__name__}-{place}" for place, row in enumerate(FAULTY)]
)
def test_a_fault_is_found_and_named_by_file_and_line(tmp_path, check, name, source, fault):
    others = {
        "sources/catalog": "",
        "evaluation/metrics": "",
        "explain/page": "",
        "graph/b": "from kgzsl.graph.a import y",
        "graph/__init__": "",
    }
    modules = house(tmp_path, **{**others, name: source})
    assert f"kgzsl/{fault}" in list(check(modules))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("graph/index", "from kgzsl.graph import b\nfrom kgzsl.errors import KgzslError\n"),
        ("graph/a", "if TYPE_CHECKING:\n    from kgzsl.graph.b import x\n"),
        ("propagation/net", "import torch\nmodel.eval()\ntorch.load(f, weights_only=True)\n"),
        ("cli", "from kgzsl.classifier import Z\nprint(1)\n"),
        ("classifier", "from kgzsl.saving import save\nimport re\nre.compile('x')\n"),
    ],
)
def test_what_is_allowed_is_no_fault(tmp_path, name, source):
    others = {
        "graph/b": "from kgzsl.graph.a import y",
        "graph/__init__": "",
        "errors": "",
        "saving": "",
        "classifier": "",
    }
    modules = house(tmp_path, **{**others, name: source})
    assert [fault for check in CHECKS[:-1] for fault in check(modules)] == []
