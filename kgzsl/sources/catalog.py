"""The graphs that come with kgzsl, and those in folders of your own, by name."""

import os
import re
import threading
from dataclasses import dataclass
from pathlib import Path

from kgzsl.errors import UnknownNameError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.lookup import nearest_of
from kgzsl.sources.folder import DESCRIPTION, read_description, read_graph_folder

__all__ = ["GraphInfo", "list_graphs", "load_graph"]

_PACKAGE = Path(__file__).resolve().parents[1]
_VERSIONED = re.compile(r"(.+)-(\d+(?:\.\d+)*)")

_loaded: dict[Path, KnowledgeGraph] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class GraphInfo:
    """A graph that `load_graph` can load. `name` and `version` together are its full name, `wordnet-3.0`.

    >>> import kgzsl
    >>> [(info.name, info.licence) for info in kgzsl.list_graphs() if info.name == "freshwater"]
    [('freshwater', 'CC0-1.0')]
    """

    name: str
    version: str
    title: str
    num_concepts: int
    num_edges: int
    licence: str
    folder: Path


def load_graph(name: str) -> KnowledgeGraph:
    """A graph by its name: `wordnet-3.0`, or `wordnet` for the newest version there is.

    It is searched in the folders that the environment variable KGZSL_GRAPHS lists, then among the graphs that come
    with kgzsl. Its files are compared with their checksums. The same graph is loaded once a process; being immutable,
    it is shared, between threads as well. Columns such as definitions are decoded when first asked for.

    `UnknownNameError` names the nearest graphs, `IntegrityError` a file that is not the one that was written.

    >>> import kgzsl
    >>> kg = kgzsl.load_graph("wordnet")
    >>> len(kg), kg.resolve("n02129604")
    (117659, 'tiger.n.02')
    """
    folder = _folder_of(name)
    with _lock:
        if folder not in _loaded:
            _loaded[folder] = read_graph_folder(folder)
        return _loaded[folder]


def list_graphs() -> tuple[GraphInfo, ...]:
    """Every graph that `load_graph` finds, by name and version, without loading any.

    >>> import kgzsl
    >>> [(info.name, info.version, info.num_edges) for info in kgzsl.list_graphs()]
    [('freshwater', '1.0', 2153), ('wordnet', '3.0', 235393)]
    """
    found = []
    for folder in _folders().values():
        description, facts = read_description(folder)
        found.append(
            GraphInfo(
                name=description.name,
                version=description.version,
                title=description.title,
                num_concepts=facts["num_concepts"],
                num_edges=facts["num_edges"],
                licence=description.licence,
                folder=folder,
            )
        )
    return tuple(found)


def _roots() -> list[Path]:
    """Folders of graph folders, the user's own first."""
    own = [Path(entry) for entry in os.environ.get("KGZSL_GRAPHS", "").split(os.pathsep) if entry]
    packaged, checkout = _PACKAGE / "_graphs", _PACKAGE.parent
    # a wheel holds its graphs inside the package; beside an installed package, "graphs" would be somebody else's
    if packaged.is_dir():
        return [*own, packaged]
    return [*own, checkout / "graphs"] if (checkout / "pyproject.toml").is_file() else own


def _folders() -> dict[str, Path]:
    """Full name -> folder, sorted by name and version; of two with one name, the first in the order of `_roots`."""
    found: dict[str, Path] = {}
    for root in _roots():
        for description in sorted(root.glob(f"*/{DESCRIPTION}")):
            found.setdefault(description.parent.name, description.parent.resolve())
    return dict(sorted(found.items(), key=lambda entry: _sorting(entry[0])))


def _sorting(full_name: str) -> tuple[str, tuple[int, ...], str]:
    match = _VERSIONED.fullmatch(full_name)
    if match is None:
        return full_name, (), full_name
    return match[1], tuple(int(number) for number in match[2].split(".")), full_name


def _folder_of(name: str) -> Path:
    folders = _folders()
    if name in folders:
        return folders[name]
    versions = [full for full in folders if _sorting(full)[0] == name]
    if versions:
        return folders[versions[-1]]
    known = sorted({*folders, *(_sorting(full)[0] for full in folders)})
    raise UnknownNameError("graph", name, known=known, nearest=nearest_of(name, known))
