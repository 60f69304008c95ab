"""Routes and groups of routes as sentences: templates over the relations' own verbs, no word that is not data."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from kgzsl.explain.routes import Route, Step, shape_of
from kgzsl.graph.relation import Relation

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
    """The whole route, read from its beginning: "zebra is a kind of equine; horse is a kind of equine".

    Where two concepts are the same thing, the second stands in parentheses: "zebra (= Equus quagga) is a kind of …".
    """
    route, name = _merged(route, name)
    if route.shape == "own":
        return own_description(name(route.nodes[0])) if "(= " not in name(route.nodes[0]) else name(route.nodes[0])
    if route.shape == "kind":
        climb = _climb(route.nodes[: route.pivot + 1], route.steps[: route.pivot], name)
        back = [_turned(step) for step in reversed(route.steps[route.pivot :])]
        descent = _climb(tuple(reversed(route.nodes[route.pivot :])), back, name)
        return "; ".join(clause for clause in (climb, descent) if clause)
    first = name(route.nodes[0])
    if route.shape == "meet" and len(route.steps) == 2:
        middle, last = name(route.nodes[1]), name(route.nodes[2])
        there = _said(route.steps[0], first, middle)
        return f"{there}; {_said(_turned(route.steps[1]), last, middle)} too"
    if _is_nameless(route.steps[0]):
        start = _said(route.steps[0], first, name(route.nodes[1]))
        rest = chain(_after_first(route), name)
        return f"{start}; {name(route.nodes[1])} {rest}" if rest else start
    return f"{first} {chain(route, name)}"


def chain(route: Route, name: Namer) -> str:
    """The steps without the subject: "has part hoof", "eats grass, a kind of plant, and so of organism", "…, which …".

    A relation without a verb for its way back is read forwards: "…, which lion eats".
    """
    text = ""
    place = 0
    while place < len(route.steps):
        step, node = route.steps[place], name(route.nodes[place + 1])
        if place and _is_up(step):
            last = place
            while last + 1 < len(route.steps) and _is_up(route.steps[last + 1]):
                last += 1
            # "is a kind of" after a noun is "a kind of"
            text += f", {verb_of(step).removeprefix('is ')} {node}"
            if last > place:
                text += f", {_and_so(verb_of(step))} {name(route.nodes[last + 1])}"
            place = last
        elif _is_nameless(step):
            text += f", which {node} {step.relation.verb}" if place else f"is what {node} {step.relation.verb}"
        else:
            text += f", which {verb_of(step)} {node}" if place else f"{verb_of(step)} {node}"
        place += 1
    return text


def claim(route: Route, name: Namer) -> str:
    """What the beginning of the route says of its first concept, without naming it: "is a kind of equine"."""
    if any(step.relation.kind == "equivalence" for step in route.steps):
        route, name = _merged(route, name)
    if route.shape == "own":
        return f"is the same as {name(route.nodes[0]).partition('(= ')[2].removesuffix(')')}"
    if route.shape == "kind":
        top = name(route.nodes[route.pivot])
        return f"{verb_of(route.steps[0])} {top}" if route.pivot else "has kinds of its own"
    if route.shape == "meet":
        return _claimed(route.steps[0], name(route.nodes[1]))
    if len(route.steps) > _LONGEST_CHAIN:
        first = _claimed(route.steps[0], name(route.nodes[1]))
        return f"{first}, and {len(route.steps) - 1} steps on, {name(route.nodes[-1])}"
    if _is_nameless(route.steps[0]):
        rest = chain(_after_first(route), name)
        return f"{_claimed(route.steps[0], name(route.nodes[1]))}; {name(route.nodes[1])} {rest}"
    return chain(route, name)


def _merged(route: Route, name: Namer) -> tuple[Route, Namer]:
    """Without the steps to what is the same thing, whose names stand in parentheses behind it."""
    nodes, steps, twins = [route.nodes[0]], [], {route.nodes[0]: list[str]()}
    for step, node in zip(route.steps, route.nodes[1:], strict=True):
        if step.relation.kind == "equivalence":
            twins[nodes[-1]].append(node)
        else:
            steps.append(step)
            nodes.append(node)
            twins[node] = []
    if len(steps) == len(route.steps):
        return route, name
    shape, pivot = shape_of(steps)

    def both(node: str) -> str:
        others = "".join(f" (= {name(other)})" for other in twins.get(node, ()))
        return name(node) + others

    return Route(tuple(nodes), tuple(steps), shape, pivot), both


def _after_first(route: Route) -> Route:
    """The route from its second concept on."""
    shape, pivot = shape_of(route.steps[1:])
    return Route(route.nodes[1:], route.steps[1:], shape, pivot)


def _is_up(step: Step) -> bool:
    return step.relation.kind == "taxonomic" and step.forward


def _is_nameless(step: Step) -> bool:
    """Whether the relation has no verb of its own for the way this step takes it."""
    return not step.forward and step.relation.inverse_verb == Relation("x", verb=step.relation.verb).inverse_verb


def _said(step: Step, subject: str, other: str) -> str:
    if _is_nameless(step):
        return f"{other} {step.relation.verb} {subject}"
    return f"{subject} {verb_of(step)} {other}"


def _claimed(step: Step, other: str) -> str:
    """A step without its subject; one that can only be read from the other end names it "it"."""
    return _said(step, "it", other) if _is_nameless(step) else f"{verb_of(step)} {other}"


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
    return f"{clause}, {_and_so(verbs[0])} {name(nodes[-1])}"


def _and_so(verb: str) -> str:
    return "and so of" if verb.endswith(" of") else "and so"
