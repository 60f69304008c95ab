"""The classes of a problem: how the user calls them, which concept each is, which have examples."""

from collections.abc import Hashable, Iterable, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgzsl.errors import InputFormatError, listing
from kgzsl.graph.lookup import nearest_of

__all__ = ["Classes", "LabelSpace"]

LabelSpace = str | Iterable[Any]


@dataclass(frozen=True)
class Classes:
    """Seen classes, then unseen ones, each with the user's label and, where there is a graph, its concept's id."""

    labels: tuple[Any, ...]
    concepts: tuple[str, ...]
    num_seen: int

    @cached_property
    def array(self) -> NDArray[Any]:
        """Labels as an array, in order."""
        return np.array(self.labels)

    @cached_property
    def is_seen(self) -> NDArray[np.bool_]:
        """Which classes have examples `[num_classes]`."""
        return np.arange(len(self.labels)) < self.num_seen

    @cached_property
    def _place(self) -> dict[Any, int]:
        by_concept = {concept: place for place, concept in enumerate(self.concepts)}
        return {**by_concept, **{label: place for place, label in enumerate(self.labels)}}

    def place(self, label: Any) -> int:
        """Where a class stands, by its label or its concept's id."""
        return self.places([label])[0]

    def places(self, label_space: LabelSpace, *, what: str = "a label space") -> list[int]:
        """Places of "all", the "seen" or the "unseen" classes, or of those listed, in that order.

        `InputFormatError` if the space is empty, has a class twice, or names what is no class of this problem.
        """
        if isinstance(label_space, str):
            return self._named(label_space)
        if not isinstance(label_space, Iterable):
            raise InputFormatError(f"{what} is a name or a list of classes, not {label_space!r}")
        wanted = list(label_space)
        if isinstance(label_space, Set):  # a set has no order of its own: that of the classes
            wanted.sort(key=lambda label: self._place.get(label, len(self.labels)))
        unknown = [label for label in wanted if not isinstance(label, Hashable) or label not in self._place]
        if unknown:
            near = nearest_of(str(unknown[0]), [str(label) for label in self.labels], limit=3)
            advice = f" (nearest to the first: {listing(near)})" if near else ""
            raise InputFormatError(
                f"not among the {len(self.labels):,} classes: {listing(unknown)}{advice}; add_class brings in a new one"
            )
        places = [self._place[label] for label in wanted]
        if not places or len(set(places)) < len(places):
            raise InputFormatError(f"{what} needs at least one class, and each by one name only")
        return places

    def _named(self, name: str) -> list[int]:
        total = len(self.labels)
        spaces = {"all": range(total), "seen": range(self.num_seen), "unseen": range(self.num_seen, total)}
        if name not in spaces:
            raise InputFormatError(f'label_space is "all", "seen", "unseen" or a list of classes, not {name!r}')
        if not spaces[name]:
            raise InputFormatError(f'label_space="{name}" is empty: name unseen classes with unseen= or add_class')
        return list(spaces[name])

    def with_unseen(self, label: Any, concept: str) -> "Classes":
        """The same classes and one more without examples, last."""
        return Classes((*self.labels, label), (*self.concepts, concept), self.num_seen)
