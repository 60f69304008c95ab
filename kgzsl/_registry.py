"""Names of plug-ins: built-in ones at once, other packages' entry points on the first unknown name."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from kgzsl.errors import PluginError, UnknownNameError

__all__ = ["Registry"]


@dataclass
class Registry:
    """What a name stands for, among plug-ins of one kind.

    `builtin` maps a name to `"module:attribute"`; nothing is imported before the name is asked for. `group` is
    the entry-point group in which other packages offer theirs; it is read on the first name that is not built in.
    """

    kind: str
    group: str
    builtin: Mapping[str, str]
    _found: dict[str, Any] | None = field(default=None, repr=False)

    def names(self) -> tuple[str, ...]:
        """Every known name, built-in ones first, each part sorted."""
        return (*sorted(self.builtin), *sorted(set(self._entry_points()) - set(self.builtin)))

    def load(self, name: str) -> Any:
        """The object behind `name`.

        Raises `UnknownNameError` with the nearest names, or `PluginError` if a package offers it but fails to load.
        """
        if name in self.builtin:
            module, attribute = self.builtin[name].split(":")
            return getattr(import_module(module), attribute)
        offered = self._entry_points()
        if name not in offered:
            known = self.names()
            raise UnknownNameError(self.kind, name, known=known, nearest=difflib.get_close_matches(name, known, n=3))
        try:
            return offered[name].load()
        except Exception as error:
            raise PluginError(
                f"{self.kind} {name!r}, offered by {offered[name].value}, does not load: {error}"
            ) from error

    def _entry_points(self) -> dict[str, Any]:
        if self._found is None:
            self._found = {point.name: point for point in entry_points(group=self.group)}
        return self._found
