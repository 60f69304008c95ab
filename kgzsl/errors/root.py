"""What all errors are, and the warning."""

from typing import Any

from kgzsl.errors.wording import harmless

__all__ = ["KgzslError", "KgzslWarning"]


class KgzslWarning(UserWarning):
    """Something was done by a stated policy, and the result counts it.

    >>> import kgzsl
    >>> issubclass(kgzsl.errors.KgzslWarning, UserWarning)
    True
    """


class KgzslError(Exception):
    """The root of all errors raised by kgzsl; catch it to catch them all.

    >>> import kgzsl
    >>> issubclass(kgzsl.errors.UnknownConceptError, kgzsl.errors.KgzslError)
    True
    """

    def __init__(self, message: str) -> None:
        message = harmless(message, kept="\n\t")
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        # KeyError would show repr(message)
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuilt, (type(self), self.message, dict(self.__dict__)))


def _rebuilt(cls: type[KgzslError], message: str, facts: dict[str, Any]) -> KgzslError:
    """An error travelling between processes arrives with its facts, whatever its constructor takes."""
    builtin: Any = cls
    while builtin.__module__ != "builtins":
        builtin = builtin.__base__  # lays the instance out; `cls.__new__` may be another parent's, which refuses
    error: KgzslError = builtin.__new__(cls)
    error.args = (message,)
    error.__dict__.update(facts)
    return error
