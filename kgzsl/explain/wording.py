"""Routes and groups of routes as sentences: templates over the relations' own verbs, no word that is not data."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from kgzsl.explain.routes import Route, Step

__all__ = ["chain", "claim", "listed", "own_description", "sentence", "unambiguous", "verb_of"]

Namer = Callable[[str], str]

_GLOSS = 24
_LONGEST_CHAIN = 2


def unambiguous(labels: Mapping[str, str], definitions: Mapping[str, str]) -> dict[str, str]:
    """Labels by concept; where two concepts share one, each gets the beginning of its definition, else its id."""
    holders: dict[str, list[str]] = {}
    for concept in sorted(labels):
        holders.setdefault(labels[concept].casefold(), []).append(concept)
    named = {}
    for concepts in holders.values():
        glosses = {concept: _gloss(definitions.get(concept, "")) for concept in concepts}
        distinct = len(set(glosses.values())) == len(concepts) and all(glosses.values())
        for concept in concepts:
            gloss = glosses[concept] if distinct else concept
            named[concept] = labels[concept] if len(concepts) == 1 else f"{labels[concept]} ({gloss})"
    return named


def _gloss(definition: str) -> str:
    words = definition.partition(";")[0].split()
    kept = ""
    for word in words:
        if len(kept) + len(word) + 1 > _GLOSS:
            return f"{kept} …" if kept else ""
        kept = f"{kept} {word}".strip()
    return kept


def listed(names: Sequence[str], *, at_most: int = 2) -> str:
    """`horse, ass and 2 more`."""
    if len(names) <= at_most:
        return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
    return f"{', '.join(names[:at_most])} and {len(names) - at_most:,} more"


def sentence(route: Route, name: Namer) -> str:
    """The whole route, read from its beginning: "zebra is a kind of equine; horse is a kind of equine"."""
    if route.shape == "own":
        return own_description(name(route.nodes[0]))
    if route.shape == "kind":
        climb = _climb(route.nodes[: route.pivot + 1], route.steps[: route.pivot], name)
        back = [_turned(step) for step in reversed(route.steps[route.pivot :])]
        descent = _climb(tuple(reversed(route.nodes[route.pivot :])), back, name)
        return "; ".join(clause for clause in (climb, descent) if clause)
    if route.shape == "meet":
        first, middle, *last = (name(node) for node in route.nodes)
        verb = verb_of(route.steps[0])
        return "; ".join([f"{first} {verb} {middle}", *(f"{other} {verb} {middle} too" for other in last)])
    return f"{name(route.nodes[0])} {chain(route, name)}"


def chain(route: Route, name: Namer) -> str:
    """The steps without the subject: "has part hoof", "eats grass, a kind of plant", "…, which … "."""
    text = ""
    for place, (step, node) in enumerate(zip(route.steps, route.nodes[1:], strict=True)):
        if place and step.relation.kind == "taxonomic" and step.forward:
            # "is a kind of" after a noun is "a kind of"
            link = ", " + verb_of(step).removeprefix("is ")
        else:
            link = f", which {verb_of(step)}" if place else verb_of(step)
        text += f"{link} {name(node)}"
    return text


def claim(route: Route, name: Namer) -> str:
    """What the beginning of the route says of its first concept, without naming it: "is a kind of equine"."""
    if route.shape == "kind" and route.pivot:
        return f"{verb_of(route.steps[0])} {name(route.nodes[route.pivot])}"
    if route.shape == "kind":
        return "has kinds of its own"
    if route.shape == "meet":
        return f"{verb_of(route.steps[0])} {name(route.nodes[1])}"
    if len(route.steps) > _LONGEST_CHAIN:
        first = f"{verb_of(route.steps[0])} {name(route.nodes[1])}"
        return f"{first}, and {len(route.steps) - 1} steps on, {name(route.nodes[-1])}"
    return chain(route, name)


def own_description(label: str) -> str:
    """The path of no step."""
    return f"{label}'s own description"


def verb_of(step: Step) -> str:
    """The relation's verb in walking direction."""
    return step.relation.verb if step.forward else step.relation.inverse_verb


def _turned(step: Step) -> Step:
    return Step(step.row, step.relation, not step.forward, step.rows)


def _climb(nodes: Sequence[str], steps: Iterable[Step], name: Namer) -> str:
    verbs = [verb_of(step) for step in steps]
    if not verbs:
        return ""
    clause = f"{name(nodes[0])} {verbs[0]} {name(nodes[1])}"
    if len(verbs) == 1:
        return clause
    and_so = "and so of" if verbs[0].endswith(" of") else "and so"
    return f"{clause}, {and_so} {name(nodes[-1])}"
