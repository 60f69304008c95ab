"""One function that reads anything: by the name of a source, or by what lies there."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kgzsl.errors import DataMissingError, InputFormatError, PluginError, SourceError, UnknownNameError, listing
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.lookup import nearest_of
from kgzsl.replacing import recover
from kgzsl.sources.file_content import head_bytes
from kgzsl.sources.folder import DESCRIPTION, read_graph_folder
from kgzsl.sources.registry import SOURCES

__all__ = ["read", "source_of"]

_SUFFIXES = {
    **dict.fromkeys((".ttl", ".nt", ".nq", ".trig", ".n3", ".owl", ".rdf", ".xml", ".jsonld"), "rdf"),
    **dict.fromkeys((".csv", ".tsv", ".txt", ".tab", ".triples"), "triples"),
    ".obo": "obo",
    ".graphml": "graphml",
    ".json": "node-link",
}
_ASSERTION = re.compile(rb"/a/\[/r/[^\t\n]*\t/r/[^\t\n]*\t[^\t\n]*\t[^\t\n]*\t")
_RDF_TEXT = re.compile(
    rb"\s*(?:#[^\n]*\s+)*(?:@prefix|@base|PREFIX\s|BASE\s|<[A-Za-z][\w+.-]*:[^>\s]*>\s+[<@a:\w]|_:\w+\s+<)"
)
_OBO_TEXT = re.compile(rb"\s*(?:format-version:|(?:![^\n]*\s+)*\[(?:Term|Typedef|Instance)\])")
_PARQUET = ("concepts.parquet", "edges.parquet", "graph.json")


def read(location: Any, *, source: str | Callable[..., KnowledgeGraph] | None = None, **options: Any) -> KnowledgeGraph:
    r"""A graph from a file, a folder, a URL, or a graph of rdflib or NetworkX.

    `source` names the reader: "wordnet", "conceptnet", "rdf", "obo", "triples", "graphml", "node-link", "imagenet",
    "sparql", "parquet", or one that another package offers in the entry-point group `kgzsl.sources`; or it is a
    function. The name may also stand before the location, `obo:pets.txt`. Without one, it is found out: URLs are RDF;
    a folder is known by its files; a file by its first bytes where they tell, else by its suffix. `options` are
    handed to the reader, and one that it does not know is an `InputFormatError`.

    `UnknownNameError` for a source that nobody offers, `DataMissingError` if nothing is there, `SourceError` with
    what was found and what is known if no reader fits.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "pets.tsv")
    >>> _ = path.write_text("cat\tis_a\tmammal\ndog\tis_a\tmammal\n")
    >>> read(path), read(path, name="zoo").name
    (<KnowledgeGraph pets: 3 concepts, 2 edges, 1 relations>, 'zoo')
    """
    if source is None and _is_networkx(location):
        return _called(KnowledgeGraph.from_networkx, location, options)
    if callable(source):
        return _called(source, location, options)
    if source is None and isinstance(location, str):
        source, location = _named_before(location)
    if source is not None:
        return _called(SOURCES.load(source), location, options)
    if _is_graph_folder(location):
        return _called(read_graph_folder, location, options)
    return _called(SOURCES.load(source_of(location)), location, options)


def _called(reader: Callable[..., Any], location: Any, options: dict[str, Any]) -> KnowledgeGraph:
    """What the reader gives, after a look at whether it takes these options."""
    taken = inspect.signature(reader).parameters
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values()):
        known = list(taken)[1:]
        if unknown := sorted(set(options) - set(known)):
            name = getattr(reader, "__name__", type(reader).__name__)
            raise InputFormatError(f"{name} takes no {listing(unknown)}; it takes {', '.join(known) or 'no options'}")
    graph = reader(location, **options)
    if not isinstance(graph, KnowledgeGraph):
        raise PluginError(f"the source {reader!r} gave {type(graph).__name__}, not a KnowledgeGraph")
    return graph


def _named_before(location: str) -> tuple[str | None, str]:
    """The source named before a colon, and the rest; a file of that name goes first."""
    name, colon, rest = location.partition(":")
    if not colon or not rest or rest.startswith("//") or len(name) < 2 or Path(location).exists():
        return None, location
    if name in SOURCES.names():
        return name, rest
    if re.fullmatch(r"[A-Za-z][\w+.-]*", name):
        known = SOURCES.names()
        raise UnknownNameError("source", name, known=known, nearest=nearest_of(name, list(known)))
    return None, location


def _is_networkx(location: Any) -> bool:
    return type(location).__module__.split(".")[0] == "networkx" or hasattr(location, "adjacency")


def _is_graph_folder(location: Any) -> bool:
    return isinstance(location, str | Path) and (Path(location) / DESCRIPTION).is_file()


def source_of(location: Any) -> str:
    """The name of the source that fits a location; see `read`."""
    if type(location).__module__.split(".")[0] == "rdflib":
        return "rdf"
    if not isinstance(location, str | Path):
        raise InputFormatError(f"read takes a path, a URL or a graph, not {type(location).__name__} {location!r:.80}")
    if isinstance(location, str) and "://" in location:
        scheme = location.partition("://")[0].casefold()
        if scheme in ("http", "https"):
            return "rdf"
        raise SourceError(location, f"has the scheme {scheme!r}; http and https are read, and paths of files")
    path = Path(location)
    if not path.exists():
        recover(path)
    if path.is_dir():
        return _source_of_folder(path)
    if not path.exists():
        raise DataMissingError(path, "there is no such file or folder; kgzsl.load_graph(name) has the shipped graphs")
    return _source_of_file(path)


def _source_of_folder(path: Path) -> str:
    if (path / "data.noun").is_file():
        return "wordnet"
    if all((path / name).is_file() for name in _PARQUET):
        return "parquet"
    present = sorted(entry.name for entry in path.iterdir())
    raise SourceError(
        path,
        f"is a folder with {listing(present, limit=5) or 'nothing'}; known are folders of WordNet (data.noun), "
        f"graphs written as Parquet ({', '.join(_PARQUET)}) and folders with {DESCRIPTION}",
    )


def _source_of_file(path: Path) -> str:
    """By what the bytes tell, else by the suffix."""
    head = head_bytes(path)
    told = _told_by(head)
    if told is not None:
        return told
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in (".gz", ".bz2")]
    suffix = suffixes[-1] if suffixes else ""
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    if _has_columns(head):
        return "triples"
    raise SourceError(
        path,
        f"no reader is known for the suffix {suffix!r} or for a file that starts with {head[:40]!r}; name one with "
        f"source=: {', '.join(SOURCES.names())}",
    )


def _told_by(head: bytes) -> str | None:
    """The source that the first bytes speak of, or None if they could be several."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((b"<?xml", b"<!DOCTYPE", b"<rdf:RDF", b"<RDF", b"<graphml", b"<Ontology", b"<!--")):
        return "graphml" if b"<graphml" in start else "rdf"
    if start.startswith((b"{", b"[")) and not _OBO_TEXT.match(start):
        return _told_by_json(start)
    if _OBO_TEXT.match(start):
        return "obo"
    if _ASSERTION.match(start):
        return "conceptnet"
    return "rdf" if _RDF_TEXT.match(start) else None


def _told_by_json(start: bytes) -> str | None:
    if any(key in start for key in (b'"@context"', b'"@graph"', b'"@id"', b'"@type"', b'"@value"')):
        return "rdf"
    return "node-link" if b'"nodes"' in start or b'"links"' in start else None


def _has_columns(head: bytes) -> bool:
    lines = [line for line in head.split(b"\n")[:5] if line.strip()]
    return any(bool(lines) and all(line.count(mark) >= 2 for line in lines) for mark in (b"\t", b","))
