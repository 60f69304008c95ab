"""Code of others that is absent or does not do what it must."""

from kgzsl.errors.root import KgzslError

__all__ = ["MissingDependencyError", "PluginError"]


class PluginError(KgzslError, ImportError):
    """A plug-in was found but could not be loaded or does not fulfil its contract."""


class MissingDependencyError(KgzslError, ImportError):
    """An optional dependency is not installed; the message says which extra brings it.

    >>> from kgzsl.errors import MissingDependencyError
    >>> print(MissingDependencyError("pandas", extra="pandas", purpose="Table.to_pandas"))
    Table.to_pandas needs pandas; install it with: pip install "kgzsl[pandas]"
    """

    def __init__(self, package: str, *, extra: str, purpose: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(f'{purpose} needs {package}; install it with: pip install "kgzsl[{extra}]"')
