"""The recipe of `graphs/wordnet-*`."""

import hashlib
from pathlib import Path

from kgzsl.errors import SourceError
from kgzsl.sources.folder import GraphDescription, write_graph_folder
from kgzsl.sources.wordnet import read_wordnet_files, wordnet_graph
from kgzsl.sources.wordnet_terms import PARTS

__all__ = ["build_wordnet"]

_CITATION = (
    "Christiane Fellbaum (editor, 1998). WordNet: An Electronic Lexical Database. MIT Press, Cambridge, MA.",
    "George A. Miller (1995). WordNet: A Lexical Database for English. Communications of the ACM 38(11), 39-41.",
)


def build_wordnet(source: str | Path, target: str | Path) -> None:
    """Write the graph folder of WordNet from a folder of its database files.

    The bytes depend on what the eight data and index files say and on the version of polars, which `graph.toml`
    names as `writer`; not on where the files lie or what lies beside them. The licence is the one that stands at
    the head of the data files; without it, or without a version, there is nothing that may be passed on:
    `SourceError`.

    >>> from kgzsl.sources import build_wordnet
    >>> build_wordnet("no-such-folder", "graphs/wordnet-3.0")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    kgzsl.errors.DataMissingError: no-such-folder: is not a folder; expected a folder of WordNet 3 ...
    """
    files = read_wordnet_files(source)
    if not files.version or not files.licence:
        raise SourceError(files.folder / "data.noun", "the licence with the version that opens the file is missing")
    names = [f"{kind}.{suffix}" for suffix in PARTS for kind in ("data", "index")]
    description = GraphDescription(
        name="wordnet",
        version=files.version,
        title=f"WordNet {files.version}: English nouns, verbs, adjectives and adverbs, grouped by meaning",
        upstream="https://wordnet.princeton.edu/ (database files as in Debian's package wordnet-base)",
        licence=f"WordNet {files.version} license, Princeton University",
        citation=_CITATION,
        recipe="kgzsl graph build wordnet --source DIR   # DIR: /usr/share/wordnet, from apt-get install wordnet-base",
        sources={name: hashlib.sha256((files.folder / name).read_bytes()).hexdigest() for name in names},
    )
    write_graph_folder(wordnet_graph(files), target, description, licence_text=files.licence)
