"""Every check of an audit as data: its code, what it means, what to do, and the function that finds it.

E is an error, W a warning, N a note. An error contradicts itself or breaks answers.
"""

from collections.abc import Mapping

from kgzsl.display.rounding import percent
from kgzsl.query import audit_edges as edges
from kgzsl.query import audit_names as names
from kgzsl.query import audit_taxonomy as taxonomy
from kgzsl.query.audit_findings import SEVERITIES, Check, Severity
from kgzsl.query.audit_subject import Subject

__all__ = ["CHECKS", "SEVERITIES", "TABLE_CHECKS", "Check", "Severity"]

_ALL = (
    Check("E101", "error", "cycle(s) in the taxonomy",
          "Each concept of a cycle is a kind of every other, so all have one depth and the same ancestors.",
          "Remove one of the edges, or merge the concepts if they are the same.", taxonomy.cycles),
    Check("E102", "error", "disjoint pair(s) of which one lies above the other",
          "What is a kind of a concept cannot be disjoint with it.",
          "Remove the disjointness or an edge of the chain between them.", taxonomy.disjoint_ancestors),
    Check("E103", "error", "opposite(s) that are also a kind of each other, or the same",
          "An opposite pushes two concepts apart that another edge pulls together.",
          "Remove one of the two edges.", edges.opposites_of_a_kind),
    Check("E104", "error", "fact(s) both said and denied",
          "The graph has an edge and, between the same ends, the relation that says it is not so.",
          "Decide by their sources or weights, and remove one.", edges.said_and_denied),
    Check("E105", "error", "disjoint pair(s) with a common descendant",
          "Something is a kind of two concepts of which nothing can be both.",
          "Remove the disjointness, or one of the ways up from the common descendant.", taxonomy.shared_descendants),
    Check("E106", "error", "edge(s) from a concept to itself",
          "from_tables refuses them; this graph was made without its checks.",
          "Make the graph with KnowledgeGraph.from_tables.", edges.self_loops),
    Check("E107", "error", "edge(s) given twice",
          "from_tables refuses them; this graph was made without its checks.",
          "Make the graph with KnowledgeGraph.from_tables.", edges.repeated_edges),
    Check("E108", "error", "edge(s) whose end or relation does not exist",
          "from_tables refuses them; this graph was made without its checks. No other check was run.",
          "Make the graph with KnowledgeGraph.from_tables.", edges.dangling_edges),
    Check("E109", "error", "weight(s) that are not positive and finite",
          "from_tables refuses them; this graph was made without its checks.",
          "Make the graph with KnowledgeGraph.from_tables.", edges.bad_weights),
    Check("W201", "warning", "concept(s) without an edge",
          "Nothing is propagated to them or from them: they have their text alone.",
          "Give them edges, or take the part that is needed with induced or neighborhood.", edges.orphans),
    Check("W202", "warning", "roots of the taxonomy",
          "Concepts under different roots have no common ancestor, so no taxonomic path joins them.",
          "Add a concept above the roots, or take more relations.", taxonomy.several_roots),
    Check("W203", "warning", "part(s) that no edge joins with the rest",
          "Knowledge does not pass between parts; edges that say what is not do not join.",
          "Align the parts (align, merge), or leave the small ones out.", edges.isolated_parts),
    Check("W204", "warning", "label(s) without a letter or digit",
          "They cannot be read aloud, found by name or turned into text features.",
          "Give them labels.", names.blank_labels),
    Check("W205", "warning", f"hub(s), with more than {percent(edges.HUB_SHARE)} of the concepts as neighbours",
          f"Two concepts that share only a hub have little in common. Counted from {edges.HUB_EDGES} edges on.",
          "Leave out the hub or its relation, with relations= or remove_edges.", edges.hubs),
    Check("W206", "warning", "class(es) that no seen class reaches",
          "They share no ancestor with a seen class, so nothing learnt is propagated to them.",
          "Give them edges, take more relations=, or leave them out.", edges.unreached_classes),
    Check("W207", "warning", "class(es) that nothing describes",
          "They have no definition, and their id for a label: text features know nothing of them.",
          "Give them labels and definitions, or features of another kind.", names.undescribed_classes),
    Check("W208", "warning", "prefix(es) in several spellings",
          "Ids of one vocabulary under two prefixes are different concepts here.",
          "Normalise the prefixes before reading.", names.near_duplicate_prefixes),
    Check("W209", "warning", "group(s) of ids that may be one",
          "They differ in case, Unicode composition, percent signs, http or https, or a last slash alone.",
          "Merge them if they mean the same (align, merge).", names.near_duplicate_ids),
    Check("W210", "warning", "group(s) of relations that may be one",
          "Their names differ in spelling alone, or one is the inverse of the other.",
          "Map them onto one relation when reading.", names.near_duplicate_relations),
    Check("W211", "warning", "alternate id(s) of several concepts",
          "An alternate id that is shared identifies none of them.",
          "Remove it from all but one, or merge the concepts.", names.shared_alternate_ids),
    Check("N301", "note", "concept(s) whose label is their id",
          "Either the source has no labels, or its ids are words.",
          "If the ids are not words, read a source with labels.", names.labels_that_are_ids),
    Check("N302", "note", "concept(s) without a definition",
          "Text features have only their names to go by.",
          "Add definitions where classes need them.", names.missing_definitions),
    Check("N303", "note", "label(s) of several concepts",
          "The label alone does not tell which is meant.",
          "Use ids, or ground with under= or overrides=.", names.duplicate_labels),
    Check("N304", "note", "relation(s) of which only the name is known",
          "They are taken for associations, and read aloud by their names.",
          'Say what they are: kg.describe_relations({name: "attribute"}), or [Relation(name, kind, inverse, verb, '
          'inverse_verb)]; reading RDF, with mapping=RdfMapping(kinds={property: "attribute"}).',
          names.undescribed_relations),
    Check("N305", "note", "fact(s) held from both ends",
          "A symmetric relation both ways, or an edge beside its inverse, is one fact in two edges.",
          "Nothing, unless edges are counted or weighted: then keep one.", edges.both_ends),
    Check("N306", "note", f"concept(s) more than {taxonomy.DEEP} steps below a root",
          "A chain that deep is often a list written as a taxonomy.",
          "Look at the chain; cut it where kinds end and members begin.", taxonomy.deep_chains),
    Check("N307", "note", "id(s) or label(s) with characters that do not show",
          "Control, direction and invisible characters make two names look alike. They are escaped when shown.",
          "Remove them at the source.", names.acting_characters),
)  # fmt: skip

CHECKS: Mapping[str, Check[Subject]] = {check.code: check for check in _ALL}
"""All checks by code, in the order they are reported."""

TABLE_CHECKS = ("E106", "E107", "E108", "E109")
"""Checks that run on any arrays; the others need the ends of all edges to exist."""
