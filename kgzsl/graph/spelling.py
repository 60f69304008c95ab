"""Names of relations that are probably meant to be one name."""

import re
from collections.abc import Iterable, Mapping

from kgzsl.graph.relation import SHARED_RELATIONS, Relation

__all__ = ["near_relations"]

_BETWEEN_WORDS = re.compile(r"[\W_]+")
_NAMESPACE = re.compile(r".*[/#:]")

_LONG_ENOUGH = 5
"""Letters of a name from which on another letter is a slip of the fingers: `eats` and `heats` are two words."""


def near_relations(names: Iterable[str], given: Mapping[str, Relation]) -> dict[str, tuple[str, ...]]:
    """For each of `names` that is no relation, the names of relations and of their inverses that it is near to.

    Near are names with the same letters whatever stands between the words, with or without a namespace, in upper or
    lower case (`IsA`, `/r/IsA`, `is-a` and `is_a`); and long ones in which one letter is missing or another, or two
    neighbours have changed places. Numbers are no slips: `step_1` is not near `step_2`. Names that are near none are
    left out.

    >>> near_relations(["IsA", "has_prat", "lives_in"], {})
    {'IsA': ('is_a',), 'has_prat': ('has_part',)}
    """
    relations = {**SHARED_RELATIONS, **given}
    known = {name for relation in relations.values() for name in (relation.name, relation.inverse) if name}
    new = sorted(set(names) - known)
    if not new:
        return {}
    by_form: dict[str, set[str]] = {}
    for name in known:
        for form in _forms(name):
            by_form.setdefault(form, set()).add(name)
    found = {}
    for name in new:
        near = {other for form in _forms(name) for other in by_form.get(form, ()) if _is_near(name, other)}
        if near:
            found[name] = tuple(sorted(near))
    return found


def _letters(name: str) -> str:
    return _BETWEEN_WORDS.sub("", _NAMESPACE.sub("", name) or name).casefold()


def _forms(name: str) -> set[str]:
    """The letters of a name, and of a long one also these without one of them; names that are near share a form."""
    letters = _letters(name)
    is_long = len(letters) >= _LONG_ENOUGH
    shorter = [letters[:place] + letters[place + 1 :] for place in range(len(letters))] if is_long else []
    return {letters, *shorter} - {""}


def _is_near(name: str, other: str) -> bool:
    """Whether names that share a form are near: one slip apart, numbered alike, and not of two namespaces."""
    if not _is_one_slip(_letters(name), _letters(other)):
        return False
    spaces = {space for space in (_space(name), _space(other)) if space}
    return len(spaces) < 2 and re.findall(r"\d", name) == re.findall(r"\d", other)


def _is_one_slip(letters: str, others: str) -> bool:
    short, long = sorted((letters, others), key=len)
    if letters == others or len(short) < _LONG_ENOUGH:
        return letters == others
    first = next((place for place, pair in enumerate(zip(short, long, strict=False)) if len(set(pair)) > 1), len(short))
    if len(short) < len(long):
        return short[first:] == long[first + 1 :]
    is_swapped = short[first : first + 2] == long[first : first + 2][::-1] and short[first + 2 :] == long[first + 2 :]
    return is_swapped or short[first + 1 :] == long[first + 1 :]


def _space(name: str) -> str:
    match = _NAMESPACE.match(name)
    return match[0] if match else ""
