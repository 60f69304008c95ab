"""Facts that are taken out of a graph, or put in, as sentences: by labels and verbs, as an explanation has them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kgzsl.display.text import escape_text
from kgzsl.explain.rerun import Fact
from kgzsl.explain.wording import unambiguous
from kgzsl.graph.knowledge_graph import KnowledgeGraph
from kgzsl.graph.relation import Relation, stored_relation

__all__ = ["Spoken"]

_SHOWN = 3


@dataclass(frozen=True)
class Spoken:
    """What concepts are called, told apart where two share a label, and how relations are read aloud."""

    names: Mapping[str, str]
    relations: Mapping[str, Relation]

    @classmethod
    def of(cls, graphs: Iterable[KnowledgeGraph], concepts: Iterable[str]) -> "Spoken":
        """Each name from the first graph that has the concept; one that none has goes by its id."""
        labels: dict[str, str] = {}
        definitions: dict[str, str] = {}
        relations: dict[str, Relation] = {}
        wanted = sorted(set(concepts))
        for graph in graphs:
            for concept in wanted:
                if concept not in labels and concept in graph.index.position:
                    found = graph.concept(concept)
                    labels[concept], definitions[concept] = found.label, found.definition
            relations = {**graph.relations, **relations}
        labels = {concept: labels.get(concept, concept) for concept in wanted}
        return cls(unambiguous(labels, definitions), relations)

    def name(self, concept: str) -> str:
        """What a concept is called, fit to be shown."""
        return escape_text(self.names.get(concept, concept))

    def sentence(self, fact: Fact) -> str:
        """A fact read aloud: "zebra is a kind of equine"; under the name of an inverse, "equine has kind zebra"."""
        head, name, tail = fact
        return f"{self.name(head)} {escape_text(self._verb(name))} {self.name(tail)}"

    def _verb(self, name: str) -> str:
        if name in self.relations:
            return self.relations[name].verb
        turned = stored_relation(self.relations.values(), name)
        return name if turned is None or turned not in self.relations else self.relations[turned].inverse_verb

    def edits(self, removed: Sequence[Fact], added: Sequence[Fact]) -> str:
        """`without “zebra is a kind of equine” and with “zebra is a kind of bird”`; many are counted."""
        parts = [self._told("without", removed), self._told("with", added)]
        return " and ".join(part for part in parts if part)

    def _told(self, word: str, facts: Sequence[Fact]) -> str:
        said = [f"“{self.sentence(fact)}”" for fact in facts[:_SHOWN]]
        more = len(facts) - len(said)
        *first, last = [*said, f"{more:,} more"] if more else said or [""]
        return f"{word} {', '.join(first)} and {last}" if first else last and f"{word} {last}"
