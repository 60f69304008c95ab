"""The graph over which the ImageNet-21K zero-shot literature propagates classifiers."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kgzsl.errors import DataMissingError, GroundingError, SourceError, UnknownConceptError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.sources.catalog import load_graph

__all__ = ["read_imagenet_graph"]

_PARTS = ("train", "test")


def read_imagenet_graph(
    split: str | Path | Mapping[str, Sequence[str]],
    xml_wnids: str | Path | Sequence[str],
    *,
    wordnet: KnowledgeGraph | None = None,
) -> KnowledgeGraph:
    """The graph of DGP (Kampffmeyer et al. 2019), as their script makes it from two lists of wnids.

    `split` maps "train" and "test" to the wnids of the seen and the unseen classes, or is a JSON file that does;
    `xml_wnids` are the synsets of ImageNet's structure file, or a JSON file with a list of them. The concepts are the
    synsets of both lists, the edges their hypernym pointers (`is_a`, child to parent) that stay among them; instance
    pointers are not followed, and ancestors that stand in neither list are left out, which is why there are many
    roots. With the published lists: 32,324 concepts, 32,544 edges, 309 roots.

    Ids are those of `wordnet` (None: the shipped one, which must be version 3.0 for ImageNet's numbers to mean what
    they should), and wnids resolve to them. `GroundingError` names every wnid that is not there. `report` counts the
    lists.

    >>> import kgzsl
    >>> graph = kgzsl.read_imagenet_graph({"train": ["n02129604"], "test": ["n02129165"]}, ["n02127808"])
    >>> [str(edge) for edge in graph.edges()]
    ['lion.n.01 is_a big_cat.n.01', 'tiger.n.02 is_a big_cat.n.01']
    """
    classes = _listed(split, _PARTS)
    others = _listed(xml_wnids, None)
    graph = load_graph("wordnet-3.0") if wordnet is None else wordnet
    ids = _resolved(graph, [*(wnid for part in _PARTS for wnid in classes[part]), *others[""]])
    part = graph.neighborhood(sorted(set(ids.values())), hops=0, relations="is_a")
    named = {ids[wnid] for wnid in [*classes["train"], *classes["test"]]}
    report = {
        "train_classes": len(classes["train"]),
        "test_classes": len(classes["test"]),
        "listed_synsets": len(others[""]),
        "classes_outside_list": len(named - {ids[wnid] for wnid in others[""]}),
        "concepts": len(part),
        "edges": part.index.num_edges,
    }
    taxonomy = [part.relations["is_a"]]
    return KnowledgeGraph.from_tables(part.concepts_table, part.edges_table, taxonomy, name="imagenet", report=report)


def _listed(source: Any, parts: Sequence[str] | None) -> dict[str, list[str]]:
    """Lists of wnids by part of the split; a bare list stands under ""."""
    data, location = source, "the argument"
    if isinstance(source, str | Path):
        location = str(source)
        try:
            data = json.loads(Path(source).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise DataMissingError(source, "there is no such list of wnids") from error
        except ValueError as error:
            raise SourceError(source, f"is not JSON: {error}") from error
    if parts is None:
        data, parts = {"": data}, [""]
    if not isinstance(data, Mapping) or not set(parts) <= set(data):
        raise SourceError(location, f"expected an object with {' and '.join(map(repr, parts))}, each a list of wnids")
    for part in parts:
        listed = isinstance(data[part], Sequence) and not isinstance(data[part], str)
        if not listed or not all(isinstance(wnid, str) for wnid in data[part]):
            raise SourceError(location, f"{part or 'the list'} is not a list of wnids such as 'n02129604'")
    return {part: list(data[part]) for part in parts}


def _resolved(graph: KnowledgeGraph, wnids: Sequence[str]) -> dict[str, str]:
    """Wnid -> id, for all of them, or one error for all that are not there."""
    ids: dict[str, str] = {}
    missing: dict[str, Sequence[str]] = {}
    for wnid in dict.fromkeys(wnids):
        try:
            ids[wnid] = graph.resolve(wnid)
        except UnknownConceptError as error:
            missing[wnid] = error.nearest
    if missing:
        raise GroundingError(missing=missing, ambiguous={}, graph=graph.name)
    return ids
