"""Ontologies in the OBO flat file format, versions 1.2 and 1.4."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from kgzsl.display.progress import progress
from kgzsl.errors import SourceError
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import SHARED_RELATIONS, Relation
from kgzsl.graph.tables import CONCEPT_COLUMNS
from kgzsl.sources.file_content import file_bytes, text_of
from kgzsl.sources.limits import Limits
from kgzsl.sources.obo_syntax import Stanza, bare, quoted, read_stanzas
from kgzsl.sources.tally import Tally

__all__ = ["read_obo"]

_RULES: Mapping[str, str] = {
    "is_a": "is_a",
    "instance_of": "instance_of",
    "disjoint_from": "disjoint_with",
    "equivalent_to": "same_as",
    "part_of": "^has_part",
    "BFO:0000050": "^has_part",
    "has_part": "has_part",
    "BFO:0000051": "has_part",
    "member_of": "^has_member",
    "has_member": "has_member",
    "causes": "causes",
}
"""Relation -> ours, "^" where it runs the other way."""
_ONE_PLACE = ("is_a", "instance_of", "disjoint_from", "equivalent_to")
_TWO_PLACES = ("relationship", "intersection_of")
_OLD_SYNONYMS = {f"{scope}_synonym": scope.upper() for scope in ("exact", "narrow", "broad", "related")}
_USED = {
    "id", "name", "def", "comment", "namespace", "subset", "synonym", "xref", "alt_id", "is_obsolete", "replaced_by",
    "consider", "created_by", "creation_date", *_OLD_SYNONYMS, *_ONE_PLACE, *_TWO_PLACES,
}  # fmt: skip
_MORE: Mapping[str, pl.DataType] = {
    "synonyms": pl.List(pl.String()),
    "synonym_scopes": pl.List(pl.String()),
    "xrefs": pl.List(pl.String()),
    "namespace": pl.String(),
    "subsets": pl.List(pl.String()),
    "comment": pl.String(),
    "is_obsolete": pl.Boolean(),
}


def read_obo(
    path: str | Path,
    *,
    obsolete: bool = False,
    name: str | None = None,
    strict: bool = False,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    show_progress: bool | None = None,
) -> KnowledgeGraph:
    r"""A graph from an OBO file: a concept for each term and instance, an edge for each of its links.

    The name is the label, exact synonyms are aliases; `more` has `synonyms` (all, with scope), `xrefs`, `namespace`,
    `subsets`, `comment` and `is_obsolete`. `resolve` takes alternative ids, and the id of an obsolete term where
    exactly one other replaces it. `is_a` is shared, `part_of` becomes `has_part` the other way round; other relations
    keep their id, and their verb is the name that a `[Typedef]` gives. Of `intersection_of`, a genus becomes `is_a`
    and a differentia its relation; `union_of` and other tags are counted as `tags_not_used`.

    Obsolete terms are left out, and counted, unless `obsolete`. `report`: `rows_read` is the sum of what starts with
    `kept_`, `merged_` and `skipped_`. A link to a term that is not there is a fault: skipped and told in one
    warning, an error with `strict` or above `limits.max_bad_fraction` of all links. Stanzas with one id are
    read as one. A line that is no tag or a stanza without an id is a `SourceError` with the line.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "pets.obo")
    >>> _ = path.write_text("[Term]\nid: X:1\nname: pet\n\n[Term]\nid: X:2\nname: dog\nis_a: X:1 ! pet\n")
    >>> print(read_obo(path).shortest_path("X:2", "X:1"))
    dog is a kind of pet
    """
    tally = Tally(str(path), strict=strict)
    with progress(3, f"reading {Path(path).name}", show=show_progress) as advance:
        text = text_of(file_bytes(path, limits=limits), path)
        advance()
        header, stanzas = read_stanzas(text, str(path), limits)
        advance()
        graph = _graph_of(header, stanzas, tally, obsolete=obsolete, name=name or _called(header, path), limits=limits)
        advance()
    return graph


def _called(header: Stanza, path: str | Path) -> str:
    return header.first("ontology") or Path(path).name.removesuffix(".gz").rsplit(".", 1)[0] or "ontology"


def _graph_of(
    header: Stanza, stanzas: Sequence[Stanza], tally: Tally, *, obsolete: bool, name: str, limits: Limits
) -> KnowledgeGraph:
    frames = _merged(stanzas, tally)
    terms = {id_: frame for id_, frame in frames.items() if frame.kind in ("Term", "Instance")}
    kept = {id_: frame for id_, frame in terms.items() if obsolete or not frame.is_obsolete}
    tally.count("obsolete_left_out", len(terms) - len(kept))
    tally.count("imports_not_loaded", len(header.tags.get("import", [])))
    if not kept:
        raise SourceError(tally.location, f"has no [Term] that is in use ({len(terms)} are obsolete)")
    names = _Names(terms, kept)
    relations = _relations({id_: frame for id_, frame in frames.items() if frame.kind == "Typedef"})
    edges = _edges(terms, names, relations, tally)
    concepts = _concepts(kept, names, header.first("default-namespace"), tally)
    counts = tally.counts
    tally.count("relations_without_rule", len({relation for _, relation, _ in edges} - set(SHARED_RELATIONS)))
    report = tally.finish(num_rows=counts["rows_read"], max_bad_fraction=limits.max_bad_fraction, stacklevel=4)
    source = Path(tally.location).name
    table = pl.DataFrame(edges, schema=["head", "relation", "tail"], orient="row").cast(pl.String)
    used = {relation for _, relation, _ in edges}
    return KnowledgeGraph.from_tables(
        concepts.with_columns(pl.lit(source).alias("source")),
        table.with_columns(pl.lit(source).alias("source")),
        [relation for relation in relations.described.values() if relation.name in used],
        name=name,
        report=report,
    )


def _merged(stanzas: Sequence[Stanza], tally: Tally) -> dict[str, Stanza]:
    """One frame an id; those of unknown kinds are counted."""
    frames: dict[str, Stanza] = {}
    for reason in ("stanzas_not_used", "stanzas_merged", "tags_not_used"):
        tally.count(reason, 0)
    for stanza in stanzas:
        if stanza.kind not in ("Term", "Typedef", "Instance"):
            tally.count("stanzas_not_used")
            continue
        id_ = stanza.first("id")
        if not id_:
            raise SourceError(tally.location, f"a [{stanza.kind}] without an id", line=stanza.line)
        if id_ in frames:
            tally.count("stanzas_merged")
            for tag, values in stanza.tags.items():
                frames[id_].tags.setdefault(tag, []).extend(values)
        else:
            frames[id_] = stanza
        if stanza.kind != "Typedef":
            tally.count("tags_not_used", sum(len(values) for tag, values in stanza.tags.items() if tag not in _USED))
    return frames


class _Names:
    """The id that is meant by any id in the file: alternative ids, and obsolete terms that one other replaces."""

    def __init__(self, terms: Mapping[str, Stanza], kept: Mapping[str, Stanza]) -> None:
        self.terms = terms
        self.kept = kept
        self.others: dict[str, set[str]] = {}
        for id_, frame in kept.items():
            for _, value, _ in frame.all("alt_id"):
                self.others.setdefault(bare(value), set()).add(id_)
        for id_, frame in terms.items():
            if id_ not in kept and (replacement := self._replacement(frame)) is not None:
                self.others.setdefault(id_, set()).add(replacement)

    def _replacement(self, frame: Stanza) -> str | None:
        """The term in use that replaces an obsolete one, over several steps if need be."""
        passed: set[str] = set()
        while True:
            named = {bare(value) for _, value, _ in frame.all("replaced_by")}
            if len(named) != 1 or named <= passed:
                return None
            passed |= named
            (id_,) = named
            if id_ in self.kept:
                return id_
            if id_ not in self.terms:
                return None
            frame = self.terms[id_]

    def id(self, text: str) -> str | None:
        """The id of the term in use, or None."""
        if text in self.kept:
            return text
        meant = self.others.get(text, set()) if text not in self.terms else set()
        return next(iter(meant)) if len(meant) == 1 else None

    def alternates(self) -> dict[str, list[str]]:
        """Other ids of each term, and the spellings of its own as an IRI."""
        found: dict[str, set[str]] = {id_: set(_spellings(id_)) for id_ in self.kept}
        for other, meant in self.others.items():
            if len(meant) == 1 and other not in self.kept:
                found[next(iter(meant))].update([other, *_spellings(other)])
        return {id_: sorted(others) for id_, others in found.items()}


def _spellings(id_: str) -> list[str]:
    """`GO:0008150` as OWL has it."""
    prefix, colon, local = id_.partition(":")
    if not colon or not local or local.startswith("//") or not prefix.isidentifier():
        return []
    return [f"http://purl.obolibrary.org/obo/{prefix}_{local}", f"obo:{prefix}_{local}"]


class _Relations:
    """Relations of the file: where they lead, and how they are described."""

    def __init__(self, rules: Mapping[str, str], described: Mapping[str, Relation]) -> None:
        self.rules = rules
        self.described = dict(described)

    def rule(self, id_: str) -> str:
        """Our name, with "^" before it where the relation runs the other way."""
        return self.rules.get(id_, id_)


def _relations(typedefs: Mapping[str, Stanza]) -> _Relations:
    rules = dict(_RULES)
    described = {}
    for id_, frame in sorted(typedefs.items()):
        by_xref = [_RULES[bare(value)] for _, value, _ in frame.all("xref") if bare(value) in _RULES]
        if id_ not in rules and by_xref:
            rules[id_] = by_xref[0]
        if id_ not in rules:
            symmetric = frame.first("is_symmetric").casefold() == "true"
            inverse = id_ if symmetric else frame.first("inverse_of")
            read = typedefs[inverse].first("name") if not symmetric and inverse in typedefs else ""
            described[id_] = Relation(
                id_, inverse=inverse, verb=frame.first("name").replace("_", " "), inverse_verb=read, symmetric=symmetric
            )
    return _Relations(rules, described)


def _links(frame: Stanza, tally: Tally) -> Iterator[tuple[str, str, int]]:
    """Relation, target and line of every link of a frame."""
    for tag, value, line in frame.all(*_ONE_PLACE, *_TWO_PLACES):
        tally.count("rows_read")
        words = bare(value).split()
        if tag == "intersection_of" and len(words) == 1:
            yield "is_a", words[0], line
        elif tag in _ONE_PLACE and len(words) == 1:
            yield tag, words[0], line
        elif tag in _TWO_PLACES and len(words) == 2:
            yield words[0], words[1], line
        else:
            tally.fault("skipped_malformed_link", line=line, found=f"{tag}: {value}")


def _edges(
    terms: Mapping[str, Stanza], names: _Names, relations: _Relations, tally: Tally
) -> list[tuple[str, str, str]]:
    """Every edge once, sorted."""
    reasons = ("skipped_obsolete_end", "skipped_self_loop", "merged_duplicate", "links_by_alternate_id", "rows_read")
    for reason in reasons:
        tally.count(reason, 0)
    found: set[tuple[str, str, str]] = set()
    for id_, frame in terms.items():
        for relation, target, line in _links(frame, tally):
            end = names.id(target)
            if id_ not in names.kept or (end is None and target in names.terms):
                tally.count("skipped_obsolete_end")
            elif end is None:
                tally.fault("skipped_dangling_link", line=line, found=f"{id_} {relation} {target}")
            elif end == id_:
                tally.count("skipped_self_loop")
            else:
                tally.count("links_by_alternate_id", int(end != target))
                rule = relations.rule(relation)
                edge = (end, rule[1:], id_) if rule.startswith("^") else (id_, rule, end)
                tally.count("merged_duplicate", int(edge in found))
                found.add(edge)
    tally.count("kept_links", len(found))
    return sorted(found)


def _concepts(kept: Mapping[str, Stanza], names: _Names, namespace: str, tally: Tally) -> pl.DataFrame:
    alternates = names.alternates()
    rows = []
    for id_, frame in kept.items():
        label = frame.first("name")
        tally.count("without_label", int(not label))
        synonyms = list(_synonyms(frame, tally.location))
        exact = dict.fromkeys(text for text, scope in synonyms if scope == "EXACT" and text != label)
        definition = next((quoted(value, tally.location, line)[0] for _, value, line in frame.all("def")), "")
        rows.append(
            {
                "id": id_,
                "label": label or id_,
                "aliases": list(exact),
                "definition": definition,
                "alternate_ids": alternates[id_],
                "synonyms": [text for text, _ in synonyms],
                "synonym_scopes": [scope for _, scope in synonyms],
                "xrefs": [bare(value) for _, value, _ in frame.all("xref")],
                "namespace": frame.first("namespace", namespace),
                "subsets": [bare(value) for _, value, _ in frame.all("subset")],
                "comment": frame.first("comment"),
                "is_obsolete": frame.is_obsolete,
            }
        )
    schema: dict[str, Any] = {**CONCEPT_COLUMNS, **_MORE}
    return pl.DataFrame(rows, schema={name: schema[name] for name in rows[0]})


def _synonyms(frame: Stanza, location: str) -> Iterator[tuple[str, str]]:
    """Text and scope of each synonym; a scope that is not given is RELATED, as the format says."""
    for tag, value, line in frame.all("synonym", *_OLD_SYNONYMS):
        text, rest = quoted(value, location, line)
        named = rest.split(maxsplit=1)[0] if rest else ""
        given = named if named in _OLD_SYNONYMS.values() else "RELATED"
        yield text, _OLD_SYNONYMS.get(tag, given)
