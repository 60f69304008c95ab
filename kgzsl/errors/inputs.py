"""An argument that is not of the form asked for, or asks for too much."""

from kgzsl.errors.root import KgzslError

__all__ = ["InputFormatError", "ResourceLimitError"]


class InputFormatError(KgzslError, ValueError):
    """An array, table or argument given by the caller is not of the form asked for."""


class ResourceLimitError(KgzslError, MemoryError):
    """An operation would need more memory than a stated limit; nothing was allocated."""
